/* Runs HTTP dialogs in a small world of its own. Every request is answered with its
 * method, target, type and body as four lines of text, but for these targets:
 *
 *   /none    204, no body
 *   /lost    404
 *   /large   200, a thousand lines
 */
#include "runtime/base/error.h"
#include "runtime/http/http_server.h"
#include "tests/lib/trickle.h"

static void reset(void *state)
{
	(void)state;
}

static struct engine *open_session(void *state, struct view words, nstime now)
{
	(void)state;
	return words.len ? NULL : http_server_new(now, LIMIT_HTTP_BODY);
}

static void perform(void *state, struct op *op)
{
	struct http_request *r = CONTAINER_OF(op, struct http_request, op);
	struct view target = buf_view(&r->target);

	(void)state;
	r->status = 200;
	buf_add_z(&r->answer_type, "text/plain");
	if (view_eq(target, VIEW("/none"))) {
		r->status = 204;
		buf_clear(&r->answer_type);
		return;
	}
	if (view_eq(target, VIEW("/lost")))
		r->status = 404;
	if (view_eq(target, VIEW("/large"))) {
		for (int i = 0; i < 1000; i++)
			buf_add_z(&r->answer, "0123456789\r\n");
		return;
	}
	buf_addf(&r->answer, "%.*s\r\n%.*s\r\n", VIEW_ARG(buf_view(&r->method)),
			VIEW_ARG(target));
	buf_add(&r->answer, buf_view(&r->content_type));
	buf_add_z(&r->answer, "\r\n");
	buf_add(&r->answer, buf_view(&r->body));
	buf_add_z(&r->answer, "\r\n");
}

static bool happen(void *state, struct view words)
{
	(void)state;
	(void)words;
	return false;
}

int main(int argc, char **argv)
{
	const struct trickle_world world = {
		.reset = reset,
		.open = open_session,
		.perform = perform,
		.happen = happen,
	};

	return trickle_main(argc, argv, &world);
}
