/* PEM (RFC 7468) by OpenSSL: texts in memory, and no passphrase is ever asked for. */
#ifndef CRYPTO_PEM_H
#define CRYPTO_PEM_H

#include "runtime/base/view.h"

#include <openssl/pem.h>

/* Reads it from its beginning; it borrows the text. BIO_free() ends it. */
BIO *pem_open(struct view text);
/* The callback that OpenSSL's readers of PEM take: what is encrypted cannot be read. */
int pem_no_passphrase(char *buf, int size, int writing, void *arg);

#endif
