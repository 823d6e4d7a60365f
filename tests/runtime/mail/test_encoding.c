#include "runtime/base/utf8.h"
#include "runtime/mail/charset.h"
#include "runtime/mail/encoding.h"
#include "runtime/mail/fold.h"
#include "runtime/mail/text.h"
#include "tests/lib/test.h"

#include <stdlib.h>

/* clang-format off */
static const struct {
	enum transfer_encoding encoding;
	const char *in, *out;
} bodies[] = {
	{ ENCODING_7BIT,             "a=3D b",                "a=3D b" },
	{ ENCODING_OTHER,            "a=3D b",                "a=3D b" },
	{ ENCODING_QUOTED_PRINTABLE, "a=3Db=c3=A4",           "a=b\xc3\xa4" },
	{ ENCODING_QUOTED_PRINTABLE, "a=\r\nb=\nc=  \r\nd",   "abcd" },
	{ ENCODING_QUOTED_PRINTABLE, "a \t \r\nb \nc  ",      "a\r\nb\nc" },
	{ ENCODING_QUOTED_PRINTABLE, "a b\tc",                "a b\tc" },
	{ ENCODING_QUOTED_PRINTABLE, "=20\r\n",               " \r\n" },
	{ ENCODING_QUOTED_PRINTABLE, "a=",                    "a" },
	/* what is no escape stays as it is */
	{ ENCODING_QUOTED_PRINTABLE, "=g1 =1g ==41 =4",       "=g1 =1g =A =4" },
	{ ENCODING_QUOTED_PRINTABLE, "=4\r\n=\rx\r",          "=4\r\n=\rx\r" },
	{ ENCODING_QUOTED_PRINTABLE, "= x",                   "= x" },
	{ ENCODING_QUOTED_PRINTABLE, "\xff\xfe",              "\xff\xfe" },
	{ ENCODING_QUOTED_PRINTABLE, "a\r\r\nb",              "a\r\r\nb" },
	{ ENCODING_BASE64,           "YWJj",                  "abc" },
	{ ENCODING_BASE64,           "YW\r\n Jj",             "abc" },
	{ ENCODING_BASE64,           "YWI=",                  "ab" },
	{ ENCODING_BASE64,           "YQ==",                  "a" },
	{ ENCODING_BASE64,           "YWI",                   "ab" },
	{ ENCODING_BASE64,           "YQ",                    "a" },
	{ ENCODING_BASE64,           "Y",                     "" },
	/* B07: junk within is passed over, padding is the end */
	{ ENCODING_BASE64,           "Y-W_J*j!",              "abc" },
	{ ENCODING_BASE64,           "YWI=YWI=",              "ab" },
	{ ENCODING_BASE64,           "=YWJj",                 "abc" },
	{ ENCODING_BASE64,           "",                      "" },
};
/* clang-format on */

static void decode(const char *text, enum transfer_encoding encoding, size_t step,
		struct buf *out)
{
	struct view in = view_z(text);
	struct decoder d;

	decoder_init(&d, encoding);
	for (size_t at = 0; at < in.len; at += step)
		decoder_feed(&d, view_sub(in, at, step), out);
	decoder_finish(&d, out);
}

static void bodies_decode_in_any_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		for (size_t step = 1; step < 20; step++) {
			CLEANUP(buf_free) struct buf out = BUF_NULL(256);

			decode(bodies[i].in, bodies[i].encoding, step, &out);
			assert_view(buf_view(&out), bodies[i].out);
		}
	}
}

static void many_blanks_are_not_lost(void **state)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(2048);
	char text[1002];

	(void)state;
	memset(text, ' ', 1000);
	text[1000] = 'x';
	text[1001] = '\0';
	decode(text, ENCODING_QUOTED_PRINTABLE, 100, &out);
	assert_view(buf_view(&out), text);
}

#define BAD "\xef\xbf\xbd"

