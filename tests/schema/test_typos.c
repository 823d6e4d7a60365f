/* Slips of the finger in every name of the tables: fields, sections and words.
 *
 * One slip is a letter too many, one too few, another one, or two neighbours swapped. Of
 * each name every single slip is tried, and of names with at least five letters as many
 * pairs of slips as a seed gives; in shorter ones two slips leave nothing to guess from.
 * What is a name itself there (`to` for `tom`) is no slip that anybody could see and is
 * left out. The suggestion is what was meant in at least 95 of 100, of each sort. */
#include "schema/table.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	PAIRS = 400, /* of slips, a name */
	PAIRS_FROM = 3,
	NAMES_MAX = 64,
	TABLES_MAX = 128,
	LONGEST = 64
};

static const char letters[] = "abcdefghijklmnopqrstuvwxyz_";

struct score {
	size_t asked;
	size_t right;
};

struct corpus {
	const char *names[NAMES_MAX];
	size_t count;
	const char *place;
	struct score *score;
};

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

static void try_word(struct corpus *c, const char *meant, const char *word)
{
	const char *said;

	for (size_t i = 0; i < c->count; i++)
		if (strcmp(word, c->names[i]) == 0)
			return;
	said = nearest_word(view_z(word), c->names, c->count);
	c->score->asked++;
	c->score->right += said && strcmp(said, meant) == 0;
	if (getenv("POSTHUS_TYPOS") && (!said || strcmp(said, meant) != 0))
		print_message("%s: %s, meant %s, said %s\n", c->place, word, meant,
				said ? said : "nothing");
}

static void drop(char *word, size_t at)
{
	memmove(word + at, word + at + 1, strlen(word + at));
}

static void insert(char *word, size_t at, char letter)
{
	memmove(word + at + 1, word + at, strlen(word + at) + 1);
	word[at] = letter;
}

static void swap(char *word, size_t at)
{
	char first = word[at];

	word[at] = word[at + 1];
	word[at + 1] = first;
}

static void slip(char *word, uint64_t *seed)
{
	size_t len = strlen(word), at = next_random(seed) % len;
	char letter = letters[next_random(seed) % (sizeof(letters) - 1)];

	switch (next_random(seed) % 4) {
	case 0:
		insert(word, next_random(seed) % (len + 1), letter);
		break;
	case 1:
		drop(word, at);
		break;
	case 2:
		word[at] = letter;
		break;
	default:
		swap(word, next_random(seed) % (len - 1));
		break;
	}
}

static void try_single_slips(struct corpus *c, const char *meant)
{
	size_t len = strlen(meant);
	char word[LONGEST];

	for (size_t at = 0; at < len; at++) {
		snprintf(word, sizeof(word), "%s", meant);
		drop(word, at);
		/* of a doubled letter either can be the one that is missing */
		if (len > 1 && (!at || meant[at] != meant[at - 1]))
			try_word(c, meant, word);
		snprintf(word, sizeof(word), "%s", meant);
		if (at + 1 < len && meant[at] != meant[at + 1]) {
			swap(word, at);
			try_word(c, meant, word);
		}
	}
	for (size_t at = 0; at <= len; at++) {
		for (size_t i = 0; letters[i]; i++) {
			snprintf(word, sizeof(word), "%s", meant);
			insert(word, at, letters[i]);
			try_word(c, meant, word);
			snprintf(word, sizeof(word), "%s", meant);
			word[at] = letters[i];
			if (at < len && letters[i] != meant[at] && len > 1)
				try_word(c, meant, word);
		}
	}
}

static void try_pairs(struct corpus *c, const char *meant, uint64_t *seed)
{
	char word[LONGEST];

	for (int i = 0; i < PAIRS && strlen(meant) >= PAIRS_FROM; i++) {
		snprintf(word, sizeof(word), "%s", meant);
		slip(word, seed);
		slip(word, seed);
		if (strcmp(word, meant) != 0)
			try_word(c, meant, word);
	}
}

/* Both scores of one set of names that may stand in one place. */
static void try_names(struct corpus *c, struct score scores[2])
{
	uint64_t seed = 1;

	for (size_t i = 0; i < c->count; i++) {
		c->score = &scores[0];
		try_single_slips(c, c->names[i]);
		c->score = &scores[1];
		try_pairs(c, c->names[i], &seed);
	}
}

static void collect(const struct table *table, const struct table **tables, size_t *count)
{
	for (size_t i = 0; i < *count; i++)
		if (tables[i] == table)
			return;
	assert_true(*count < TABLES_MAX);
	tables[(*count)++] = table;
	for (size_t i = 0; i < table->count; i++)
		if (type_table(table->fields[i].type))
			collect(type_table(table->fields[i].type), tables, count);
}

static size_t collect_all(const struct table **tables)
{
	size_t count = 0;

	collect(&state_table, tables, &count);
	collect(&agent_table, tables, &count);
	return count;
}

static void report(const char *what, const struct score scores[2])
{
	static const char *const sorts[] = { "one slip", "two slips" };

	for (int i = 0; i < 2; i++) {
		const struct score *score = &scores[i];

		print_message("%s, %s: %zu tried, %zu right, %.2f %%\n", what, sorts[i],
				score->asked, score->right,
				100.0 * (double)score->right / (double)score->asked);
		assert_true(score->right * 100 >= score->asked * 95);
	}
}

static void the_field_is_what_was_meant(void **state)
{
	const struct table *tables[TABLES_MAX];
	struct score scores[2] = { 0 };
	size_t count = collect_all(tables);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		struct corpus c = { .place = tables[i]->noun };

		c.count = table_names(tables[i], c.names, NAMES_MAX);
		try_names(&c, scores);
	}
	report("fields", scores);
	assert_true(scores[0].asked > 50000 && scores[1].asked > 50000);
}

static void try_words_of(
		const struct type *type, const char *place, struct score scores[2])
{
	struct corpus c = { .place = place };

	while (type->kind == TYPE_LIST || type->kind == TYPE_MAP)
		type = type->item;
	while (type->kind == TYPE_WORD && type->words[c.count]) {
		c.names[c.count] = type->words[c.count];
		c.count++;
	}
	try_names(&c, scores);
}

static void the_word_is_what_was_meant(void **state)
{
	const struct table *tables[TABLES_MAX];
	struct score scores[2] = { 0 };
	size_t count = collect_all(tables);

	(void)state;
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < tables[i]->count; k++)
			try_words_of(tables[i]->fields[k].type, tables[i]->fields[k].name,
					scores);
	report("words", scores);
	assert_true(scores[0].asked > 10000);
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
		cmocka_unit_test(the_field_is_what_was_meant),
		cmocka_unit_test(the_word_is_what_was_meant),
		cmocka_unit_test(nothing_is_suggested_that_is_far),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
