/*
 *   IDLE ──► HEAD ──► BODY ──► ANSWERING ──► SENDING ──► IDLE
 *     │        └───────┴── refused ─────────────┐ └─ last one ─┐
 *     └──────────────── timeout, EOF, drain ────┴──────────────┴──► CLOSING
 */
#include "runtime/http/http_server.h"

#include "runtime/base/error.h"
#include "runtime/http/http_chunked.h"
#include "runtime/http/http_head.h"

#include <assert.h>
#include <stdlib.h>

#define IDLE_TIME nstime_seconds(60)
#define HEAD_TIME nstime_seconds(30)
#define BODY_TIME nstime_seconds(300)

enum state {
	IDLE,      /* between requests */
	HEAD,      /* within a request's head */
	BODY,      /* within its body */
	ANSWERING, /* the operation is out */
	SENDING,   /* the response goes out */
	CLOSING,   /* what is in `out` goes out, then the end */
};

enum {
	LONGEST_RESPONSE_HEAD = 4096
};

struct http_server {
	struct engine engine;
	enum state state;
	nstime deadline;
	nstime idle_due; /* the deadline once the response has gone */
	struct buf text; /* of the head so far */
	struct http_head head;
	struct http_chunked chunked;
	struct http_request *request; /* being read, or being answered */
	struct op *next;
	struct buf out;    /* response head, or a whole refusal */
	size_t body_sent;  /* of the request's answer */
	bool blank_passed; /* an empty line before a request was passed over */
	bool last;         /* close after this response */
	enum limit body;   /* how long one may be */
};

static struct http_server *self(struct engine *engine)
{
	return CONTAINER_OF(engine, struct http_server, engine);
}

/* -- operations -- */

static void request_free(struct op *op)
{
	struct http_request *r = CONTAINER_OF(op, struct http_request, op);

	buf_free(&r->method);
	buf_free(&r->target);
	buf_free(&r->host);
	buf_free(&r->content_type);
	buf_free(&r->accept);
	buf_free(&r->fields);
	buf_free(&r->body);
	buf_free(&r->answer_type);
	buf_free(&r->answer_location);
	buf_free(&r->answer_fields);
	buf_free(&r->answer);
	free(r);
}

static void drop_request(struct http_server *s)
{
	if (s->request)
		request_free(&s->request->op);
	s->request = NULL;
}

static struct http_request *request_new(const struct http_head *head, enum limit body)
{
	struct http_request *r = xcalloc(1, sizeof(*r));

	r->op.kind = HTTP_OP_REQUEST;
	r->op.free = request_free;
	r->method = BUF_NULL(limit_value(LIMIT_HTTP_HEAD));
	r->target = BUF_NULL(limit_value(LIMIT_HTTP_TARGET));
	r->host = BUF_NULL(limit_value(LIMIT_HTTP_HEAD));
	r->content_type = BUF_NULL(limit_value(LIMIT_HTTP_HEAD));
	r->accept = BUF_NULL(limit_value(LIMIT_HTTP_HEAD));
	r->fields = BUF_NULL(limit_value(LIMIT_HTTP_HEAD));
	r->body = BUF_NULL(limit_value(body));
	r->answer_type = BUF_NULL(LONGEST_RESPONSE_HEAD / 2);
	r->answer_location = BUF_NULL(2 * limit_value(LIMIT_HTTP_TARGET));
	r->answer_fields = BUF_NULL(LONGEST_RESPONSE_HEAD / 2);
	r->answer = BUF_NULL(HTTP_ANSWER_MAX);
	buf_add(&r->method, head->method);
	buf_add(&r->target, head->target);
	buf_add(&r->host, head->host);
	buf_add(&r->content_type, head->content_type);
	buf_add(&r->accept, head->accept);
	buf_add(&r->fields, head->fields);
	return r;
}

/* -- responses -- */

/* clang-format off */
static const struct {
	int status;
	const char *reason;
} reasons[] = {
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 204, "No Content" },
	{ 304, "Not Modified" },
	{ 303, "See Other" },
	{ 308, "Permanent Redirect" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 412, "Precondition Failed" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 417, "Expectation Failed" },
	{ 422, "Unprocessable Content" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 503, "Service Unavailable" },
	{ 505, "HTTP Version Not Supported" },
	{ 507, "Insufficient Storage" },
};
/* clang-format on */

/* May be empty: clients go by the number (RFC 9112, 4). */
static const char *reason_of(int status)
{
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "";
}

