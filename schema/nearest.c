/* "Did you mean": the edit distance of optimal string alignment, of short words only. */
#include "schema/diagnostic.h"

enum {
	FURTHEST = 2,
	LONGEST = 64 /* longer words have no neighbours */
};

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static unsigned distance(struct view a, struct view b)
{
	unsigned rows[3][LONGEST + 1];
	unsigned *before = rows[0], *above = rows[1], *row = rows[2];

	for (unsigned j = 0; j <= b.len; j++)
		above[j] = j;
	for (unsigned i = 1; i <= a.len; i++) {
		unsigned *oldest = before;

		row[0] = i;
		for (unsigned j = 1; j <= b.len; j++) {
			char x = byte_lower(a.data[i - 1]), y = byte_lower(b.data[j - 1]);

			row[j] = least(least(above[j] + 1, row[j - 1] + 1),
					above[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == byte_lower(b.data[j - 2]) &&
					byte_lower(a.data[i - 2]) == y)
				row[j] = least(row[j], before[j - 2] + 1);
		}
		before = above;
		above = row;
		row = oldest;
	}
	return above[b.len];
}

void nearest_try(struct nearest *n, struct view candidate)
{
	unsigned d;

	if (n->word.len > LONGEST || candidate.len > LONGEST ||
			candidate.len > n->word.len + FURTHEST ||
			n->word.len > candidate.len + FURTHEST)
		return;
	d = distance(n->word, candidate);
	if (d > (n->most ? n->most : FURTHEST) || d >= n->word.len || d >= candidate.len)
		return;
	if (n->best.data && d >= n->distance)
		return;
	n->best = candidate;
	n->distance = d;
}

const char *nearest_word(struct view word, const char *const *candidates, size_t count)
{
	struct nearest n = { .word = word };

	for (size_t i = 0; i < count; i++)
		nearest_try(&n, view_z(candidates[i]));
	return n.best.data;
}
