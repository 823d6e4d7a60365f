/* A certificate that an issuer signs, step by step (agent/acme/order.h). The agent's side hands
 * out the account, counts what the issuer counts, and writes down what each step brought; the
 * courier's side speaks with the issuer.
 *
 *   brief: account, room in the ledger ──► perform: one step ──► keep: tokens to be shown,
 *   failures, and in the end the chain and its key
 */
#include "agent/driver/certificate_issue.h"

#include "agent/acme/account.h"
#include "agent/acme/exchange.h"
#include "agent/acme/ledger.h"
#include "agent/acme/renewal.h"
#include "agent/driver/certificate_row.h"
#include "agent/driver/certificate_text.h"
#include "agent/secret_form.h"
#include "agent/text.h"
#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/crypto/certificate.h"
#include "runtime/crypto/random.h"
#include "runtime/store/database.h"

#include <errno.h>
#include <stdlib.h>

enum {
	FAILURES_BEFORE_FALLBACK = 2,
	RENEWAL_SECONDS = 6 * 60 *
			  60, /* between two questions, where the issuer names no time */
	RENEWAL_LEAST = 60 * 60,
	RENEWAL_MOST = 24 * 60 * 60,
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

/* -- what the agent tells a call -- */

/* JSON, NUL, the account's key. */
static void write_brief(json_t *root, const struct secret *key, struct buf *out)
{
	char *text = json_dumps(root, JSON_COMPACT);

	buf_add_z(out, text);
	buf_add_byte(out, '\0');
	buf_add(out, secret_expose(key));
	free(text);
	json_decref(root);
}

/* What is served is what is wanted, and it is not time yet: a plan that changed nothing of it,
 * or a database that came back without its outbox, costs no order. */
static bool is_current(const struct effect_desk *desk,
		const struct certificate_text *text, const struct certificate_row *row)
{
	walltime life = row->not_after - row->not_before;

	if (desk->now >= row->not_after - life / 2 ||
			(row->renew_at && desk->now >= row->renew_at))
		return false;
	for (size_t i = 0; i < text->issuer_count; i++)
		if (view_eq(row->issued, certificate_text_asked(desk->arena, text, i)))
			return true;
	return false;
}

/* Before an order, and before its certificate is asked for. */
static int count(const struct effect_desk *desk, const struct effect *effect,
		const struct certificate_text *text, const struct acme_order *order,
		json_t *root)
{
	struct view issuer = text->issuers[order->issuer].directory;
	bool orders = order->step == ACME_ORDER;
	enum ledger_limit limit = LEDGER_ORDERS;
	walltime at;
	int r = ledger_room(desk->db, issuer, text->names, text->name_count,
			orders ? VIEW_NULL : order->order, desk->now, &at, &limit);

	if (r)
		return r;
	if (at > desk->now) {
		json_object_set_new(root, "wait", json_integer(at - desk->now));
		json_object_set_new(root, "limit", json_string(ledger_rule(limit)->what));
		return 0;
	}
	if (orders)
		return ledger_order(desk->db, issuer, random_name(desk->arena, UID_SIZE),
				desk->now);
	(void)effect;
	return ledger_certificate(desk->db, issuer, text->names, text->name_count,
			order->order, desk->now);
}

/* The step that comes next, with an account that is known already. */
static void use_account(struct acme_order *order, struct view url)
{
	if (order->step != ACME_ACCOUNT || url.len == 0)
		return;
	order->account = url;
	order->step = ACME_ORDER;
}

static int brief_perform(const struct effect_desk *desk, const struct effect *effect,
		const struct certificate_text *text, struct buf *out)
{
	CLEANUP(acme_order_deinit) struct acme_order order = { 0 };
	CLEANUP(secret_free) struct secret key = SECRET_NULL;
	struct certificate_row row = { 0 };
	struct view account;
	json_t *root;
	int r = certificate_row_read(desk->db, effect->uid, desk->arena, &row);

	if (r && r != CERTIFICATE_ROW_E_ABSENT)
		return r;
	if (acme_order_read(desk->arena, effect->progress, &order) ||
			order.issuer >= text->issuer_count)
		order = (struct acme_order){ 0 };
	r = issuer_account_take(desk->db, desk->key,
			text->issuers[order.issuer].directory, desk->arena, &key,
			&account);
	if (r)
		return r;
	use_account(&order, account);
	root = json_pack("{s:o, s:b}", "account", json_view(account), "current",
			row.issued.len && is_current(desk, text, &row));
	if (row.issued.len) {
		CLEANUP(buf_free) struct buf id = BUF_NULL(RENEWAL_URL / 2);

		if (renewal_id(row.chain, &id) == 0)
			json_object_set_new(root, "replaces", json_view(buf_view(&id)));
	}
	if (order.step == ACME_ORDER || order.step == ACME_FINALIZE)
		r = count(desk, effect, text, &order, root);
	write_brief(root, &key, out);
	return r;
}

/* Where the issuer is asked when it wants the certificate to be renewed; nothing before its
 * time. */
static int brief_look(const struct effect_desk *desk, const struct effect *effect,
		struct buf *out)
{
	CLEANUP(buf_free) struct buf id = BUF_NULL(RENEWAL_URL / 2);
	struct certificate_row row;
	json_t *root, *asked;
	int r = certificate_row_read(desk->db, effect->uid, desk->arena, &row);

