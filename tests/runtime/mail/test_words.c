/* Small formats: encoded words, modified UTF-7, folding, Received. */
#include "runtime/mail/encoded_word.h"
#include "runtime/mail/fold.h"
#include "runtime/mail/imap_string.h"
#include "runtime/mail/received.h"
#include "runtime/mail/utf7.h"
#include "tests/lib/test.h"

/* clang-format off */
static const struct { const char *in, *out; } words[] = {
	{ "plain",                                          "plain" },
	{ "",                                               "" },
	{ "=?utf-8?Q?a_=C3=A4?=",                           "a \xc3\xa4" },
	{ "=?UTF-8?b?w6Q=?= x",                             "\xc3\xa4 x" },
	{ "=?iso-8859-1?q?=E4?=",                           "\xc3\xa4" },
	{ "=?utf-8*de?Q?=C3=A4?=",                          "\xc3\xa4" },
	{ "=?utf-8?Q?a?= =?utf-8?Q?b?=  c",                 "ab  c" },
	{ "=?utf-8?Q?a?= b =?utf-8?Q?c?=",                  "a b c" },
	{ "=?utf-8?Q?=C3?= =?utf-8?Q?=A4?=",                "\xc3\xa4" },
	{ "=?utf-8?B?w6?= =?iso-8859-1?Q?=E4?=",            "\xef\xbf\xbd\xc3\xa4" },
	{ "x=?utf-8?Q?a?=y",                                "xay" },
	{ "=?utf-8?Q?trailing_?=",                          "trailing " },
	/* what is none stays as it is */
	{ "=?utf-8?X?a?=",                                  "=?utf-8?X?a?=" },
	{ "=?utf-8?Q?a",                                    "=?utf-8?Q?a" },
	{ "=?utf-8?Q?a?",                                   "=?utf-8?Q?a?" },
	{ "=??Q?a?=",                                       "=??Q?a?=" },
	{ "=?=?=?utf-8?Q?a?=",                              "=?=?a" },
	{ "=?utf-8?Q?a?= =?bad",                            "a =?bad" },
	/* B08: unknown charsets, broken bytes, what could end a line */
	{ "=?x-none?Q?=E4a?=",                              "\xef\xbf\xbd" "a" },
	{ "=?utf-8?Q?=E4?= \xff",                           "\xef\xbf\xbd \xef\xbf\xbd" },
	{ "=?utf-8?Q?a=0D=0AX:_b=00?=",                     "a  X: b " },
};
/* clang-format on */

static void encoded_words_become_text(void **state)
{
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		assert_view(encoded_words_decode(arena, view_z(words[i].in)),
				words[i].out);
	arena_free(arena);
}

/* clang-format off */
static const struct { const char *utf8, *utf7; } names[] = {
	{ "",                                "" },
	{ "INBOX/a b",                       "INBOX/a b" },
	{ "&",                               "&-" },
	{ "a&b",                             "a&-b" },
	{ "Entw\xc3\xbcrfe",                 "Entw&APw-rfe" },
	{ "\xe5\x8f\xb0\xe5\x8c\x97",        "&U,BTFw-" },
	{ "\xf0\x9f\x93\xac",                "&2D3c7A-" },
	{ "\xc3\xbc&\xc3\xbc",               "&APw-&-&APw-" },
	{ "\x7f\t",                          "&AH8ACQ-" },
};
/* clang-format on */

static void names_have_one_spelling(void **state)
{
	static const char *const bad[] = { "&", "&AP", "a\xc3\xbc", "&AGE-", "&APx-",
		"&APw", "&2D0-", "&3Kw-", "&2D0A,A-", "&APw-&APw-", "&AA-", "&AAA-",
		"&!-", "&A-", "&APw=-", "a\x7f", "a\n", "&APwA-", "&/,8" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		CLEANUP(buf_free) struct buf encoded = BUF_NULL(256);
		CLEANUP(buf_free) struct buf decoded = BUF_NULL(256);

		assert_true(utf7_encode(&encoded, view_z(names[i].utf8)));
		assert_view(buf_view(&encoded), names[i].utf7);
		assert_true(utf7_decode(&decoded, view_z(names[i].utf7)));
		assert_view(buf_view(&decoded), names[i].utf8);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		CLEANUP(buf_free) struct buf out = BUF_NULL(256);

		buf_add_byte(&out, 'x');
		if (utf7_decode(&out, view_z(bad[i])))
			fail_msg("%s was taken", bad[i]);
		assert_view(buf_view(&out), "x");
	}
	{
		CLEANUP(buf_free) struct buf out = BUF_NULL(256);

		assert_false(utf7_encode(&out, VIEW("a\xc3")));
		assert_false(utf7_encode(&out, VIEW("a\0b")));
	}
}

