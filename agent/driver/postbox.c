#include "agent/driver/postbox.h"

#include "agent/database/account.h"
#include "agent/database/text.h"
#include "agent/plan/unowned.h"
#include "runtime/base/error.h"
#include "runtime/runtime.h"
#include "runtime/store/database.h"

enum {
	LONGEST_MESSAGE = 1024
};

/* -- creation, renames, leaving -- */

int postbox_create(struct application *a, const struct change *change, struct view name,
		struct view locale)
{
	const unsigned char *uid = change->object->uid;
	struct database *db = application_db(a);
	struct view wrapped;
	int r;

	if (change->adopted) {
		wrapped = change->adopted->deed->wrapped;
	} else {
		if (a->wrapped_used == a->wrapped_count)
			die("a new account without a wrapped key");
		wrapped = view_of(a->wrapped[a->wrapped_used++].bytes, BROKER_WRAPPED);
	}
	r = account_add(db, uid, name, locale);
	return r ? r : account_add_key(db, uid, wrapped, a->o->now);
}

int postbox_change(struct application *a, const struct change *change)
{
	int r;

	if (change->key_before.len == 0)
		return 0;
	r = account_drop_address(application_db(a), change->key);
	if (r)
		return r;
	return account_keep_address(application_db(a), change->object->uid,
			change->key_before, a->o->now + ADDRESS_KEPT);
}

int postbox_retire(struct application *a, const struct change *change)
{
	return account_revoke(application_db(a), change->object->uid);
}

/* -- purges -- */

int postbox_check(const struct change *change, struct observation *o, struct plan *plan)
{
	CLEANUP(buf_free) struct buf message = BUF_NULL(LONGEST_MESSAGE);
	walltime until;
	int r;

	if (!change_makes(change) && change->action != ACTION_MOVE)
		return 0;
	r = account_address_freed(o->db, change->key, o->now, &until);
	if (r || until == 0)
		return r;
	buf_addf(&message,
			"%.*s belonged to an account that was purged; nobody gets it "
			"before ",
			VIEW_ARG(change->key));
	text_add_day(&message, until);
	plan_add_problem(plan, &change->declared, "AddressQuarantined",
			arena_copy(plan->arena, buf_view(&message)),
			VIEW("use another address; an alias may have this one"));
	return 0;
}

int postbox_purge(struct application *a, const struct change *change)
{
	int r = account_free_address(application_db(a), change->key,
			change->object->disabled_at + ADDRESS_KEPT);

	return r ? r : account_purge(application_db(a), change->object->uid, a->o->now);
}

/* -- keys -- */

/* An account whose key is gone is data that nobody can read: say so, and make no new key
 * in its place. */
static int count_without_key(
		struct database *db, const struct driver *driver, uint64_t *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"SELECT (SELECT count(*) FROM object WHERE kind = ?1) -"
			" (SELECT count(DISTINCT account) FROM key_slot"
			"  JOIN object ON uid = account WHERE kind = ?1)",
			&s);

	if (r)
		return r;
	bind_text(s, 1, view_z(driver->kind));
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r;
	*out = column_u64(s, 0);
	return 0;
}

static int note_without_key(const struct driver *driver, struct observation *o)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(o->db,
			"SELECT id FROM object WHERE kind = ?1 AND uid NOT IN"
			" (SELECT account FROM key_slot)",
			&s);

	if (r)
		return r;
	bind_text(s, 1, view_z(driver->kind));
	while ((r = statement_step(s)) == DATABASE_ROW) {
		struct object *object =
				object_by_id(&o->objects, driver, column_view(s, 0));

		if (object)
			observe_drift(object, DRIFT_REPORT, "KeyMissing",
					VIEW("no slot holds its data key: restore "
					     "control.db from a backup"));
	}
	return r;
}

/* -- files -- */

static void note_set_apart(
		struct object *object, enum quarantine why, struct arena *arena)
{
	/* clang-format off */
	static const struct {
		const char *reason, *message, *option;
	} words[] = {
		[QUARANTINE_DAMAGED] = { "FileDamaged",
			"is damaged, and its mail waits: put a copy of it back, then", "" },
		[QUARANTINE_OLDER] = { "FileOlder",
			"is older than is remembered, and its mail waits: put the newest back "
			"and restart, or take this one:", "" },
		[QUARANTINE_GONE] = { "FileGone",
			"is gone, and its mail waits: put it back and restart, or begin anew:",
			"--empty " },
	};
	/* clang-format on */

	observe_drift(object, DRIFT_REPORT, words[why].reason,
			arena_printf(arena,
					"its file %s `posthus account accept-restore "
					"%s%.*s`",
					words[why].message, words[why].option,
					VIEW_ARG(object->id)));
}

static void look_at_files(const struct driver *driver, struct observation *o)
{
	const struct runtime_observed *live = o->live;

	for (size_t i = 0; live && i < live->set_apart_count; i++) {
		for (size_t k = 0; k < o->objects.count; k++) {
			struct object *object = &o->objects.items[k];

			if (object->driver == driver &&
					memcmp(object->uid, live->set_apart[i].uid,
							UID_SIZE) == 0)
				note_set_apart(object, live->set_apart[i].why, o->arena);
		}
	}
}

int postbox_observe(const struct driver *driver, struct observation *o)
{
	uint64_t without = 0;
	int r = count_without_key(o->db, driver, &without);

	look_at_files(driver, o);
	return r || without == 0 ? r : note_without_key(driver, o);
}
