/* A certificate that an issuer signs, step by step (agent/acme/order.h). The agent's side hands
 * out the account, counts what the issuer counts, and writes down what each step brought
 * (certificate_desk.c); the courier's side, here, speaks with the issuer.
 *
 *   brief: account, room in the ledger ──► perform: one step ──► keep: tokens to be shown,
 *   failures, and in the end the chain and its key
 */
#include "agent/driver/certificate_issue.h"

#include "agent/acme/dns_challenge.h"
#include "agent/acme/exchange.h"
#include "agent/driver/certificate_issue_inside.h"
#include "agent/driver/certificate_text.h"
#include "agent/effect/secret_form.h"
#include "runtime/base/base64.h"
#include "runtime/base/error.h"

#include <errno.h>
#include <jansson.h>

enum {
	FAILURES_BEFORE_FALLBACK = 2,
	AWAITED_SECONDS = 30,
	RENEWAL_SECONDS = 6 * 60 *
			  60, /* between two questions, where the issuer names no time */
};

#define AT_ONCE ((nstime)1)

static bool concerns(struct view text)
{
	return certificate_text_is_issued(text);
}

static struct view provider(struct view text, struct arena *arena)
{
	struct certificate_text read;
	struct view url;

	if (!certificate_text_read(arena, text, &read))
		return VIEW("acme");
	url = read.issuers[0].directory;
	url = view_from(url, view_find_view(url, VIEW("://")) + 3);
	return arena_printf(arena, "acme/%.*s",
			VIEW_ARG(view_sub(url, 0, view_find(url, '/'))));
}

/* -- one step -- */

struct issuing {
	const struct effect *effect;
	struct effect_answer *answer;
	struct arena *arena;
	struct certificate_text text;
	struct acme_order order;
	json_t *brief;
	struct view account_key;
	struct view kept_key; /* the certificate's; empty: a new one */
};

static void issuing_deinit(struct issuing *i)
{
	acme_order_deinit(&i->order);
	json_decref(i->brief);
	arena_free(i->arena);
}

static struct view told(const struct issuing *i, const char *name)
{
	const json_t *value = json_object_get(i->brief, name);

	return view_of(json_string_value(value), json_string_length(value));
}

static const struct certificate_issuer *issuer_of(const struct issuing *i)
{
	return &i->text.issuers[i->order.issuer];
}

/* -- dns-01 -- */

static const struct certificate_zone *zone_of(const struct issuing *i, struct view name)
{
	const struct certificate_zone *found = NULL;

	for (size_t k = 0; k < i->text.zone_count; k++) {
		const struct certificate_zone *one = &i->text.zones[k];

		if (view_ends(name, one->zone) &&
				(!found || one->zone.len > found->zone.len))
			found = one;
	}
	return found;
}

/* Each of them by `act`, until one is not done. */
static int each_challenge(struct issuing *i,
		int (*act)(const struct dns_challenge *challenge,
				const struct effect *effect, struct arena *arena,
				struct effect_answer *answer))
{
	int r = 0;

	for (size_t k = 0; k < i->order.authorization_count && r == 0; k++) {
		const struct acme_authorization *one = &i->order.authorizations[k];
		const struct certificate_zone *zone = zone_of(i, one->name);
		CLEANUP(buf_free) struct buf text = BUF_NULL(ACME_URL);

		if (!one->token.len || !zone)
			continue;
		r = acme_authorization_text(i->account_key, one->token, &text);
		if (r == 0)
			r = act(&(const struct dns_challenge){ zone->zone, zone->provider,
						one->name, buf_view(&text) },
					i->effect, i->arena, i->answer);
	}
	return r;
}

/* What is left behind is no harm: nobody asks for that token again. */
static void hide_challenges(struct issuing *i)
{
	struct effect_answer unused = EFFECT_ANSWER_NULL, kept = *i->answer;

	*i->answer = unused;
	if (i->text.challenge == ACME_DNS_01)
		(void)each_challenge(i, dns_challenge_hide);
	effect_answer_deinit(i->answer);
	*i->answer = kept;
}

/* Before the issuer is told to look: every server of the zone has to show it. */
static int show_challenges(struct issuing *i)
{
	if (i->text.challenge != ACME_DNS_01 || i->order.step != ACME_CHALLENGE)
		return EFFECT_DONE;
	return each_challenge(i, dns_challenge_show);
}