static void add_head(struct http_server *s, int status, struct view type,
		const struct http_request *r, size_t length)
{
	buf_addf(&s->out, "HTTP/1.1 %d %s\r\n", status, reason_of(status));
	if (type.len)
		buf_addf(&s->out, "Content-Type: %.*s\r\n", VIEW_ARG(type));
	/* RFC 9110, 8.6: these two have no length to tell. */
	if (status != 204 && status != 304)
		buf_addf(&s->out, "Content-Length: %zu\r\n", length);
	if (r && r->answer_location.len)
		buf_addf(&s->out, "Location: %.*s\r\n",
				VIEW_ARG(buf_view(&r->answer_location)));
	if (r)
		buf_add(&s->out, buf_view(&r->answer_fields));
	if (s->last)
		buf_add_z(&s->out, "Connection: close\r\n");
	buf_add_z(&s->out, "\r\n");
}

static void refuse(struct http_server *s, int status)
{
	const char *reason = reason_of(status);

	drop_request(s);
	s->last = true;
	add_head(s, status, VIEW("text/plain"), NULL, strlen(reason) + 2);
	buf_addf(&s->out, "%s\r\n", reason);
	s->state = CLOSING;
	s->deadline = NSTIME_NEVER;
}

static void respond(struct http_server *s, struct http_request *r)
{
	bool bare = r->status == 204 || r->status == 304;

	assert(r->status >= 200 && r->status <= 599);
	s->last |= !s->head.keep_alive;
	add_head(s, r->status, buf_view(&r->answer_type), r, r->answer.len);
	/* RFC 9110, 9.3.2: HEAD tells the length of what it does not send. */
	s->body_sent = bare || view_eq(buf_view(&r->method), VIEW("HEAD")) ? r->answer.len
									   : 0;
	s->request = r;
	s->state = SENDING;
}

static struct view rest_of_answer(const struct http_server *s)
{
	if (s->state != SENDING)
		return VIEW_NULL;
	return view_from(buf_view(&s->request->answer), s->body_sent);
}

static void next_request(struct http_server *s)
{
	drop_request(s);
	buf_clear(&s->text);
	s->blank_passed = false;
	s->deadline = s->last ? NSTIME_NEVER : s->idle_due;
	s->state = s->last ? CLOSING : IDLE;
}

/* -- requests -- */

static void ask(struct http_server *s)
{
	s->next = &s->request->op;
	s->request = NULL;
	s->state = ANSWERING;
	s->deadline = NSTIME_NEVER;
}

static void head_ended(struct http_server *s, nstime now)
{
	int status = http_head_parse(buf_view(&s->text), &s->head);

	if (!status && s->head.length > limit_value(s->body))
		status = 413;
	if (status) {
		refuse(s, status);
		return;
	}
	s->request = request_new(&s->head, s->body);
	s->chunked = (struct http_chunked){ 0 };
	if (s->head.body == HTTP_BODY_NONE) {
		ask(s);
		return;
	}
	if (s->head.expects_continue)
		buf_add_z(&s->out, "HTTP/1.1 100 Continue\r\n\r\n");
	s->state = BODY;
	s->deadline = now + BODY_TIME;
}

/* Once past the limit it matters whether the first line had ended. */
static int too_long(const struct http_server *s)
{
	return view_find(buf_view(&s->text), '\n') == s->text.len ? 414 : 431;
}

static bool head_is_whole(struct view text)
{
	return view_ends(text, VIEW("\r\n\r\n"));
}

/* Line by line, so that a bare LF is refused at once and not waited out. */
static size_t read_head(struct http_server *s, struct view bytes, nstime now)
{
	size_t len = view_find(bytes, '\n');
	struct view line = view_sub(bytes, 0, len == bytes.len ? len : len + 1);

	if (s->state == IDLE) {
		s->state = HEAD;
		s->deadline = now + HEAD_TIME;
	}
	if (line.len > limit_value(LIMIT_HTTP_HEAD) - s->text.len) {
		buf_add(&s->text, view_sub(line, 0,
						  limit_value(LIMIT_HTTP_HEAD) -
								  s->text.len));
		refuse(s, too_long(s));
		return line.len;
	}
	buf_add(&s->text, line);
	if (len == bytes.len)
		return line.len;
	if (!view_ends(buf_view(&s->text), VIEW("\r\n"))) {
		refuse(s, 400);
	} else if (s->text.len == 2 && !s->blank_passed) {
		s->blank_passed = true; /* RFC 9112, 2.2 */
		buf_clear(&s->text);
	} else if (s->text.len == 2) {
		refuse(s, 400);
	} else if (head_is_whole(buf_view(&s->text))) {
		head_ended(s, now);
	}
	return line.len;
}

