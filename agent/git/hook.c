#include "agent/git/hook.h"

#include "runtime/base/base64.h"
#include "runtime/base/secret.h"

enum {
	LONGEST_KEY = 4096,
	LONGEST_SIGNATURE = 64, /* bytes that a base64 may hold */
};

/* clang-format off */
const char *const hook_field_names[HOOK_FIELDS] = {
	[HOOK_STANDARD]  = "Webhook-Signature",
	[HOOK_GITHUB]    = "X-Hub-Signature-256",
	[HOOK_FORGEJO]   = "X-Forgejo-Signature",
	[HOOK_GITEA]     = "X-Gitea-Signature",
	[HOOK_OWN]       = "Posthus-Signature",
	[HOOK_TOKEN]     = "X-Gitlab-Token",
	[HOOK_ID]        = "Webhook-Id",
	[HOOK_TIMESTAMP] = "Webhook-Timestamp",
};
/* clang-format on */

/* -- the head -- */

static enum hook_outcome begin_keyed(struct hook *hook, struct view secret)
{
	CLEANUP(buf_wipe) struct buf key = BUF_NULL(LONGEST_KEY);

	if (!view_starts(secret, VIEW("whsec_"))) {
		hmac_init(&hook->hmac, secret);
		return HOOK_OK;
	}
	if (!base64_decode(&key, view_from(secret, strlen("whsec_"))) ||
			key.len < HOOK_SECRET_LEAST)
		return HOOK_E_SECRET;
	hmac_init(&hook->hmac, buf_view(&key));
	return HOOK_OK;
}

/* One that was kept back, or sent again, is not taken for news for ever. */
static enum hook_outcome begin_standard(struct hook *hook, struct view id, struct view at,
		struct view secret, walltime now)
{
	enum hook_outcome outcome;
	uint64_t seconds;

	if (!id.len || !view_to_u64(at, &seconds) || seconds > INT64_MAX)
		return HOOK_E_FORM;
	if ((walltime)seconds < now - HOOK_DRIFT || (walltime)seconds > now + HOOK_DRIFT)
		return HOOK_E_STALE;
	outcome = begin_keyed(hook, secret);
	if (outcome)
		return outcome;
	hmac_add(&hook->hmac, id);
	hmac_add(&hook->hmac, VIEW("."));
	hmac_add(&hook->hmac, at);
	hmac_add(&hook->hmac, VIEW("."));
	return HOOK_OK;
}

/* Both sides are hashed: then not even the length of the secret shows. */
static enum hook_outcome begin_token(struct hook *hook, struct view secret)
{
	hmac_sha256(secret, secret, hook->token);
	hmac_init(&hook->hmac, secret);
	hmac_add(&hook->hmac, hook->given);
	return HOOK_OK;
}

enum hook_outcome hook_begin(struct hook *hook, const struct view fields[HOOK_FIELDS],
		struct view secret, walltime now)
{
	*hook = (struct hook){ 0 };
	if (secret.len < HOOK_SECRET_LEAST)
		return HOOK_E_SECRET;
	while (hook->by < HOOK_SIGNED_BY && !fields[hook->by].data)
		hook->by++;
	if (hook->by == HOOK_SIGNED_BY)
		return HOOK_E_UNSIGNED;
	hook->given = fields[hook->by];
	switch (hook->by) {
	case HOOK_STANDARD:
		return begin_standard(hook, fields[HOOK_ID], fields[HOOK_TIMESTAMP],
				secret, now);
	case HOOK_TOKEN:
		return begin_token(hook, secret);
	case HOOK_GITHUB:
	case HOOK_OWN:
		if (!view_starts(hook->given, VIEW("sha256=")))
			return HOOK_E_FORM;
		hook->given = view_from(hook->given, strlen("sha256="));
		break;
	default:
		break;
	}
	return hook->given.len == 2 * DIGEST_SIZE ? begin_keyed(hook, secret)
						  : HOOK_E_FORM;
}

/* -- the body -- */

enum hook_outcome hook_add(struct hook *hook, struct view bytes)
{
	if (bytes.len > HOOK_BODY_MAX - hook->len)
		return HOOK_E_TOO_LARGE;
	hook->len += bytes.len;
	if (hook->by != HOOK_TOKEN)
		hmac_add(&hook->hmac, bytes);
	return HOOK_OK;
}

/* -- the end -- */

/* Several, while a key is changed for another. */
static bool one_is(struct view signatures, struct view digest)
{
	bool found = false;

	for (size_t i = 0; i < HOOK_SIGNATURES && signatures.len; i++) {
		CLEANUP(buf_free) struct buf bytes = BUF_NULL(LONGEST_SIGNATURE);
		struct view one = view_cut(&signatures, ' ');

		if (view_starts(one, VIEW("v1,")) &&
				base64_decode(&bytes, view_from(one, strlen("v1,"))))
			found |= view_eq_secret(buf_view(&bytes), digest);
	}
	return found;
}

static bool is_hex_of(struct view text, struct view digest)
{
	unsigned char bytes[DIGEST_SIZE];

	return hex_decode(text, bytes, sizeof(bytes)) &&
	       view_eq_secret(view_of(bytes, sizeof(bytes)), digest);
}

enum hook_outcome hook_end(struct hook *hook)
{
	unsigned char bytes[DIGEST_SIZE];
	struct view digest = view_of(bytes, sizeof(bytes));
	bool right;

	hmac_final(&hook->hmac, bytes);
	if (hook->by == HOOK_STANDARD)
		right = one_is(hook->given, digest);
	else if (hook->by == HOOK_TOKEN)
		right = view_eq_secret(view_of(hook->token, DIGEST_SIZE), digest);
	else
		right = is_hex_of(hook->given, digest);
	return right ? HOOK_OK : HOOK_E_WRONG;
}
