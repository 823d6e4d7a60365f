/* A forge's word that there is something new, and whether it is the forge's.
 *
 * An engine without I/O: the fields of the request's head say how it is signed, its body is
 * hashed as it comes and never read, and the end tells. What is learned is that somebody who
 * knows the secret sent these bytes, now or long ago: a reason to look into the repository,
 * no more.
 *
 *   Webhook-Signature    Standard Webhooks, GitLab 19 and later: `v1,BASE64` of
 *                        ID.TIMESTAMP.BODY, made within five minutes of now
 *   X-Hub-Signature-256  GitHub: `sha256=HEX`
 *   X-Forgejo-Signature  Forgejo: HEX
 *   X-Gitea-Signature    Gitea: HEX
 *   Posthus-Signature    anybody: `sha256=HEX`, as this agent signs its own calls
 *   X-Gitlab-Token       GitLab before: the secret itself
 *
 * The first of them that is there counts, so that a weaker one does not mend a wrong one. A
 * secret that begins with `whsec_` is the base64 of the key behind that. */
#ifndef AGENT_GIT_HOOK_H
#define AGENT_GIT_HOOK_H

#include "runtime/base/clock.h"
#include "runtime/crypto/hmac.h"

enum {
	HOOK_BODY_MAX = 25 * 1024 * 1024, /* what GitHub sends at most */
	HOOK_SECRET_LEAST = 16,           /* bytes: shorter ones are guessed */
	HOOK_SIGNATURES = 8,              /* in one Webhook-Signature */
	HOOK_DRIFT = 5 * 60,              /* seconds */
};

/* In the order in which they count. */
enum hook_field {
	HOOK_STANDARD,
	HOOK_GITHUB,
	HOOK_FORGEJO,
	HOOK_GITEA,
	HOOK_OWN,
	HOOK_TOKEN,
	HOOK_SIGNED_BY, /* how many there are; behind them, what one of them needs */
	HOOK_ID = HOOK_SIGNED_BY,
	HOOK_TIMESTAMP,
	HOOK_FIELDS,
};

/* Their names in a request. */
extern const char *const hook_field_names[HOOK_FIELDS];

enum hook_outcome {
	HOOK_OK = 0,
	HOOK_E_SECRET,   /* ours is too short, or is no base64 behind `whsec_` */
	HOOK_E_UNSIGNED, /* none of the fields is there */
	HOOK_E_FORM,     /* it is there, and none of what it may be */
	HOOK_E_STALE,    /* it was signed too long ago, or is yet to be */
	HOOK_E_TOO_LARGE,
	HOOK_E_WRONG,
};

struct hook {
	enum hook_field by;
	struct view given; /* borrowed: the field that counts */
	unsigned char token[DIGEST_SIZE];
	struct hmac hmac;
	size_t len; /* of the body so far */
};

/* Values of the fields in their order, no data where one is not there; they and `secret` must
 * outlive it. HOOK_OK: the body may come; else it need not be waited for. */
MUST_USE enum hook_outcome hook_begin(struct hook *hook,
		const struct view fields[HOOK_FIELDS], struct view secret, walltime now);
/* HOOK_OK or HOOK_E_TOO_LARGE. */
MUST_USE enum hook_outcome hook_add(struct hook *hook, struct view bytes);
/* HOOK_OK or HOOK_E_WRONG. */
MUST_USE enum hook_outcome hook_end(struct hook *hook);

#endif
