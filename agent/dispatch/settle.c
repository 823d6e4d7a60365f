#include "agent/dispatch/settle_inside.h"

#include "agent/database/control_database.h"
#include "agent/database/journal.h"
#include "agent/database/standing.h"
#include "agent/plan/dependence.h"
#include "agent/plan/drift.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/crypto/seal.h"

#include <errno.h>

enum {
	MOST_FIGHTS = 3, /* corrections in a row, before it is called a fight */
};

struct view settle_object(const struct settling *s)
{
	return arena_printf(s->arena, "%.*s/%.*s", VIEW_ARG(s->row.kind),
			VIEW_ARG(s->row.name));
}

void settle_wait(struct settling *s, nstime delay)
{
	s->delay = delay;
	s->row.next_at = delay == NSTIME_NEVER
					 ? OUTBOX_NEVER
					 : s->now + (delay + NS_PER_S - 1) / NS_PER_S;
}

void settle_wait_for_audit(struct settling *s)
{
	nstime whole = nstime_seconds(AUDIT_SECONDS);

	settle_wait(s, whole - whole / 10 +
					(nstime)(s->random % (uint64_t)(whole / 5 + 1)));
}

/* -- done -- */

static int say_done(struct settling *s)
{
	CLEANUP(standing_deinit) struct standing standing = { 0 };
	int r = standing_read(s->db, s->row.uid, s->now, &standing);

	if (r)
		return r;
	standing_observe(&standing);
	standing_set(&standing, CONDITION_READY, true, "Applied", VIEW_NULL);
	standing_drop(&standing, CONDITION_RECONCILING);
	standing_drop(&standing, CONDITION_STALLED);
	standing_drop(&standing, CONDITION_DRIFTED);
	if (s->row.dependencies.len)
		standing_set(&standing, CONDITION_DEPENDENCIES_READY, true, "Applied",
				VIEW_NULL);
	return standing_write(s->db, &standing);
}

static int remove_object(struct settling *s)
{
	int r = outbox_delete(s->db, s->row.id);

	if (r == 0)
		r = dependence_forget(s->db, s->row.uid);
	return r ? r : object_delete(s->db, s->row.uid);
}

static int done(struct settling *s, enum settlement *out)
{
	int r;

	log_event(LOG_INFO, "agent.effect.done", log_view("object", settle_object(s)),
			log_text("operation", operation_name(s->row.operation)),
			log_view("provider", s->row.provider),
			log_number("attempts", s->row.attempts));
	if (s->row.operation == OPERATION_REMOVE) {
		*out = SETTLED_GONE;
		return remove_object(s);
	}
	*out = SETTLED_DONE;
	s->row.state = OUTBOX_DONE;
	s->row.attempts = 0;
	s->row.reason = s->row.message = VIEW_NULL;
	settle_wait_for_audit(s);
	r = outbox_update(s->db, &s->row);
	if (r == 0)
		r = outbox_forget_former(s->db, s->row.id);
	if (r == 0)
		r = outbox_set_progress(s->db, s->row.id, VIEW_NULL);
	if (r == 0)
		r = dependence_settle(s->db, s->row.uid);
	return r ? r : say_done(s);
}

/* -- failed -- */

static bool was_ready(const struct standing *standing)
{
	return condition_is(standing->conditions, CONDITION_READY);
}

static void say_class(struct standing *standing, const struct class_rule *rule,
		const struct outbox_row *row)
{
	const char *reason = reason_find(row->reason)->word;
	bool is_stalled = rule->condition != CONDITION_RECONCILING;
	bool is_missing = rule == class_rule(CLASS_WAITING) &&
			  condition_is(standing->conditions, CONDITION_DRIFTED);

	standing_drop(standing, is_stalled ? CONDITION_RECONCILING : CONDITION_STALLED);
	standing_set(standing, rule->condition, true, reason, row->message);
	if (is_stalled && standing->leaving)
		standing_set(standing, CONDITION_DELETION_BLOCKED, true, reason,
				row->message);
	if (!was_ready(standing) || is_missing ||
			(rule->patience && row->attempts >= rule->patience))
		standing_set(standing, CONDITION_READY, false, reason, row->message);
}

