#include "runtime/mail/date.h"
#include "tests/lib/test.h"

/* clang-format off */
static const struct { const char *text, *printed; } dates[] = {
	{ "Tue, 24 Nov 2026 07:33:22 +0100",         "Tue, 24 Nov 2026 07:33:22 +0100" },
	{ "24 Nov 2026 07:33 -0530",                 "Tue, 24 Nov 2026 07:33:00 -0530" },
	{ "Thu, 29 Feb 2024 23:59:60 +0000",         "Thu, 29 Feb 2024 23:59:59 +0000" },
	{ " Fri,\r\n 21 (day) Nov(month) 1997 09(h):(m)55 : 06 -0600 (CST)", "Fri, 21 Nov 1997 09:55:06 -0600" },
	{ "Thu, 1 Jan 1970 00:00:00 GMT",            "Thu, 1 Jan 1970 00:00:00 +0000" },
	/* obsolete years and zones (RFC 5322, 4.3) */
	{ "21 Nov 97 09:55:06 GMT",                  "Fri, 21 Nov 1997 09:55:06 +0000" },
	{ "21 Nov 49 09:55:06 UT",                   "Sun, 21 Nov 2049 09:55:06 +0000" },
	{ "21 Nov 50 09:55:06 EST",                  "Tue, 21 Nov 1950 09:55:06 -0500" },
	{ "21 Nov 126 09:55:06 PDT",                 "Sat, 21 Nov 2026 09:55:06 -0700" },
	{ "21 Nov 1997 09:55:06 A",                  "Fri, 21 Nov 1997 09:55:06 +0000" },
	{ "21 Nov 1997 09:55:06",                    "Fri, 21 Nov 1997 09:55:06 +0000" },
	/* other people's */
	{ "Tue Nov 24 07:33:22 2026",                "Tue, 24 Nov 2026 07:33:22 +0000" },
	{ "24-Nov-2026 07:33:22 +0100",              "Tue, 24 Nov 2026 07:33:22 +0100" },
	{ "Tue, 24 November 2026",                   "Tue, 24 Nov 2026 00:00:00 +0000" },
	/* B09: junk is clamped */
	{ "31 Feb 2026 25:61:99 +0000",              "Sat, 28 Feb 2026 23:59:59 +0000" },
	{ "0 Jan 2026 00:00:00 +0000",               "Thu, 1 Jan 2026 00:00:00 +0000" },
	{ "1 Jan 1000000000000000000 00:00:00 +0000", "Fri, 1 Jan 9999 00:00:00 +0000" },
	{ "1 Jan 2026 00:00:00 +9999",               "Thu, 1 Jan 2026 00:00:00 +9959" },
	{ "1 Jan 2026 00:00:00 -9999",               "Thu, 1 Jan 2026 00:00:00 -9959" },
	{ "1 Jan 2026 00:00:00 +99999999999999999999", "Thu, 1 Jan 2026 00:00:00 +9959" },
	{ "31 Dec 9999 23:59:59 -9959",              NULL },
	/* none at all */
	{ "",                                        "" },
	{ "now",                                     "" },
	{ "Tue, 24 2026 07:33:22",                   "" },
	{ "Nov 2026",                                "" },
	{ "((((",                                    "" },
};
/* clang-format on */

static void dates_as_people_write_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(dates); i++) {
		CLEANUP(buf_free) struct buf out = BUF_NULL(DATE_TEXT_MAX);
		struct date date;
		bool ok = date_parse(view_z(dates[i].text), &date);

		if (ok)
			date_print(&out, date);
		if (!dates[i].printed)
			assert_true(ok && out.len > 0);
		else if (!view_eq(buf_view(&out), view_z(dates[i].printed)))
			fail_msg("%s: got %.*s", dates[i].text, VIEW_ARG(buf_view(&out)));
	}
}

static void B06_a_date_in_deep_comments_is_none(void **state)
{
	static char text[2000016];
	struct date date;

	(void)state;
	memset(text, '(', 1000000);
	memset(text + 1000000, ')', 1000000);
	memcpy(text + 2000000, "1 Jan 2026 00:00", 16);
	assert_false(date_parse(view_of(text, sizeof(text)), &date));
}

