/* What a random state is made of, for its two halves. Not for others. */
#ifndef TESTS_AGENT_RANDOM_STATE_INSIDE_H
#define TESTS_AGENT_RANDOM_STATE_INSIDE_H

#include "tests/agent/random_state.h"

enum {
	DOMAINS = 5,
	TWINS = 2,
	GROUPS = 4,
	NAMES = 5,  /* that one thing may have, one after the other */
	EDITS = 6,  /* at most in one go */
	TARGETS = 3 /* of an alias, a group, a shared mailbox */
};

enum species {
	USER,
	SHARED,
	SERVICE,
	ALIAS,
	SPECIES
};

struct place {
	unsigned slot, name, domain;
};

/* Something with an address. `look` is what all its fields are made of: what a field says is
 * a part of it, so that a thing stays as it is until it is edited. */
struct thing {
	bool present, named;
	struct place at;
	uint64_t look;

	/* as the state before the edit had it */
	bool was_present, was_named;
	struct place was_at;
};

struct shelf {
	struct thing *items;
	unsigned count;
};

struct group {
	bool present;
	uint64_t look;
};

struct random_state {
	uint64_t state;
	unsigned edits;
	struct shelf shelves[SPECIES];
	struct group groups[GROUPS], domains[DOMAINS], twins[TWINS];
	uint64_t defaults, host, policy;
};

static inline bool same_place(const struct place *a, const struct place *b)
{
	return a->slot == b->slot && a->name == b->name && a->domain == b->domain;
}

#endif