static int say_row(struct settling *s, const struct class_rule *rule,
		const struct outbox_row *row)
{
	CLEANUP(standing_deinit) struct standing standing = { 0 };
	int r = standing_read(s->db, row->uid, s->now, &standing);

	if (r)
		return r;
	say_class(&standing, rule, row);
	r = standing_write(s->db, &standing);
	if (r || rule->condition == CONDITION_RECONCILING)
		return r;
	return journal_event(s->db, settle_object(s), reason_find(row->reason)->word,
			row->message, s->now);
}

static const char *reason_of(const struct errand *errand)
{
	const char *reason = errand->answer.reason;

	if (errand->outcome != EFFECT_E_FAILED || !reason || !reason_find(view_z(reason)))
		return "InternalError";
	return reason;
}

static int failed(struct settling *s, const char *reason, struct view message,
		nstime given, enum settlement *out)
{
	enum error_class class = reason_class(view_z(reason));
	const struct class_rule *rule = class_rule(class);
	int r;

	s->row.reason = view_z(reason);
	s->row.message = message;
	if (class != CLASS_WAITING)
		s->row.attempts++;
	settle_wait(s, requeue_delay(class, s->row.attempts, given, s->random));
	log_event(class == CLASS_WAITING ? LOG_INFO : LOG_WARN, "agent.effect.failed",
			log_view("object", settle_object(s)),
			log_text("operation", operation_name(s->row.operation)),
			log_view("provider", s->row.provider), log_text("reason", reason),
			log_text("class", rule->name),
			log_number("attempts", s->row.attempts),
			log_number("next_ms", s->delay == NSTIME_NEVER
							      ? -1
							      : s->delay / NS_PER_MS));
	*out = SETTLED_AGAIN;
	r = outbox_update(s->db, &s->row);
	return r ? r : say_row(s, rule, &s->row);
}

static struct view message_of(struct settling *s, const struct errand *errand)
{
	if (errand->outcome < 0)
		return arena_printf(s->arena, "%s (%.*s)",
				strerrordesc_np(-errand->outcome), VIEW_ARG(s->row.key));
	return arena_copy(s->arena, buf_view(&errand->answer.message));
}

/* Bound to its object: that of another is none. */
static int keep_progress(struct settling *s, const struct errand *errand)
{
	struct view plain = buf_view(&errand->answer.progress);
	size_t sealed_len = plain.len + SEAL_OVERHEAD;
	void *sealed;

	if (plain.len == 0)
		return 0;
	sealed = arena_alloc(s->arena, sealed_len);
	seal(s->key, view_of(s->row.uid, UID_SIZE), plain, sealed);
	return outbox_set_progress(s->db, s->row.id, view_of(sealed, sealed_len));
}

static int perform_failed(
		struct settling *s, const struct errand *errand, enum settlement *out)
{
	bool untouched = errand->outcome == EFFECT_E_FAILED && errand->answer.untouched;
	int r = keep_progress(s, errand);

	if (r)
		return r;
	s->row.state = untouched || errand->effects->resumes ? OUTBOX_FAILED
							     : OUTBOX_UNKNOWN;
	return failed(s, reason_of(errand), message_of(s, errand), errand->answer.given,
			out);
}

/* Somebody else's is where it should be. The row stays done, and is looked at soon again. */
static int look_found_conflict(
		struct settling *s, const struct errand *errand, enum settlement *out)
{
	const struct class_rule *rule = class_rule(CLASS_CONFLICT);
	struct outbox_row said = s->row;
	int r;

	said.reason = view_z(errand->answer.reason);
	said.message = message_of(s, errand);
	said.attempts = rule->patience;
	settle_wait(s, rule->most);
	*out = SETTLED_AGAIN;
	r = outbox_update(s->db, &s->row);
	return r ? r : say_row(s, rule, &said);
}

