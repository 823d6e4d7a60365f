/* The server's side of HTTP/1.1 (RFC 9110, RFC 9112): an engine.
 *
 * A request, its body whole, is one operation; its answer is the response. Requests may
 * be pipelined and are answered in order, one at a time. What is not beyond doubt a
 * request is refused and ends the connection. */
#ifndef HTTP_HTTP_SERVER_H
#define HTTP_HTTP_SERVER_H

#include "runtime/base/buf.h"
#include "runtime/base/engine.h"
#include "runtime/base/limit.h"

/* `body` is how long a request's body may be: LIMIT_HTTP_BODY, LIMIT_HTTP_PUBLIC_BODY. */
MUST_USE struct engine *http_server_new(nstime now, enum limit body);

enum http_op_kind {
	HTTP_OP_REQUEST = 1,
};

enum {
	HTTP_ANSWER_MAX = 256 * 1024 * 1024 /* bytes of a response's body */
};

/* HTTP_OP_REQUEST. */
struct http_request {
	struct op op;
	struct buf method; /* a token, as sent: "GET" */
	struct buf target; /* path and query, as sent, or "*" */
	struct buf host;   /* as sent: a name, or one and a port */
	struct buf content_type;
	struct buf accept; /* the first such field */
	struct buf fields; /* all of them, as sent: http_field() of http_head.h reads them */
	struct buf body;

	/* The answer. */
	int status;                 /* 200 to 599 */
	struct buf answer_type;     /* Content-Type; empty: none */
	struct buf answer_location; /* Location; empty: none */
	struct buf answer_fields;   /* further ones, each "Name: value\r\n" */
	struct buf answer;
};

#endif
