/* The chunked coding of a request's body, undone byte by byte (RFC 9112, 7.1).
 *
 *   SIZE ──;──► EXTENSION ──► SIZE_LF ──► DATA ──► DATA_CR ──► DATA_LF ──► SIZE
 *                                └─ 0 ──► TRAILER ⇄ TRAILER_LF ──► DONE
 *
 * Extensions and trailer fields are passed over, up to a limit; a bare LF or CR fails. */
#ifndef HTTP_HTTP_CHUNKED_H
#define HTTP_HTTP_CHUNKED_H

#include "runtime/base/buf.h"

enum http_chunked_state {
	HTTP_CHUNKED_SIZE,
	HTTP_CHUNKED_EXTENSION,
	HTTP_CHUNKED_SIZE_LF,
	HTTP_CHUNKED_DATA,
	HTTP_CHUNKED_DATA_CR,
	HTTP_CHUNKED_DATA_LF,
	HTTP_CHUNKED_TRAILER,
	HTTP_CHUNKED_TRAILER_LF,
	HTTP_CHUNKED_DONE,
};

/* Zeroed at first. */
struct http_chunked {
	enum http_chunked_state state;
	uint64_t left; /* bytes of this chunk; while its size is read: the size so far */
	unsigned digits; /* of the size */
	size_t line;     /* bytes of this trailer line */
	size_t passed;   /* bytes of extensions and trailers, all in all */
};

/* Adds the body's bytes to `body`; *taken_out is how many it has read, all of them unless
 * the state is DONE. The body's maximum is the limit. Returns 0, or the status that refuses it: 400, 413. */
MUST_USE int http_chunked_feed(struct http_chunked *c, struct view bytes,
		struct buf *body, size_t *taken_out);

#endif
