/* The conversation with an issuer, step by step, and what it does about one that misbehaves. */
#include "agent/acme/acme.h"
#include "agent/acme/exchange.h"
#include "agent/acme/jws.h"
#include "agent/acme/ledger.h"
#include "agent/acme/renewal.h"
#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/crypto/certificate.h"
#include "tests/lib/issuer/issuer.h"
#include "tests/lib/test.h"

#include <stdlib.h>

#define NAME "mail.a.example"

enum {
	BEGIN = 1785585600,
	MOST_STEPS = 100,
};

struct talk {
	struct arena *arena;
	struct secret account;
	struct acme_order order;
	struct effect_answer answer;
	struct view chain;
	const char *reason;
	bool ends;
	nstime given;
};

static int setup(void **state)
{
	struct talk *t = xcalloc(1, sizeof(*t));

	issuer_reset();
	issuer->now = BEGIN;
	t->arena = arena_new();
	t->answer = EFFECT_ANSWER_NULL;
	assert_int_equal(jws_key_generate(&t->account), 0);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct talk *t = *state;

	secret_free(&t->account);
	acme_order_deinit(&t->order);
	effect_answer_deinit(&t->answer);
	arena_free(t->arena);
	free(t);
	return 0;
}

/* As from the disk: what a step leaves is all that the next one has. */
static void keep(struct talk *t)
{
	CLEANUP(buf_wipe) struct buf bytes = BUF_NULL(EFFECT_PROGRESS);

	acme_order_write(&t->order, &bytes);
	acme_order_deinit(&t->order);
	assert_int_equal(acme_order_read(t->arena, arena_copy(t->arena, buf_view(&bytes)),
					 &t->order),
			0);
}

static enum acme_outcome step(struct talk *t)
{
	static const struct view names[] = { { NAME, sizeof(NAME) - 1 } };
	const struct acme_task task = {
		.directory = VIEW(ISSUER_URL),
		.account_key = secret_expose(&t->account),
		.names = names,
		.name_count = 1,
		.challenge = ACME_HTTP_01,
		.now = issuer->now,
	};
	const struct effect effect = { .now = issuer->now };
	CLEANUP(acme_freep) struct acme *acme = NULL;
	enum acme_outcome outcome;
	int r;

	assert_int_equal(acme_new(&task, t->arena, &t->order, &acme), 0);
	r = exchange_step(acme, &effect, &t->answer, &outcome);
	if (r) {
		t->reason = t->answer.reason;
		t->ends = false;
		return ACME_FAILED;
	}
	if (outcome == ACME_ISSUED)
		t->chain = acme_chain(acme);
	if (outcome == ACME_FAILED) {
		t->reason = acme_failure(acme)->reason;
		t->ends = acme_failure(acme)->ends;
		t->given = acme_failure(acme)->given;
	}
	return outcome;
}

/* Until it is no step any more. */
static enum acme_outcome go(struct talk *t)
{
	enum acme_outcome outcome = ACME_STEPPED;

	for (int i = 0; i < MOST_STEPS && outcome == ACME_STEPPED; i++) {
		outcome = step(t);
		keep(t);
	}
	return outcome;
}

static void go_to(struct talk *t, enum acme_step to)
{
	while (t->order.step != to) {
		assert_int_equal(step(t), ACME_STEPPED);
		keep(t);
	}
}

static void every_step_goes_on_from_what_was_kept(void **state)
{
	struct talk *t = *state;
	struct certificate_facts facts;

	assert_int_equal(go(t), ACME_ISSUED);
	assert_int_equal(certificate_read(t->arena, t->chain, &facts), 0);
	assert_true(certificate_covers(&facts, VIEW(NAME)));
	assert_int_equal(certificate_check_key(t->chain, &t->order.key), 0);
	assert_int_equal(issuer->accounts, 1);
	assert_int_equal(issuer->orders, 1);
	assert_int_equal(issuer->issued, 1);
}

