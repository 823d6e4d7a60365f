#include "runtime/crypto/pem.h"

#include "runtime/base/error.h"

BIO *pem_open(struct view text)
{
	BIO *in = BIO_new_mem_buf(text.len ? text.data : "", (int)text.len);

	if (!in)
		die("out of memory");
	return in;
}

int pem_no_passphrase(char *buf, int size, int writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}
