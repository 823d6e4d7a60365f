#include "runtime/mail/header.h"
#include "tests/lib/test.h"

static const char block[] = "From: a@b\r\nSubject : one\r\n two\r\nno colon here\r\n"
			    "X: 1\nx: 2\r\n\r\nFrom: in the body\r\n";

static void fields_come_in_their_order(void **state)
{
	/* clang-format off */
	static const struct { const char *name, *value; size_t offset; } expected[] = {
		{ "From",    " a@b",           0 },
		{ "Subject", " one\r\n two",   11 },
		{ "",        "no colon here",  32 },
		{ "X",       " 1",             47 },
		{ "x",       " 2",             52 },
	};
	/* clang-format on */
	struct header_iterator it = header_iterate(view_z(block));
	struct header_field field;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		assert_true(header_next(&it, &field));
		assert_view(field.name, expected[i].name);
		assert_view(field.value, expected[i].value);
		assert_int_equal(field.offset, expected[i].offset);
	}
	assert_false(header_next(&it, &field));
	assert_false(header_next(&it, &field));
	assert_view(view_from(view_z(block), it.at), "From: in the body\r\n");
	assert_int_equal(header_count(view_z(block), VIEW("X")), 2);
	assert_int_equal(header_count(view_z(block), VIEW("")), 0);
	assert_true(header_find(view_z(block), VIEW("x"), &field));
	assert_view(field.value, " 1");
	assert_false(header_find(view_z(block), VIEW("To"), &field));
}

static void what_is_chosen_stays_byte_for_byte(void **state)
{
	const struct view names[] = { VIEW("SUBJECT"), VIEW("x"), VIEW("To") };
	CLEANUP(buf_free) struct buf out = BUF_NULL(4096);

	(void)state;
	header_select(view_z(block), names, 3, false, &out);
	assert_view(buf_view(&out), "Subject : one\r\n two\r\nX: 1\nx: 2\r\n\r\n");
	buf_clear(&out);
	header_select(view_z(block), names, 3, true, &out);
	assert_view(buf_view(&out), "From: a@b\r\nno colon here\r\n\r\n");
	buf_clear(&out);
	header_select(view_z(block), names, 0, false, &out);
	assert_view(buf_view(&out), "\r\n");
}

static void unfolding_takes_out_line_ends_only(void **state)
{
	/* clang-format off */
	const struct { struct view folded; const char *unfolded; } cases[] = {
		{ VIEW(" one\r\n two\n\tthree \r\n"), "one two\tthree" },
		{ VIEW("plain"),                      "plain" },
		{ VIEW(""),                           "" },
		{ VIEW(" \r\n "),                     "" },
		{ VIEW("a\rb\nc\0d"),                 "a b c d" },
		{ VIEW("a\r\r\n b"),                  "a  b" },
		{ VIEW("a\r"),                        "a" },
	};
	/* clang-format on */
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_view(header_unfold(arena, cases[i].folded), cases[i].unfolded);
	arena_free(arena);
}

static void a_written_field_is_one_field(void **state)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(4096);

	(void)state;
	assert_int_equal(
			header_write(&out, VIEW("A"), VIEW("b\r\nC: d")), HEADER_E_VALUE);
	assert_int_equal(header_write(&out, VIEW("A"), VIEW("b\nC: d")), HEADER_E_VALUE);
	assert_int_equal(header_write(&out, VIEW("A"), VIEW("b\rC: d")), HEADER_E_VALUE);
	assert_int_equal(header_write(&out, VIEW("A"), VIEW("b\0")), HEADER_E_VALUE);
	assert_int_equal(header_write(&out, VIEW(""), VIEW("b")), HEADER_E_NAME);
	assert_int_equal(header_write(&out, VIEW("A:"), VIEW("b")), HEADER_E_NAME);
	assert_int_equal(header_write(&out, VIEW("A B"), VIEW("b")), HEADER_E_NAME);
	assert_int_equal(header_write(&out, VIEW("A\n"), VIEW("b")), HEADER_E_NAME);
	assert_int_equal(out.len, 0);
	assert_int_equal(header_write(&out, VIEW("A"), VIEW("")), 0);
	assert_view(buf_view(&out), "A: \r\n");
}

static void long_fields_fold_and_unfold_to_themselves(void **state)
{
	CLEANUP(buf_free) struct buf value = BUF_NULL(4096);
	CLEANUP(buf_free) struct buf out = BUF_NULL(8192);
	struct arena *arena = arena_new();
	struct header_field field;
	struct view rest;

	(void)state;
	for (int i = 0; i < 100; i++)
		buf_addf(&value, "%sword%d", i ? i % 7 ? " " : "  \t" : "", i);
	assert_int_equal(header_write(&out, VIEW("Subject"), buf_view(&value)), 0);
	rest = buf_view(&out);
	while (rest.len)
		assert_true(view_cut(&rest, '\n').len <= 79);
	assert_true(header_find(buf_view(&out), VIEW("Subject"), &field));
	assert_true(view_eq(header_unfold(arena, field.value), buf_view(&value)));
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_come_in_their_order),
		cmocka_unit_test(what_is_chosen_stays_byte_for_byte),
		cmocka_unit_test(unfolding_takes_out_line_ends_only),
		cmocka_unit_test(a_written_field_is_one_field),
		cmocka_unit_test(long_fields_fold_and_unfold_to_themselves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
