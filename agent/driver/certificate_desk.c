/* The agent's side of an issued certificate: within its transactions, on its thread. */
#include "agent/driver/certificate_issue_inside.h"

#include "agent/acme/account.h"
#include "agent/acme/acme.h"
#include "agent/acme/ledger.h"
#include "agent/acme/renewal.h"
#include "agent/database/journal.h"
#include "agent/database/reason.h"
#include "agent/database/text.h"
#include "agent/driver/certificate_next.h"
#include "agent/driver/certificate_row.h"
#include "agent/driver/certificate_text.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/crypto/certificate.h"
#include "runtime/crypto/random.h"
#include "runtime/store/database.h"

#include <errno.h>
#include <stdlib.h>

/* -- what the agent tells a call -- */

void certificate_write_brief(json_t *root, const struct secret *key,
		const struct secret *kept, struct buf *out)
{
	char *text = json_dumps(root, JSON_COMPACT);

	buf_add_z(out, text);
	buf_add_byte(out, '\0');
	buf_add(out, secret_expose(key));
	buf_add_byte(out, '\0');
	buf_add(out, secret_expose(kept));
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
static int count(const struct effect_desk *desk, const struct certificate_text *text,
		const struct acme_order *order, json_t *root)
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
	return ledger_certificate(desk->db, issuer, text->names, text->name_count,
			order->order, desk->now);
}

void certificate_use_account(struct acme_order *order, struct view url)
{
	if (order->step != ACME_ACCOUNT || url.len == 0)
		return;
	order->account = url;
	order->step = ACME_ORDER;
}

/* It was issued, and is to be served once its key is known: no order for that. */
static bool waits_for_record(const struct effect_desk *desk, const struct effect *effect,
		const struct certificate_text *text)
{
	struct certificate_row next;
	walltime seen_at;

	return certificate_next_read(desk->db, effect->uid, desk->arena, &next,
			       &seen_at) == 0 &&
	       is_current(desk, text, &next);
}

/* Where the DNS says the key, a renewal keeps it, so that nothing has to change there; where
 * it says none, each certificate has a new one. */
static int keep_key(const struct effect_desk *desk, const struct effect *effect,
		const struct certificate_text *text, const struct certificate_row *row,
		struct secret *out)
{
	struct view kind = arena_printf(desk->arena, "\"key\":\"%s\"",
			certificate_key_name(text->key_kind));
	bool recorded;
	int r = certificate_is_recorded(desk->db, row->name, &recorded);

	if (r || !recorded || view_find_view(row->issued, kind) == row->issued.len)
		return r;
	return certificate_row_open(desk->db, desk->key, effect->uid, out);
}

static int brief_perform(const struct effect_desk *desk, const struct effect *effect,
		const struct certificate_text *text, struct buf *out)
{
	CLEANUP(acme_order_deinit) struct acme_order order = { 0 };
	CLEANUP(secret_free) struct secret key = SECRET_NULL;
	CLEANUP(secret_free) struct secret kept = SECRET_NULL;
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
	certificate_use_account(&order, account);
	root = json_pack("{s:o, s:b}", "account", json_view(account), "current",
			(row.issued.len && is_current(desk, text, &row)) ||
					waits_for_record(desk, effect, text));
	if (row.issued.len) {
		CLEANUP(buf_free) struct buf id = BUF_NULL(RENEWAL_URL / 2);

		if (renewal_id(row.chain, &id) == 0)
			json_object_set_new(root, "replaces", json_view(buf_view(&id)));
	}
	if (order.step == ACME_ORDER || order.step == ACME_FINALIZE)
		r = count(desk, text, &order, root);
	if (r == 0 && row.issued.len)
		r = keep_key(desk, effect, text, &row, &kept);
	certificate_write_brief(root, &key, &kept, out);
	return r;
}

/* Another one of the same name is being issued: until it is, this one is served. */
static int brief_removal(const struct effect_desk *desk, const struct effect *effect,
		struct buf *out)
{
	bool awaited;
	int r = certificate_row_is_awaited(desk->db, effect->uid, desk->now, &awaited);

	if (r == 0 && awaited)
		certificate_write_brief(json_pack("{s:b}", "awaited", 1), &SECRET_NULL,
				&SECRET_NULL, out);
	return r;
}

int certificate_brief(const struct effect_desk *desk, const struct effect *effect,
		struct buf *out)
{
	struct certificate_text text;

	if (effect->looks)
		return certificate_brief_look(desk, effect, out);
	if (effect->operation == OPERATION_REMOVE)
		return brief_removal(desk, effect, out);
	if (!certificate_text_read(desk->arena, effect->text, &text))
		return fault(-EPROTO);
	return brief_perform(desk, effect, &text, out);
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
		const struct certificate_text *text, const struct acme_order *order,
		bool *waits_out)
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
	return certificate_put(desk->db, desk->key, effect->uid, &row, &order->key,
			desk->now, waits_out);
}

static int keep_step(const struct effect_desk *desk, const struct effect *effect,
		const struct certificate_text *text, const struct acme_order *order,
		bool *serves_out)
{
	struct view issuer = text->issuers[order->issuer].directory;
	int r = 0;

	if (order->account.len)
		r = issuer_account_set(desk->db, issuer, order->account,
				order->directory.authority);
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

/* When two thirds of its life are over and it is not renewed, somebody should look; until then
 * there is time. */
static int say_late(const struct effect_desk *desk, const struct effect *effect,
		const struct effect_answer *answer)
{
	struct certificate_row row;
	int r = certificate_row_read(desk->db, effect->uid, desk->arena, &row);

	if (r)
		return r == CERTIFICATE_ROW_E_ABSENT ? 0 : r;
	if (!row.issued.len || !answer->reason ||
			reason_class(view_z(answer->reason)) == CLASS_WAITING ||
			row.not_after - desk->now >= (row.not_after - row.not_before) / 3)
		return 0;
	return journal_event(desk->db, desk->object, "RenewalFailing",
			arena_printf(desk->arena, "it ends in %lld days; %.*s",
					(long long)(row.not_after - desk->now) /
							(24 * 60 * 60),
					VIEW_ARG(buf_view(&answer->message))),
			desk->now);
}

int certificate_keep(const struct effect_desk *desk, const struct effect *effect,
		int outcome, const struct effect_answer *answer, bool *serves_out)
{
	CLEANUP(acme_order_deinit) struct acme_order order = { 0 };
	struct certificate_text text;
	bool waits;
	int r;

	if (effect->operation == OPERATION_REMOVE)
		*serves_out = outcome == EFFECT_DONE;
	if (answer->progress.len == 0 || effect->operation == OPERATION_REMOVE)
		return 0;
	if (effect->looks)
		return certificate_keep_renewal(desk, effect, answer);
	if (!certificate_text_read(desk->arena, effect->text, &text) ||
			acme_order_read(desk->arena, buf_view(&answer->progress), &order))
		return fault(-EPROTO);
	if (outcome != EFFECT_DONE) {
		r = keep_step(desk, effect, &text, &order, serves_out);
		return r ? r : say_late(desk, effect, answer);
	}
	r = drop_challenges(desk, effect);
	if (r == 0)
		r = keep_chain(desk, effect, &text, &order, &waits);
	*serves_out = true;
	return r;
}
