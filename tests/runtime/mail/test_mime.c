#include "runtime/base/buf.h"
#include "runtime/base/limit.h"
#include "runtime/mail/mime.h"
#include "tests/lib/test.h"

static void malformed_types_count_as_absent(void **state)
{
	static const char *const bad[] = { "", "text", "text/", "/plain", "text plain",
		"(text/plain)", ";charset=x", "text/;x=y", "((text/plain" };
	struct arena *arena = arena_new();
	struct content_type type;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(content_type_parse(arena, view_z(bad[i]), &type));
	assert_true(content_type_parse(arena, VIEW(" TEXT / Plain"), &type));
	assert_view(type.type, "text");
	assert_view(type.subtype, "plain");
	arena_free(arena);
}

/* clang-format off */
static const struct { const char *value, *name, *raw, *text; bool ambiguous; } parameters[] = {
	{ "a/b; charset=utf-8",                        "charset",  "utf-8", "utf-8", false },
	{ "a/b; CHARSET=\"utf\\-8\"",                  "charset",  "utf-8", "utf-8", false },
	{ "a/b; charset=us-ascii (Plain text)",        "charset",  "us-ascii", "us-ascii", false },
	{ "a/b;; ; charset=x;",                        "charset",  "x", "x", false },
	{ "a/b; name=two words.txt; x=y",              "name",     "two words.txt", "two words.txt", false },
	{ "a/b; name=\"a;b=c\"",                       "name",     "a;b=c", "a;b=c", false },
	{ "a/b; name=\"=?utf-8?Q?=C3=A4?=.txt\"",      "name",     "=?utf-8?Q?=C3=A4?=.txt", "\xc3\xa4.txt", false },
	{ "a/b; name*=utf-8'de'%c3%a4.txt",            "name",     "utf-8'de'%c3%a4.txt", "\xc3\xa4.txt", false },
	{ "a/b; name*=iso-8859-1''%e4",                "name",     "iso-8859-1''%e4", "\xc3\xa4", false },
	{ "a/b; name*=''%c3%a4",                       "name",     "''%c3%a4", "\xc3\xa4", false },
	{ "a/b; name*=x-none''%e4",                    "name",     "x-none''%e4", "\xef\xbf\xbd", false },
	{ "a/b; name*=%c3%a",                          "name",     "%c3%a", "\xef\xbf\xbd%a", false },
	{ "a/b; name=plain; name*=utf-8''wide",        "name",     "plain", "wide", false },
	{ "a/b; name*1=b; name*0=a; name*2=c",         "name",     "abc", "abc", false },
	{ "a/b; name*0*=utf-8''%c3; name*1*=%a4",      "name",     "utf-8''%c3%a4", "\xc3\xa4", false },
	{ "a/b; name*0=a; name*2=c",                   "name",     "a", "a", true },
	{ "a/b; name*1=b",                             "name",     NULL, NULL, true },
	/* B07: the first wins, and it is said */
	{ "a/b; charset=one; charset=two",             "charset",  "one", "one", true },
	{ "a/b; charset=\"one\" two",                  "charset",  "one", "one", true },
	{ "a/b; charset=\"one",                        "charset",  "one", "one", true },
	/* B05: a name in pieces is joined before anyone looks at it */
	{ "a/b; name*0=evil.ex; name*1=e",             "name",     "evil.exe", "evil.exe", false },
};
/* clang-format on */

static void parameters_are_joined_and_decoded(void **state)
{
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(parameters); i++) {
		struct view name = view_z(parameters[i].name);
		struct content_type type;

		assert_true(content_type_parse(
				arena, view_z(parameters[i].value), &type));
		if (!parameters[i].raw) {
			assert_null(mime_parameter(&type.parameters, name).data);
		} else {
			assert_view(mime_parameter(&type.parameters, name),
					parameters[i].raw);
			assert_view(mime_parameter_text(arena, &type.parameters, name),
					parameters[i].text);
		}
		if (type.parameters.ambiguous != parameters[i].ambiguous)
			fail_msg("%s: ambiguous is %d", parameters[i].value,
					type.parameters.ambiguous);
	}
	arena_free(arena);
}

static size_t parse_many(const char *format, size_t count, struct arena *arena)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(1 << 26);
	struct content_type type;

	buf_add_z(&text, "a/b");
	for (size_t i = 0; i < count; i++) {
		buf_add_z(&text, format);
		buf_addf(&text, "%zu=x", i);
	}
	assert_true(content_type_parse(arena, buf_view(&text), &type));
	assert_int_equal(type.parameters.ambiguous,
			count > limit_value(LIMIT_MIME_PARAMETERS));
	return type.parameters.count;
}

