#include "runtime/imap/imap_pattern.h"
#include "tests/lib/test.h"

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

/* The worst of patterns against a name of its own kind: as many steps as the name has
 * octets, each over the words of the pattern, whatever stands in either. */
static void I07_work_is_the_name_times_the_words(void **state)
{
	static const char *const worst[] = { "*a", "%a", "*%", "%*%*", "a", "*", "a%/" };
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	char text[1000], name[1000];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(worst); i++) {
		size_t len = strlen(worst[i]);
		struct imap_pattern p;

		for (size_t k = 0; k < sizeof(text); k++)
			text[k] = worst[i][k % len];
		memset(name, 'a', sizeof(name));
		name[sizeof(name) - 1] = 'b';
		imap_pattern_init(&p, view_of(text, sizeof(text)), arena);
		(void)imap_pattern_matches(&p, view_of(name, sizeof(name)));
		assert_true(p.words <= sizeof(text) / 64 + 1);
		assert_int_equal(p.work, sizeof(name) * p.words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_match_what_they_say),
		cmocka_unit_test(long_patterns_match),
		cmocka_unit_test(I07_work_is_the_name_times_the_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
