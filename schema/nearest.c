/* "Did you mean": the edit distance of Damerau and Levenshtein, of short words only.
 *
 * Nobody is helped by a guess that is further than two slips, so that is all that is worked
 * out: cells of the matrix further from its diagonal are never looked at, and a word whose
 * letters differ too much is left out before there is a matrix. */
#include "schema/diagnostic.h"

enum {
	FURTHEST = 2,
	LONGEST = 64, /* longer words have no neighbours */
	PAST = FURTHEST + 1
};

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* One bit a letter, so that two words can be told apart without reading them. */
static uint64_t letters_of(struct view word)
{
	uint64_t letters = 0;

	for (size_t i = 0; i < word.len; i++)
		letters |= (uint64_t)1 << (byte_lower(word.data[i]) & 63);
	return letters;
}

static bool differ_too_much(uint64_t a, uint64_t b)
{
	return __builtin_popcountll(a & ~b) > FURTHEST ||
	       __builtin_popcountll(b & ~a) > FURTHEST;
}

struct matrix {
	struct view a, b;
	unsigned char cells[LONGEST + 1][LONGEST + 1];
};

/* The letters that end the first i of `a` and the first j of `b` are the same. */
static bool same(const struct matrix *m, size_t i, size_t j)
{
	return byte_lower(m->a.data[i - 1]) == byte_lower(m->b.data[j - 1]);
}

static unsigned cell(const struct matrix *m, size_t i, size_t j)
{
	return (i > j ? i - j : j - i) > FURTHEST ? PAST : m->cells[i][j];
}

/* Two letters swapped; or swapped and one put between them, or taken from there. */
static unsigned swapped(const struct matrix *m, size_t i, size_t j)
{
	unsigned best = PAST;

	if (i > 1 && j > 1 && same(m, i, j - 1) && same(m, i - 1, j))
		best = cell(m, i - 2, j - 2) + 1;
	if (i > 1 && j > 2 && same(m, i, j - 2) && same(m, i - 1, j))
		best = least(best, cell(m, i - 2, j - 3) + 2);
	if (i > 2 && j > 1 && same(m, i, j - 1) && same(m, i - 2, j))
		best = least(best, cell(m, i - 3, j - 2) + 2);
	return best;
}

/* The distance, or PAST. */
static unsigned distance(struct view a, struct view b)
{
	struct matrix m = { .a = a, .b = b };

	for (size_t i = 0; i <= a.len; i++) {
		size_t from = i > FURTHEST ? i - FURTHEST : 0;
		unsigned nearest = PAST;

		for (size_t j = from; j <= b.len && j <= i + FURTHEST; j++) {
			unsigned d = i && j ? PAST : (unsigned)(i + j);

			if (i && j) {
				d = least(cell(&m, i - 1, j), cell(&m, i, j - 1)) + 1;
				d = least(d, cell(&m, i - 1, j - 1) + !same(&m, i, j));
				d = least(d, swapped(&m, i, j));
			}
			m.cells[i][j] = (unsigned char)least(d, PAST);
			nearest = least(nearest, d);
		}
		if (nearest == PAST)
			return PAST;
	}
	return cell(&m, a.len, b.len);
}

/* How much of the beginning and of the end two words have in common. */
static unsigned likeness(struct view a, struct view b)
{
	unsigned n = 0, head;
	unsigned shorter = (unsigned)(a.len < b.len ? a.len : b.len);

	while (n < shorter && byte_lower(a.data[n]) == byte_lower(b.data[n]))
		n++;
	head = n;
	while (n < shorter && byte_lower(a.data[a.len - 1 - (n - head)]) ==
					      byte_lower(b.data[b.len - 1 - (n - head)]))
		n++;
	return n;
}

void nearest_try(struct nearest *n, struct view candidate)
{
	unsigned d, most = n->most ? n->most : FURTHEST, like;

	if (n->word.len > LONGEST || candidate.len > LONGEST ||
			candidate.len > n->word.len + most ||
			n->word.len > candidate.len + most)
		return;
	if (!n->letters)
		n->letters = letters_of(n->word);
	if (differ_too_much(n->letters, letters_of(candidate)))
		return;
	d = distance(n->word, candidate);
	if (d > most || d >= n->word.len || d >= candidate.len)
		return;
	like = likeness(n->word, candidate);
	if (n->best.data && (d > n->distance || (d == n->distance && like <= n->like)))
		return;
	n->best = candidate;
	n->distance = d;
	n->like = like;
}

const char *nearest_word(struct view word, const char *const *candidates, size_t count)
{
	struct nearest n = { .word = word };

	for (size_t i = 0; i < count; i++)
		nearest_try(&n, view_z(candidates[i]));
	return n.best.data;
}