static void B05_a_hundred_parameters_are_kept(void **state)
{
	const size_t most = limit_value(LIMIT_MIME_PARAMETERS);
	struct arena *arena = arena_new();

	(void)state;
	assert_int_equal(parse_many("; p", most, arena), most);
	assert_int_equal(parse_many("; p", most + 1, arena), most);
	arena_reset(arena);
	assert_int_equal(parse_many("; p", 100000, arena), most);
	assert_true(arena_used(arena) < 100 * 1024);
	assert_int_equal(parse_many("; p*", 100000, arena), 1);
	arena_free(arena);
}

/* What is looked at is the whole name: the end that matters may be a piece of its own. */
static void B05_a_name_in_pieces_is_joined_first(void **state)
{
	/* clang-format off */
	static const struct { const char *value, *name; } cases[] = {
		{ "attachment; filename*0=inv; filename*1=oice.; filename*2=exe",         "invoice.exe" },
		{ "attachment; filename*2=exe; filename*0=inv; filename*1=oice.",         "invoice.exe" },
		{ "attachment; filename*0*=utf-8\'\'a%2; filename*1*=Eexe",               "a.exe" },
		{ "attachment; filename*0=\"a.\"; filename*1=\"exe\"; filename*3=.txt",     "a.exe" },
		{ "attachment; filename*0=a.txt; filename=b.exe",                         "a.txt" },
		{ "attachment; filename=b.exe; filename*0=a.txt",                         "b.exe" },
	};
	/* clang-format on */
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct content_disposition d;

		assert_true(content_disposition_parse(arena, view_z(cases[i].value), &d));
		assert_view(mime_parameter_text(arena, &d.parameters, VIEW("filename")),
				cases[i].name);
	}
	arena_free(arena);
}

static size_t memory_of_pieces(size_t count)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(1 << 26);
	struct arena *arena = arena_new();
	struct content_disposition d;
	size_t used;

	buf_add_z(&text, "attachment");
	for (size_t i = 0; i < count; i++)
		buf_addf(&text, "; filename*%zu*=%%41", i);
	assert_true(content_disposition_parse(arena, buf_view(&text), &d));
	assert_true(d.parameters.ambiguous);
	assert_int_equal(d.parameters.count, 1);
	used = arena_used(arena);
	arena_free(arena);
	return used;
}

static void B05_more_pieces_cost_nothing_beyond_the_limit(void **state)
{
	(void)state;
	assert_int_equal(memory_of_pieces(100000), memory_of_pieces(200));
}

static bool type_behind_comments(size_t depth)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(1 << 22);
	struct arena *arena = arena_new();
	struct content_type type;
	bool ok;

	for (size_t i = 0; i < depth; i++)
		buf_add_byte(&text, '(');
	for (size_t i = 0; i < depth; i++)
		buf_add_byte(&text, ')');
	buf_add_z(&text, "text/plain");
	ok = content_type_parse(arena, buf_view(&text), &type);
	arena_free(arena);
	return ok;
}

static void B06_a_type_in_deep_comments_counts_as_absent(void **state)
{
	const size_t most = limit_value(LIMIT_MIME_COMMENT_DEPTH);

	(void)state;
	assert_true(type_behind_comments(most));
	assert_false(type_behind_comments(most + 1));
	assert_false(type_behind_comments(1000000));
}

static void dispositions_and_encodings(void **state)
{
	struct arena *arena = arena_new();
	struct content_disposition disposition;

	(void)state;
	assert_true(content_disposition_parse(
			arena, VIEW(" Attachment; filename=\"a b\""), &disposition));
	assert_view(disposition.kind, "attachment");
	assert_view(mime_parameter(&disposition.parameters, VIEW("filename")), "a b");
	assert_false(content_disposition_parse(
			arena, VIEW("; filename=a"), &disposition));
	assert_view(transfer_encoding_token(arena, VIEW(" (c) Base64 (c)")), "base64");
	assert_int_equal(transfer_encoding_of(VIEW("BASE64")), ENCODING_BASE64);
	assert_int_equal(transfer_encoding_of(VIEW("x-uue")), ENCODING_OTHER);
	assert_int_equal(transfer_encoding_of(VIEW("")), ENCODING_OTHER);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(malformed_types_count_as_absent),
		cmocka_unit_test(parameters_are_joined_and_decoded),
		cmocka_unit_test(B05_a_hundred_parameters_are_kept),
		cmocka_unit_test(B05_a_name_in_pieces_is_joined_first),
		cmocka_unit_test(B05_more_pieces_cost_nothing_beyond_the_limit),
		cmocka_unit_test(B06_a_type_in_deep_comments_counts_as_absent),
		cmocka_unit_test(dispositions_and_encodings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