static void folding_ignores_case_and_composition(void **state)
{
	/* clang-format off */
	static const struct { const char *a, *b; } same[] = {
		{ "Hello",                 "hELLO" },
		{ "STRASSE",               "stra\xc3\x9f" "e" },
		{ "\xc3\x84",              "a\xcc\x88" },
		{ "\xce\xa3\xce\xaf\xcf\x83\xcf\x85\xcf\x86\xce\xbf\xcf\x82", "\xcf\x83\xce\xaf\xcf\x83\xcf\x85\xcf\x86\xce\xbf\xcf\x83" },
		{ "a\xff",                 "A\xef\xbf\xbd" },
		{ "",                      "" },
	};
	/* clang-format on */
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		CLEANUP(buf_free) struct buf a = BUF_NULL(256);
		CLEANUP(buf_free) struct buf b = BUF_NULL(256);

		text_fold(&a, view_z(same[i].a));
		text_fold(&b, view_z(same[i].b));
		assert_true(view_eq(buf_view(&a), buf_view(&b)));
	}
	assert_true(text_contains(VIEW("abc"), VIEW("bc")));
	assert_true(text_contains(VIEW("abc"), VIEW("")));
	assert_false(text_contains(VIEW("abc"), VIEW("cb")));
	assert_false(text_contains(VIEW(""), VIEW("a")));
}

static void a_trace_field_says_whence(void **state)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(4096);
	struct received r = {
		.helo = VIEW("client.test"),
		.peer = VIEW("2001:db8::1"),
		.by = VIEW("mx.example.org"),
		.id = VIEW("9f3a21"),
		.recipient = VIEW("a@example.org"),
		.tls = VIEW("TLSv1.3 TLS_AES_256_GCM_SHA384"),
		.extended = true,
		.date = { .time = 0 },
	};

	(void)state;
	received_write(&out, &r);
	assert_view(buf_view(&out), "Received: from client.test ([IPv6:2001:db8::1])\r\n"
				    "\tby mx.example.org with ESMTPS\r\n"
				    "\t(TLSv1.3 TLS_AES_256_GCM_SHA384)\r\n"
				    "\tid 9f3a21\r\n\tfor <a@example.org>;\r\n"
				    "\tThu, 1 Jan 1970 00:00:00 +0000\r\n");
	assert_int_equal(received_count(buf_view(&out)), 1);
	buf_clear(&out);
	r = (struct received){
		.helo = VIEW("x)\r\nEvil: y;\0"), .by = VIEW("mx"), .id = VIEW("1")
	};
	received_write(&out, &r);
	assert_view(buf_view(&out),
			"Received: from x???Evil:?y??\r\n\tby mx with SMTP\r\n"
			"\tid 1;\r\n\tThu, 1 Jan 1970 00:00:00 +0000\r\n");
	buf_clear(&out);
	return_path_write(&out, VIEW("a b"), VIEW("example.org"));
	return_path_write(&out, VIEW(""), VIEW(""));
	assert_view(buf_view(&out),
			"Return-Path: <\"a b\"@example.org>\r\nReturn-Path: <>\r\n");
}

static void strings_stay_inside(void **state)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(4096);
	char text[1001];

	(void)state;
	imap_string_add(&out, VIEW("a\"b\\c"));
	imap_string_add(&out, VIEW(""));
	imap_string_add(&out, VIEW("a\r\nb"));
	imap_string_add(&out, VIEW("\xc3\xa4\0"));
	imap_string_add(&out, VIEW("a\0b"));
	assert_view(buf_view(&out),
			"\"a\\\"b\\\\c\"\"\"{4}\r\na\r\nb{2}\r\n\xc3\xa4\"ab\"");
	memset(text, 'x', sizeof(text));
	buf_clear(&out);
	imap_string_add(&out, view_of(text, 1000));
	assert_int_equal(out.data[0], '"');
	buf_clear(&out);
	imap_string_add(&out, view_of(text, 1001));
	assert_true(view_starts(buf_view(&out), VIEW("{1001}\r\n")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encoded_words_become_text),
		cmocka_unit_test(names_have_one_spelling),
		cmocka_unit_test(folding_ignores_case_and_composition),
		cmocka_unit_test(a_trace_field_says_whence),
		cmocka_unit_test(strings_stay_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
