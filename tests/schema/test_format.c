/* What is made even, what stays, and that every state of the tests means the same afterwards. */
#include "schema/format.h"

#include "runtime/base/error.h"
#include "tests/schema/state.h"

#include <stdlib.h>
#include <string.h>

static int format_text(struct view text, struct buf *out)
{
	const struct source_file file = { VIEW("state.yaml"), text };
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct diagnostics d;
	int r;

	diagnostics_init(&d, arena, sources_new(arena, &file, 1));
	r = format_file(arena, 0, &d, out);
	diagnostics_deinit(&d);
	return r;
}

/* Formats, and once more: nothing changes any more. */
static void assert_formats(struct view text, struct buf *out)
{
	CLEANUP(buf_free) struct buf again = BUF_NULL(1 << 22);

	assert_int_equal(format_text(text, out), FORMAT_OK);
	assert_int_equal(format_text(buf_view(out), &again), FORMAT_OK);
	assert_true(view_eq(buf_view(out), buf_view(&again)));
}

static void layout_is_made_even(void **state)
{
	/* clang-format off */
	static const struct { const char *text, *wanted; } table[] = {
		/* flow style */
		{ "a: { b : 1 ,c:  2 }\n",                 "a: {b: 1, c: 2}\n" },
		{ "a: [ x ,y,  [ ] , { } ]\n",             "a: [x, y, [], {}]\n" },
		{ "a: {\"b\":1}\n",                        "a: {b: 1}\n" },
		{ "a: {b: [x,\ty]}\n",                     "a: {b: [x, y]}\n" },
		{ "a: [b: 1 ,c: 2]\n",                     "a: [b: 1, c: 2]\n" },
		{ "a: [x , # one\n    y ]\n",              "a: [x , # one\n    y]\n" },
		{ "a: {b: 1,\n    c: 2,  d: 3\n  }\n",     "a: {b: 1,\n    c: 2, d: 3\n  }\n" },
		{ "a: [x, ]\n",                            "a: [x, ]\n" },
		/* quotes */
		{ "a: \"b\"\n",                            "a: b\n" },
		{ "a: 'anna@a.example'\n",                 "a: anna@a.example\n" },
		{ "'a': \"b c\" # d\n",                    "a: b c # d\n" },
		{ "a: \"b\" #d\n",                         "a: \"b\" #d\n" },
		{ "a: [\"b c\", 'd, e', \"f:g\"]\n",       "a: [b c, 'd, e', \"f:g\"]\n" },
		{ "a: [\"on\", \"No\", 'null', \"1\", \"\", \"b \", \"+\"]\n",
		  "a: [\"on\", \"No\", 'null', \"1\", \"\", \"b \", \"+\"]\n" },
		{ "a: \"b\\x41\"\nc: 'it''s'\n",           "a: \"b\\x41\"\nc: 'it''s'\n" },
		{ "a: \"J\xc3\xb6rg\"\n",                  "a: J\xc3\xb6rg\n" },
		{ "\"on\": b\n",                           "\"on\": b\n" },
		{ "a: \"b\n  c\"\n",                       "a: \"b\n  c\"\n" },
		/* ends */
		{ "a: b  \n\n  # c\t \nd: e",              "a: b\n\n  # c\nd: e\n" },
		{ "a: b\n\n \n\n",                         "a: b\n" },
		{ "a: b\r\nc: d\r\n",                      "a: b\nc: d\n" },
		{ "",                                      "" },
		{ "# alone",                               "# alone\n" },
		/* tabs */
		{ "a:\tb\t# c\n",                          "a:      b       # c\n" },
		{ "a: \"b\tc\"\n",                         "a: \"b\tc\"\n" },
		/* block scalars keep every byte, and the line ends behind them */
		{ "a: |\n  b  \n\n  c\nd: e \n",           "a: |\n  b  \n\n  c\nd: e\n" },
		{ "a: |\n  b",                             "a: |\n  b" },
		{ "a: |+\n  b\n\n\n",                      "a: |+\n  b\n\n\n" },
		{ "a: |\n  b\n# c  \n\n",                  "a: |\n  b\n# c\n" },
		/* stay as they are */
		{ "a:   b   # c\nlong:   d\n",             "a:   b   # c\nlong:   d\n" },
		{ "a:\n    - b\n    -   c\n\n\nd: e\n",    "a:\n    - b\n    -   c\n\n\nd: e\n" },
		{ "a: b\n  c\n",                           "a: b\n  c\n" },
		{ "---\na: b\n",                           "---\na: b\n" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		CLEANUP(buf_free) struct buf out = BUF_NULL(1 << 16);

		assert_formats(view_z(table[i].text), &out);
		if (!view_eq(buf_view(&out), view_z(table[i].wanted)))
			fail_msg("%s became %.*s, not %s", table[i].text,
					VIEW_ARG(buf_view(&out)), table[i].wanted);
	}
}

static void what_is_no_yaml_is_refused(void **state)
{
	static const char *const texts[] = { "a: [b\n", "a: &x b\n", "a: b\na: c\n",
		"a:\n\t- b\n", "a: \n", "a: \xff\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		CLEANUP(buf_free) struct buf out = BUF_NULL(1 << 16);

		assert_int_equal(format_text(view_z(texts[i]), &out), FORMAT_E_INVALID);
	}
}

static void what_grows_too_large_is_left(void **state)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(10);

	(void)state;
	assert_int_equal(format_text(VIEW("a: [b,c,d]\n"), &out), FORMAT_E_UNSURE);
}

