#include "runtime/mailauth/srs.h"

#include "runtime/crypto/key.h"
#include "runtime/mail/address.h"
#include "tests/lib/test.h"

#define NOW   ((walltime)1795505623)
#define DAY_S 86400

static const struct key key = { "thirty-two bytes for these tests" };
static const struct key other_key = { "another thirty-two bytes of test" };
static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = arena_new();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static struct view rewrite(struct view sender, const char *domain)
{
	struct view out;

	assert_int_equal(srs_rewrite(&key, arena, sender, view_z(domain), NOW, &out), 0);
	return out;
}

/* As RCPT has it: without quotes. */
static struct view local_of(struct view mailbox)
{
	struct address address;

	assert_int_equal(address_parse(arena, mailbox, &address), 0);
	return address.local;
}

static int reverse(struct view mailbox, walltime now, struct view *out)
{
	return srs_reverse(&key, arena, local_of(mailbox), now, out);
}

static void a_report_finds_its_way_back(void **state)
{
	static const char *const senders[] = { "ana@elsewhere.example",
		"Ana.Lee@x.example", "list-bounces+a=b.example@lists.example",
		"a=b=c@x.example", "=@x.example", "\"a b\"@x.example",
		"\"a@b\"@x.example", "j\xc3\xb6rg@x.example", "postmaster@[192.0.2.1]" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(senders); i++) {
		struct view made = rewrite(view_z(senders[i]), "here.example"), back;

		assert_true(view_starts(made, VIEW("SRS0=")) ||
				view_starts(made, VIEW("\"SRS0=")));
		assert_true(view_ends(made, VIEW("@here.example")));
		assert_true(srs_is(local_of(made)));
		assert_int_equal(reverse(made, NOW, &back), SRS_OK);
		assert_view(back, senders[i]);
	}
}

/* Who has rewritten first is told, whoever sends on after him. */
static void a_second_host_names_the_first(void **state)
{
	struct view first = rewrite(VIEW("ana@elsewhere.example"), "first.example");
	struct view second = rewrite(first, "second.example"), third, back;

	(void)state;
	assert_true(view_starts(second, VIEW("SRS1=")));
	assert_true(view_ends(second, VIEW("@second.example")));
	assert_int_equal(reverse(second, NOW, &back), SRS_OK);
	assert_true(view_eq(back, first));
	third = rewrite(second, "third.example");
	assert_true(third.len <= second.len);
	assert_int_equal(reverse(third, NOW, &back), SRS_OK);
	assert_true(view_eq(back, first));
	/* of a host that writes another separator */
	second = rewrite(VIEW("SRS0+abcd=xy=a.example=ana@b.example"), "here.example");
	assert_int_equal(reverse(second, NOW, &back), SRS_OK);
	assert_view(back, "SRS0+abcd=xy=a.example=ana@b.example");
}

static void the_way_back_may_be_in_small_letters(void **state)
{
	struct view made = rewrite(VIEW("Ana@Elsewhere.example"), "here.example"), back;
	char lower[200];

	(void)state;
	for (size_t i = 0; i < made.len; i++)
		lower[i] = byte_lower(made.data[i]);
	assert_int_equal(reverse(view_of(lower, made.len), NOW, &back), SRS_OK);
	assert_view(back, "ana@elsewhere.example");
}

static void S23_nobody_else_makes_one(void **state)
{
	static const char *const forged[] = {
		"SRS0=aaaaaaaa=aa=x.example=ana@here.example", "SRS0=@here.example",
		"SRS0==@here.example", "SRS1=x@here.example", "SRS0=a=b=c=d@here.example",
		"SRS1=aaaaaaaa=x==y@here.example", "ana@here.example",
		"SRS2=aaaaaaaa=aa=x=y@here.example"
	};
	struct view made = rewrite(VIEW("ana@elsewhere.example"), "here.example"), back;
	char changed[200];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(forged); i++)
		assert_int_equal(reverse(view_z(forged[i]), NOW, &back), SRS_E_FORGED);
	memcpy(changed, made.data, made.len);
	for (size_t i = 5; i < made.len - strlen("@here.example"); i++) {
		changed[i] = changed[i] == 'x' ? 'y' : 'x';
		assert_int_equal(reverse(view_of(changed, made.len), NOW, &back),
				SRS_E_FORGED);
		changed[i] = made.data[i];
	}
	assert_int_equal(srs_reverse(&other_key, arena, local_of(made), NOW, &back),
			SRS_E_FORGED);
}

static void it_counts_for_three_weeks(void **state)
{
	struct view made = rewrite(VIEW("ana@elsewhere.example"), "here.example"), back;

	(void)state;
	assert_int_equal(reverse(made, NOW + 21 * DAY_S, &back), SRS_OK);
	assert_int_equal(reverse(made, NOW + 22 * DAY_S, &back), SRS_E_EXPIRED);
	assert_int_equal(reverse(made, NOW - 2 * DAY_S, &back), SRS_OK);
	assert_int_equal(reverse(made, NOW + 365 * DAY_S, &back), SRS_E_EXPIRED);
}

static void what_is_too_long_is_not_made(void **state)
{
	char sender[256];
	struct view out = VIEW("untouched");

	(void)state;
	memset(sender, 'a', sizeof(sender));
	memcpy(sender + 230, "@x.example", 10);
	assert_int_equal(srs_rewrite(&key, arena, view_of(sender, 240),
					 VIEW("here.example"), NOW, &out),
			SRS_E_LONG);
	assert_view(out, "untouched");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
				a_report_finds_its_way_back, setup, teardown),
		cmocka_unit_test_setup_teardown(
				a_second_host_names_the_first, setup, teardown),
		cmocka_unit_test_setup_teardown(
				the_way_back_may_be_in_small_letters, setup, teardown),
		cmocka_unit_test_setup_teardown(
				S23_nobody_else_makes_one, setup, teardown),
		cmocka_unit_test_setup_teardown(
				it_counts_for_three_weeks, setup, teardown),
		cmocka_unit_test_setup_teardown(
				what_is_too_long_is_not_made, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
