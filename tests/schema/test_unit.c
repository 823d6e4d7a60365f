#include "schema/name.h"
#include "schema/unit.h"
#include "tests/lib/test.h"

static void sizes_and_durations_print_in_one_form(void **state)
{
	static const struct {
		const char *text, *size, *duration;
	} cases[] = {
		{ "1024KiB", "1MiB", NULL },
		{ "1536MiB", "1536MiB", NULL },
		{ "2048GiB", "2TiB", NULL },
		{ "0B", "0B", NULL },
		{ "10", NULL, NULL },
		{ "10gib", NULL, NULL },
		{ "-1GiB", NULL, NULL },
		{ "1.5GiB", NULL, NULL },
		{ "9223372036854775808B", NULL, NULL },
		{ "90m", NULL, "1h30m" },
		{ "2w", NULL, "14d" },
		{ "1d24h", NULL, "2d" },
		{ "0s", NULL, "0s" },
		{ "5", NULL, NULL },
		{ "m", NULL, NULL },
		{ "", NULL, NULL },
		{ "1m1h", NULL, NULL },
		{ "1h1h", NULL, NULL },
		{ "99999999999999999d", NULL, NULL },
	};
	CLEANUP(arena_freep) struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t n;

		assert_int_equal(size_parse(view_z(cases[i].text), &n) == UNIT_OK,
				cases[i].size != NULL);
		if (cases[i].size)
			assert_view(size_print(arena, n), cases[i].size);
		assert_int_equal(duration_parse(view_z(cases[i].text), &n) == UNIT_OK,
				cases[i].duration != NULL);
		if (cases[i].duration)
			assert_view(duration_print(arena, n), cases[i].duration);
	}
}

static void schedules_and_dates_are_of_this_calendar(void **state)
{
	static const char *const good[] = { "hourly", "daily", "daily 23:59", "weekly",
		"weekly Mon 00:00", "monthly 28 04:00", "0 3 * * *",
		"*/5 1-4 1,15 * 0-7" };
	static const char *const bad[] = { "", "daily 24:00", "weekly Mo 00:00",
		"monthly 31 04:00", "0 3 * *", "0 3 * * * *", "60 3 * * *", "*/0 * * * *",
		"daily  03:00", "hourly 05:00" };
	static const char *const dates[] = { "2024-02-29", "2026-12-01T17:00",
		"2026-12-01T17:00:30Z" };
	static const char *const no_dates[] = { "2026-02-29", "2100-02-29", "2026-13-01",
		"2026-00-10", "26-1-1", "2026-12-01T24:00", "2026-12-01T17",
		"2026-12-01 17:00" };
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct view out;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_int_equal(schedule_parse(arena, view_z(good[i]), &out), UNIT_OK);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_not_equal(
				schedule_parse(arena, view_z(bad[i]), &out), UNIT_OK);
	for (size_t i = 0; i < ARRAY_LEN(dates); i++)
		assert_int_equal(date_check(view_z(dates[i])), UNIT_OK);
	for (size_t i = 0; i < ARRAY_LEN(no_dates); i++)
		assert_int_not_equal(date_check(view_z(no_dates[i])), UNIT_OK);
	assert_int_equal(schedule_parse(arena, VIEW("weekly"), &out), UNIT_OK);
	assert_view(out, "weekly Sun 03:00");
}

static void addresses_are_brought_into_one_form(void **state)
{
	static const struct {
		const char *text, *normal;
	} cases[] = {
		{ "Anna.Ek@A.Example", "anna.ek@a.example" },
		{ "anna@BÜCHER.example", "anna@xn--bcher-kva.example" },
		{ "ÄNNA@a.example", "änna@a.example" },
		{ "a'b{c}@a.example", "a'b{c}@a.example" },
		{ "anna@localhost", NULL },
		{ "anna@10.0.0.1", NULL },
		{ "@a.example", NULL },
		{ "anna", NULL },
		{ ".a@a.example", NULL },
		{ "a..b@a.example", NULL },
		{ "a b@a.example", NULL },
		{ "\"a b\"@a.example", NULL },
		{ "a@b@a.example", NULL },
		{ "a%b@a.example", NULL },
		{ "../a@a.example", NULL },
		{ "a\r\n@a.example", NULL },
		{ "a\xff@a.example", NULL },
		{ "a\u200b@a.example", NULL },
		{ "a123456789012345678901234567890123456789012345678901234567890123@a."
		  "example",
				"a1234567890123456789012345678901234567890123456789012345"
				"67890123"
				"@a.example" },
		{ "a1234567890123456789012345678901234567890123456789012345678901234@a."
		  "example",
				NULL },
	};
	CLEANUP(arena_freep) struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct view out;
		const char *why = NULL;
		int r = address_check(arena, view_z(cases[i].text), &out, &why);

		if (cases[i].normal) {
			assert_int_equal(r, NAME_OK);
			assert_view(out, cases[i].normal);
		} else {
			assert_int_equal(r, NAME_E_BAD);
			assert_non_null(why);
		}
	}
}

static void hashes_are_whole_and_of_a_bearable_cost(void **state)
{
	static const struct {
		const char *text;
		enum password_scheme scheme;
	} cases[] = {
		{ "$argon2id$v=19$m=65536,t=3,p=1$c2FsdHNhbHRzYWx0$"
		  "aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g",
				PASSWORD_ARGON2ID },
		{ "$2y$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234",
				PASSWORD_BCRYPT },
		{ "{SSHA512}"
		  "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0"
		  "NTY3ODkwMTIzNDU2Nzg5MDEyM3NhbHQ=",
				PASSWORD_SSHA512 },
		{ "$argon2i$v=19$m=65536,t=3,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA",
				PASSWORD_NONE },
		{ "$argon2id$v=19$m=65536,t=3,p=1$c2FsdHNhbHRzYWx0", PASSWORD_NONE },
		{ "$argon2id$v=19$m=2097152,t=3,p=1$c2FsdHNhbHRzYWx0$"
		  "aGFzaGhhc2hoYXNoaGFzaA",
				PASSWORD_NONE },
		{ "$2y$31$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234",
				PASSWORD_NONE },
		{ "{SSHA512}c2hvcnQ=", PASSWORD_NONE },
		{ "hunter2", PASSWORD_NONE },
		{ "", PASSWORD_NONE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		enum password_scheme scheme = PASSWORD_NONE;
		const char *why;
		int r = hash_check(view_z(cases[i].text), &scheme, &why);

		assert_int_equal(r == NAME_OK, cases[i].scheme != PASSWORD_NONE);
		if (r == NAME_OK)
			assert_int_equal(scheme, cases[i].scheme);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_and_durations_print_in_one_form),
		cmocka_unit_test(schedules_and_dates_are_of_this_calendar),
		cmocka_unit_test(addresses_are_brought_into_one_form),
		cmocka_unit_test(hashes_are_whole_and_of_a_bearable_cost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