/* clang-format off */
static const struct { const char *charset, *in, *out; } charsets[] = {
	{ "utf-8",        "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x93\xac", "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x93\xac" },
	{ "US-ASCII",     "a\xc3\xa4",                 "a\xc3\xa4" },
	{ "ISO-8859-1",   "\xe4\x80",                  "\xc3\xa4\xe2\x82\xac" },
	{ "iso-8859-15",  "\xa4",                      "\xe2\x82\xac" },
	{ "koi8-r",       "\xd0\xd2\xc9",              "\xd0\xbf\xd1\x80\xd0\xb8" },
	{ "windows-1252", "\x93x\x94",                 "\xe2\x80\x9cx\xe2\x80\x9d" },
	{ "shift_jis",    "\x93\xfa\x96\x7b",          "\xe6\x97\xa5\xe6\x9c\xac" },
	{ "iso-2022-jp",  "\x1b$BF|K\\\x1b(B!",        "\xe6\x97\xa5\xe6\x9c\xac!" },
	{ "gb2312",       "\xc4\xe3",                  "\xe4\xbd\xa0" },
	{ "big5",         "\xa7\x41",                  "\xe4\xbd\xa0" },
	{ "euc-kr",       "\xb0\xa1",                  "\xea\xb0\x80" },
	{ "windows-1258", "a\xec",                     "\xc3\xa1" },
	/* B08: truncated, overlong, foreign */
	{ "utf-8",        "a\xe2\x82",                 "a" BAD BAD },
	{ "utf-8",        "\xc0\xaf\xed\xa0\x80z",     BAD BAD BAD BAD BAD "z" },
	{ "utf-8",        "\xe2z\xf0\x9fz",            BAD "z" BAD BAD "z" },
	{ "shift_jis",    "a\x93",                     "a" BAD },
	{ "windows-1253", "\xd2z",                     BAD "z" },
	{ "x-unheard-of", "a\xe4z",                    "a" BAD "z" },
	{ "iso-2022-cn-ext", "a\xe4z",                 "a" BAD "z" },
	{ "utf-7",        "+AOQ-",                     "+AOQ-" },
	{ "",             "a\xe4",                     "a" BAD },
};
/* clang-format on */

static void B08_charsets_convert_in_any_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(charsets); i++) {
		struct view in = view_z(charsets[i].in);

		for (size_t step = 1; step < 12; step++) {
			CLEANUP(charset_converter_freep)
			struct charset_converter *c = charset_converter_new(
					view_z(charsets[i].charset));
			CLEANUP(buf_free) struct buf out = BUF_NULL(256);

			for (size_t at = 0; at < in.len; at += step)
				charset_converter_feed(c, view_sub(in, at, step), &out);
			charset_converter_finish(c, &out);
			if (!view_eq(buf_view(&out), view_z(charsets[i].out)))
				fail_msg("%s, steps of %zu: got %.*s",
						charsets[i].charset, step,
						VIEW_ARG(buf_view(&out)));
		}
	}
	assert_true(charset_is_known(VIEW("UTF-8")));
	assert_false(charset_is_known(VIEW("utf-8//IGNORE")));
	assert_false(charset_is_known(VIEW("iso-2022-cn-ext")));
	assert_true(charset_preload() >= 50);
}

/* Each in a piece of memory of just its size, so that reading on is seen: what search
 * indexes and compares is UTF-8 whatever came, and ends where it ends. */
static void B08_broken_text_is_read_to_its_end_and_no_further(void **state)
{
	static const char *const ends[] = { "\xc3", "\xe2\x82", "\xf0\x9f\x93",
		"\xc0\xaf", "\xe0\x80\xaf", "\xf8\x88\x80\x80\x80", "\xed\xa0\x80",
		"\xff\xfe", "\x1b$B", "\x1b$", "\x8e", "\x81", "&#", "&#x", "&am", "<",
		"</", "<!-", "=", "=C", "=C3=" };
	static const char *const names[] = { "utf-8", "us-ascii", "iso-8859-1", "utf-16",
		"utf-32", "iso-2022-jp", "shift_jis", "gb18030", "big5", "euc-kr",
		"x-none", "" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ends) * ARRAY_LEN(names) * 6; i++) {
		const char *end = ends[i % ARRAY_LEN(ends)];
		const char *name = names[i / ARRAY_LEN(ends) % ARRAY_LEN(names)];
		const size_t way = i / ARRAY_LEN(ends) / ARRAY_LEN(names);
		static const enum transfer_encoding ways[] = { ENCODING_8BIT,
			ENCODING_QUOTED_PRINTABLE, ENCODING_BASE64 };
		CLEANUP(text_reader_freep)
		struct text_reader *r =
				text_reader_new(ways[way % 3], view_z(name), way >= 3);
		CLEANUP(buf_free) struct buf out = BUF_NULL(256);
		CLEANUP(buf_free) struct buf folded = BUF_NULL(256);
		size_t len = strlen(end) + 1;
		char *exact = malloc(len);

		exact[0] = 'a';
		memcpy(exact + 1, end, len - 1);
		text_reader_feed(r, view_of(exact, len), &out);
		text_reader_finish(r, &out);
		assert_true(utf8_valid(buf_view(&out)));
		text_fold(&folded, view_of(exact, len));
		assert_true(utf8_valid(buf_view(&folded)));
		assert_false(text_contains(buf_view(&folded), VIEW("z")));
		assert_true(text_contains(buf_view(&folded), VIEW("a")));
		free(exact);
	}
}

