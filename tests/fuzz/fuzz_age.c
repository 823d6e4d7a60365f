/* age's files and keys, from a repository: any bytes give a verdict. */
#include "runtime/crypto/age.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view bytes = view_of(data, size);
	struct key identity;
	struct age_recipient recipient;
	struct secret clear = SECRET_NULL;

	memset(identity.bytes, 7, sizeof(identity.bytes));
	(void)!age_open(&identity, bytes, &clear);
	secret_free(&clear);
	if (age_recipient_read(bytes, &recipient)) {
		struct buf text = BUF_NULL(2 * AGE_RECIPIENT_TEXT);

		/* One text a key, but for the size of its letters. */
		age_recipient_write(&recipient, &text);
		if (!view_eq_nocase(buf_view(&text), bytes))
			abort();
		buf_free(&text);
	}
	return 0;
}
