/* What a proxy says of a connection before its first byte (HAProxy's PROXY protocol, version
 * 1 in text and version 2 in binary): who is behind it. A format; who may say it is
 * net/arrival.h's to know.
 *
 * Strict: one blank between words, numbers without leading zeros, addresses of the family
 * that is named, TCP alone. What a header carries besides (TLVs) is passed over, and its
 * checksum with it: the way from the proxy is trusted or it is not listed. */
#ifndef NET_PROXY_HEADER_H
#define NET_PROXY_HEADER_H

#include "runtime/base/view.h"

#include <stdbool.h>
#include <sys/socket.h>

enum proxy_header_outcome {
	PROXY_HEADER_OK,
	PROXY_HEADER_E_MORE =
			1, /* it may become one: all of these bytes are part of it */
	PROXY_HEADER_E_BAD,
};

struct proxy_header {
	size_t len; /* of the bytes, those that are the header */
	/* False where the proxy speaks for itself (LOCAL, a health check) or does not say
	 * (UNKNOWN): the socket's own addresses are meant. */
	bool named;
	struct sockaddr_storage from, to;
};

/* Reads the header that `bytes` begin with; no longer than LIMIT_NET_PROXY_HEADER. */
MUST_USE int proxy_header_parse(struct view bytes, struct proxy_header *out);

#endif
