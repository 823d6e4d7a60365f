/* A transaction by its calls: what an envelope keeps of what MAIL and RCPT asked. */
#include "runtime/service/receive.h"

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/limit.h"
#include "runtime/mailauth/dkim_key.h"
#include "runtime/mailauth/dkim_verify.h"
#include "runtime/mailauth/srs.h"
#include "tests/lib/test.h"
#include "tests/lib/zone.h"
#include "tests/runtime/service/house.h"

#include <sys/socket.h>

static void done(void *arg, int outcome, uint64_t id)
{
	(void)arg;
	(void)outcome;
	(void)id;
}

static void name_recipient(struct receive *r, const char *address, unsigned notify,
		struct view orcpt, const char *wanted)
{
	CLEANUP(buf_free) struct buf reply = BUF_NULL(500);

	if (receive_resolve(r, view_z(address), 1795505623, &reply)) {
		assert_null(receive_look(r)); /* this house has no accounts open */
		receive_recipient(r, 0, notify, orcpt, &reply);
	}
	assert_view(buf_view(&reply), wanted);
}

/* True where it was taken. */
static bool give(struct receive *r, struct view message, struct buf *reply)
{
	const struct receive_trace trace = { .hello = VIEW("c"), .extended = true };
	const struct sockaddr_storage address = { .ss_family = AF_UNIX };

	receive_begin(r, 1795505623,
			&(const struct receive_client){ VIEW("c"), &address }, reply);
	return receive_commit(
			r, message, VIEW_NULL, VIEW_NULL, &trace, done, NULL, reply);
}

static const struct intake_envelope *commit(struct house *house, struct receive *r)
{
	CLEANUP(buf_free) struct buf reply = BUF_NULL(500);

	assert_true(give(r, VIEW("From: c@example.net\r\n\r\nx\r\n"), &reply));
	assert_int_equal(reply.len, 0);
	return intake_message_envelope(house_await_message(house));
}

static void what_reports_are_asked_for_is_kept(void **state)
{
	const struct receive_sender sender = { .mailbox = VIEW("carol@example.net"),
		.eight_bit = true,
		.ret = DSN_RET_HEADERS,
		.envid = VIEW("QQ314159") };
	CLEANUP(buf_free) struct buf reply = BUF_NULL(500);
	struct house *house = house_new();
	struct receive *r = receive_open(house->service, NULL, &sender, &reply);
	const struct intake_envelope *envelope;

	(void)state;
	assert_non_null(r);
	name_recipient(r, "nobody@example.org", DSN_NEVER, VIEW("rfc822;nobody"),
			"550 5.1.1 No such address here");
	name_recipient(r, "alice@example.org", DSN_SUCCESS | DSN_DELAY,
			VIEW("rfc822;a@example.net"), "");
	/* bob, and alice again: what was asked first holds */
	name_recipient(r, "team@example.org", DSN_NEVER, VIEW_NULL, "");
	envelope = commit(house, r);
	assert_true(envelope->eight_bit);
	assert_false(envelope->utf8);
	assert_int_equal(envelope->ret, DSN_RET_HEADERS);
	assert_view(envelope->envid, "QQ314159");
	assert_int_equal(envelope->recipient_count, 2);
	assert_view(envelope->recipients[0].address, "alice@example.org");
	/* but success: there is no resolver, and so nobody knows this stranger */
	assert_int_equal(envelope->recipients[0].notify, DSN_DELAY);
	assert_view(envelope->recipients[0].orcpt, "rfc822;a@example.net");
	assert_view(envelope->recipients[1].address, "team@example.org");
	assert_int_equal(envelope->recipients[1].notify, DSN_NEVER);
	assert_view(envelope->recipients[1].orcpt, "");
	receive_free(r);
	house_free(house);
}

static struct receive *open_from(struct house *house, const char *sender)
{
	const struct receive_sender from = { .mailbox = view_z(sender) };
	CLEANUP(buf_free) struct buf reply = BUF_NULL(500);
	struct receive *r = receive_open(house->service, NULL, &from, &reply);

	assert_non_null(r);
	service_set_sends(house->service, true);
	return r;
}

/* What an alias or a user sends on leads out with his name on it; a stranger's wishes do not
 * go further, and nobody else can be written to. */