/* -- every state of the tests -- */

/* The templates of tests/whole have ports and certificates of a run in their places. */
static struct view fill_places(struct arena *arena, struct view text)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(1 << 22);
	unsigned port = 20000;

	for (size_t i = 0; i < text.len; i++) {
		struct view rest = view_from(text, i);
		size_t len = 1;

		while (rest.data[0] == '@' && len < rest.len && rest.data[len] >= 'A' &&
				rest.data[len] <= 'Z')
			len++;
		if (len == 1 || len == rest.len || rest.data[len] != '@') {
			buf_add_byte(&out, rest.data[0]);
			continue;
		}
		if (view_starts(rest, VIEW("@CERTS@")))
			buf_add_z(&out, "none");
		else
			buf_addf(&out, "%u", port++);
		i += len;
	}
	return arena_copy(arena, buf_view(&out));
}

static void assert_same_objects(const struct desired *one, const struct desired *other)
{
	const struct desired_object *a, *b;
	size_t i = 0, k = 0;

	do {
		a = desired_next(one, &i);
		b = desired_next(other, &k);
		assert_int_equal(!a, !b);
		if (!a)
			break;
		assert_true(view_eq(a->key, b->key));
		assert_true(view_eq(a->canonical, b->canonical));
		assert_memory_equal(a->hash, b->hash, DESIRED_HASH);
	} while (a);
}

/* Formats every file of a state; what it means stays. */
static void check_state(const struct source_file *files, size_t count)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(checked_deinit) struct checked before = { 0 };
	CLEANUP(checked_deinit) struct checked after = { 0 };
	struct source_file *formatted = arena_array(arena, count, sizeof(*formatted));

	for (size_t i = 0; i < count; i++) {
		CLEANUP(buf_free) struct buf out = BUF_NULL(1 << 22);

		assert_formats(files[i].bytes, &out);
		formatted[i] = (struct source_file){ files[i].path,
			arena_copy(arena, buf_view(&out)) };
	}
	(void)!checker_check(files, count, NULL, &before);
	(void)!checker_check(formatted, count, NULL, &after);
	assert_int_equal(!before.desired, !after.desired);
	assert_int_equal(before.diagnostics.errors, after.diagnostics.errors);
	assert_int_equal(before.diagnostics.warnings, after.diagnostics.warnings);
	if (before.desired)
		assert_same_objects(before.desired, after.desired);
}