static void ask_next_issuer(struct issuing *i)
{
	struct acme_order order = {
		.issuer = (unsigned)((i->order.issuer + 1) % i->text.issuer_count),
		.refused = i->order.refused,
		.refused_name = i->order.refused_name,
	};

	acme_order_deinit(&i->order);
	i->order = order;
}

/* Whether others can be asked behind this one. */
static bool has_next_issuer(const struct issuing *i)
{
	return i->order.issuer + 1 < i->text.issuer_count;
}

static int in_progress(struct issuing *i, nstime given, struct view what)
{
	acme_order_write(&i->order, &i->answer->progress);
	i->answer->given = given;
	return effect_failed(i->answer, "InProgress", "%.*s", VIEW_ARG(what));
}

static struct view next_step(const struct issuing *i)
{
	static const char *const steps[ACME_STEPS] = {
		[ACME_ACCOUNT] = "asks for an account",
		[ACME_ORDER] = "orders it",
		[ACME_AUTHORIZE] = "asks what the issuer wants to see",
		[ACME_CHALLENGE] = "lets the issuer look",
		[ACME_VALIDATE] = "awaits that the issuer has looked",
		[ACME_FINALIZE] = "asks for the certificate",
		[ACME_ISSUE] = "awaits the certificate",
	};

	return arena_printf(i->arena, "%.*s: %s", VIEW_ARG(issuer_of(i)->name),
			steps[i->order.step]);
}

/* The answer has the reason; the message gets the issuer's name. */
static int say_failed(struct issuing *i, bool ends, nstime given)
{
	struct effect_answer *answer = i->answer;
	struct view message = arena_copy(i->arena, buf_view(&answer->message));
	struct view name = issuer_of(i)->name;
	bool is_ours = strcmp(answer->reason, "ChallengeFailed") == 0;

	i->order.failures++;
	if (ends)
		hide_challenges(i);
	if (ends)
		acme_order_renew(&i->order);
	if (!is_ours && i->order.failures >= FAILURES_BEFORE_FALLBACK &&
			i->text.issuer_count > 1)
		ask_next_issuer(i);
	acme_order_write(&i->order, &answer->progress);
	answer->given = given;
	return effect_failed(answer, answer->reason, "%.*s: %.*s", VIEW_ARG(name),
			VIEW_ARG(message));
}

/* What the issuer would refuse is not sent. Who stands behind it may have room. */
static int say_limited(struct issuing *i, json_int_t seconds)
{
	struct view limit = told(i, "limit");
	struct view name = issuer_of(i)->name;

	if (has_next_issuer(i)) {
		ask_next_issuer(i);
		return in_progress(i, AT_ONCE, next_step(i));
	}
	if (i->text.issuer_count > 1)
		ask_next_issuer(i);
	acme_order_write(&i->order, &i->answer->progress);
	i->answer->given = nstime_seconds(seconds);
	return effect_failed(i->answer, "QuotaExceeded", "%.*s: %.*s are used up",
			VIEW_ARG(name), VIEW_ARG(limit));
}

static int end_step(struct issuing *i, struct acme *acme, enum acme_outcome outcome)
{
	const struct acme_failure *failure = acme_failure(acme);

	switch (outcome) {
	case ACME_WAIT:
		return in_progress(i, acme_wait(acme),
				arena_printf(i->arena, "%.*s: %.*s",
						VIEW_ARG(issuer_of(i)->name),
						VIEW_ARG(acme_waits_for(acme))));
	case ACME_ISSUED:
		i->order.chain = acme_chain(acme);
		acme_order_write(&i->order, &i->answer->progress);
		return EFFECT_DONE;
	case ACME_FAILED:
		effect_failed(i->answer, failure->reason, "%.*s",
				VIEW_ARG(failure->message));
		return say_failed(i, failure->ends, failure->given);
	default:
		return in_progress(i, AT_ONCE, next_step(i));
	}
}

/* The key is read where it is used alone: for an account that is still to be made. */
static int read_eab(struct issuing *i, struct buf *out)
{
	CLEANUP(secret_free) struct secret text = SECRET_NULL;
	const struct certificate_issuer *issuer = issuer_of(i);
	json_t *form;
	int r;

	if (!issuer->eab_id.len || i->order.step != ACME_ACCOUNT)
		return 0;
	form = json_loadb(issuer->eab_key.data, issuer->eab_key.len, 0, NULL);
	r = secret_form_read(form, i->effect->file, &text, i->answer);
	json_decref(form);
	if (r)
		return r;
	if (base64url_decode(out, secret_expose(&text)))
		return 0;
	return effect_failed(i->answer, "AuthFailed",
			"the key of `eab` is not in base64url: it has to be as the "
			"issuer shows "
			"it");
}