static void what_is_sent_on_has_its_forwarder(void **state)
{
	struct house *house = house_new();
	struct receive *r = open_from(house, "carol@example.net");
	const struct intake_envelope *envelope;

	(void)state;
	name_recipient(r, "away@example.org", DSN_SUCCESS, VIEW_NULL, "");
	name_recipient(r, "gil+x@example.org", DSN_NEVER, VIEW_NULL, "");
	name_recipient(r, "x@far.test", 0, VIEW_NULL, "550 5.7.1 We do not relay");
	envelope = commit(house, r);
	assert_view(envelope->sender, "carol@example.net");
	assert_int_equal(envelope->recipient_count, 2);
	assert_view(envelope->recipients[0].address, "alice@example.net");
	assert_view(envelope->recipients[0].forwarder, "away@example.org");
	assert_int_equal(envelope->recipients[0].notify, DSN_FAILURE);
	assert_true(intake_leads_out(&envelope->recipients[0]));
	assert_view(envelope->recipients[1].address, "gil@far.test");
	assert_view(envelope->recipients[1].forwarder, "gil@example.org");
	assert_int_equal(envelope->recipients[1].notify, DSN_NEVER);
	receive_free(r);
	house_free(house);
}

/* A report to a sender that we made; nothing but a report, and no sender of another's making. */
static void S23_a_report_about_what_was_sent_on_goes_back(void **state)
{
	struct house *house = house_new();
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct receive *r;
	const struct intake_envelope *envelope;
	struct view made, old, text;

	(void)state;
	assert_int_equal(srs_rewrite(&house->key, arena, VIEW("carol@example.net"),
					 VIEW("example.org"), 1795505623, &made),
			0);
	assert_int_equal(srs_rewrite(&house->key, arena, VIEW("carol@example.net"),
					 VIEW("example.org"), 1795505623 - 30 * 86400,
					 &old),
			0);
	text = arena_printf(arena, "%.*s%c", VIEW_ARG(made), 0);
	r = open_from(house, "carol@example.net");
	name_recipient(r, text.data, 0, VIEW_NULL,
			"550 5.7.1 This address is for reports alone: MAIL FROM:<>");
	receive_free(r);
	r = open_from(house, "");
	name_recipient(r, "SRS0=aaaaaaaa=aa=example.net=carol@example.org", 0, VIEW_NULL,
			"550 5.1.1 No such address here");
	name_recipient(r, arena_printf(arena, "%.*s%c", VIEW_ARG(old), 0).data, 0,
			VIEW_NULL,
			"550 5.1.1 This address was for reports, and is too old");
	name_recipient(r, text.data, 0, VIEW_NULL, "");
	envelope = commit(house, r);
	assert_int_equal(envelope->recipient_count, 1);
	assert_view(envelope->recipients[0].address, "carol@example.net");
	assert_view(envelope->recipients[0].forwarder, "");
	assert_true(intake_leads_out(&envelope->recipients[0]));
	receive_free(r);
	house_free(house);
}

static void a_sender_of_ours_may_be_written_in_any_case(void **state)
{
	static const struct receive_login alice = { .account = { ALICE },
		.revocation = 1 };
	static const char *const senders[] = { "alice@example.org", "Alice@Example.ORG",
		"ALICE+x@example.org" };
	struct house *house = house_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(senders); i++) {
		CLEANUP(buf_free) struct buf reply = BUF_NULL(500);
		const struct receive_sender sender = { .mailbox = view_z(senders[i]) };
		struct receive *r = receive_open(house->service, &alice, &sender, &reply);

		assert_view(buf_view(&reply), "");
		receive_free(r);
	}
	house_free(house);
}

static struct receive *open_from_outside(struct house *house)
{
	const struct receive_sender sender = { .mailbox = VIEW("carol@example.net") };
	CLEANUP(buf_free) struct buf reply = BUF_NULL(500);
	struct receive *r = receive_open(house->service, NULL, &sender, &reply);

	assert_non_null(r);
	name_recipient(r, "alice@example.org", 0, VIEW_NULL, "");
	return r;
}

static void M06_whose_author_is_not_one_is_refused(void **state)
{
	/* clang-format off */
	static const struct { const char *header, *reply; } rows[] = {
		{ "From: a@b.example\r\n",                                      "" },
		{ "From: a@b.example, c@b.example\r\nSender: a@b.example\r\n",  "" },
		{ "From: 'a@b.example' <a@b.example>\r\n",                      "" }, /* as Outlook writes */
		{ "Subject: x\r\n",                                             "554 5.6.0 A message needs one From field, and only one" },
		{ "Sender: a@b.example\r\n",                                    "554 5.6.0 A message needs one From field, and only one" },
		{ "Resent-From: a@b.example\r\n",                               "554 5.6.0 A message needs one From field, and only one" },
		{ "From: a@b.example\r\nfrom : c@d.example\r\n",                "554 5.6.0 A message needs one From field, and only one" },
		{ "From:\r\n a@b.example\r\nFrom: c@d.example\r\n",            "554 5.6.0 A message needs one From field, and only one" },
		{ "From: \r\nSender: a@b.example\r\n",                          "554 5.6.0 From names nobody" },
		{ "From: a\r\nResent-From: a@b.example\r\n",                    "554 5.6.0 From names nobody" },
		{ "From: a@b\r\n",                                              "554 5.6.0 From names nobody" },
		{ "From: a@b.example, c@d.example\r\n",                         "554 5.6.0 From names people of several domains" },
		{ "",                                                           "554 5.6.0 A message needs one From field, and only one" },
	};
	/* clang-format on */
	struct house *house = house_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_free) struct buf reply = BUF_NULL(500);
		CLEANUP(buf_free) struct buf message = BUF_NULL(500);
		struct receive *r = open_from_outside(house);
		bool taken;

		buf_addf(&message, "%s\r\nbody\r\n", rows[i].header);
		taken = give(r, buf_view(&message), &reply);
		assert_view(buf_view(&reply), rows[i].reply);
		assert_int_equal(taken, rows[i].reply[0] == '\0');
		if (taken)
			(void)house_await_message(house);
		receive_free(r);
	}
	assert_true(house_is_quiet(house));
	house_free(house);
}