static size_t check_path(const char *path, bool each)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct collection all;

	assert_int_equal(collect_files(arena, &path, 1, &all), COLLECT_OK);
	for (size_t i = 0; i < all.count; i++)
		all.files[i].bytes = fill_places(arena, all.files[i].bytes);
	for (size_t i = 0; each && i < all.count; i++)
		check_state(&all.files[i], 1);
	if (!each)
		check_state(all.files, all.count);
	return all.count;
}

static void every_good_state_means_the_same(void **state)
{
	size_t plans, whole;

	(void)state;
	assert_int_equal(check_path(GOOD "/smallest", false), 1);
	assert_int_equal(check_path(GOOD "/whole", false), 1);
	assert_int_equal(check_path(GOOD "/directory", false), 4);
	assert_int_equal(check_path(SOURCE "/examples/quickstart/state", false), 1);
	plans = check_path(SOURCE "/tests/agent/plans", true);
	whole = check_path(SOURCE "/tests/whole/states", true);
	assert_true(plans >= 30);
	assert_true(whole >= 3);
}

/* -- comments -- */

enum comment_place {
	BEFORE_EVEN,  /* on a line of its own, indented like the next */
	BEFORE_FLUSH, /* at the beginning of a line of its own */
	BEHIND,       /* behind what stands on the line */
	BEHIND_A_TAB,
	COMMENT_PLACES
};

/* The text with a comment at one place of line `at`, or, where that is SIZE_MAX, of every
 * line. How many comments. */
static size_t with_comments(
		struct view text, enum comment_place place, size_t at, struct buf *out)
{
	size_t count = 0;

	for (size_t line = 0; text.len; line++) {
		size_t end = view_find(text, '\n'), indent = 0;
		struct view bytes = view_sub(text, 0, end);
		bool here = bytes.len && (at == SIZE_MAX || at == line);

		text = view_from(text, end + 1);
		while (indent < bytes.len && bytes.data[indent] == ' ')
			indent++;
		if (here && place == BEFORE_EVEN)
			buf_addf(out, "%*s# note %zu:  [x, \"y\" ]\n", (int)indent, "",
					line);
		if (here && place == BEFORE_FLUSH)
			buf_addf(out, "#note %zu: {b:1}\n", line);
		buf_add(out, bytes);
		if (here && place == BEHIND)
			buf_addf(out, "   # note %zu: 'a'", line);
		if (here && place == BEHIND_A_TAB)
			buf_addf(out, "\t# note %zu", line);
		buf_add_byte(out, '\n');
		count += here;
	}
	return count;
}

static size_t count_notes(struct view text)
{
	size_t count = 0, at;

	while ((at = view_find_view(text, VIEW("note "))) < text.len) {
		count++;
		text = view_from(text, at + 1);
	}
	return count;
}

/* Formatted, it means what it meant; a second time nothing changes; no comment is lost and
 * each keeps its text. False where the comment breaks the file (within a text). */
static bool keeps_comments(struct view text, size_t notes)
{
	const struct source_file file = { VIEW("state.yaml"), text };
	CLEANUP(buf_free) struct buf out = BUF_NULL(1 << 20);

	if (format_text(text, &out) == FORMAT_E_INVALID)
		return false;
	buf_clear(&out);
	assert_formats(text, &out);
	assert_int_equal(count_notes(buf_view(&out)), notes);
	for (struct view rest = text; rest.len;) {
		size_t end = view_find(rest, '\n'), note;
		struct view line = view_trim(view_sub(rest, 0, end));

		rest = view_from(rest, end + 1);
		note = view_find_view(line, VIEW("note "));
		if (note < line.len)
			assert_true(view_find_view(buf_view(&out),
						    view_from(line, note)) < out.len);
	}
	check_state(&file, 1);
	return true;
}

