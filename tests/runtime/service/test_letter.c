/* What this server writes to people: who gets it, and what stands in the intake log. */
#include "runtime/service/letter.h"

#include "tests/lib/test.h"
#include "tests/runtime/service/house.h"

#define UNIQUE VIEW("0123abcd")

static int send(struct house *house, const struct view *to, size_t count)
{
	const struct letter_order order = { .to = to,
		.to_count = count,
		.subject = VIEW("Trouble"),
		.text = VIEW("It is so.\n"),
		.unique = UNIQUE };

	return letter_send(house->service, &order);
}

static void it_comes_from_nobody_and_is_durable(void **state)
{
	const struct view to = VIEW("Bob@Example.ORG");
	struct house *house = house_new();
	struct intake_message *m;
	const struct intake_envelope *envelope;
	char text[4096];
	size_t len;

	(void)state;
	assert_int_equal(send(house, &to, 1), LETTER_OK);
	m = house_await_message(house);
	envelope = intake_message_envelope(m);
	assert_int_equal(envelope->sender.len, 0);
	assert_int_equal(envelope->recipient_count, 1);
	assert_false(intake_leads_out(&envelope->recipients[0]));
	assert_int_equal(intake_message_read(m, 0, text, sizeof(text), &len), INTAKE_OK);
	assert_non_null(memmem(text, len, "\r\nMessage-ID: <0123abcd@", 24));
	assert_non_null(memmem(text, len, "\r\nFrom: posthus <postmaster@", 28));
	assert_non_null(memmem(text, len, "\r\n\r\nIt is so.\r\n", 15));
	house_free(house);
}

static void each_account_gets_it_once(void **state)
{
	const struct view to[] = { VIEW("bob@example.org"), VIEW("team@example.org"),
		VIEW("alice@example.org") };
	struct house *house = house_new();

	(void)state;
	assert_int_equal(send(house, to, ARRAY_LEN(to)), LETTER_OK);
	assert_int_equal(intake_message_envelope(house_await_message(house))
					 ->recipient_count,
			2);
	house_free(house);
}

static void who_takes_no_mail_hinders_nobody(void **state)
{
	const struct view to[] = { VIEW("nobody@example.org"), VIEW("bob@example.org"),
		VIEW("carol@example.org") };
	struct house *house = house_new();

	(void)state;
	assert_int_equal(send(house, to, ARRAY_LEN(to)), LETTER_OK);
	assert_int_equal(intake_message_envelope(house_await_message(house))
					 ->recipient_count,
			1);
	assert_int_equal(send(house, to, 1), LETTER_E_NOBODY);
	assert_true(house_is_quiet(house));
	house_free(house);
}

static void without_a_queue_what_leads_out_comes_later(void **state)
{
	const struct view to[] = { VIEW("bob@example.org"), VIEW("anna@example.net") };
	struct house *house = house_new();
	const struct intake_envelope *envelope;

	(void)state;
	assert_int_equal(send(house, to, 2), LETTER_E_LATER);
	assert_true(house_is_quiet(house));
	service_set_sends(house->service, true);
	assert_int_equal(send(house, to, 2), LETTER_OK);
	envelope = intake_message_envelope(house_await_message(house));
	assert_int_equal(envelope->recipient_count, 2);
	assert_true(intake_leads_out(&envelope->recipients[1]));
	assert_view(envelope->recipients[1].address, "anna@example.net");
	house_free(house);
}

static void an_account_gets_it_whatever_its_addresses(void **state)
{
	static const unsigned char bob[ACCOUNT_UID_SIZE] = { BOB };
	static const unsigned char carol[ACCOUNT_UID_SIZE] = { CAROL };
	struct letter_order order = { .account = bob,
		.subject = VIEW("Trouble"),
		.text = VIEW("It is so.\n"),
		.unique = UNIQUE };
	struct house *house = house_new();

	(void)state;
	assert_int_equal(letter_send(house->service, &order), LETTER_OK);
	assert_memory_equal(intake_message_envelope(house_await_message(house))
					    ->recipients[0]
					    .account,
			bob, sizeof(bob));
	order.account = carol; /* has left */
	assert_int_equal(letter_send(house->service, &order), LETTER_E_NOBODY);
	house_free(house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_comes_from_nobody_and_is_durable),
		cmocka_unit_test(each_account_gets_it_once),
		cmocka_unit_test(who_takes_no_mail_hinders_nobody),
		cmocka_unit_test(without_a_queue_what_leads_out_comes_later),
		cmocka_unit_test(an_account_gets_it_whatever_its_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
