#include "runtime/mailauth/sts.h"

#include "runtime/base/buf.h"
#include "tests/lib/test.h"

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

static void a_record_has_an_id(void **state)
{
	/* clang-format off */
	static const char *const records[][2] = {
		{ "v=STSv1; id=20160831085700Z;", "20160831085700Z" },
		{ "v=STSv1;id=a", "a" },
		{ "v=STSv1 ; id = a ; x=y", "a" },
		{ "v=STSv1; id=a; id=b", "a" },
		{ "v=STSv1; id=12345678901234567890123456789012", "12345678901234567890123456789012" },
		{ "v=STSv1; id=123456789012345678901234567890123", NULL },
		{ "v=STSv1;", NULL },
		{ "v=STSv1; id=", NULL },
		{ "v=STSv1; id=a-b", NULL },
		{ "v=STSv2; id=a", NULL },
		{ "id=a; v=STSv1", NULL },
		{ "v=spf1 -all", NULL },
		{ "", NULL },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(records); i++) {
		struct view id = VIEW_NULL;

		assert_int_equal(sts_record_read(view_z(records[i][0]), &id),
				records[i][1] != NULL);
		if (records[i][1])
			assert_view(id, records[i][1]);
	}
}

static const char example[] = "version: STSv1\r\n"
			      "mode: enforce\r\n"
			      "mx: mail.example.com\r\n"
			      "mx: *.Example.net\r\n"
			      "later: whatever\r\n"
			      "mx: backupmx.example.com\r\n"
			      "max_age: 604800\r\n";

static void a_policy_is_read(void **state)
{
	struct sts_policy policy;

	(void)state;
	assert_true(sts_policy_read(arena, view_z(example), &policy));
	assert_int_equal(policy.mode, STS_ENFORCE);
	assert_int_equal(policy.max_age, 604800);
	assert_int_equal(policy.host_count, 3);
	assert_true(sts_policy_has(&policy, VIEW("mail.example.com")));
	assert_true(sts_policy_has(&policy, VIEW("MAIL.example.com")));
	assert_true(sts_policy_has(&policy, VIEW("mx1.example.net")));
	assert_false(sts_policy_has(&policy, VIEW("a.mx1.example.net")));
	assert_false(sts_policy_has(&policy, VIEW("example.net")));
	assert_false(sts_policy_has(&policy, VIEW("x.mail.example.com")));
	assert_false(sts_policy_has(&policy, VIEW("other.example.com")));
	assert_true(sts_policy_read(arena,
			VIEW("version: STSv1\nmode: none\nmax_age: 99999999999\n"),
			&policy));
	assert_int_equal(policy.max_age, STS_AGE_MAX);
}

static void what_is_no_policy_is_none(void **state)
{
	static const char *const texts[] = {
		"",
		"<html>Not found</html>",
		"mode: enforce\nmx: a.example\nmax_age: 1\n",
		"version: STSv2\nmode: enforce\nmx: a.example\nmax_age: 1\n",
		"version: STSv1\nmode: maybe\nmx: a.example\nmax_age: 1\n",
		"version: STSv1\nmx: a.example\nmax_age: 1\n",
		"version: STSv1\nmode: enforce\nmax_age: 1\n",
		"version: STSv1\nmode: enforce\nmx: a.example\n",
		"version: STSv1\nmode: enforce\nmx: a.example\nmax_age: -1\n",
		"version: STSv1\nmode: enforce\nmx: *.*.example\nmax_age: 1\n",
		"version: STSv1\nmode: enforce\nmx: \nmax_age: 1\n",
		"version: STSv1\nmode: enforce\nmx: a b.example\nmax_age: 1\n",
	};
	CLEANUP(buf_free) struct buf many = BUF_NULL(2 * STS_POLICY_MAX);
	struct sts_policy policy;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (sts_policy_read(arena, view_z(texts[i]), &policy))
			fail_msg("%s", texts[i]);
	buf_add_z(&many, "version: STSv1\nmode: enforce\nmax_age: 1\n");
	for (size_t i = 0; i < STS_HOSTS; i++)
		buf_addf(&many, "mx: mx%zu.example\n", i);
	assert_true(sts_policy_read(arena, buf_view(&many), &policy));
	buf_add_z(&many, "mx: one-more.example\n");
	assert_false(sts_policy_read(arena, buf_view(&many), &policy));
	buf_clear(&many);
	buf_add_z(&many, example);
	while (many.len <= STS_POLICY_MAX)
		buf_add_z(&many, "x: y\n");
	assert_false(sts_policy_read(arena, buf_view(&many), &policy));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_record_has_an_id, setup, teardown),
		cmocka_unit_test_setup_teardown(a_policy_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(
				what_is_no_policy_is_none, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
