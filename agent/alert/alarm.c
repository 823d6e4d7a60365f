#include "agent/alert/alarm.h"

#include "agent/database/reason.h"
#include "agent/database/recovery_kit.h"
#include "agent/database/text.h"
#include "agent/inside.h"
#include "runtime/base/error.h"
#include "runtime/base/os.h"
#include "runtime/queue/queue.h"
#include "runtime/runtime.h"

#include <stdlib.h>

enum {
	MINUTES = 60,
	HOURS = 60 * MINUTES,
	DAYS = 24 * HOURS,
	QUEUE_SEEN = 100, /* messages of the queue's oldest: those that are held are passed */
};

/* How long it may last, by what kind of trouble it is: what mends itself has time to. */
static const int64_t patience_of[ERROR_CLASSES] = {
	[CLASS_WAITING] = 1 * DAYS,
	[CLASS_TRANSIENT] = 10 * MINUTES,
	[CLASS_LIMITED] = 1 * HOURS,
};

/* -- the list -- */

struct look {
	struct agent *agent;
	struct runtime_observed live;
	walltime now;
	struct alarms *out;
};

static bool has(const struct alarms *alarms, struct view object, const char *reason)
{
	for (size_t i = 0; i < alarms->count; i++)
		if (view_eq(alarms->items[i].object, object) &&
				view_eq(view_z(alarms->items[i].reason), view_z(reason)))
			return true;
	return false;
}

static void add_patient(struct look *look, struct view object, const char *reason,
		int64_t patience, struct view message)
{
	struct alarms *out = look->out;

	if (has(out, object, reason))
		return;
	array_grow(&out->items, &out->capacity, out->count + 1, sizeof(*out->items));
	out->items[out->count++] =
			(struct alarm){ .object = arena_copy(out->arena, object),
				.reason = reason,
				.message = arena_copy(out->arena, message),
				.patience = patience };
}

static void add(struct look *look, struct view object, const char *reason,
		struct view message)
{
	add_patient(look, object, reason, patience_of[reason_class(view_z(reason))],
			message);
}

/* -- objects -- */

static struct view text_of(const json_t *condition, const char *key)
{
	const json_t *value = json_object_get(condition, key);

	return view_of(json_string_value(value), json_string_length(value));
}

/* The condition that says what is wrong; NULL: nothing is. */
static const json_t *trouble_of(const json_t *conditions)
{
	const json_t *ready = condition_get(conditions, CONDITION_READY);

	if (condition_is(conditions, CONDITION_STALLED))
		return condition_get(conditions, CONDITION_STALLED);
	if (condition_is(conditions, CONDITION_DELETION_BLOCKED))
		return condition_get(conditions, CONDITION_DELETION_BLOCKED);
	return ready && !condition_is(conditions, CONDITION_READY) ? ready : NULL;
}

static void add_object(struct look *look, const struct driver *driver, struct view id,
		struct view conditions_text)
{
	json_t *conditions = conditions_parse(conditions_text);
	const json_t *trouble = trouble_of(conditions);
	const struct reason *reason = reason_find(text_of(trouble, "reason"));

	if (trouble)
		add(look,
				arena_printf(look->out->arena, "%s/%.*s", driver->kind,
						VIEW_ARG(id)),
				reason ? reason->word : "Error",
				text_of(trouble, "message"));
	json_decref(conditions);
}

static int look_at_kind(struct look *look, const struct driver *driver)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(look->agent->db,
			"SELECT id, conditions FROM object"
			" WHERE kind = ?1 AND state = 'active'",
			&s);

	if (r)
		return r;
	bind_text(s, 1, view_z(driver->kind));
	while ((r = statement_step(s)) == DATABASE_ROW)
		add_object(look, driver, column_view(s, 0), column_view(s, 1));
	return r;
}

/* Objects of other kinds are Ready once they are written; what of them has drifted since the
 * last run found. */
static int look_at_objects(struct look *look)
{
	const struct last_run *last = &look->agent->last;
	int r = 0;

	for (size_t i = 0; i < driver_count && r == 0; i++)
		if (drivers[i]->effects || drivers[i] == &driver_host ||
				drivers[i] == &driver_backup)
			r = look_at_kind(look, drivers[i]);
	for (size_t i = 0; i < last->lasting_count; i++)
		add(look, view_z(last->lasting[i].name), last->lasting[i].reason,
				view_z(last->lasting[i].message));
	return r;
}

/* -- certificates -- */

/* Whatever renews it begins when a third of its life is left: it has a day, or half of what
 * is left. */
static void add_certificate(
		struct look *look, struct view id, walltime from, walltime until)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(200);
	int64_t third = (until - from) / 3;

	if (until - look->now >= third)
		return;
	buf_add_z(&text, until <= look->now ? "it has expired: " : "it expires ");
	text_add_time(&text, until);
	buf_add_z(&text, ", and nothing has renewed it");
	add_patient(look,
			arena_printf(look->out->arena, "certificate/%.*s", VIEW_ARG(id)),
			until <= look->now ? "Expired" : "CertificateExpiring",
			until <= look->now     ? 0
			: third / 2 < 1 * DAYS ? third / 2
					       : 1 * DAYS,
			buf_view(&text));
}

