/* What somebody changed at a provider behind our back, once a look has seen it. */
#include "agent/dispatch/settle_inside.h"

#include "agent/database/control_database.h"
#include "agent/database/fight.h"
#include "agent/database/journal.h"
#include "agent/database/standing.h"
#include "agent/plan/drift.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"

/* Who it was nobody tells; where, we know. */
static struct touch *touches_of(struct settling *s, struct view live)
{
	struct view actor = arena_printf(
			s->arena, "somebody at %.*s", VIEW_ARG(s->row.provider));

	return touch_compare(s->arena, s->row.text, live, actor, s->now);
}

static bool knows(const struct touch *known, const struct touch *touches)
{
	for (; touches && known; touches = touches->next, known = known->next)
		if (!view_eq(touches->field, known->field) ||
				!view_eq(touches->live, known->live))
			return false;
	return !touches && !known;
}

/* Notes it once: what was seen before is no news. */
static int note(struct settling *s, const struct touch *touches, const char *reason,
		bool *news_out)
{
	struct touch *known;
	int r = touch_read(s->db, s->row.uid, s->arena, &known);

	*news_out = r == 0 && !knows(known, touches);
	for (const struct touch *touch = touches; touch && r == 0 && *news_out;
			touch = touch->next)
		r = touch_write(s->db, s->row.uid, touch);
	if (r || !*news_out)
		return r;
	log_event(LOG_WARN, "agent.drift.seen", log_view("object", settle_object(s)),
			log_text("reason", reason),
			log_view("provider", s->row.provider));
	return journal_event(s->db, settle_object(s), reason,
			drift_text(s->arena, driver_of(s->row.kind), touches), s->now);
}

static int say_let(struct settling *s, const struct touch *touches, bool fought)
{
	CLEANUP(standing_deinit) struct standing standing = { 0 };
	struct view text = drift_text(s->arena, driver_of(s->row.kind), touches);
	int r = standing_read(s->db, s->row.uid, s->now, &standing);

	if (r)
		return r;
	standing_set(&standing, CONDITION_DRIFTED, true, "ChangedOutside", text);
	if (fought)
		standing_set(&standing, CONDITION_STALLED, true, "FightingWriter",
				arena_printf(s->arena,
						"%.*s, as often as the state sets it "
						"right",
						VIEW_ARG(text)));
	return standing_write(s->db, &standing);
}

static int let_be(struct settling *s, struct view live, enum settlement *out)
{
	const struct touch *touches = touches_of(s, live);
	bool news;
	int r = note(s, touches, "ChangedOutside", &news);

	if (r == 0)
		r = say_let(s, touches, false);
	settle_wait_for_audit(s);
	*out = SETTLED_AGAIN;
	return r ? r : outbox_update(s->db, &s->row);
}

/* What lives counts as what was applied, until the state changes the field. */
static int adopt(struct settling *s, struct view live, enum settlement *out)
{
	bool news;
	uint64_t serial;
	int r = note(s, touches_of(s, live), "Adopted", &news);

	s->row.text = live;
	s->row.after = live_hash_of(live);
	settle_wait_for_audit(s);
	*out = SETTLED_ANEW;
	if (r == 0)
		r = outbox_delete(s->db, s->row.id);
	if (r == 0)
		r = outbox_insert(s->db, &s->row);
	if (r == 0)
		r = object_set_applied(s->db, s->row.uid, live);
	if (r == 0)
		r = control_serial(s->db, &serial);
	return r ? r : control_set_serial(s->db, serial + 1);
}

static int rest(struct settling *s, struct view live, walltime until,
		enum settlement *out)
{
	const struct touch *touches = touches_of(s, live);
	bool news;
	int r = note(s, touches, "FightingWriter", &news);

	if (r == 0)
		r = say_let(s, touches, true);
	settle_wait(s, nstime_seconds(until - s->now));
	*out = SETTLED_AGAIN;
	return r ? r : outbox_update(s->db, &s->row);
}

static int correct(struct settling *s, struct view text, enum settlement *out)
{
	struct live_hash live = live_hash_of(text);
	walltime until;
	int r = fight_rests(s->db, s->row.uid, TOUCH_ALL, s->now, &until);

	if (r)
		return r;
	if (until)
		return rest(s, text, until, out);
	r = fight_count(s->db, s->row.uid, TOUCH_ALL, s->now);
	if (r == 0)
		r = touch_delete_all(s->db, s->row.uid);
	return r ? r : settle_plan_anew(s, &live, out);
}

/* What had been done is not there any more. */
int settle_drifted(struct settling *s, struct view live, enum settlement *out)
{
	enum on_drift what;
	int r = drift_policy(s->db, s->row.kind, &what);

	if (r)
		return r;
	if (what == ON_DRIFT_REPORT)
		return let_be(s, live, out);
	/* What is gone cannot be taken over. */
	if (what == ON_DRIFT_ADOPT && live.len)
		return adopt(s, live, out);
	return correct(s, live, out);
}

/* Ends the touches whose value is as it was; what was taken over stays. */
static int end_touches(struct settling *s, struct view live)
{
	struct touch *touch;
	int r = touch_read(s->db, s->row.uid, s->arena, &touch);

	for (; touch && r == 0; touch = touch->next) {
		struct view now = view_eq(touch->field, TOUCH_ALL)
						  ? live
						  : touch_member(s->arena, live,
								    touch->field);

		if (view_eq(now, touch->was))
			r = touch_delete(s->db, s->row.uid, touch->field);
	}
	return r;
}

static int say_right(struct settling *s, struct view live)
{
	CLEANUP(standing_deinit) struct standing standing = { 0 };
	int r = end_touches(s, live);

	if (r == 0)
		r = standing_read(s->db, s->row.uid, s->now, &standing);
	if (r)
		return r;
	standing_drop(&standing, CONDITION_DRIFTED);
	standing_drop(&standing, CONDITION_STALLED);
	standing_set(&standing, CONDITION_READY, true, "Applied", VIEW_NULL);
	return standing_write(s->db, &standing);
}

int settle_still_right(struct settling *s, struct view live, enum settlement *out)
{
	int r = say_right(s, live);

	settle_wait_for_audit(s);
	*out = SETTLED_AGAIN;
	return r ? r : outbox_update(s->db, &s->row);
}