/* An audit that fails says nothing of the object: it is looked at again the next time. */
static int look_failed(
		struct settling *s, const struct errand *errand, enum settlement *out)
{
	if (s->row.state != OUTBOX_DONE) {
		s->row.state = OUTBOX_UNKNOWN;
		return failed(s, reason_of(errand), message_of(s, errand),
				errand->answer.given, out);
	}
	log_event(LOG_WARN, "agent.effect.unseen", log_view("object", settle_object(s)),
			log_text("reason", reason_of(errand)));
	if (reason_class(view_z(reason_of(errand))) == CLASS_CONFLICT)
		return look_found_conflict(s, errand, out);
	settle_wait_for_audit(s);
	*out = SETTLED_AGAIN;
	return outbox_update(s->db, &s->row);
}

/* -- seen -- */

static int say_drifted(struct settling *s)
{
	CLEANUP(standing_deinit) struct standing standing = { 0 };
	int r = standing_read(s->db, s->row.uid, s->now, &standing);

	if (r)
		return r;
	standing_set(&standing, CONDITION_DRIFTED, true, "ChangedOutside",
			VIEW("what lives is neither what was there nor what was put "
			     "there"));
	standing_set(&standing, CONDITION_RECONCILING, true, "ChangedOutside", VIEW_NULL);
	r = standing_write(s->db, &standing);
	return r ? r
		 : journal_event(s->db, settle_object(s), "ChangedOutside",
				   VIEW("it is set right"), s->now);
}

/* From what lives now: another effect, with a key of its own. */
int settle_plan_anew(
		struct settling *s, const struct live_hash *live, enum settlement *out)
{
	struct outbox_id old = s->row.id;
	uint64_t serial;
	int r = control_serial(s->db, &serial);

	if (r)
		return r;
	s->row.id = (struct outbox_id){ serial + 1, 1 };
	s->row.key = outbox_new_key(s->arena);
	if (s->row.state == OUTBOX_DONE)
		s->row.former = s->row.text; /* it lived */
	s->row.before = *live;
	s->row.state = OUTBOX_PENDING;
	if (s->row.operation != OPERATION_REMOVE)
		s->row.operation = live->is == LIVE_NOTHING ? OPERATION_CREATE
							    : OPERATION_UPDATE;
	settle_wait(s, 0);
	r = outbox_delete(s->db, old);
	if (r == 0)
		r = outbox_insert(s->db, &s->row);
	if (r == 0)
		r = control_set_serial(s->db, serial + 1);
	if (r == 0)
		r = say_drifted(s);
	if (r == 0 && ++s->row.attempts > MOST_FIGHTS) {
		s->row.state = OUTBOX_FAILED;
		r = failed(s, "FightingWriter",
				VIEW("somebody else changes it as often as it is set "
				     "right"),
				0, out);
	} else if (r == 0) {
		r = outbox_update(s->db, &s->row);
	}
	*out = SETTLED_ANEW;
	return r;
}

/* Nothing was changed, or nobody knew what was there: it can be done. */
static int do_now(struct settling *s, const struct live_hash *live, enum settlement *out)
{
	s->row.before = *live;
	s->row.state = OUTBOX_PENDING;
	if (s->row.operation != OPERATION_REMOVE)
		s->row.operation = live->is == LIVE_NOTHING ? OPERATION_CREATE
							    : OPERATION_UPDATE;
	settle_wait(s, 0);
	*out = SETTLED_AGAIN;
	return outbox_update(s->db, &s->row);
}