static size_t read_body(struct http_server *s, struct view bytes)
{
	struct buf *body = &s->request->body;
	size_t taken = 0;
	int status;

	if (s->head.body == HTTP_BODY_LENGTH) {
		struct view part = view_sub(bytes, 0, s->head.length - body->len);

		buf_add(body, part);
		if (body->len == s->head.length)
			ask(s);
		return part.len;
	}
	status = http_chunked_feed(&s->chunked, bytes, body, &taken);
	if (status) {
		refuse(s, status);
		return bytes.len;
	}
	if (s->chunked.state == HTTP_CHUNKED_DONE)
		ask(s);
	return taken;
}

/* -- the engine -- */

static size_t server_feed(struct engine *engine, struct view bytes, nstime now)
{
	struct http_server *s = self(engine);
	size_t at = 0;

	while (at < bytes.len && s->state <= BODY) {
		struct view rest = view_from(bytes, at);

		at += s->state == BODY ? read_body(s, rest) : read_head(s, rest, now);
	}
	return at;
}

static struct op *server_next_op(struct engine *engine)
{
	return TAKE(self(engine)->next);
}

static void server_answer(struct engine *engine, struct op *op, nstime now)
{
	struct http_server *s = self(engine);

	s->idle_due = now + IDLE_TIME;
	if (s->state == ANSWERING)
		respond(s, CONTAINER_OF(op, struct http_request, op));
	else
		op_free(op);
}

static void close_now(struct http_server *s)
{
	drop_request(s);
	op_free(TAKE(s->next));
	s->state = CLOSING;
	s->deadline = NSTIME_NEVER;
}

/* A client that has closed its side while it waits has gone: nobody would read the
 * answer. */
static void server_event(
		struct engine *engine, enum engine_event event, uint64_t arg, nstime now)
{
	struct http_server *s = self(engine);

	(void)arg;
	(void)now;
	switch (event) {
	case ENGINE_TLS_STARTED:
	case ENGINE_CHANGED:
		break;
	case ENGINE_DRAIN:
		s->last = true;
		if (s->state == IDLE)
			close_now(s);
		break;
	case ENGINE_EOF:
		s->last = true;
		if (s->state < SENDING)
			close_now(s);
		break;
	case ENGINE_REVOKED:
	case ENGINE_TIMEOUT:
	case ENGINE_SHED:
		close_now(s);
		break;
	}
}

static struct view server_output(struct engine *engine)
{
	struct http_server *s = self(engine);

	return s->out.len ? buf_view(&s->out) : rest_of_answer(s);
}

static void server_sent(struct engine *engine, size_t len)
{
	struct http_server *s = self(engine);

	if (s->out.len)
		buf_consume(&s->out, len);
	else
		s->body_sent += len;
	if (s->state == SENDING && s->out.len == 0 && rest_of_answer(s).len == 0)
		next_request(s);
}

static void server_tick(struct engine *engine, nstime now)
{
	struct http_server *s = self(engine);

	if (now < s->deadline)
		return;
	if (s->state == IDLE)
		close_now(s);
	else
		refuse(s, 408);
}

static nstime server_deadline(const struct engine *engine)
{
	return ((const struct http_server *)(const void *)engine)->deadline;
}

static unsigned server_want(const struct engine *engine)
{
	const struct http_server *s = (const void *)engine;

	switch (s->state) {
	case IDLE:
	case HEAD:
	case BODY:
		return WANT_READ;
	case ANSWERING:
		return WANT_ANSWER;
	case SENDING:
		return WANT_FLUSH;
	case CLOSING:
		break;
	}
	return WANT_CLOSE;
}

static void server_free(struct engine *engine)
{
	struct http_server *s = self(engine);

	drop_request(s);
	op_free(s->next);
	buf_free(&s->text);
	buf_free(&s->out);
	free(s);
}

/* clang-format off */
static const struct engine_class class = {
	.protocol = "http",
	.feed     = server_feed,
	.next_op  = server_next_op,
	.answer   = server_answer,
	.event    = server_event,
	.output   = server_output,
	.sent     = server_sent,
	.tick     = server_tick,
	.deadline = server_deadline,
	.want     = server_want,
	.free     = server_free,
};
/* clang-format on */

struct engine *http_server_new(nstime now, enum limit body)
{
	struct http_server *s = xcalloc(1, sizeof(*s));

	s->engine.class = &class;
	s->body = body;
	s->text = BUF_NULL(limit_value(LIMIT_HTTP_HEAD));
	s->out = BUF_NULL(2 * LONGEST_RESPONSE_HEAD);
	s->deadline = now + IDLE_TIME;
	return &s->engine;
}