static int look_at_certificates(struct look *look)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(look->agent->db,
			"SELECT o.id, c.not_before, c.not_after"
			" FROM certificate c JOIN object o ON o.uid = c.uid"
			" WHERE o.state = 'active'",
			&s);

	while (r == 0 && (r = statement_step(s)) == DATABASE_ROW) {
		add_certificate(look, column_view(s, 0), column_i64(s, 1),
				column_i64(s, 2));
		r = 0;
	}
	return r;
}

/* -- the server as a whole -- */

static void look_at_last_run(struct look *look)
{
	const struct last_run *last = &look->agent->last;

	if (last->reason && last->code != EXIT_FINE)
		add_patient(look, VIEW_NULL, last->reason,
				last->code == EXIT_GATE ? 0 : 10 * MINUTES,
				view_z(last->message ? last->message : ""));
}

static void look_at_runtime(struct look *look)
{
	const struct runtime_observed *live = &look->live;

	if (!live->accepting)
		add(look, VIEW_NULL, "IntakeStopped",
				VIEW("no mail is taken since the disk failed: look at "
				     "it, then restart"));
	if (!live->sending)
		add(look, VIEW_NULL, "SendingStopped",
				VIEW("no mail goes out since the queue's disk failed: "
				     "look at it, then restart"));
	if (live->damaged)
		add(look, VIEW_NULL, "LogDamaged",
				VIEW("the start found places of the intake log that do "
				     "not read: the disk has failed, look at it"));
}

static bool is_waiting(const struct queue_message *message)
{
	for (size_t i = 0; i < message->recipient_count; i++)
		if (message->recipients[i].state == QUEUE_WAITING)
			return true;
	return false;
}

/* Its messages come in the order in which they were taken. */
static int look_at_queue(struct look *look)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct queue_message *messages;
	size_t count;
	int r;

	if (look->live.queued == 0)
		return 0;
	r = runtime_queue(look->agent->runtime, 0, QUEUE_SEEN, arena, &messages, &count);
	if (r)
		return r > 0 ? 0 : r; /* SendingStopped says it */
	for (size_t i = 0; i < count; i++) {
		if (look->now - messages[i].received <= ALARM_QUEUE_AGE)
			break;
		if (!is_waiting(&messages[i]))
			continue;
		add(look, VIEW_NULL, "QueueStuck",
				VIEW("mail waits for other hosts for more than four "
				     "hours: `posthus queue list` says what they "
				     "answer"));
		break;
	}
	return 0;
}

static bool is_low(uint64_t free, uint64_t all)
{
	return all && free < all / 100 * ALARM_DISK_PERCENT;
}

static void look_at_disk(struct look *look)
{
	const struct runtime_observed *live = &look->live;

	if (is_low(live->disk_free, live->disk_size))
		add(look, VIEW_NULL, "DiskLow",
				VIEW("less than a twentieth of the disk is free: when it "
				     "is full mail is refused, not lost; give it more"));
	else if (is_low(live->files_free, live->files_size))
		add(look, VIEW_NULL, "DiskLow",
				VIEW("the disk has room for few more files: remove "
				     "others, or give it another disk"));
}

/* Whoever never made one was told by the status; a page that somebody made and nobody looked at
 * since is what he counts on. */
static void look_at_kit(struct look *look)
{
	struct recovery_kit kit;

	if (recovery_kit_read(look->agent->data, &kit))
		return;
	if (look->now - (kit.checked_at ? kit.checked_at : kit.made_at) <=
			(kit.checked_at ? RECOVERY_KIT_PROVEN : RECOVERY_KIT_UNPROVEN))
		return;
	add_patient(look, VIEW_NULL, "KitUnproven", 0,
			VIEW("nobody has shown for long that the recovery code on paper "
			     "opens anything: `posthus recovery check`"));
}

static int look_at_frozen(struct look *look, const struct alarm_frozen *frozen)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(look->agent->db,
			"SELECT kind, id FROM object WHERE uid = ?1", &s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(frozen->account, sizeof(frozen->account)));
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r;
	add_patient(look,
			arena_printf(look->out->arena, "%.*s/%.*s",
					VIEW_ARG(column_view(s, 0)),
					VIEW_ARG(column_view(s, 1))),
			"SendLimit", 0,
			VIEW("it wants to send more than `send_limit` lets it, and is "
			     "refused for now: was its password stolen? `posthus "
			     "account passwd` ends its sessions"));
	return 0;
}

static void look_at_source(struct look *look)
{
	const struct source_trouble *source = &look->agent->source;

	if (source->reason)
		add_patient(look, VIEW("source/git"), source->reason, source->patience,
				view_z(source->message));
}

int alarms_look(struct agent *agent, const struct alarm_frozen *frozen,
		size_t frozen_count, struct alarms *out)
{
	struct look look = {
		.agent = agent, .now = agent->os->wall(agent->os->state), .out = out
	};
	int r;

	*out = (struct alarms){ .arena = arena_new() };
	runtime_observe(agent->runtime, &look.live);
	look_at_last_run(&look);
	look_at_source(&look);
	look_at_runtime(&look);
	look_at_disk(&look);
	look_at_kit(&look);
	r = look_at_objects(&look);
	if (r == 0)
		r = look_at_certificates(&look);
	if (r == 0)
		r = look_at_queue(&look);
	for (size_t i = 0; i < frozen_count && r == 0; i++)
		if (frozen[i].until > look.now)
			r = look_at_frozen(&look, &frozen[i]);
	return r;
}

void alarms_deinit(struct alarms *alarms)
{
	free(alarms->items);
	arena_free(alarms->arena);
	*alarms = (struct alarms){ 0 };
}
