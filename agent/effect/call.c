#include "agent/effect/call.h"

#include "agent/database/text.h"
#include "agent/effect/secret_form.h"
#include "agent/effect/web.h"
#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/crypto/hmac.h"

enum {
	LONGEST_CALL = 4 * 1024 * 1024,
	LONGEST_HEADER = 200,
	PATIENCE_SECONDS = 20,
};

struct view call_text(struct arena *arena, struct view url, struct view body,
		const json_t *secret)
{
	json_t *json = json_object();
	struct view copy;
	char *text;

	json_object_set_new(json, "url", json_view(url));
	if (body.len)
		json_object_set_new(json, "body", json_view(body));
	if (secret && !json_is_null(secret))
		json_object_set_new(json, "secret", json_deep_copy(secret));
	text = json_dumps(json, JSON_COMPACT);
	copy = arena_copy(arena, view_z(text));
	free(text);
	json_decref(json);
	return copy;
}

static struct view text_of(const json_t *json, const char *key)
{
	const json_t *value = json_object_get(json, key);

	return view_of(json_string_value(value), json_string_length(value));
}

/* EFFECT_DONE with an empty header where nothing is to be signed. */
static int sign(const json_t *call, const struct effect *effect, struct buf *header,
		struct effect_answer *answer)
{
	CLEANUP(secret_free) struct secret secret = SECRET_NULL;
	const json_t *form = json_object_get(call, "secret");
	unsigned char digest[DIGEST_SIZE];
	int r;

	if (!form)
		return EFFECT_DONE;
	r = secret_form_read(form, effect->file, &secret, answer);
	if (r)
		return r;
	hmac_sha256(secret_expose(&secret), text_of(call, "body"), digest);
	buf_add_z(header, "Posthus-Signature: sha256=");
	hex_add(header, view_of(digest, sizeof(digest)));
	return EFFECT_DONE;
}

static int make(const json_t *call, const struct effect *effect,
		struct effect_answer *answer)
{
	CLEANUP(buf_free) struct buf signature = BUF_NULL(LONGEST_HEADER);
	CLEANUP(web_reply_deinit) struct web_reply reply = WEB_REPLY_NULL;
	struct view body = text_of(call, "body");
	struct web_request request = {
		.method = body.len ? "POST" : "GET",
		.url = text_of(call, "url"),
		.body = body,
		.patience = nstime_seconds(PATIENCE_SECONDS),
		.file = effect->file,
		.stopping = effect->stopping,
	};
	int r = sign(call, effect, &signature, answer);

	if (r)
		return r;
	if (body.len)
		request.headers[0] = VIEW("Content-Type: application/json");
	request.headers[1] = buf_view(&signature);
	r = web_call(&request, &reply, answer);
	return r ? r : web_judge(&reply, answer);
}

static int perform(const struct effect *effect, struct effect_answer *out)
{
	json_t *call = json_loadb(effect->text.data, effect->text.len, 0, NULL);
	int r = make(call, effect, out);

	json_decref(call);
	return r;
}

const struct effects call_effects = { .perform = perform };
