#include "agent/acme/exchange.h"

#include "runtime/base/error.h"

#define PATIENCE nstime_seconds(30)

static int call(const struct acme_request *request, const struct effect *effect,
		struct web_reply *out, struct effect_answer *answer)
{
	const struct web_request web = {
		.method = request->method,
		.url = request->url,
		.headers = { VIEW("User-Agent: posthus"),
				request->body.len ? VIEW("Content-Type: "
							 "application/jose+json")
						  : VIEW_NULL },
		.body = request->body,
		.most = ACME_BODY,
		.patience = PATIENCE,
		.file = effect->file,
		.stopping = effect->stopping,
	};

	return web_call(&web, out, answer);
}

int exchange_step(struct acme *acme, const struct effect *effect,
		struct effect_answer *answer, enum acme_outcome *out)
{
	struct acme_request request;

	while ((*out = acme_next(acme, &request)) == ACME_SEND) {
		CLEANUP(web_reply_deinit) struct web_reply reply = WEB_REPLY_NULL;
		int r = call(&request, effect, &reply, answer);

		if (r)
			return r;
		acme_take(acme, &(const struct acme_reply){
						.status = reply.status,
						.body = buf_view(&reply.body),
						.nonce = web_reply_header(&reply,
								VIEW("replay-nonce")),
						.location = web_reply_header(
								&reply, VIEW("location")),
						.retry_after = reply.retry_after,
				});
	}
	return EFFECT_DONE;
}

int exchange_get(const struct effect *effect, struct view url, struct web_reply *out,
		struct effect_answer *answer)
{
	const struct acme_request request = { .method = "GET", .url = url };
	int r = call(&request, effect, out, answer);

	return r ? r : web_judge(out, answer);
}
