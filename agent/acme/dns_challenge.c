#include "agent/acme/dns_challenge.h"

#include "agent/provider/ask.h"
#include "agent/provider/provider.h"
#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/crypto/digest.h"

#include <errno.h>

enum {
	TTL = 60,
	LOOK_AGAIN_SECONDS = 3,
};

/* Our one value, alone in its set. */
static int make_record(const struct dns_challenge *challenge, struct arena *arena,
		struct rrset *out)
{
	CLEANUP(buf_free) struct buf value = BUF_NULL(128);
	unsigned char digest[DIGEST_SIZE];
	struct view text;
	int r;

	digest_sha256(challenge->text, digest);
	buf_add_byte(&value, '"');
	base64url_add(&value, view_of(digest, sizeof(digest)));
	buf_add_byte(&value, '"');
	text = arena_copy(arena, buf_view(&value));
	r = rrset_make(arena,
			arena_printf(arena, "_acme-challenge.%.*s",
					VIEW_ARG(challenge->name)),
			VIEW("TXT"), TTL, &text, 1, out);
	return r ? fault(-EPROTO) : 0;
}

static struct provider_call call_of(const struct dns_challenge *challenge,
		const struct effect *effect, struct arena *arena)
{
	return (struct provider_call){
		.spec = challenge->provider,
		.zone = challenge->zone,
		.arena = arena,
		.file = effect->file,
		.stopping = effect->stopping,
	};
}

/* What the provider has there; `ours` is our part of it. */
static int read_set(const struct dns_challenge *challenge,
		const struct provider_call *call, struct rrset *ours,
		struct rrset *before, const struct dns_provider **provider_out,
		struct effect_answer *answer)
{
	const struct dns_provider *provider = dns_provider_of_spec(challenge->provider);
	int r = make_record(challenge, call->arena, ours);

	if (r)
		return r;
	if (!provider)
		return fault(-EPROTO);
	*provider_out = provider;
	return provider->read(call, ours->name, ours->type, before, answer);
}

/* -- at every server -- */

static int not_yet(const struct ask_reply *reply, struct effect_answer *answer)
{
	answer->given = nstime_seconds(LOOK_AGAIN_SECONDS);
	if (reply->said != ASK_ANSWERED)
		return effect_failed(answer, "InProgress",
				"the server %.*s of the zone %s",
				VIEW_ARG(reply->server->name),
				ask_said_text(reply->said));
	return effect_failed(answer, "InProgress",
			"the server %.*s of the zone does not show %.*s yet",
			VIEW_ARG(reply->server->name), VIEW_ARG(reply->set.name));
}

static int await_servers(const struct dns_challenge *challenge, const struct rrset *ours,
		const struct effect *effect, struct arena *arena,
		struct effect_answer *answer)
{
	const struct ask ask = { arena, effect->file, effect->stopping, 0 };
	struct ask_servers servers;
	struct ask_replies replies;
	int r = ask_servers(&ask, challenge->zone, &servers, answer);

	if (r == 0)
		r = ask_all(&ask, &servers, ours->name, ours->type, &replies, answer);
	if (r)
		return r;
	for (size_t i = 0; i < replies.count; i++) {
		const struct ask_reply *reply = &replies.items[i];

		if (reply->said != ASK_ANSWERED ||
				!rrset_has(&reply->set, ours->values[0]))
			return not_yet(reply, answer);
	}
	return EFFECT_DONE;
}

/* -- */

int dns_challenge_show(const struct dns_challenge *challenge, const struct effect *effect,
		struct arena *arena, struct effect_answer *answer)
{
	const struct provider_call call = call_of(challenge, effect, arena);
	const struct dns_provider *provider;
	struct rrset ours, before, after;
	int r = read_set(challenge, &call, &ours, &before, &provider, answer);

	if (r)
		return r;
	if (!rrset_has(&before, ours.values[0])) {
		after = rrset_with(arena, &before, &ours);
		r = provider->change(&call, &before, &after, answer);
	}
	return r ? r : await_servers(challenge, &ours, effect, arena, answer);
}

int dns_challenge_hide(const struct dns_challenge *challenge, const struct effect *effect,
		struct arena *arena, struct effect_answer *answer)
{
	const struct provider_call call = call_of(challenge, effect, arena);
	const struct dns_provider *provider;
	struct rrset ours, before, after;
	int r = read_set(challenge, &call, &ours, &before, &provider, answer);

	if (r || !rrset_has(&before, ours.values[0]))
		return r;
	after = rrset_without(arena, &before, &ours);
	return provider->change(&call, &before, &after, answer);
}
