#include "agent/backup/backup.h"

#include "agent/database/condition.h"
#include "agent/database/reason.h"
#include "agent/database/text.h"
#include "agent/driver.h"
#include "runtime/base/error.h"

#include <errno.h>

enum {
	FIRST_PAUSE = 60, /* seconds behind a failure; twice as long behind each more */
	LONGEST_PAUSE = 3600,
	LONGEST_TEXT = 1024,
};

int backup_load(struct database *db, const struct object *object, struct arena *arena,
		struct backup *out)
{
	int r = object_read_texts(db, object->uid, arena, &out->texts);

	out->arena = arena;
	out->name = object_name(object, arena);
	if (r == 0)
		r = backup_row_read(db, object->uid, arena, &out->row);
	if (r)
		return r;
	out->json = json_loadb(out->texts.last_applied.data, out->texts.last_applied.len,
			0, NULL);
	return out->json && backup_order_read(out->json, &out->order) ? 0
								      : fault(-EPROTO);
}

/* -- when -- */

/* Behind so many failures, one at least. */
static walltime pause_of(uint64_t failures)
{
	walltime pause = FIRST_PAUSE;

	for (uint64_t i = 1; i < failures && pause < LONGEST_PAUSE; i++)
		pause *= 2;
	return pause < LONGEST_PAUSE ? pause : LONGEST_PAUSE;
}

/* What is wrong there does not go away by itself. */
static bool needs_somebody(const struct backup_row *row)
{
	enum error_class class = reason_class(row->reason);

	return row->reason.len && (class == CLASS_SAFETY || class == CLASS_INVALID);
}

bool backup_is_due(const struct backup *b, walltime now)
{
	walltime due = calendar_before(&b->order.schedule, now);

	if (!b->row.begun)
		return true; /* the first one, at once */
	if (b->row.begun < due)
		return true;
	return b->row.failures && b->row.good < due && !needs_somebody(&b->row) &&
	       now >= b->row.begun + pause_of(b->row.failures);
}

bool backup_is_verify_due(const struct backup *b, walltime now)
{
	walltime due = calendar_before(&b->order.drill, now);

	return b->row.good && b->row.failures == 0 && b->row.verified < due &&
	       b->row.good < due;
}

/* Two in a row that should have been are missing. */
static bool is_fresh(const struct backup *b, walltime now)
{
	walltime due = calendar_before(&b->order.schedule, now);
	walltime before = calendar_before(&b->order.schedule, due - 1);

	return b->row.good && b->row.good >= before;
}

static bool is_proven(const struct backup *b, walltime now)
{
	walltime due = calendar_before(&b->order.drill, now);
	walltime before = calendar_before(&b->order.drill, due - 1);

	return b->row.proven && b->row.proven >= before;
}

/* -- what is said of it -- */

static struct view say_fresh(const struct backup *b)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST_TEXT);

	if (!b->row.good)
		buf_add_z(&text, "there is no backup yet");
	else {
		buf_add_z(&text, "the last one is of ");
		text_add_time(&text, b->row.good);
	}
	if (b->row.reason.len)
		buf_addf(&text, "; the last try failed: %.*s: %.*s",
				VIEW_ARG(b->row.reason), VIEW_ARG(b->row.message));
	return arena_copy(b->arena, buf_view(&text));
}

static struct view say_proven(const struct backup *b)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST_TEXT);

	if (b->row.proven) {
		buf_add_z(&text, "all of it was restored and opened at ");
		text_add_time(&text, b->row.proven);
	} else {
		buf_add_z(&text, "no restore was tried yet");
	}
	if (b->row.verified) {
		buf_add_z(&text, "; read and found right at ");
		text_add_time(&text, b->row.verified);
	}
	buf_addf(&text, "; `posthus backup drill %.*s` tries one",
			VIEW_ARG(b->order.name));
	return arena_copy(b->arena, buf_view(&text));
}

bool backup_say(const struct backup *b, bool runs, json_t *conditions,
		uint64_t generation, walltime now)
{
	bool fresh = is_fresh(b, now), stuck = needs_somebody(&b->row);
	const struct reason *reason = reason_find(b->row.reason);
	const struct condition fresh_is = { .type = CONDITION_BACKUP_FRESH,
		.is = fresh,
		.reason = fresh ? "BackupTaken" : "BackupMissed",
		.message = say_fresh(b) };
	const struct condition proven_is = { .type = CONDITION_RESTORE_PROVEN,
		.is = is_proven(b, now),
		.reason = is_proven(b, now) ? "RestoreTried" : "DrillDue",
		.message = say_proven(b) };
	/* The first one may take a while, and is no alarm. */
	bool first = runs && !b->row.good && !b->row.failures;
	const struct condition ready = { .type = CONDITION_READY,
		.is = fresh && !stuck,
		.reason = stuck && reason ? reason->word
			  : fresh         ? "Applied"
			  : first         ? "InProgress"
					  : "BackupMissed",
		.message = fresh && !stuck ? VIEW_NULL : say_fresh(b) };
	bool changed = condition_set(conditions, &ready, generation, now);

	changed |= condition_set(conditions, &fresh_is, generation, now);
	changed |= condition_set(conditions, &proven_is, generation, now);
	return changed;
}
