#include "agent/gate.h"

#include "agent/text.h"
#include "runtime/base/error.h"

#include <stdlib.h>

enum {
	GATE_PERCENT = 10,
	GATE_AT_LEAST_DATA = 1,
	GATE_AT_LEAST_OTHER = 5,
};

/* What one kind loses. */
struct loss {
	size_t active;
	size_t leaving;
	size_t disabled; /* of those that leave: they hold people's data */
};

static bool leaves(const struct change *change)
{
	return change->action == ACTION_DISABLE || change->action == ACTION_REMOVE;
}

static size_t limit_of(size_t active, size_t at_least)
{
	size_t share = active * GATE_PERCENT / 100;

	return share > at_least ? share : at_least;
}

static bool trips(const struct loss *loss)
{
	if (loss->disabled && loss->leaving == loss->active)
		return true;
	return loss->disabled > limit_of(loss->active, GATE_AT_LEAST_DATA) ||
	       loss->leaving - loss->disabled >
			       limit_of(loss->active, GATE_AT_LEAST_OTHER);
}

static struct view explain(
		struct arena *arena, const struct driver *driver, const struct loss *loss)
{
	bool data = loss->disabled > 0;
	size_t count = data ? loss->disabled : loss->leaving;

	return arena_printf(arena,
			"%zu of %zu objects of kind %s would be %s (limit %zu)", count,
			loss->active, driver->kind, data ? "disabled" : "removed",
			limit_of(loss->active,
					data ? GATE_AT_LEAST_DATA : GATE_AT_LEAST_OTHER));
}

static bool is_approved(const struct plan *plan, struct view approve)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(DIGEST_TEXT + 1);

	text_add_digest(&text, plan->held_digest);
	return view_eq(approve, buf_view(&text));
}

static void release(struct plan *plan)
{
	for (size_t i = 0; i < plan->change_count; i++)
		plan->changes[i].held = false;
	plan->held_count = 0;
}

void gate_hold(const struct observation *o, struct plan *plan, struct view approve)
{
	CLEANUP(freep) struct loss *losses = xcalloc(driver_count, sizeof(*losses));
	size_t tripped = driver_count;

	for (size_t i = 0; i < o->objects.count; i++)
		if (o->objects.items[i].state == OBJECT_ACTIVE)
			losses[driver_index(o->objects.items[i].driver)].active++;
	for (size_t i = 0; i < plan->change_count; i++) {
		struct loss *loss = &losses[driver_index(plan->changes[i].driver)];

		loss->leaving += leaves(&plan->changes[i]);
		loss->disabled += plan->changes[i].action == ACTION_DISABLE;
	}
	for (size_t i = 0; i < driver_count; i++)
		if (tripped == driver_count && trips(&losses[i]))
			tripped = i;
	if (tripped == driver_count)
		return;
	/* A tripped gate holds back every destructive step of the run. */
	for (size_t i = 0; i < plan->change_count; i++)
		plan->changes[i].held = leaves(&plan->changes[i]);
	plan_finish_held(plan);
	plan->gate = explain(plan->arena, drivers[tripped], &losses[tripped]);
	if (is_approved(plan, approve))
		release(plan);
}