/* Killed behind its answer, a step is done again. */
static void every_step_can_be_done_twice(void **state)
{
	struct talk *t = *state;

	for (int i = 0; i < ACME_STEPS; i++) {
		CLEANUP(buf_wipe) struct buf before = BUF_NULL(EFFECT_PROGRESS);
		enum acme_outcome outcome;

		acme_order_write(&t->order, &before);
		outcome = step(t);
		acme_order_deinit(&t->order);
		assert_int_equal(acme_order_read(t->arena,
						 arena_copy(t->arena, buf_view(&before)),
						 &t->order),
				0);
		assert_int_equal(step(t), outcome);
		keep(t);
	}
	assert_int_equal(t->order.step, ACME_ISSUE);
	assert_int_equal(go(t), ACME_ISSUED);
	assert_int_equal(issuer->accounts, 1);
	assert_int_equal(issuer->orders,
			2); /* the first answer is lost with its process */
	assert_int_equal(issuer->issued, 1);
}

static void other_nonces_are_taken_a_few_times(void **state)
{
	struct talk *t = *state;

	issuer->fault = ISSUER_NO_NONCES;
	assert_int_equal(go(t), ACME_FAILED);
	assert_string_equal(t->reason, "ServerFailed");
	assert_int_equal(issuer->nonces_refused, ACME_NONCES);
	issuer->fault = ISSUER_WELL;
	assert_int_equal(go(t), ACME_ISSUED);
}

static void an_account_that_is_gone_is_made_anew(void **state)
{
	struct talk *t = *state;

	go_to(t, ACME_ORDER);
	issuer->fault = ISSUER_FORGETS_ACCOUNTS;
	assert_int_equal(go(t), ACME_ISSUED);
	assert_int_equal(issuer->accounts, 1);
}

static void what_cannot_be_seen_is_said(void **state)
{
	struct talk *t = *state;

	issuer->fault = ISSUER_SEES_NOTHING;
	assert_int_equal(go(t), ACME_FAILED);
	assert_string_equal(t->reason, "ChallengeFailed");
	assert_true(t->ends);
	assert_view(t->order.refused_name, NAME);
	acme_order_renew(&t->order);
	issuer->fault = ISSUER_WELL;
	assert_int_equal(go(t), ACME_ISSUED);
	assert_int_equal(issuer->accounts, 1);
}

static void T05_no_answer_leads_elsewhere(void **state)
{
	struct talk *t = *state;

	issuer->fault = ISSUER_REDIRECTS;
	assert_int_equal(go(t), ACME_FAILED);
	assert_string_equal(t->reason, "IssuerRefused");
	issuer->fault = ISSUER_LEADS_AWAY;
	assert_int_equal(go(t), ACME_FAILED);
	assert_string_equal(t->reason, "IssuerRefused");
	issuer->fault = ISSUER_WELL;
	go_to(t, ACME_VALIDATE);
	issuer->fault = ISSUER_REDIRECTS;
	assert_int_equal(go(t), ACME_FAILED);
	assert_string_equal(t->reason, "IssuerRefused");
}

static void T05_bodies_have_a_limit(void **state)
{
	struct talk *t = *state;
	const struct acme_task task = { .directory = VIEW(ISSUER_URL),
		.account_key = secret_expose(&t->account),
		.now = BEGIN };
	CLEANUP(acme_freep) struct acme *acme = NULL;
	CLEANUP(freep) char *large = xcalloc(ACME_BODY + 1, 1);
	struct acme_request request;

	issuer->fault = ISSUER_FLOODS;
	assert_int_equal(step(t), ACME_FAILED);
	assert_string_equal(t->reason, "Refused");
	/* Whoever carries it may have another limit: the engine has its own. */
	assert_int_equal(acme_new(&task, t->arena, &t->order, &acme), 0);
	assert_int_equal(acme_next(acme, &request), ACME_SEND);
	acme_take(acme, &(const struct acme_reply){ .status = 200,
					.body = view_of(large, ACME_BODY + 1) });
	assert_int_equal(acme_next(acme, &request), ACME_FAILED);
}

