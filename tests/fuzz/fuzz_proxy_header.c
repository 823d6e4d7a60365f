/* Bytes that may become a header stay so when more come; a header that was read reads the
 * same with anything behind it. */
#include "runtime/base/limit.h"
#include "runtime/net/proxy_header.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view bytes = view_of(data, size);
	struct proxy_header header, part;
	int whole = proxy_header_parse(bytes, &header);

	if (whole == PROXY_HEADER_OK) {
		if (header.len > size || header.len > limit_value(LIMIT_NET_PROXY_HEADER))
			abort();
		bytes = view_sub(bytes, 0, header.len);
		if (proxy_header_parse(bytes, &part) || part.named != header.named)
			abort();
	} else if (whole == PROXY_HEADER_E_MORE &&
			size >= limit_value(LIMIT_NET_PROXY_HEADER)) {
		abort();
	}
	if (whole == PROXY_HEADER_E_BAD)
		return 0;
	for (size_t i = 0; i < bytes.len; i++)
		if (proxy_header_parse(view_sub(bytes, 0, i), &part) !=
				PROXY_HEADER_E_MORE)
			abort();
	return 0;
}
