/* What is noted of drift, behind the steps of a plan. */
#include "agent/apply/drift_write.h"

#include "agent/database/fight.h"
#include "agent/database/journal.h"
#include "agent/database/standing.h"
#include "agent/plan/drift.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/store/database.h"

static bool stalls_for_fight(const struct standing *standing)
{
	const json_t *stalled = condition_get(standing->conditions, CONDITION_STALLED);
	const char *reason = json_string_value(json_object_get(stalled, "reason"));

	return reason && strcmp(reason, "FightingWriter") == 0;
}

static void say_let(struct standing *standing, struct view text, bool drifted,
		bool fought, struct view fight)
{
	if (drifted)
		standing_set(standing, CONDITION_DRIFTED, true, "ChangedOutside", text);
	else
		standing_drop(standing, CONDITION_DRIFTED);
	if (fought)
		standing_set(standing, CONDITION_STALLED, true, "FightingWriter", fight);
	else if (stalls_for_fight(standing))
		standing_drop(standing, CONDITION_STALLED);
}

/* Both sides by name. */
static struct view fight_text(
		struct application *a, const struct object *object, struct view text)
{
	return arena_printf(a->plan->arena,
			"%.*s, as often as the state (generation %llu, %.*s:%u) sets it "
			"right",
			VIEW_ARG(text), (unsigned long long)object->declared.declared_in,
			VIEW_ARG(object->declared.file), object->declared.line);
}

static int set_conditions(struct application *a, const struct object *object,
		bool drifted, bool fought)
{
	CLEANUP(standing_deinit) struct standing standing = { 0 };
	struct view text = drift_text(a->plan->arena, object->driver, object->touches);
	int r = standing_read(a->o->db, object->uid, a->o->now, &standing);

	if (r)
		return r;
	say_let(&standing, text, drifted, fought, fight_text(a, object, text));
	r = standing_write(a->o->db, &standing);
	if (r == 0 && fought && standing.changed)
		r = journal_event(a->o->db, object_name(object, a->plan->arena),
				"FightingWriter", text, a->o->now);
	return r;
}

/* It was set right, or the state says something else by now. */
static int end_touch(struct application *a, const struct object *object,
		const struct touch *touch)
{
	struct view text;
	int r = touch_delete(a->o->db, object->uid, touch->field);

	if (r || touch->fate == TOUCH_OVER)
		return r;
	text = drift_text(a->plan->arena, object->driver,
			&(const struct touch){ .field = touch->field,
					.was = touch->live,
					.live = touch->was });
	log_event(LOG_WARN, "agent.drift.corrected",
			log_view("object", object_name(object, a->plan->arena)),
			log_view("change", text), log_view("actor", touch->actor));
	r = fight_count(a->o->db, object->uid, touch->field, a->o->now);
	return r ? r
		 : journal_event(a->o->db, object_name(object, a->plan->arena),
				   "Corrected", text, a->o->now);
}

static int write_touch(struct application *a, const struct object *object,
		const struct touch *touch)
{
	int r = 0;

	if (touch->found)
		r = touch_write(a->o->db, object->uid, touch);
	if (r == 0 && touch->found)
		r = journal_event(a->o->db, object_name(object, a->plan->arena),
				"ChangedOutside",
				drift_text(a->plan->arena, object->driver,
						object->touches),
				a->o->now);
	if (r || (touch->fate != TOUCH_OVER &&
				 (touch->fate != TOUCH_CORRECTED || !object->written)))
		return r;
	return end_touch(a, object, touch);
}

static int write_object(struct application *a, const struct object *object)
{
	bool drifted = false, fought = false;
	int r = 0;

	for (const struct touch *touch = object->touches; touch && r == 0;
			touch = touch->next) {
		drifted |= touch->fate == TOUCH_REPORTED || touch->fate == TOUCH_FOUGHT ||
			   (touch->fate == TOUCH_CORRECTED && !object->written);
		fought |= touch->fate == TOUCH_FOUGHT;
		r = write_touch(a, object, touch);
	}
	return r ? r : set_conditions(a, object, drifted, fought);
}

int drift_write(struct application *a)
{
	int r = 0;

	for (size_t i = 0; i < a->o->touched_count && r == 0; i++)
		if (!a->o->touched[i]->gone)
			r = write_object(a, a->o->touched[i]);
	return r;
}