static void T05_processing_without_end_ends(void **state)
{
	struct talk *t = *state;
	int waits = 0;

	issuer->fault = ISSUER_PROCESSES;
	while (go(t) == ACME_WAIT && waits++ < 10000)
		issuer->now += ACME_WAIT_SECONDS;
	assert_string_equal(t->reason, "Timeout");
	assert_true(t->ends);
	assert_true(waits * ACME_WAIT_SECONDS >= ACME_ORDER_TIME);
	assert_true(waits * ACME_WAIT_SECONDS <= ACME_ORDER_TIME + 60);
}

static void T05_a_certificate_of_another_key_is_none(void **state)
{
	struct talk *t = *state;

	issuer->fault = ISSUER_MISISSUES;
	assert_int_equal(go(t), ACME_FAILED);
	assert_string_equal(t->reason, "IssuerRefused");
	assert_true(t->ends);
}

static void T05_no_json_is_no_answer(void **state)
{
	struct talk *t = *state;

	issuer->fault = ISSUER_BABBLES;
	assert_int_equal(go(t), ACME_FAILED);
	assert_string_equal(t->reason, "ServerFailed");
	assert_false(t->ends);
}

/* RFC 8555, 11.1. */
static void T05_the_account_has_a_key_of_its_own(void **state)
{
	struct talk *t = *state;

	assert_int_equal(go(t), ACME_ISSUED);
	assert_int_equal(certificate_check_key(t->chain, &t->account),
			CERTIFICATE_E_MISMATCH);
}

/* RFC 8555, 8.3: a token is base64url; nothing else is ever shown, or asked for. */
static void T06_a_token_is_no_path(void **state)
{
	static const char *const bad[] = { "../../../etc/passwd", "short",
		"with blank in it 123456789", "a/b/c/d/e/f/g/h/i/j/k/l/m/n",
		"%2e%2e%2f0123456789abcdef", "" };
	struct talk *t = *state;

	go_to(t, ACME_AUTHORIZE);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		static const struct view names[] = { { NAME, sizeof(NAME) - 1 } };
		const struct acme_task task = { .directory = VIEW(ISSUER_URL),
			.account_key = secret_expose(&t->account),
			.names = names,
			.name_count = 1,
			.now = BEGIN };
		CLEANUP(acme_freep) struct acme *acme = NULL;
		struct acme_request request;
		struct view body = arena_printf(t->arena,
				"{\"status\":\"pending\",\"identifier\":{\"value\":"
				"\"" NAME
				"\"},\"challenges\":[{\"type\":\"http-01\",\"url\":"
				"\"https://issuer.test/challenge/0\",\"token\":\"%s\"}]}",
				bad[i]);

		assert_int_equal(acme_new(&task, t->arena, &t->order, &acme), 0);
		assert_int_equal(acme_next(acme, &request), ACME_SEND);
		acme_take(acme, &(const struct acme_reply){ .status = 200,
						.body = body,
						.nonce = VIEW("n") });
		assert_int_equal(acme_next(acme, &request), ACME_FAILED);
		assert_string_equal(acme_failure(acme)->reason, "IssuerRefused");
	}
}

/* RFC 7515, A.1 is of HS256; the head is RFC 8555's: nonce left out, `kid` the account's id. */
static void a_binding_is_signed_with_the_key_that_was_given(void **state)
{
	struct talk *t = *state;
	CLEANUP(jws_key_freep) struct jws_key *key = NULL;
	CLEANUP(buf_free) struct buf out = BUF_NULL(JWS_MAX);
	CLEANUP(buf_free) struct buf head = BUF_NULL(1024);
	struct view text, protected;

	assert_int_equal(jws_key_read(secret_expose(&t->account), &key), 0);
	jws_bind(key, VIEW("https://issuer.test/new-account"), VIEW("kid-1"),
			VIEW("secret"), &out);
	text = buf_view(&out);
	assert_true(view_starts(text, VIEW("{\"protected\":\"")));
	text = view_from(text, strlen("{\"protected\":\""));
	protected = view_cut(&text, '"');
	assert_true(base64url_decode(&head, protected));
	assert_view(buf_view(&head), "{\"alg\":\"HS256\",\"kid\":\"kid-1\",\"url\":"
				     "\"https://issuer.test/new-account\"}");
}