static bool is_waiting(const struct effect_answer *answer)
{
	return strcmp(answer->reason, "InProgress") == 0;
}

static int go(struct issuing *i)
{
	CLEANUP(acme_freep) struct acme *acme = NULL;
	CLEANUP(buf_wipe) struct buf eab_key = BUF_NULL(SECRET_BYTES);
	int r = read_eab(i, &eab_key);
	const struct acme_task task = {
		.directory = issuer_of(i)->directory,
		.account_key = i->account_key,
		.eab_id = eab_key.len ? issuer_of(i)->eab_id : VIEW_NULL,
		.eab_key = buf_view(&eab_key),
		.names = i->text.names,
		.name_count = i->text.name_count,
		.challenge = i->text.challenge,
		.key_kind = i->text.key_kind,
		.kept_key = i->kept_key,
		.profile = i->text.profile,
		.replaces = told(i, "replaces"),
		.now = i->effect->now,
	};
	enum acme_outcome outcome;

	if (r == 0)
		r = show_challenges(i);
	if (r == EFFECT_E_FAILED && is_waiting(i->answer))
		return in_progress(i, i->answer->given,
				arena_copy(i->arena, buf_view(&i->answer->message)));
	if (r)
		return r < 0 ? r : say_failed(i, false, i->answer->given);
	if (i->order.step == ACME_FINALIZE)
		hide_challenges(i);
	if (acme_new(&task, i->arena, &i->order, &acme))
		return fault(-EPROTO);
	i->order.refused = i->order.refused_name = VIEW_NULL;
	r = exchange_step(acme, i->effect, i->answer, &outcome);
	if (r == EFFECT_E_FAILED)
		return say_failed(i, false, i->answer->given);
	return r ? r : end_step(i, acme, outcome);
}

static int begin(struct issuing *i)
{
	struct view key = i->effect->brief;
	struct view text = view_cut(&key, '\0');

	i->account_key = view_cut(&key, '\0');
	i->kept_key = key;
	i->brief = json_loadb(text.len ? text.data : "", text.len, 0, NULL);
	if (!i->brief || !certificate_text_read(i->arena, i->effect->text, &i->text))
		return fault(-EPROTO);
	if (acme_order_read(i->arena, i->effect->progress, &i->order) ||
			i->order.issuer >= i->text.issuer_count)
		i->order = (struct acme_order){ 0 };
	certificate_use_account(&i->order, told(i, "account"));
	return 0;
}

/* It is served until the one in its place is issued, and for as long as somebody may come who
 * was told of it. */
static int remove_it(const struct effect *effect, struct effect_answer *answer)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct certificate_text text;
	json_t *progress = json_loadb(effect->progress.len ? effect->progress.data : "",
			effect->progress.len, 0, NULL);
	walltime since = json_integer_value(json_object_get(progress, "since"));

	json_decref(progress);
	answer->untouched = true;
	answer->given = nstime_seconds(AWAITED_SECONDS);
	if (effect->brief.len)
		return effect_failed(answer, "InProgress",
				"it is served until the one in its place is issued");
	if (!certificate_text_read(arena, effect->text, &text))
		return fault(-EPROTO);
	since = since ? since : effect->now;
	buf_addf(&answer->progress, "{\"since\":%lld}", (long long)since);
	if (effect->now >= since + text.linger)
		return EFFECT_DONE;
	answer->given = nstime_seconds(since + text.linger - effect->now);
	return effect_failed(answer, "InProgress",
			"nothing leads to it any more; some may remember that for %lld s",
			(long long)(since + text.linger - effect->now));
}

static int perform(const struct effect *effect, struct effect_answer *out)
{
	CLEANUP(issuing_deinit)
	struct issuing i = { .effect = effect, .answer = out, .arena = arena_new() };
	json_int_t wait;
	int r;

	if (effect->operation == OPERATION_REMOVE)
		return remove_it(effect, out);
	r = begin(&i);
	if (r)
		return r;
	if (effect->progress.len == 0 &&
			json_is_true(json_object_get(i.brief, "current")))
		return EFFECT_DONE;
	wait = json_integer_value(json_object_get(i.brief, "wait"));
	return wait > 0 ? say_limited(&i, wait) : go(&i);
}

const struct effects certificate_effects = {
	.concerns = concerns,
	.resumes = true,
	.provider = provider,
	.look = certificate_look,
	.perform = perform,
	.brief = certificate_brief,
	.keep = certificate_keep,
};