static void M14_what_is_kept_says_nothing_in_our_name(void **state)
{
	static const char *const
			before = "Authentication-Results: mail.example.org; spf=pass\r\n"
				 "Authentication-Results: mx.example.net; spf=fail\r\n"
				 "From: a@b.example\r\n\r\nbody\r\n",
			*const after = "Authentication-Results: mx.example.net; "
				       "spf=fail\r\n"
				       "From: a@b.example\r\n\r\nbody\r\n";
	CLEANUP(buf_free) struct buf reply = BUF_NULL(500);
	struct house *house = house_new();
	struct receive *r = open_from_outside(house);
	const struct intake_message *message;
	char bytes[500];
	size_t len;

	(void)state;
	assert_true(give(r, view_z(before), &reply));
	message = house_await_message(house);
	assert_int_equal(intake_message_read(message, 0, bytes, sizeof(bytes), &len), 0);
	assert_view(view_of(bytes, len), after);
	assert_true(view_starts(intake_message_trace(message), VIEW("Received: ")));
	receive_free(r);
	house_free(house);
}

/* Each holds as long a header as the server lets it. */
static void long_headers_are_bounded_together(void **state)
{
	enum {
		MOST = 64
	};
	const size_t size = limit_value(LIMIT_SMTP_HEADER);
	CLEANUP(freep) char *header = xmalloc(size);
	struct house *house = house_new();
	struct receive *all[MOST];
	size_t count = 0;
	bool refused = false;

	(void)state;
	memset(header, 'x', size);
	while (!refused && count < MOST) {
		CLEANUP(buf_free) struct buf reply = BUF_NULL(500);

		all[count] = open_from_outside(house);
		receive_begin(all[count], 1795505623,
				&(const struct receive_client){ VIEW("c"), NULL },
				&reply);
		receive_chunk(all[count++], view_of(header, size), &reply);
		refused = reply.len > 0;
		if (refused)
			assert_view(buf_view(&reply),
					limit_reply(LIMIT_RECEIVE_LONG_HEADERS));
	}
	assert_true(refused);
	assert_true(count * size <= limit_value(LIMIT_RECEIVE_LONG_HEADERS));
	while (count)
		receive_free(all[--count]);
	assert_int_equal(atomic_load(service_long_headers(house->service)), 0);
	house_free(house);
}

/* -- signatures -- */

struct signer {
	struct signing_key *key;
	struct secret pem;
	struct buf record; /* a line of a zone */
};

static void make_signer(struct signer *s, enum key_algorithm algorithm, const char *name)
{
	*s = (struct signer){ .record = BUF_NULL(4096) };
	assert_int_equal(signing_key_generate(algorithm, &s->key), 0);
	assert_int_equal(signing_key_write(s->key, &s->pem), 0);
	buf_addf(&s->record, "%s._domainkey.example.org TXT ", name);
	assert_int_equal(dkim_key_print(s->key, &s->record), 0);
	buf_add_byte(&s->record, '\n');
}

static void free_signer(struct signer *s)
{
	signing_key_free(s->key);
	secret_free(&s->pem);
	buf_free(&s->record);
}

static struct receive *open_submission(struct house *house, const char *to)
{
	static const struct receive_login alice = { .account = { ALICE },
		.revocation = 1 };
	const struct receive_sender sender = { .mailbox = VIEW("alice@example.org") };
	CLEANUP(buf_free) struct buf reply = BUF_NULL(500);
	struct receive *r = receive_open(house->service, &alice, &sender, &reply);

	service_set_sends(house->service, true);
	name_recipient(r, to, 0, VIEW_NULL, "");
	return r;
}