/* RFC 7638, 3.1 has an RSA key; this one is RFC 7517's A.1, its thumbprint computed by hand. */
static void only_p256_keys_sign(void **state)
{
	CLEANUP(secret_free) struct secret other = SECRET_NULL;
	struct jws_key *key;

	(void)state;
	assert_int_equal(certificate_key_generate(CERTIFICATE_KEY_P384, &other), 0);
	assert_int_equal(jws_key_read(secret_expose(&other), &key), JWS_E_KEY);
	assert_int_equal(jws_key_read(VIEW("no key"), &key), JWS_E_KEY);
}

static void renewal_windows(void **state)
{
	/* RFC 9773, 4.2 */
	static const char body[] =
			"{\"suggestedWindow\":{\"start\":\"2025-01-02T04:00:00Z\","
			"\"end\":\"2025-01-03T04:00:00Z\"},\"explanationURL\":"
			"\"https://acme.example.com/docs/ari\"}";
	static const char *const bad[] = { "", "{}", "[]", "{\"suggestedWindow\":{}}",
		"{\"suggestedWindow\":{\"start\":\"soon\",\"end\":\"later\"}}" };
	struct renewal_window w;

	(void)state;
	assert_int_equal(renewal_read(view_z(body), &w), 0);
	assert_int_equal(w.start, 1735790400);
	assert_int_equal(w.end, 1735790400 + 86400);
	assert_int_equal(renewal_choose(&w, w.start + 7, 3), w.start + 7);
	assert_int_equal(renewal_read(VIEW("{\"suggestedWindow\":{\"start\":"
					   "\"2025-01-03T04:00:00Z\",\"end\":"
					   "\"2025-01-02T04:00:00Z\"}}"),
					 &w),
			RENEWAL_E_FORM);
	assert_int_equal(renewal_choose(&w, 0, 86400 + 3), w.start + 3);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(renewal_read(view_z(bad[i]), &w), RENEWAL_E_FORM);
}

/* RFC 9773, 4.1 has this certificate's name; its key and number are the appendix A's. */
static void a_certificate_has_a_name_at_its_issuer(void **state)
{
	struct talk *t = *state;
	CLEANUP(buf_free) struct buf id = BUF_NULL(512);

	assert_int_equal(go(t), ACME_ISSUED);
	assert_int_equal(renewal_id(t->chain, &id), 0);
	assert_int_equal(view_find(buf_view(&id), '.'),
			27); /* twenty bytes of a key's id */
	assert_true(id.len > 28);
	assert_int_equal(renewal_id(VIEW("nothing"), &id), RENEWAL_E_FORM);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_step_goes_on_from_what_was_kept),
		TEST(every_step_can_be_done_twice),
		TEST(other_nonces_are_taken_a_few_times),
		TEST(an_account_that_is_gone_is_made_anew),
		TEST(what_cannot_be_seen_is_said),
		TEST(T05_no_answer_leads_elsewhere),
		TEST(T05_bodies_have_a_limit),
		TEST(T05_processing_without_end_ends),
		TEST(T05_a_certificate_of_another_key_is_none),
		TEST(T05_no_json_is_no_answer),
		TEST(T05_the_account_has_a_key_of_its_own),
		TEST(T06_a_token_is_no_path),
		TEST(a_binding_is_signed_with_the_key_that_was_given),
		TEST(only_p256_keys_sign),
		TEST(renewal_windows),
		TEST(a_certificate_has_a_name_at_its_issuer),
	};

	issuer_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
