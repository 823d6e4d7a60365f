#include "agent/plan/drift.h"

#include "agent/database/fight.h"
#include "agent/database/standing.h"
#include "agent/effect/effect.h"
#include "runtime/base/error.h"
#include "runtime/store/database.h"

#include <stdlib.h>

enum {
	LONGEST_TEXT = 4096,
};

/* -- the policy -- */

static const char *const names[] = {
	[ON_DRIFT_CORRECT] = "correct",
	[ON_DRIFT_REPORT] = "report",
	[ON_DRIFT_ADOPT] = "adopt",
};

const char *on_drift_name(enum on_drift what)
{
	return names[what];
}

static const char *word_of(const json_t *drift, struct view kind)
{
	const struct driver *driver = driver_of(kind);
	const char *word =
			json_string_value(json_object_getn(drift, kind.data, kind.len));

	if (!word && driver && driver->policy_word)
		word = json_string_value(json_object_get(drift, driver->policy_word));
	return word ? word : json_string_value(json_object_get(drift, "all"));
}

static enum on_drift read_policy(struct view applied, struct view kind)
{
	json_t *policy = json_loadb(applied.data, applied.len, 0, NULL);
	const json_t *drift = json_object_get(policy, "drift");
	const char *word = word_of(drift, kind);
	enum on_drift what = ON_DRIFT_CORRECT;

	for (size_t i = 0; word && i < ARRAY_LEN(names); i++)
		if (strcmp(word, names[i]) == 0)
			what = (enum on_drift)i;
	json_decref(policy);
	return what;
}

int drift_policy(struct database *db, struct view kind, enum on_drift *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"SELECT last_applied FROM object"
			" WHERE kind = ?1 AND state = 'active'",
			&s);

	*out = ON_DRIFT_CORRECT;
	if (r)
		return r;
	bind_text(s, 1, view_z(driver_policy.kind));
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r;
	*out = read_policy(column_view(s, 0), kind);
	return 0;
}

/* -- words -- */

static void add_touch(struct buf *out, struct arena *arena, const struct driver *driver,
		const struct touch *touch)
{
	struct view was = fields_text(arena, driver, touch->field, touch->was);
	struct view live = fields_text(arena, driver, touch->field, touch->live);

	buf_addf(out, "%s%.*s %.*s -> %.*s", out->len ? ", " : "", VIEW_ARG(touch->field),
			VIEW_ARG(was), VIEW_ARG(live));
	if (touch->actor.len)
		buf_addf(out, " by %.*s", VIEW_ARG(touch->actor));
}

struct view drift_text(struct arena *arena, const struct driver *driver,
		const struct touch *touches)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST_TEXT);

	for (const struct touch *touch = touches; touch; touch = touch->next)
		add_touch(&text, arena, driver, touch);
	return arena_copy(arena, buf_view(&text));
}

/* -- loading -- */

static const enum drift_kind kinds[] = {
	[TOUCH_CORRECTED] = DRIFT_CORRECT,
	[TOUCH_REPORTED] = DRIFT_LET,
	[TOUCH_ADOPTED] = DRIFT_ADOPTED,
	[TOUCH_FOUGHT] = DRIFT_FOUGHT,
	[TOUCH_OVER] = DRIFT_NONE,
};

static bool is_kept(const struct touch *touch)
{
	return touch->fate == TOUCH_REPORTED || touch->fate == TOUCH_ADOPTED ||
	       touch->fate == TOUCH_FOUGHT;
}

static void note(struct observation *o, struct object *object)
{
	if (o->touched_count && o->touched[o->touched_count - 1] == object)
		return;
	array_grow(&o->touched, &o->touched_capacity, o->touched_count + 1,
			sizeof(*o->touched));
	o->touched[o->touched_count++] = object;
}

static void link(struct observation *o, struct object *object, struct touch *touch)
{
	touch->next = object->touches;
	object->touches = touch;
	note(o, object);
}

static int decide(struct observation *o, struct object *object, struct touch *touch)
{
	enum on_drift what;
	walltime until;
	int r = drift_policy(o->db, view_z(object->driver->kind), &what);

	if (r)
		return r;
	if (what != ON_DRIFT_CORRECT || o->lets_be) {
		touch->fate = what == ON_DRIFT_ADOPT ? TOUCH_ADOPTED : TOUCH_REPORTED;
		return 0;
	}
	r = fight_rests(o->db, object->uid, touch->field, o->now, &until);
	touch->fate = until ? TOUCH_FOUGHT : TOUCH_CORRECTED;
	if (until && (o->rests_until == 0 || until < o->rests_until))
		o->rests_until = until;
	return r;
}

static int decide_all(struct observation *o, struct object *object)
{
	int r = 0;

	for (struct touch *touch = object->touches; touch && r == 0;
			touch = touch->next) {
		r = decide(o, object, touch);
		observe_drift(object, kinds[touch->fate],
				touch->fate == TOUCH_FOUGHT ? "FightingWriter"
							    : "ChangedOutside",
				drift_text(o->arena, object->driver, object->touches));
	}
	return r;
}

int drift_observe(struct observation *o)
{
	struct touch_row *rows;
	size_t count;
	int r = touch_read_all(o->db, o->arena, &rows, &count);

	if (r)
		return r;
	for (size_t i = 0; i < count; i++) {
		const struct driver *driver = driver_of(rows[i].kind);
		struct object *object =
				driver ? object_by_id(&o->objects, driver, rows[i].id)
				       : NULL;

		if (object)
			link(o, object, &rows[i].touch);
	}
	for (size_t i = 0; i < o->touched_count && r == 0; i++)
		r = decide_all(o, o->touched[i]);
	return r;
}

/* -- the audit -- */