/* The whole of what was taken, as it will be sent. */
static void submit(struct house *house, struct receive *r, struct buf *out)
{
	const struct receive_trace trace = { .hello = VIEW("c"), .authenticated = true };
	CLEANUP(buf_free) struct buf reply = BUF_NULL(500);
	const struct intake_message *message;
	char bytes[4096];
	size_t len;

	receive_begin(r, 1795505623, &(const struct receive_client){ 0 }, &reply);
	receive_chunk(r, VIEW("Subject: x\r\nFrom: Alice <al"), &reply);
	receive_chunk(r,
			VIEW("ice@example.org>\r\nTo: b@example.net\r\nBcc: "
			     "c@example.net\r\n\r\nHello,\r"),
			&reply);
	assert_true(receive_commit(r, VIEW("\nworld\r\n"),
			VIEW("Alice <alice@example.org>"), VIEW_NULL, &trace, done, NULL,
			&reply));
	assert_view(buf_view(&reply), "");
	message = house_await_message(house);
	assert_int_equal(intake_message_read(message, 0, bytes, sizeof(bytes), &len), 0);
	buf_add(out, intake_message_trace(message));
	buf_add(out, view_of(bytes, len));
	receive_free(r);
}

static void assert_verifies(struct view message, struct view zone, size_t count)
{
	CLEANUP(dkim_verify_freep)
	struct dkim_verify *verify = dkim_verify_new(1795505623 + 5 * 86400);
	const struct dkim_result *result;
	struct op *op;

	dkim_verify_feed(verify, message);
	dkim_verify_finish(verify);
	while ((op = dkim_verify_next_op(verify))) {
		zone_answer(zone, dns_lookup_of(op));
		dkim_verify_answer(verify, op);
	}
	result = dkim_verify_result(verify);
	assert_int_equal(result->count, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(result->verdicts[i].code, DKIM_PASS);
		assert_view(result->verdicts[i].domain, "example.org");
	}
}

static void M10_what_leads_out_is_signed_once_for_a_week(void **state)
{
	CLEANUP(free_signer) struct signer rsa, ed25519;
	CLEANUP(buf_free) struct buf message = BUF_NULL(64 * 1024), zone = BUF_NULL(8192);
	struct house *house = house_new();

	(void)state;
	make_signer(&rsa, KEY_RSA, "r");
	make_signer(&ed25519, KEY_ED25519, "e");
	house_sign(house,
			(const struct signing_spec[]){ { VIEW("r"), &rsa.pem },
					{ VIEW("e"), &ed25519.pem } },
			2);
	submit(house, open_submission(house, "b@example.net"), &message);
	assert_true(view_starts(buf_view(&message), VIEW("DKIM-Signature: ")));
	assert_true(view_find_view(buf_view(&message), VIEW("\r\nReceived: ")) <
			view_find_view(buf_view(&message), VIEW("\r\nSubject: ")));
	assert_true(view_find_view(buf_view(&message), VIEW(" x=1796110423;")) <
			message.len);
	assert_true(view_find_view(buf_view(&message), VIEW(" l=")) == message.len);
	buf_add(&zone, buf_view(&rsa.record));
	buf_add(&zone, buf_view(&ed25519.record));
	assert_verifies(buf_view(&message), buf_view(&zone), 2);
	house_free(house);
}

static void what_stays_here_is_not_signed(void **state)
{
	CLEANUP(free_signer) struct signer ed25519;
	CLEANUP(buf_free) struct buf message = BUF_NULL(64 * 1024);
	struct house *house = house_new();

	(void)state;
	make_signer(&ed25519, KEY_ED25519, "e");
	house_sign(house, &(const struct signing_spec){ VIEW("e"), &ed25519.pem }, 1);
	submit(house, open_submission(house, "bob@example.org"), &message);
	assert_true(view_starts(buf_view(&message), VIEW("Received: ")));
	house_free(house);
}

static void a_domain_without_a_key_sends_unsigned(void **state)
{
	CLEANUP(buf_free) struct buf message = BUF_NULL(64 * 1024);
	struct house *house = house_new();

	(void)state;
	submit(house, open_submission(house, "b@example.net"), &message);
	assert_true(view_starts(buf_view(&message), VIEW("Received: ")));
	house_free(house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_reports_are_asked_for_is_kept),
		cmocka_unit_test(what_is_sent_on_has_its_forwarder),
		cmocka_unit_test(S23_a_report_about_what_was_sent_on_goes_back),
		cmocka_unit_test(a_sender_of_ours_may_be_written_in_any_case),
		cmocka_unit_test(M06_whose_author_is_not_one_is_refused),
		cmocka_unit_test(M10_what_leads_out_is_signed_once_for_a_week),
		cmocka_unit_test(what_stays_here_is_not_signed),
		cmocka_unit_test(a_domain_without_a_key_sends_unsigned),
		cmocka_unit_test(long_headers_are_bounded_together),
		cmocka_unit_test(M14_what_is_kept_says_nothing_in_our_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
