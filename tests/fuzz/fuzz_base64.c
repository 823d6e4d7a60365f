/* What decodes encodes back to the same text. */
#include "runtime/base/base64.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view text = view_of(data, size);
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(size + 4);
	CLEANUP(buf_free) struct buf again = BUF_NULL(size + 4);

	if (!base64_decode(&bytes, text))
		return 0;
	base64_add(&again, buf_view(&bytes));
	if (!view_eq(buf_view(&again), text))
		abort();
	return 0;
}
