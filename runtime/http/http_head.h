/* The head of a request: request line and fields, read strictly (RFC 9112, 3 and 5).
 *
 * What two readers could understand differently is refused, not repaired: bare CR or LF,
 * folded fields, blanks before a colon, Content-Length beside Transfer-Encoding or twice.
 */
#ifndef HTTP_HTTP_HEAD_H
#define HTTP_HTTP_HEAD_H

#include "runtime/base/view.h"

enum http_body_kind {
	HTTP_BODY_NONE,
	HTTP_BODY_LENGTH,  /* Content-Length says how long */
	HTTP_BODY_CHUNKED, /* RFC 9112, 7.1 */
};

/* Views into the head that was parsed. */
struct http_head {
	struct view method; /* a token, as sent */
	struct view target; /* origin-form ("/path?query"), or "*" */
	struct view host;   /* as sent: a name, or one and a port */
	struct view content_type;
	struct view accept; /* the first such field */
	struct view fields; /* all of them, as sent: for http_field() */
	enum http_body_kind body;
	uint64_t length;
	bool keep_alive;
	bool expects_continue;
};

/* Parses everything from the request line to the empty line, both CRLFs included. Returns
 * 0, or the status that refuses it: 400, 413, 414, 417, 431, 501, 505. */
MUST_USE int http_head_parse(struct view text, struct http_head *out);

/* The first field of that name, its value; no data where there is none. `all` are
 * those of a head that was parsed. */
struct view http_field(struct view all, const char *name);

/* A token's byte (RFC 9110, 5.6.2). */
bool http_token_byte(char c);

#endif
