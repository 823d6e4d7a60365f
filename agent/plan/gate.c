#include "agent/plan/gate.h"

#include "agent/database/text.h"
#include "runtime/base/error.h"

#include <stdlib.h>

/* What one kind loses. */
struct loss {
	size_t active;
	size_t leaving;
	size_t disabled; /* of those that leave: they hold people's data */
};

/* Where data would go, the gate of user data counts. */
static const struct gate_rule *gate_of(const struct rules *rules, const struct loss *loss)
{
	return loss->disabled ? &rules->users : &rules->other;
}

static bool trips(const struct rules *rules, const struct loss *loss)
{
	if (loss->disabled && loss->leaving == loss->active)
		return true;
	return loss->disabled > rules_limit(&rules->users, loss->active) ||
	       loss->leaving - loss->disabled > rules_limit(&rules->other, loss->active);
}

static struct view explain(struct arena *arena, const struct driver *driver,
		const struct rules *rules, const struct loss *loss)
{
	bool data = loss->disabled > 0;

	return arena_printf(arena,
			"%zu of %zu objects of kind %s would be %s (limit %zu)",
			data ? loss->disabled : loss->leaving, loss->active, driver->kind,
			data ? "disabled" : "removed",
			rules_limit(gate_of(rules, loss), loss->active));
}

/* The first kind that loses too much; driver_count: none does. */
static size_t find_tripped(const struct observation *o, const struct rules *rules,
		const struct plan *plan, struct loss *losses)
{
	for (size_t i = 0; i < o->objects.count; i++)
		if (o->objects.items[i].state == OBJECT_ACTIVE)
			losses[driver_index(o->objects.items[i].driver)].active++;
	for (size_t i = 0; i < plan->change_count; i++) {
		struct loss *loss = &losses[driver_index(plan->changes[i].driver)];

		/* A purge takes what was disabled before, by name, number and time. */
		if (plan->changes[i].action == ACTION_PURGE ||
				plan->changes[i].driver->follows)
			continue;
		loss->leaving += change_leaves(&plan->changes[i]);
		loss->disabled += plan->changes[i].action == ACTION_DISABLE;
	}
	for (size_t i = 0; i < driver_count; i++)
		if (trips(rules, &losses[i]))
			return i;
	return driver_count;
}

/* A tripped gate holds back every destructive step of the run. */
static void hold_by_gate(
		const struct observation *o, const struct rules *rules, struct plan *plan)
{
	CLEANUP(freep) struct loss *losses = xcalloc(driver_count, sizeof(*losses));
	size_t tripped = find_tripped(o, rules, plan, losses);

	if (tripped == driver_count)
		return;
	for (size_t i = 0; i < plan->change_count; i++)
		if (change_leaves(&plan->changes[i]) && !plan->changes[i].held)
			plan->changes[i].held = held_by_gate;
	plan->gate = explain(plan->arena, drivers[tripped], rules, &losses[tripped]);
}

static void hold_protected(const struct rules *rules, struct plan *plan)
{
	for (size_t i = 0; i < plan->change_count; i++) {
		struct change *change = &plan->changes[i];

		if (!change_leaves(change) ||
				!rules_protect(rules, change->object, plan->arena))
			continue;
		change->held = held_by_protection;
		plan->protection = arena_printf(plan->arena,
				"%s/%.*s is protected by the policy that was last "
				"applied: take it out of `policy.protect` first",
				change->driver->kind, VIEW_ARG(change->id));
	}
}

void gate_hold(const struct observation *o, const struct rules *rules, struct plan *plan)
{
	if (rules->protect_count)
		hold_protected(rules, plan);
	hold_by_gate(o, rules, plan);
}
