#include "agent/partial.h"

#include "agent/plan/diff.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/map.h"
#include "schema/overlay.h"

#include <errno.h>
#include <stdlib.h>

enum {
	MOST_ROUNDS = 8, /* of holding along, one after the other; then all is held */
};

struct making {
	struct agent *agent;
	const struct observation *whole;
	struct plan *plan;
	struct partial *out;
	struct overlay_entry *entries; /* malloc'd */
	size_t count;
	bool puts_back; /* what left the state stays in it */
};

/* -- what stays as it was -- */

static const struct desired_object *declared_object(const struct change *change)
{
	const void *desired = change->wanted ? change->wanted->desired : NULL;

	return change->driver->schema == KIND_NONE ? NULL : desired;
}

/* True where the state says something that does not count now. */
static bool is_overlaid(const struct change *change)
{
	return change->held && declared_object(change);
}

static bool is_put_back(const struct making *m, const struct change *change)
{
	return m->puts_back && change->held && change_leaves(change) &&
	       change->action != ACTION_PURGE && change->driver->schema != KIND_NONE;
}

static int fill_entry(
		struct making *m, const struct change *change, struct overlay_entry *out)
{
	const struct desired_object *desired = declared_object(change);
	const struct object *object = change->object;
	struct object_texts texts;
	int r;

	*out = (struct overlay_entry){
		.way = !object   ? OVERLAY_DROP
		       : desired ? OVERLAY_KEEP
				 : OVERLAY_ADD,
		.kind = change->driver->schema,
	};
	if (desired)
		out->key_span = desired->key_span;
	if (!object)
		return 0;
	r = object_read_texts(m->agent->db, object->uid, m->plan->arena, &texts);
	out->key = object->key;
	out->id = object->named ? object->id : VIEW_NULL;
	out->spec = texts.spec;
	return r;
}

static int fill_entries(struct making *m)
{
	int r = 0;

	m->count = 0;
	for (size_t i = 0; i < m->plan->change_count && r == 0; i++) {
		const struct change *change = &m->plan->changes[i];

		if (is_overlaid(change) || is_put_back(m, change))
			r = fill_entry(m, change, &m->entries[m->count++]);
	}
	return r;
}

/* -- the state that counts -- */

static int check(struct making *m)
{
	const struct sources *sources = m->whole->desired->sources;
	const struct overlay overlay = { m->entries, m->count };
	size_t count = sources_count(sources);
	CLEANUP(freep) struct source_file *files = xcalloc(count, sizeof(*files));
	int r;

	for (uint32_t i = 0; i < count; i++)
		files[i] = *sources_file(sources, i);
	if (m->out->checked.arena)
		checked_deinit(&m->out->checked);
	r = agent_check_overlaid(m->agent, files, count, &overlay, &m->out->checked);
	return r < 0 ? r : 0;
}

static bool is_within(struct span inner, struct span outer)
{
	return inner.file == outer.file && inner.start >= outer.start &&
	       inner.end <= outer.end;
}

/* The change of the object in whose lines something is wrong; NULL: of none. */
static struct change *find_culprit(struct making *m, struct span span)
{
	for (size_t i = 0; i < m->plan->change_count; i++) {
		const struct desired_object *desired =
				declared_object(&m->plan->changes[i]);

		if (desired && is_within(span, desired->span))
			return &m->plan->changes[i];
	}
	return NULL;
}

static void hold_all(struct making *m, bool leaving_alone)
{
	m->puts_back = true;
	for (size_t i = 0; i < m->plan->change_count; i++) {
		struct change *change = &m->plan->changes[i];

		if (!change->held && (!leaving_alone || change_leaves(change)))
			change->held = held_along;
	}
}

/* What refers to something that does not count now waits with it. Where what stays refers to
 * something that goes, what goes stays. */
static void hold_along(struct making *m, bool last)
{
	const struct diagnostics *d = &m->out->checked.diagnostics;
	bool found = false;

	for (size_t i = 0; i < d->count && !last; i++) {
		struct change *culprit;

		if (d->items[i].warning || d->items[i].frame_count == 0)
			continue;
		culprit = find_culprit(m, d->items[i].frames[0].span);
		if (!culprit)
			continue;
		found = true;
		if (culprit->held)
			hold_all(m, true);
		else
			culprit->held = held_along;
	}
	if (!found)
		hold_all(m, false);
}

static int find_state(struct making *m)
{
	for (int round = 0; round <= MOST_ROUNDS; round++) {
		int r = fill_entries(m);

		if (r == 0)
			r = check(m);
		if (r || m->out->checked.desired)
			return r;
		hold_along(m, round + 1 >= MOST_ROUNDS);
	}
	return PARTIAL_E_TORN;
}

/* -- its plan -- */

static struct view step_of(const struct change *change)
{
	return view_of(change->step, DIGEST_SIZE);
}

static int make_plan(struct making *m)
{
	struct partial *out = m->out;
	int r;

	out->plan = plan_new();
	out->plan->origin = arena_copy(out->plan->arena, m->plan->origin);
	out->plan->base_serial = m->plan->base_serial;
	agent_observation(m->agent, out->checked.desired, &out->live, out->plan, &out->o);
	out->o.now = m->whole->now;
	out->o.rules = m->whole->rules;
	out->o.purge = m->whole->purge;
	out->o.audits = m->whole->audits;
	out->o.lets_be = m->whole->lets_be;
	r = observe(&out->o);
	if (r == 0)
		r = diff(&out->o, out->plan);
	if (r == 0 && out->plan->problem_count)
		r = PARTIAL_E_TORN;
	memcpy(out->plan->digest, m->plan->digest, DIGEST_SIZE);
	return r;
}

/* What is done is what was shown, and what is shown as done is done. */
static void agree(struct making *m)
{
	CLEANUP(map_free) struct map shown = MAP_NULL;
	struct plan *part = m->out->plan;

	for (size_t i = 0; i < m->plan->change_count; i++)
		if (!m->plan->changes[i].held)
			map_set(&shown, step_of(&m->plan->changes[i]),
					&m->plan->changes[i]);
	for (size_t i = 0; i < part->change_count; i++)
		if (!map_remove(&shown, step_of(&part->changes[i])))
			part->changes[i].held = held_along;
	for (size_t i = 0; i < m->plan->change_count; i++) {
		struct change *change = &m->plan->changes[i];

		if (!change->held && map_get(&shown, step_of(change)))
			change->held = held_along;
	}
	plan_finish_held(part);
	plan_finish_held(m->plan);
}

static bool needs_part(const struct plan *plan)
{
	for (size_t i = 0; i < plan->change_count; i++)
		if (is_overlaid(&plan->changes[i]))
			return true;
	return false;
}

static void making_deinit(struct making *m)
{
	free(m->entries);
}

int partial_make(struct agent *agent, const struct observation *whole, struct plan *plan,
		struct partial *out)
{
	CLEANUP(making_deinit)
	struct making m = { .agent = agent, .whole = whole, .plan = plan, .out = out };
	int r;

	*out = (struct partial){ 0 };
	if (!needs_part(plan))
		return 0;
	m.entries = xcalloc(plan->change_count, sizeof(*m.entries));
	r = find_state(&m);
	if (r == 0)
		r = make_plan(&m);
	if (r == 0)
		agree(&m);
	return r;
}

void partial_deinit(struct partial *partial)
{
	if (partial->plan)
		observation_deinit(&partial->o);
	plan_free(partial->plan);
	if (partial->checked.arena)
		checked_deinit(&partial->checked);
}
