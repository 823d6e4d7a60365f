#include "runtime/imap/imap_pattern.h"
#include "tests/lib/test.h"

#include <time.h>

static bool matches(struct view pattern, struct view name)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct imap_pattern p;

	imap_pattern_init(&p, pattern, arena);
	return imap_pattern_matches(&p, name);
}

static void patterns_match_what_they_say(void **state)
{
	/* clang-format off */
	static const struct {
		const char *pattern, *name;
		bool matches;
	} cases[] = {
		{ "",        "",        true },
		{ "",        "a",       false },
		{ "*",       "",        true },
		{ "*",       "a/b/c",   true },
		{ "%",       "a",       true },
		{ "%",       "a/b",     false },
		{ "%/%",     "a/b",     true },
		{ "%/%",     "a/b/c",   false },
		{ "a*",      "a",       true },
		{ "a%",      "ab/c",    false },
		{ "*%",      "a/b",     true },
		{ "%*",      "a/b",     true },
		{ "*b",      "abab",    true },
		{ "*ba",     "abab",    false },
		{ "a%c*e",   "abcde",   true },
		{ "a%c*e",   "a/cde",   false },
		{ "inbox",   "INBOX",   true },
		{ "inbox",   "INBOX/a", false },
		{ "sent",    "Sent",    false },
		{ "\xc3\xa4*", "\xc3\xa4\xc3\xb6", true },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (matches(view_z(cases[i].pattern), view_z(cases[i].name)) !=
				cases[i].matches)
			fail_msg("\"%s\" and \"%s\"", cases[i].pattern, cases[i].name);
}

/* Positions past a word of 64. */
static void long_patterns_match(void **state)
{
	char text[400];

	(void)state;
	for (size_t len = 60; len < 200; len++) {
		memset(text, 'x', sizeof(text));
		text[len] = '*';
		assert_true(matches(view_of(text, len + 1), view_of(text, len)));
		assert_false(matches(view_of(text, len + 1), view_of(text, len - 1)));
		assert_true(matches(view_of(text, len), view_of(text, len)));
	}
}

/* I07: the worst of patterns against ten thousand long names. */
static void no_pattern_is_slow(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	char text[1000], name[200];
	struct imap_pattern p;
	clock_t start = clock();

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 2 ? 'a' : i % 4 ? '%' : '*';
	memset(name, 'a', sizeof(name));
	imap_pattern_init(&p, view_of(text, sizeof(text)), arena);
	for (int i = 0; i < 10000; i++)
		assert_false(imap_pattern_matches(&p, view_of(name, sizeof(name))));
	/* tens of milliseconds; a matcher that goes back would take years */
	assert_true(clock() - start < 10 * CLOCKS_PER_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_match_what_they_say),
		cmocka_unit_test(long_patterns_match),
		cmocka_unit_test(no_pattern_is_slow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