static size_t try_comments(const char *path)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct collection all;
	size_t kept = 0;

	assert_int_equal(collect_files(arena, &path, 1, &all), COLLECT_OK);
	for (size_t i = 0; i < all.count; i++) {
		struct view text = all.files[i].bytes;
		size_t lines = 0;

		for (size_t k = 0; k < text.len; k++)
			lines += text.data[k] == '\n';
		for (int place = 0; place < COMMENT_PLACES; place++)
			for (size_t at = 0; at <= lines; at++) {
				CLEANUP(buf_free) struct buf noted = BUF_NULL(1 << 20);
				size_t notes = with_comments(text,
						(enum comment_place)place,
						at < lines ? at : SIZE_MAX, &noted);

				kept += notes && keeps_comments(buf_view(&noted), notes);
			}
	}
	return kept;
}

static void every_comment_stays(void **state)
{
	size_t kept = try_comments(GOOD "/whole") + try_comments(GOOD "/directory") +
		      try_comments(SOURCE "/examples/quickstart/state");

	(void)state;
	print_message("%zu states with comments\n", kept);
	assert_true(kept >= 300);
}

/* The wrong ones are refused, or keep all that is wrong with them but where it stands. */
static void every_wrong_state_stays_as_wrong(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	const char *path = BAD;
	struct collection all;
	size_t refused = 0, formatted = 0;

	(void)state;
	assert_int_equal(collect_files(arena, &path, 1, &all), COLLECT_OK);
	for (size_t i = 0; i < all.count; i++) {
		CLEANUP(buf_free) struct buf out = BUF_NULL(1 << 22);
		int r = format_text(all.files[i].bytes, &out);

		assert_true(r == FORMAT_OK || r == FORMAT_E_INVALID);
		refused += r == FORMAT_E_INVALID;
		formatted += r == FORMAT_OK;
		if (r == FORMAT_OK)
			check_state(&all.files[i], 1);
	}
	assert_true(refused >= 20);
	assert_true(formatted >= 20);
}

/* A whole state with bytes changed, lost and doubled: refused or formatted, never unsure. */
static void spoilt_states_are_refused_or_stay_the_same(void **state)
{
	static const char marks[] = " \t\n\r:,{}[]\"'#|>-?&*!%@ab+\xc3\xb6";
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	const char *path = GOOD "/whole/state.yaml";
	struct collection all;
	uint64_t seed = 1;
	size_t formatted = 0;

	(void)state;
	assert_int_equal(collect_files(arena, &path, 1, &all), COLLECT_OK);
	for (size_t round = 0; round < 1500; round++) {
		CLEANUP(buf_free) struct buf text = BUF_NULL(1 << 16);
		CLEANUP(buf_free) struct buf out = BUF_NULL(1 << 20);
		size_t at = 0;

		buf_add(&text, all.files[0].bytes);
		for (size_t i = 0; i < 1 + round % 4; i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			at = (size_t)(seed >> 33) % text.len;
			text.data[at] = marks[(size_t)(seed >> 20) % (sizeof(marks) - 1)];
		}
		if (round % 3 == 0)
			buf_truncate(&text, at + 1);
		if (format_text(buf_view(&text), &out) == FORMAT_E_INVALID)
			continue;
		buf_clear(&out);
		assert_formats(buf_view(&text), &out);
		formatted++;
	}
	assert_true(formatted > 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout_is_made_even),
		cmocka_unit_test(what_is_no_yaml_is_refused),
		cmocka_unit_test(what_grows_too_large_is_left),
		cmocka_unit_test(every_good_state_means_the_same),
		cmocka_unit_test(every_comment_stays),
		cmocka_unit_test(every_wrong_state_stays_as_wrong),
		cmocka_unit_test(spoilt_states_are_refused_or_stay_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