/* B09 has rows in the table above, too; no number is too long to be one. */
static void B09_years_and_zones_are_clamped(void **state)
{
	static char text[1000000];
	struct date date;

	(void)state;
	memset(text, '9', sizeof(text));
	memcpy(text, "1 Jan ", 6);
	assert_true(date_parse(view_of(text, sizeof(text)), &date));
	assert_true(date.time <= 253402300799);
	memcpy(text, "1 Jan 2026 00:00:00 +", 21);
	assert_true(date_parse(view_of(text, sizeof(text)), &date));
	assert_int_equal(date.zone, 5999);
	memcpy(text, "1 Jan 2026 00:00:00 -", 21);
	assert_true(date_parse(view_of(text, sizeof(text)), &date));
	assert_int_equal(date.zone, -5999);
	memcpy(text, "1 Jan 2026 ", 11);
	assert_true(date_parse(view_of(text, sizeof(text)), &date));
}

static void every_day_is_printed_and_read_back(void **state)
{
	(void)state;
	for (walltime time = -62135596800; time < 253402300800;
			time += 86400 * 13 + 4271) {
		CLEANUP(buf_free) struct buf out = BUF_NULL(DATE_TEXT_MAX);
		CLEANUP(buf_free) struct buf internal = BUF_NULL(DATE_TEXT_MAX);
		struct date date = { .time = time }, again;

		date_print(&out, date);
		assert_true(date_parse(buf_view(&out), &again));
		assert_int_equal(again.time, time);
		internaldate_print(&internal, date);
		assert_int_equal(internal.len, 26);
		assert_true(internaldate_parse(buf_view(&internal), &again));
		assert_int_equal(again.time, time);
	}
}

static void a_date_out_of_range_still_prints(void **state)
{
	static const struct date odd[] = { { INT64_MAX, 0 }, { INT64_MIN, 0 },
		{ INT64_MAX, 99999 }, { -62135596800, -60 }, { 253402300799, 60 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
		CLEANUP(buf_free) struct buf out = BUF_NULL(DATE_TEXT_MAX);

		internaldate_print(&out, odd[i]);
		assert_int_equal(out.len, 26);
		assert_false(buf_failed(&out));
	}
}

static void internal_dates_are_strict(void **state)
{
	static const char *const bad[] = { "", "4-Nov-2026 07:33:22 +0100",
		"24-Nov-26 07:33:22 +0100", "24-Nov-2026 07:33:22",
		"24-Foo-2026 07:33:22 +0100", "31-Feb-2026 07:33:22 +0100",
		"24-Nov-2026 24:00:00 +0100", "24-Nov-2026 07:60:22 +0100",
		"24-Nov-2026 07:33:22 +0199", "24-Nov-2026 07:33:22 0100",
		"24-Nov-2026 07:33:22 +0100 ", "00-Nov-2026 07:33:22 +0100",
		"24-Nov-0000 07:33:22 +0100", "24-Nov-2026  07:33:22 +0100", "2-Nov",
		"  4-Nov-2026 07:33:22 +0100" };
	struct date date;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(internaldate_parse(view_z(bad[i]), &date));
	assert_true(internaldate_parse(VIEW(" 4-Nov-2026 07:33:22 +0100"), &date));
	assert_int_equal(date.time, 1793774002);
}

static void search_dates_are_days(void **state)
{
	int64_t days;

	(void)state;
	assert_true(search_date_parse(VIEW("1-Jan-1970"), &days));
	assert_int_equal(days, 0);
	assert_true(search_date_parse(VIEW("02-Jan-1970"), &days));
	assert_int_equal(days, 1);
	assert_true(search_date_parse(VIEW("31-Dec-1969"), &days));
	assert_int_equal(days, -1);
	assert_false(search_date_parse(VIEW("31-Feb-2026"), &days));
	assert_false(search_date_parse(VIEW("1-Jan-70"), &days));
	assert_false(search_date_parse(VIEW("001-Jan-1970"), &days));
	assert_false(search_date_parse(VIEW("1-Jan-1970 "), &days));
	/* the day in its own zone */
	assert_int_equal(date_day((struct date){ .time = 0, .zone = -60 }), -1);
	assert_int_equal(date_day((struct date){ .time = 86399, .zone = 1 }), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_as_people_write_them),
		cmocka_unit_test(B06_a_date_in_deep_comments_is_none),
		cmocka_unit_test(B09_years_and_zones_are_clamped),
		cmocka_unit_test(every_day_is_printed_and_read_back),
		cmocka_unit_test(a_date_out_of_range_still_prints),
		cmocka_unit_test(internal_dates_are_strict),
		cmocka_unit_test(search_dates_are_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