static int seen(struct settling *s, const struct errand *errand, enum settlement *out)
{
	struct view text = buf_view(&errand->answer.live);
	struct live_hash live = live_hash_of(text);
	bool is_done = s->row.state == OUTBOX_DONE;

	if (live_hash_eq(&live, &s->row.after))
		return is_done ? settle_still_right(s, arena_copy(s->arena, text), out)
			       : done(s, out);
	if (is_done)
		return settle_drifted(s, arena_copy(s->arena, text), out);
	if (s->row.before.is == LIVE_UNKNOWN || live_hash_eq(&live, &s->row.before))
		return do_now(s, &live, out);
	return settle_plan_anew(s, &live, out);
}

/* -- superseded -- */

/* A newer row waits for this call: it learns what the call left behind. */
static int hand_over(struct settling *s, const struct errand *errand,
		struct outbox_row *newest, enum settlement *out)
{
	int r;

	log_event(LOG_INFO, "agent.effect.superseded",
			log_view("object", settle_object(s)),
			log_text("operation", operation_name(s->row.operation)),
			log_number("outcome", errand->outcome));
	if (errand->outcome == EFFECT_DONE)
		newest->before = s->row.after;
	else if (errand->outcome == EFFECT_E_FAILED && errand->answer.untouched)
		newest->before = s->row.before;
	/* Where that is what is wanted already, a look says so. */
	if (newest->before.is != LIVE_UNKNOWN && newest->state == OUTBOX_UNKNOWN &&
			!live_hash_eq(&newest->before, &newest->after))
		newest->state = OUTBOX_PENDING;
	if (newest->operation != OPERATION_REMOVE && newest->before.is != LIVE_UNKNOWN)
		newest->operation = newest->before.is == LIVE_NOTHING ? OPERATION_CREATE
								      : OPERATION_UPDATE;
	r = outbox_delete(s->db, s->row.id);
	*out = SETTLED_ANEW;
	return r ? r : outbox_update(s->db, newest);
}

static bool is_same(struct outbox_id a, struct outbox_id b)
{
	return a.serial == b.serial && a.seq == b.seq;
}

static int keep(struct settling *s, const struct errand *errand)
{
	const struct effect_desk desk = { s->db, s->key, s->arena, s->now,
		settle_object(s) };

	if (!errand->effects->keep)
		return 0;
	return errand->effects->keep(&desk, &errand->effect, errand->outcome,
			&errand->answer, &s->serves);
}

int settle(struct settling *s, const struct errand *errand, enum settlement *out)
{
	struct outbox_row newest;
	int r = outbox_read(s->db, errand->id, s->arena, &s->row);

	*out = SETTLED_NOTHING;
	if (r)
		return r == OUTBOX_E_ABSENT ? 0 : r;
	r = outbox_newest(s->db, s->row.uid, s->arena, &newest);
	if (r)
		return r;
	if (!is_same(newest.id, s->row.id))
		return hand_over(s, errand, &newest, out);
	r = keep(s, errand);
	if (r)
		return r;
	if (errand->kind == ERRAND_LOOK)
		return errand->outcome == EFFECT_DONE ? seen(s, errand, out)
						      : look_failed(s, errand, out);
	return errand->outcome == EFFECT_DONE ? done(s, out)
					      : perform_failed(s, errand, out);
}

int settle_blocked(struct settling *s, const unsigned char uid[UID_SIZE],
		struct view culprit, struct view reason)
{
	CLEANUP(standing_deinit) struct standing standing = { 0 };
	struct view message =
			reason.len ? arena_printf(s->arena, "%.*s: %.*s",
						     VIEW_ARG(culprit), VIEW_ARG(reason))
				   : culprit;
	int r = standing_read(s->db, uid, s->now, &standing);

	if (r)
		return r == STANDING_E_ABSENT ? 0 : r;
	standing_set(&standing, CONDITION_DEPENDENCIES_READY, false, "DependencyNotReady",
			message);
	standing_set(&standing, CONDITION_RECONCILING, true, "DependencyNotReady",
			message);
	if (!was_ready(&standing))
		standing_set(&standing, CONDITION_READY, false, "DependencyNotReady",
				message);
	return standing_write(s->db, &standing);
}
