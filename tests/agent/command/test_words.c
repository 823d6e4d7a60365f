#include "agent/command/command.h"
#include "tests/lib/test.h"

static const struct words *seen;
static const char *seen_out;
static bool seen_wait;
static size_t seen_operands;
static const char *seen_operand;

static int look(const struct words *words)
{
	seen = words;
	seen_out = words_option(words, "out");
	seen_wait = words_flag(words, "wait");
	seen_operands = words_operand_count(words);
	seen_operand = words_operand(words, 0);
	return words_json(words) ? 42 : 41;
}

static const struct option_row rows[] = {
	{ "out", "FILE", "where to" },
	{ "wait", NULL, "until done" },
	{ "o", "text|json", "the form" },
};

static const struct command command = {
	.name = "try",
	.operands = "[PATH]",
	.most_operands = 1,
	.summary = "Try",
	OPTIONS(rows),
	.run = look,
};

static int run(const char *words)
{
	static char copy[200]; /* what was seen points into it */
	char *argv[16];
	int argc = 0;

	seen = NULL;
	strcpy(copy, words);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	return command_run_words(&command, argc, argv);
}

static void options_stand_anywhere(void **state)
{
	(void)state;
	assert_int_equal(run("try --out a PATH --wait"), 41);
	assert_string_equal(seen_out, "a");
	assert_true(seen_wait);
	assert_string_equal(seen_operand, "PATH");
	assert_int_equal(run("try --out=b --out=c -o json"), 42);
	assert_string_equal(seen_out, "c");
	assert_false(seen_wait);
	assert_int_equal(seen_operands, 0);
	assert_null(seen_operand);
}

static void after_two_dashes_all_is_an_operand(void **state)
{
	(void)state;
	assert_int_equal(run("try -- --wait"), 41);
	assert_false(seen_wait);
	assert_string_equal(seen_operand, "--wait");
	assert_int_equal(run("try -"), 41);
	assert_string_equal(seen_operand, "-");
}

static void what_is_wrong_is_refused_before_it_runs(void **state)
{
	static const char *const wrong[] = { "try --ouch", "try --out", "try --wait=yes",
		"try a b", "try -o yaml", "try -x" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		assert_int_equal(run(wrong[i]), EXIT_ERROR);
		assert_null(seen);
	}
	assert_int_equal(run("try --help"), EXIT_FINE);
	assert_null(seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_stand_anywhere),
		cmocka_unit_test(after_two_dashes_all_is_an_operand),
		cmocka_unit_test(what_is_wrong_is_refused_before_it_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
