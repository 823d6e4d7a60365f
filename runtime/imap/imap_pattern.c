#include "runtime/imap/imap_pattern.h"

enum {
	BITS = 64,
	OCTETS = 256,
	SEPARATOR = '/'
};

static void set_bit(uint64_t *words, size_t at)
{
	words[at / BITS] |= UINT64_C(1) << at % BITS;
}

/* Two wildcards side by side are one: '*' where either is. */
static size_t merge_wildcards(char *text, size_t len)
{
	size_t kept = 0;

	for (size_t i = 0; i < len; i++) {
		bool wild = text[i] == '*' || text[i] == '%';

		if (wild && kept && (text[kept - 1] == '*' || text[kept - 1] == '%')) {
			if (text[i] == '*')
				text[kept - 1] = '*';
			continue;
		}
		text[kept++] = text[i];
	}
	return kept;
}

void imap_pattern_init(struct imap_pattern *p, struct view text, struct arena *arena)
{
	char *merged = arena_copy_z(arena, text);

	p->len = merge_wildcards(merged, text.len);
	p->words = p->len / BITS + 1; /* with the position behind the last octet */
	p->literals = arena_array(arena, OCTETS * p->words, sizeof(uint64_t));
	p->wildcards = arena_array(arena, p->words, sizeof(uint64_t));
	p->stars = arena_array(arena, p->words, sizeof(uint64_t));
	p->reached = arena_array(arena, p->words, sizeof(uint64_t));
	p->next = arena_array(arena, p->words, sizeof(uint64_t));
	for (size_t i = 0; i < p->len; i++) {
		unsigned char c = (unsigned char)merged[i];

		if (c == '*')
			set_bit(p->stars, i);
		if (c == '*' || c == '%')
			set_bit(p->wildcards, i);
		else
			set_bit(p->literals + c * p->words, i);
	}
	p->work = 0;
	p->ends_in_percent = p->len && merged[p->len - 1] == '%';
}

/* A wildcard may stand for nothing: who stands before it stands behind it, too. */
static void pass_wildcards(struct imap_pattern *p, uint64_t *reached)
{
	uint64_t carry = 0;

	for (size_t w = 0; w < p->words; w++) {
		uint64_t passing = reached[w] & p->wildcards[w];

		reached[w] |= passing << 1 | carry;
		carry = passing >> (BITS - 1);
	}
}

static void step(struct imap_pattern *p, unsigned char c, unsigned char other_case)
{
	const uint64_t *literals = p->literals + c * p->words;
	const uint64_t *others = p->literals + other_case * p->words;
	const uint64_t *staying = c == SEPARATOR ? p->stars : p->wildcards;
	uint64_t *reached = p->reached, *next = p->next;
	uint64_t carry = 0;

	p->work += p->words;
	for (size_t w = 0; w < p->words; w++) {
		uint64_t moving = reached[w] & (literals[w] | others[w]);

		next[w] = moving << 1 | carry | (reached[w] & staying[w]);
		carry = moving >> (BITS - 1);
	}
	pass_wildcards(p, next);
	p->reached = next;
	p->next = reached;
}

bool imap_pattern_matches(struct imap_pattern *p, struct view name)
{
	bool inbox = view_eq(name, VIEW("INBOX"));

	memset(p->reached, 0, p->words * sizeof(*p->reached));
	p->reached[0] = 1;
	pass_wildcards(p, p->reached);
	for (size_t i = 0; i < name.len; i++) {
		char c = name.data[i];

		step(p, (unsigned char)c, (unsigned char)(inbox ? byte_lower(c) : c));
	}
	return p->reached[p->len / BITS] >> p->len % BITS & 1;
}
