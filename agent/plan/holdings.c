#include "agent/plan/holdings.h"

#include "agent/database/text.h"
#include "runtime/base/error.h"
#include "runtime/store/database.h"

enum {
	LONGEST_NOTE = 1000,
	MIB = 1024 * 1024,
};

struct holding {
	bool known;
	uint64_t used, messages;
};

static int read_holding(struct database *db, const unsigned char uid[UID_SIZE],
		struct holding *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"SELECT used, messages FROM account"
			" WHERE uid = ?1 AND used IS NOT NULL",
			&s);

	*out = (struct holding){ 0 };
	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r;
	*out = (struct holding){ true, column_u64(s, 0), column_u64(s, 1) };
	return 0;
}

/* 0: it says none, or does not lower it. */
static uint64_t lowered_quota(const struct change *change)
{
	const struct desired_user *user;
	const struct desired_shared *shared;
	bool is_changed = false;

	for (size_t i = 0; i < change->field_count; i++)
		is_changed |= view_eq(change->fields[i].path, VIEW("quota"));
	if (!is_changed || !change->wanted)
		return 0;
	user = change->wanted->desired;
	shared = change->wanted->desired;
	return change->driver == &driver_user ? user->quota : shared->quota;
}

static void add_held(struct buf *note, const struct holding *holding)
{
	text_add_count(note, holding->messages, "message", "messages");
	buf_addf(note, ", %llu MiB",
			(unsigned long long)((holding->used + MIB - 1) / MIB));
}

static void note_one(struct observation *o, struct plan *plan, struct change *change,
		const struct holding *holding)
{
	CLEANUP(buf_free) struct buf note = BUF_NULL(LONGEST_NOTE);
	uint64_t quota = lowered_quota(change);
	bool is_over = quota && holding->used > quota;

	if (!is_over && (!change_leaves(change) || holding->messages == 0))
		return;
	if (change->note.len)
		buf_addf(&note, "%.*s; ", VIEW_ARG(change->note));
	buf_add_z(&note, "it holds ");
	add_held(&note, holding);
	if (is_over)
		buf_add_z(&note, ", over that quota: it keeps them and takes no more");
	change->note = arena_copy(o->arena, buf_view(&note));
	plan->over_quota += is_over;
}

int holdings_note(struct observation *o, struct plan *plan)
{
	int r = 0;

	for (size_t i = 0; i < plan->change_count && r == 0; i++) {
		struct change *change = &plan->changes[i];
		struct holding holding;

		if (!change->driver->has_postbox || !change->object ||
				(!change_leaves(change) && !lowered_quota(change)))
			continue;
		r = read_holding(o->db, change->object->uid, &holding);
		if (r == 0 && holding.known)
			note_one(o, plan, change, &holding);
	}
	return r;
}
