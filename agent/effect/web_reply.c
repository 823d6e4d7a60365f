/* Replies of web_call, and what their statuses stand for. */
#include "agent/effect/web.h"

enum {
	LONGEST_EXCERPT = 160,
};

void web_reply_deinit(struct web_reply *reply)
{
	buf_free(&reply->head);
	buf_free(&reply->body);
}

struct view web_reply_header(const struct web_reply *reply, struct view name)
{
	struct view rest = buf_view(&reply->head);

	while (rest.len) {
		struct view value = view_cut(&rest, '\n');

		if (view_eq_nocase(view_cut(&value, ':'), name))
			return view_trim(value);
	}
	return VIEW_NULL;
}

/* -- what a status means -- */

static const char *reason_of(int status, bool has_time)
{
	switch (status) {
	case 401:
		return "AuthFailed";
	case 403:
		return "Forbidden";
	case 408:
		return "Timeout";
	case 429:
		return "RateLimited";
	case 503:
		return has_time ? "RateLimited" : "Busy";
	default:
		return status >= 500 ? "ServerFailed" : "Refused";
	}
}

/* The first bytes of what it said, on one line. */
static void add_excerpt(const struct web_reply *reply, struct buf *out)
{
	size_t len = reply->body.len < LONGEST_EXCERPT ? reply->body.len
						       : LONGEST_EXCERPT;

	for (size_t i = 0; i < len; i++) {
		char byte = reply->body.data[i];

		buf_add_byte(out, byte >= ' ' && byte <= '~' ? byte : ' ');
	}
}

int web_judge(const struct web_reply *reply, struct effect_answer *answer)
{
	CLEANUP(buf_free) struct buf excerpt = BUF_NULL(LONGEST_EXCERPT);

	if (reply->status >= 200 && reply->status < 300)
		return EFFECT_DONE;
	add_excerpt(reply, &excerpt);
	answer->given = reply->retry_after;
	/* A request that was refused changed nothing; one that broke the server may have. */
	answer->untouched = reply->status < 500 || reply->status == 503;
	return effect_failed(answer, reason_of(reply->status, reply->retry_after > 0),
			"HTTP %d: %.*s", reply->status, VIEW_ARG(buf_view(&excerpt)));
}
