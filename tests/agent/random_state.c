#include "tests/agent/random_state_inside.h"

#include "runtime/base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* -- chance -- */

/* xorshift64* */
static uint64_t draw64(struct random_state *s)
{
	s->state ^= s->state >> 12;
	s->state ^= s->state << 25;
	s->state ^= s->state >> 27;
	return s->state * 0x2545f4914f6cdd1dull;
}

unsigned random_state_draw(struct random_state *s, unsigned below)
{
	return (unsigned)(draw64(s) >> 33) % below;
}

#define draw random_state_draw

uint64_t random_state_seed(unsigned long *count)
{
	const char *seed = getenv("POSTHUS_SEED"), *states = getenv("POSTHUS_STATES");
	uint64_t chosen = seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL);

	if (states)
		*count = strtoul(states, NULL, 10);
	printf("POSTHUS_SEED=%llu POSTHUS_STATES=%lu\n", (unsigned long long)chosen,
			*count);
	return chosen;
}

/* -- making -- */

static void fill(struct random_state *s, enum species species, unsigned count)
{
	struct shelf *shelf = &s->shelves[species];

	shelf->items = xcalloc(count, sizeof(*shelf->items));
	shelf->count = count;
	for (unsigned i = 0; i < count; i++)
		shelf->items[i] = (struct thing){
			.present = draw(s, 4) > 0,
			.named = draw(s, 2),
			.at = { i, draw(s, NAMES), draw(s, DOMAINS) },
			.look = draw64(s),
		};
}

static void fill_groups(struct random_state *s, struct group *groups, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		groups[i] = (struct group){ draw(s, 4) > 0, draw64(s) };
}

struct random_state *random_state_new(uint64_t seed, unsigned things)
{
	struct random_state *s = xcalloc(1, sizeof(*s));

	s->state = seed * 0x9e3779b97f4a7c15ull | 1;
	fill(s, SHARED, 1 + things / 10);
	fill(s, SERVICE, 1 + things / 10);
	fill(s, ALIAS, 1 + things / 5);
	fill(s, USER, 1 + things - things / 10 * 2 - things / 5);
	fill_groups(s, s->groups, GROUPS);
	fill_groups(s, s->domains, DOMAINS);
	fill_groups(s, s->twins, TWINS);
	s->defaults = draw64(s);
	s->host = draw64(s);
	s->policy = draw64(s);
	/* Somebody is always there, under her own address. */
	s->domains[0].present = true;
	s->shelves[USER].items[0] = (struct thing){
		.present = true, .named = true, .look = draw64(s)
	};
	return s;
}

void random_state_freep(struct random_state **state)
{
	struct random_state *s = *state;

	if (!s)
		return;
	for (int i = 0; i < SPECIES; i++)
		free(s->shelves[i].items);
	free(s);
}

/* -- editing -- */

static struct thing *any_thing(struct random_state *s, enum species *species_out)
{
	enum species species = draw(s, 2) ? USER : (enum species)draw(s, SPECIES);
	struct shelf *shelf = &s->shelves[species];

	*species_out = species;
	return &shelf->items[draw(s, shelf->count)];
}

static bool is_keeper(const struct random_state *s, const struct thing *thing)
{
	return thing == &s->shelves[USER].items[0];
}

/* What has a new address stays: it may be the address of another that stays. */
static void toggle(struct random_state *s, struct thing *thing)
{
	if (is_keeper(s, thing) || !same_place(&thing->at, &thing->was_at))
		return;
	thing->present = !thing->present;
}

static void rename_thing(struct random_state *s, struct thing *thing)
{
	if (!thing->present || !thing->was_present || is_keeper(s, thing))
		return;
	thing->at.name = draw(s, NAMES);
	thing->at.domain = draw(s, DOMAINS);
}

static bool can_exchange(const struct random_state *s, const struct thing *thing)
{
	return thing->present && thing->was_present && thing->was_named &&
	       same_place(&thing->at, &thing->was_at) && !is_keeper(s, thing);
}

static void exchange(struct random_state *s, enum species species, struct thing *thing)
{
	struct shelf *shelf = &s->shelves[species];
	struct thing *other = &shelf->items[draw(s, shelf->count)];
	struct place at = thing->at;

	if (!can_exchange(s, thing) || !can_exchange(s, other))
		return;
	thing->at = other->at;
	other->at = at;
}

static void edit_group(struct random_state *s, struct group *group)
{
	if (draw(s, 3) == 0 && group != &s->domains[0])
		group->present = !group->present;
	else
		group->look = draw64(s);
}

static void edit_once(struct random_state *s)
{
	enum species species;
	struct thing *thing = any_thing(s, &species);

	switch (draw(s, 12)) {
	case 0:
	case 1:
		toggle(s, thing);
		break;
	case 2:
	case 3:
		rename_thing(s, thing);
		break;
	case 4:
	case 5:
		thing->look = draw64(s);
		break;
	case 6:
		thing->named = true;
		break;
	case 7:
		exchange(s, species, thing);
		break;
	case 8:
		edit_group(s, &s->groups[draw(s, GROUPS)]);
		break;
	case 9:
		edit_group(s, &s->domains[draw(s, DOMAINS)]);
		break;
	case 10:
		edit_group(s, &s->twins[draw(s, TWINS)]);
		break;
	default:
		*(draw(s, 3)                 ? &s->defaults
				: draw(s, 2) ? &s->host
					     : &s->policy) = draw64(s);
		break;
	}
}

void random_state_edit(struct random_state *s)
{
	for (int i = 0; i < SPECIES; i++)
		for (unsigned j = 0; j < s->shelves[i].count; j++) {
			struct thing *thing = &s->shelves[i].items[j];

			thing->was_present = thing->present;
			thing->was_named = thing->named;
			thing->was_at = thing->at;
		}
	for (unsigned n = 1 + draw(s, EDITS); n; n--)
		edit_once(s);
	s->edits++;
}
