/* One and two slips of the finger in every field of the table: the suggestion is the field
 * that was meant in at least 95 of 100. The slips come from a seed. */
#include "schema/table.h"
#include "tests/lib/test.h"

#include <stdio.h>

enum {
	PER_FIELD = 20,
	LONGEST = 64
};

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

static void slip(char *word, uint64_t *seed)
{
	size_t len = strlen(word), at = next_random(seed) % len;
	char letter = (char)('a' + next_random(seed) % 26);

	switch (next_random(seed) % 4) {
	case 0: /* one too many */
		memmove(word + at + 1, word + at, len - at + 1);
		word[at] = letter;
		break;
	case 1: /* one too few */
		memmove(word + at, word + at + 1, len - at);
		break;
	case 2: /* a neighbour's */
		word[at] = letter;
		break;
	default: /* two in the wrong order */
		if (at + 1 < len) {
			char first = word[at];

			word[at] = word[at + 1];
			word[at + 1] = first;
		}
		break;
	}
}

struct score {
	size_t asked;
	size_t right;
};

static void try_table(const struct table *table, uint64_t *seed, struct score *score)
{
	const char *names[LONGEST];

	for (size_t i = 0; i < table->count; i++)
		names[i] = table->fields[i].name;
	for (size_t i = 0; i < table->count * PER_FIELD; i++) {
		const char *meant = names[i / PER_FIELD], *said;
		char word[LONGEST];

		snprintf(word, sizeof(word), "%s", meant);
		slip(word, seed);
		if (strlen(meant) >= 6 && i % 2)
			slip(word, seed);
		if (strlen(meant) < 4 || table_field(table, view_z(word)))
			continue; /* no word is left to guess from, or it is another field */
		said = nearest_word(view_z(word), names, table->count);
		score->asked++;
		score->right += said && strcmp(said, meant) == 0;
	}
}

static void the_suggestion_is_what_was_meant(void **state)
{
	struct score score = { 0 };
	uint64_t seed = 1;

	(void)state;
	try_table(&state_table, &seed, &score);
	try_table(&agent_table, &seed, &score);
	for (enum kind kind = KIND_NONE + 1; kind < KINDS; kind++)
		try_table(table_of_kind(kind), &seed, &score);
	print_message("%zu of %zu\n", score.right, score.asked);
	assert_true(score.asked > 1000);
	assert_true(score.right * 100 >= score.asked * 95);
}

static void nothing_is_suggested_that_is_far(void **state)
{
	static const char *const names[] = { "quota", "id", "addresses" };

	(void)state;
	assert_null(nearest_word(VIEW("mailbox"), names, 3));
	assert_null(nearest_word(VIEW("xy"), names, 3));
	assert_null(nearest_word(VIEW(""), names, 3));
	assert_string_equal(nearest_word(VIEW("qouta"), names, 3), "quota");
	assert_string_equal(nearest_word(VIEW("adresse"), names, 3), "addresses");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_suggestion_is_what_was_meant),
		cmocka_unit_test(nothing_is_suggested_that_is_far),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
