/* Whatever comes, and however it is split, the same goes out. */
#include "runtime/base/error.h"
#include "runtime/http/http_server.h"
#include "tests/lib/trickle.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void perform(void *state, struct op *op)
{
	struct http_request *r = CONTAINER_OF(op, struct http_request, op);

	(void)state;
	r->status = r->body.len % 2 ? 204 : 200;
	buf_add(&r->answer, buf_view(&r->method));
	buf_add(&r->answer, buf_view(&r->target));
	buf_add(&r->answer, buf_view(&r->content_type));
	buf_add(&r->answer, buf_view(&r->body));
}

static void run(struct view bytes, enum trickle_way way, struct buf *output)
{
	const struct trickle_world world = { .perform = perform };
	struct engine *engine = http_server_new(0, LIMIT_HTTP_BODY);

	trickle_bytes(engine, &world, bytes, way, bytes.len, output);
	engine_free(engine);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_free) struct buf whole = BUF_NULL(1 << 26);
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(1 << 26);
	CLEANUP(buf_free) struct buf random = BUF_NULL(1 << 26);

	run(view_of(data, size), TRICKLE_WHOLE, &whole);
	run(view_of(data, size), TRICKLE_BYTES, &bytes);
	run(view_of(data, size), TRICKLE_RANDOM, &random);
	if (!view_eq(buf_view(&whole), buf_view(&bytes)) ||
			!view_eq(buf_view(&whole), buf_view(&random)))
		abort();
	return 0;
}