/* What lives by the row is not what was written there, and nobody told of it. */
static int find_in(struct observation *o, struct object *object, struct view live)
{
	struct touch *touch = touch_compare(
			o->arena, object->wanted->applied, live, VIEW_NULL, o->now);

	while (touch) {
		struct touch *next = touch->next;

		touch->found = true;
		link(o, object, touch);
		touch = next;
	}
	return decide_all(o, object);
}

static int find_all(struct observation *o)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(o->db,
			"SELECT kind, id, last_applied FROM object"
			" WHERE state = 'active'",
			&s);

	while (r == 0 && (r = statement_step(s)) == DATABASE_ROW) {
		const struct driver *driver = driver_of(column_view(s, 0));
		struct object *object = driver ? object_by_id(&o->objects, driver,
								 column_view(s, 1))
					       : NULL;
		unsigned char digest[DIGEST_SIZE];

		digest_bytes(column_view(s, 2), digest);
		r = 0;
		if (object && object->wanted && !object->touches &&
				!effects_concern(driver->effects, column_view(s, 2)) &&
				memcmp(digest, object->observed, DIGEST_SIZE) != 0)
			r = find_in(o, object, arena_copy(o->arena, column_view(s, 2)));
	}
	return r;
}

/* -- deciding -- */

/* The state says something else of the field than when it was touched. */
static bool is_over(struct arena *arena, const struct object *object,
		const struct touch *touch)
{
	struct view now;

	if (!object->wanted)
		return true;
	if (view_eq(touch->field, TOUCH_STATE))
		return object->state != OBJECT_DISABLED;
	now = view_eq(touch->field, TOUCH_ALL)
			      ? object->wanted->applied
			      : touch_member(arena, object->wanted->applied,
						touch->field);
	return !view_eq(now, touch->was) || view_eq(now, touch->live);
}

/* What is let be of a kind with effects outside lives there: the row still says what was put
 * there, unless it was taken over. */
static bool changes_applied(const struct object *object, const struct touch *touch)
{
	return is_kept(touch) && touch->live.len > 0 &&
	       !view_eq(touch->field, TOUCH_STATE) &&
	       (!effects_concern(object->driver->effects, object->wanted->applied) ||
			       touch->fate == TOUCH_ADOPTED);
}

static void keep(struct observation *o, struct object *object, const struct touch *touch)
{
	struct wanted *wanted = object->wanted;

	wanted->applied = view_eq(touch->field, TOUCH_ALL)
					  ? touch->live
					  : touch_replace(o->arena, wanted->applied,
							    touch->field, touch->live);
	wanted->changed = true;
}

/* What a condition has to say that its row does not say yet. */
static int count_unsaid(
		struct observation *o, const struct object *object, struct plan *plan)
{
	CLEANUP(standing_deinit) struct standing standing = { 0 };
	bool drifted = false, fought = false;
	int r = standing_read(o->db, object->uid, o->now, &standing);

	if (r)
		return r;
	for (const struct touch *touch = object->touches; touch; touch = touch->next) {
		plan->notes += touch->found || touch->fate == TOUCH_OVER;
		drifted |= touch->fate == TOUCH_REPORTED || touch->fate == TOUCH_FOUGHT;
		fought |= touch->fate == TOUCH_FOUGHT;
	}
	plan->notes += drifted != condition_is(standing.conditions, CONDITION_DRIFTED);
	plan->notes += fought && !condition_is(standing.conditions, CONDITION_STALLED);
	return 0;
}

static int settle_fates(struct observation *o, struct object *object, struct plan *plan)
{
	for (struct touch *touch = object->touches; touch; touch = touch->next) {
		if (is_over(o->arena, object, touch))
			touch->fate = TOUCH_OVER;
		else if (changes_applied(object, touch))
			keep(o, object, touch);
	}
	return o->lets_be ? 0 : count_unsaid(o, object, plan);
}

int drift_decide(struct observation *o, struct plan *plan)
{
	int r = o->audits ? find_all(o) : 0;

	for (size_t i = 0; i < o->touched_count && r == 0; i++)
		r = settle_fates(o, o->touched[i], plan);
	return r;
}

const struct touch *drift_kept(const struct object *object, struct view field)
{
	for (const struct touch *touch = object->touches; touch; touch = touch->next)
		if (view_eq(touch->field, field) && is_kept(touch))
			return touch;
	return NULL;
}

bool drift_is_corrected(const struct object *object)
{
	for (const struct touch *touch = object->touches; touch; touch = touch->next)
		if (touch->fate == TOUCH_CORRECTED)
			return true;
	return false;
}

void drift_add_fields(const struct object *object, struct field_list *fields)
{
	struct arena *arena = fields->arena;

	for (const struct touch *touch = object->touches; touch; touch = touch->next)
		if (touch->fate == TOUCH_CORRECTED)
			fields_add_drifted(fields, touch->field,
					fields_text(arena, object->driver, touch->field,
							touch->live),
					fields_text(arena, object->driver, touch->field,
							touch->was));
}

void drift_show(const struct observation *o, struct plan *plan,
		const struct object *object)
{
	for (const struct touch *touch = object->touches; touch; touch = touch->next)
		if (touch->fate != TOUCH_OVER)
			*plan_add_drift(plan) = (struct drift){
				.driver = object->driver,
				.id = object->id,
				.reason = touch->fate == TOUCH_FOUGHT ? "FightingWriter"
								      : "ChangedOutside",
				.kind = kinds[touch->fate],
				.field = touch->field,
				.before = fields_text(o->arena, object->driver,
						touch->field, touch->was),
				.after = fields_text(o->arena, object->driver,
						touch->field, touch->live),
				.actor = touch->actor,
				.at = touch->at,
				.age = o->now - touch->at,
			};
}