	if (r)
		return r == CERTIFICATE_ROW_E_ABSENT ? 0 : r;
	if (!row.issued.len || row.renewal_at > desk->now || renewal_id(row.chain, &id))
		return 0;
	asked = json_loadb(row.issued.data, row.issued.len, 0, NULL);
	root = json_pack("{s:O?, s:o, s:I}", "acme", json_object_get(asked, "acme"), "id",
			json_view(buf_view(&id)), "renew_at", (json_int_t)row.renew_at);
	json_decref(asked);
	write_brief(root, &SECRET_NULL, out);
	return 0;
}

static int brief(const struct effect_desk *desk, const struct effect *effect,
		struct buf *out)
{
	struct certificate_text text;

	if (effect->looks)
		return brief_look(desk, effect, out);
	if (effect->operation == OPERATION_REMOVE)
		return 0;
	if (!certificate_text_read(desk->arena, effect->text, &text))
		return fault(-EPROTO);
	return brief_perform(desk, effect, &text, out);
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
		.profile = i->text.profile,
		.replaces = told(i, "replaces"),
		.now = i->effect->now,
	};
	enum acme_outcome outcome;

	if (r)
		return r < 0 ? r : say_failed(i, false, 0);
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

	i->account_key = key;
	i->brief = json_loadb(text.len ? text.data : "", text.len, 0, NULL);
	if (!i->brief || !certificate_text_read(i->arena, i->effect->text, &i->text))
		return fault(-EPROTO);
	if (acme_order_read(i->arena, i->effect->progress, &i->order) ||
			i->order.issuer >= i->text.issuer_count)
		i->order = (struct acme_order){ 0 };
	use_account(&i->order, told(i, "account"));
	return 0;
}

static int perform(const struct effect *effect, struct effect_answer *out)
{
	CLEANUP(issuing_deinit)
	struct issuing i = { .effect = effect, .answer = out, .arena = arena_new() };
	json_int_t wait;
	int r;

	if (effect->operation == OPERATION_REMOVE)
		return EFFECT_DONE;
	r = begin(&i);
	if (r)
		return r;
	if (effect->progress.len == 0 &&
			json_is_true(json_object_get(i.brief, "current")))
		return EFFECT_DONE;
	wait = json_integer_value(json_object_get(i.brief, "wait"));
	return wait > 0 ? say_limited(&i, wait) : go(&i);
}

/* -- what it brought -- */

static int write_challenges(const struct effect_desk *desk, const struct effect *effect,
		const struct certificate_text *text, const struct acme_order *order,
		bool *serves_out)
{
	CLEANUP(secret_free) struct secret key = SECRET_NULL;
	struct view unused;
	int r = issuer_account_take(desk->db, desk->key,
			text->issuers[order->issuer].directory, desk->arena, &key,
			&unused);

	for (size_t i = 0; i < order->authorization_count && r == 0; i++) {
		CLEANUP(statement_done) struct statement *s = NULL;
		CLEANUP(buf_free) struct buf shown = BUF_NULL(ACME_URL);
		const struct acme_authorization *one = &order->authorizations[i];

		if (one->valid)
			continue;
		r = acme_authorization_text(secret_expose(&key), one->token, &shown);
		if (r == 0)
			r = database_prepare(desk->db,
					"INSERT OR REPLACE INTO issuer_challenge"
					" VALUES (?1, ?2, ?3, ?4, ?5)",
					&s);
		if (r)
			break;
		bind_blob(s, 1, view_of(effect->uid, UID_SIZE));
		bind_text(s, 2, view_z(acme_challenge_name(text->challenge)));
		bind_text(s, 3, one->name);
		bind_text(s, 4, one->token);
		bind_text(s, 5, buf_view(&shown));
		r = statement_run(s);
		*serves_out = true;
	}
	return r > 0 && r < DATABASE_ROW ? fault(-EPROTO) : r;
}

static int drop_challenges(const struct effect_desk *desk, const struct effect *effect)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(
			desk->db, "DELETE FROM issuer_challenge WHERE uid = ?1", &s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(effect->uid, UID_SIZE));
	return statement_run(s);
}

static int keep_chain(const struct effect_desk *desk, const struct effect *effect,
		const struct certificate_text *text, const struct acme_order *order)
{
	struct certificate_facts facts;
	struct certificate_row row = {
		.name = text->names[0],
		.chain = order->chain,
		.issued = certificate_text_asked(desk->arena, text, order->issuer),
	};

	if (certificate_read(desk->arena, order->chain, &facts))
		return fault(-EPROTO);
	digest_bytes(VIEW_NULL, row.source);
	row.not_before = facts.not_before;
	row.not_after = facts.not_after;
	log_event(LOG_INFO, "agent.certificate.issued", log_view("name", row.name),
			log_view("issuer", text->issuers[order->issuer].name),
			log_number("days",
					(facts.not_after - desk->now) / (24 * 60 * 60)));
	return certificate_row_write(desk->db, desk->key, effect->uid, &row, &order->key);
}

