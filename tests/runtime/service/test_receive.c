/* A transaction by its calls: what an envelope keeps of what MAIL and RCPT asked. */
#include "runtime/service/receive.h"

#include "tests/lib/test.h"
#include "tests/runtime/service/house.h"

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

static const struct intake_envelope *commit(struct house *house, struct receive *r)
{
	const struct receive_trace trace = { .hello = VIEW("c"), .extended = true };
	CLEANUP(buf_free) struct buf reply = BUF_NULL(500);

	receive_begin(r, 1795505623, &reply);
	assert_true(receive_commit(r, VIEW("x\r\n"), VIEW_NULL, VIEW_NULL, &trace, done,
			NULL, &reply));
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
	assert_int_equal(envelope->recipients[0].notify, DSN_SUCCESS | DSN_DELAY);
	assert_view(envelope->recipients[0].orcpt, "rfc822;a@example.net");
	assert_view(envelope->recipients[1].address, "team@example.org");
	assert_int_equal(envelope->recipients[1].notify, DSN_NEVER);
	assert_view(envelope->recipients[1].orcpt, "");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_reports_are_asked_for_is_kept),
		cmocka_unit_test(a_sender_of_ours_may_be_written_in_any_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
