/* States at random, for properties that must hold of any: valid ones, and the same again
 * after an edit, so that a sequence of them can be applied one after the other.
 *
 * They have users, shared mailboxes, services, aliases, groups, domains, twins, defaults, a
 * host and a policy. An edit adds, removes and renames things, with an id, with `moved`, and
 * two at a time by exchanging their addresses; gives ids; changes what fields say. `moved`
 * tells of one edit alone: every state is to be applied before it is edited again. The same
 * seed makes the same sequence; a test prints its own. */
#ifndef TESTS_AGENT_RANDOM_STATE_H
#define TESTS_AGENT_RANDOM_STATE_H

#include "runtime/base/buf.h"

struct random_state;

/* Of at most so many things with an address, most of which are there at first. */
struct random_state *random_state_new(uint64_t seed, unsigned things);
void random_state_freep(struct random_state **state);

/* Changes from one to six things. */
void random_state_edit(struct random_state *state);
/* The state as YAML, one file. */
void random_state_write(const struct random_state *state, struct buf *out);

/* A number below `below`, from the same sequence: for choices of the test's own. */
unsigned random_state_draw(struct random_state *state, unsigned below);

/* A seed and a count for a property: POSTHUS_SEED, or the time; POSTHUS_STATES, or
 * `count`. Both are printed. */
uint64_t random_state_seed(unsigned long *count);

#endif