static int keep_step(const struct effect_desk *desk, const struct effect *effect,
		const struct certificate_text *text, const struct acme_order *order,
		bool *serves_out)
{
	struct view issuer = text->issuers[order->issuer].directory;
	int r = 0;

	if (order->account.len)
		r = issuer_account_set_url(desk->db, issuer, order->account);
	if (r == 0 && order->refused.len)
		r = ledger_failure(desk->db, issuer, order->refused_name, order->refused,
				desk->now);
	if (r || order->step == ACME_VALIDATE)
		return r;
	r = drop_challenges(desk, effect);
	if (r == 0 && order->step == ACME_CHALLENGE)
		r = write_challenges(desk, effect, text, order, serves_out);
	return r;
}

static int keep_renewal(const struct effect_desk *desk, const struct effect *effect,
		const struct effect_answer *answer)
{
	json_t *root = json_loadb(answer->progress.data, answer->progress.len, 0, NULL);
	walltime renew_at = json_integer_value(json_object_get(root, "renew_at"));
	walltime again = json_integer_value(json_object_get(root, "again"));

	json_decref(root);
	return certificate_row_set_renewal(desk->db, effect->uid, renew_at, again);
}

static int keep(const struct effect_desk *desk, const struct effect *effect, int outcome,
		const struct effect_answer *answer, bool *serves_out)
{
	CLEANUP(acme_order_deinit) struct acme_order order = { 0 };
	struct certificate_text text;
	int r;

	if (answer->progress.len == 0)
		return 0;
	if (effect->looks)
		return keep_renewal(desk, effect, answer);
	if (!certificate_text_read(desk->arena, effect->text, &text) ||
			acme_order_read(desk->arena, buf_view(&answer->progress), &order))
		return fault(-EPROTO);
	if (outcome != EFFECT_DONE)
		return keep_step(desk, effect, &text, &order, serves_out);
	r = drop_challenges(desk, effect);
	if (r == 0)
		r = keep_chain(desk, effect, &text, &order);
	*serves_out = true;
	return r;
}

/* -- when to renew -- */

static walltime again_at(const struct effect *effect, nstime said)
{
	walltime seconds = said > 0 ? said / NS_PER_S : RENEWAL_SECONDS;

	seconds = seconds < RENEWAL_LEAST ? RENEWAL_LEAST : seconds;
	return effect->now + (seconds > RENEWAL_MOST ? RENEWAL_MOST : seconds);
}

static int ask_renewal(const struct effect *effect, const json_t *brief,
		struct effect_answer *answer, struct renewal_window *out,
		nstime *again_out)
{
	CLEANUP(web_reply_deinit) struct web_reply directory = WEB_REPLY_NULL;
	CLEANUP(web_reply_deinit) struct web_reply reply = WEB_REPLY_NULL;
	CLEANUP(buf_free) struct buf place = BUF_NULL(RENEWAL_URL);
	const char *url = json_string_value(json_object_get(brief, "acme"));
	const char *id = json_string_value(json_object_get(brief, "id"));
	int r;

	if (!url || !id)
		return RENEWAL_E_FORM;
	r = exchange_get(effect, view_z(url), &directory, answer);
	if (r == 0)
		r = renewal_place(buf_view(&directory.body), view_z(id), &place);
	if (r == 0)
		r = exchange_get(effect, buf_view(&place), &reply, answer);
	if (r == 0)
		r = renewal_read(buf_view(&reply.body), out);
	*again_out = reply.retry_after;
	return r;
}

/* What is served is there; the question is when it shall be renewed. No answer is no failure:
 * there is a time without it, too. */
static int look(const struct effect *effect, struct effect_answer *out)
{
	struct view text = effect->brief;
	struct renewal_window window;
	walltime renew_at;
	nstime again = 0;
	uint64_t random;
	json_t *brief;
	int r;

	buf_add(&out->live, effect->text);
	if (text.len == 0)
		return EFFECT_DONE;
	text = view_cut(&text, '\0');
	brief = json_loadb(text.data, text.len, 0, NULL);
	renew_at = json_integer_value(json_object_get(brief, "renew_at"));
	random_bytes(&random, sizeof(random));
	r = ask_renewal(effect, brief, out, &window, &again);
	json_decref(brief);
	if (r == 0)
		renew_at = renewal_choose(&window, renew_at, random);
	buf_addf(&out->progress, "{\"again\":%lld,\"renew_at\":%lld}",
			(long long)again_at(effect, again), (long long)renew_at);
	return EFFECT_DONE;
}

const struct effects certificate_effects = {
	.concerns = concerns,
	.resumes = true,
	.provider = provider,
	.look = look,
	.perform = perform,
	.brief = brief,
	.keep = keep,
};