static void B07_junk_in_base64_is_passed_over(void **state)
{
	/* clang-format off */
	static const struct { const char *in, *out; } cases[] = {
		{ "aGVs\r\nbG8=",          "hello" },
		{ "a!G*V-s b_G.8=\x80",    "hello" },
		{ "aGVsbG8=aGVsbG8=",      "hello" }, /* the first end counts */
		{ "aGVsbG8",               "hello" },
		{ "=aGVsbG8=",             "hello" },
		{ "aGVsbG8=\r\n--footer",  "hello" },
		{ "!!!!",                  "" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (size_t step = 1; step < 8; step++) {
			CLEANUP(buf_free) struct buf out = BUF_NULL(256);

			decode(cases[i].in, ENCODING_BASE64, step, &out);
			assert_view(buf_view(&out), cases[i].out);
		}
	}
}

/* clang-format off */
static const struct { bool html; const char *in, *out; } texts[] = {
	{ false, "<b>a &amp; b</b>",                          "<b>a &amp; b</b>" },
	{ true,  "<b>a</b>b &amp; c",                         "ab & c" },
	{ true,  "<p>a</p><p>b</p>",                          " a  b " },
	{ true,  "a<br>b<BR/>c",                              "a b c" },
	{ true,  "a<!-- <p>hidden--> b",                      "a b" },
	{ true,  "a<!-- - -- -->b",                           "ab" },
	{ true,  "<style>p { a: b }</style>x",                "  x" },
	{ true,  "<SCRIPT type='a>b'>if (a<b) {}</script >x", "  x" },
	{ true,  "<a href=\"x>y\" title='<b>'>z</a>",         "z" },
	{ true,  "&lt;&#228;&#xE4;&nbsp;&unknown;&",          "<\xc3\xa4\xc3\xa4 &unknown&" },
	{ true,  "a&amp b & c&",                              "a& b & c&" },
	{ true,  "&#0;&#xd800;&#1114112;&#99999999999;",      BAD BAD BAD BAD },
	{ true,  "1 < 2",                                     "1 < 2" },
	{ true,  "<p",                                        "" },
	{ true,  "<!-- open",                                 "" },
	{ true,  "<script>open",                              " " },
};
/* clang-format on */

static void html_becomes_words_in_any_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct view in = view_z(texts[i].in);

		for (size_t step = 1; step < 50; step++) {
			CLEANUP(text_reader_freep)
			struct text_reader *r = text_reader_new(
					ENCODING_8BIT, VIEW("utf-8"), texts[i].html);
			CLEANUP(buf_free) struct buf out = BUF_NULL(256);

			for (size_t at = 0; at < in.len; at += step)
				text_reader_feed(r, view_sub(in, at, step), &out);
			text_reader_finish(r, &out);
			assert_view(buf_view(&out), texts[i].out);
		}
	}
}

static void a_body_is_decoded_and_converted(void **state)
{
	CLEANUP(text_reader_freep)
	struct text_reader *r =
			text_reader_new(ENCODING_BASE64, VIEW("iso-8859-1"), true);
	CLEANUP(buf_free) struct buf out = BUF_NULL(256);

	(void)state;
	/* <p>Gr\xfc\xdfe */
	text_reader_feed(r, VIEW("PHA+R3L8"), &out);
	text_reader_feed(r, VIEW("\r\n32U="), &out);
	text_reader_finish(r, &out);
	assert_view(buf_view(&out), " Gr\xc3\xbc\xc3\x9f"
				    "e");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_decode_in_any_pieces),
		cmocka_unit_test(many_blanks_are_not_lost),
		cmocka_unit_test(B08_charsets_convert_in_any_pieces),
		cmocka_unit_test(B08_broken_text_is_read_to_its_end_and_no_further),
		cmocka_unit_test(B07_junk_in_base64_is_passed_over),
		cmocka_unit_test(html_becomes_words_in_any_pieces),
		cmocka_unit_test(a_body_is_decoded_and_converted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
