#include "agent/database/deeds.h"

#include "agent/database/account.h"
#include "agent/database/data_directory.h"
#include "runtime/base/buf.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/os.h"
#include "runtime/store/database.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	DEEDS_APPLICATION = 0x70686464, /* "phdd" */
	CACHE_KIB = 512,
	LONGEST_NAME = 64,
};

/* A step is never changed once it was released; a new version adds one. */
static const char *const steps[] = {
	"CREATE TABLE deed ("
	" uid BLOB PRIMARY KEY CHECK (length(uid) = 16),"
	" kind TEXT NOT NULL,"
	" id TEXT NOT NULL,"
	" key TEXT NOT NULL,"
	" wrapped BLOB NOT NULL"
	") STRICT, WITHOUT ROWID;",
};

static const struct database_schema schema = {
	.application_id = DEEDS_APPLICATION,
	.steps = steps,
	.step_count = ARRAY_LEN(steps),
};

static int open_file(const char *path, const struct key *key, bool create,
		struct database **out)
{
	const struct database_options options = {
		.create = create,
		.schema = &schema,
		.cache_kib = CACHE_KIB,
	};

	return database_open(path, key, &options, out);
}

/* -- writing -- */

static int put(struct database *deeds, const struct deed *deed)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(deeds,
			"INSERT INTO deed VALUES (?1, ?2, ?3, ?4, ?5)"
			" ON CONFLICT (uid) DO UPDATE SET id = ?3, key = ?4",
			&s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(deed->uid, UID_SIZE));
	bind_text(s, 2, deed->kind);
	bind_text(s, 3, deed->id);
	bind_text(s, 4, deed->key);
	bind_blob(s, 5, deed->wrapped);
	return statement_run(s);
}

static int drop(struct database *deeds, const unsigned char uid[UID_SIZE])
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(deeds, "DELETE FROM deed WHERE uid = ?1", &s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	return statement_run(s);
}

static int count_rows(struct database *db, const char *sql, uint64_t *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, sql, &s);

	if (r)
		return r;
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r;
	*out = column_u64(s, 0);
	return 0;
}

/* Every account of the control database, read by a statement of it. */
static int put_all(struct database *deeds, struct statement *accounts)
{
	int r;

	while ((r = statement_step(accounts)) == DATABASE_ROW) {
		struct deed deed = {
			.kind = column_view(accounts, 1),
			.id = column_view(accounts, 2),
			.key = column_view(accounts, 3),
			.wrapped = column_view(accounts, 4),
		};

		memcpy(deed.uid, column_view(accounts, 0).data, UID_SIZE);
		r = put(deeds, &deed);
		if (r)
			return r;
	}
	return r;
}

static int fill(struct database *deeds, struct database *control)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	uint64_t accounts = 0, count = 0;
	int r = count_rows(control, "SELECT count(*) FROM key_slot WHERE slot = 'host'",
			&accounts);

	if (r == 0)
		r = count_rows(deeds, "SELECT count(*) FROM deed", &count);
	if (r || accounts == count)
		return r;
	r = database_prepare(control,
			"SELECT uid, kind, id, key, wrapped FROM object"
			" JOIN key_slot ON account = uid AND slot = 'host'",
			&s);
	if (r == 0)
		r = transaction_begin(deeds, &t);
	if (r == 0)
		r = put_all(deeds, s);
	return r ? r : transaction_commit(&t);
}

/* Kept for whoever can read it: the accounts that control.db knows get new deeds. */
static int set_aside(const char *data)
{
	static const char *const endings[] = { "", "-wal" };

	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		CLEANUP(buf_free) struct buf name = BUF_NULL(LONGEST_NAME);
		CLEANUP(freep) char *from = NULL, *to = NULL;

		buf_addf(&name, "accounts/deeds.db%s", endings[i]);
		buf_add_byte(&name, '\0');
		from = data_path(data, name.data);
		buf_clear(&name);
		buf_addf(&name, "accounts/deeds.damaged%s", endings[i]);
		buf_add_byte(&name, '\0');
		to = data_path(data, name.data);
		if (rename(from, to) && errno != ENOENT)
			return fault_errno();
	}
	log_event(LOG_ERROR, "agent.deeds.damaged",
			log_text("kept", "accounts/deeds.damaged"),
			log_text("next", "new ones are made of the accounts that "
					 "control.db knows"));
	return 0;
}

int deeds_open(const char *data, const struct key *key, struct database *control,
		struct database **out)
{
	CLEANUP(freep) char *folder = data_path(data, "accounts");
	CLEANUP(freep) char *path = data_path(data, "accounts/deeds.db");
	CLEANUP(database_closep) struct database *deeds = NULL;
	int r = os_make_dir(folder);

	if (r == 0)
		r = open_file(path, key, true, &deeds);
	if (r == DATABASE_E_DAMAGED || r == DATABASE_E_WRONG_KEY ||
			r == DATABASE_E_FOREIGN) {
		r = set_aside(data);
		if (r == 0)
			r = open_file(path, key, true, &deeds);
	}
	if (r == 0)
		r = fill(deeds, control);
	if (r == 0)
		*out = TAKE(deeds);
	return r;
}

int deeds_open_copy(const char *directory, const struct key *key, struct database **out)
{
	CLEANUP(freep) char *path = data_path(directory, "deeds.db");

	return access(path, F_OK) ? 0 : open_file(path, key, false, out);
}

int deeds_rekey(struct database *deeds, const unsigned char uid[UID_SIZE],
		struct view wrapped)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(
			deeds, "UPDATE deed SET wrapped = ?2 WHERE uid = ?1", &s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	bind_blob(s, 2, wrapped);
	return statement_run(s);
}

/* -- following an application -- */

static int follow(struct database *deeds, const struct application *a,
		const struct change *change)
{
	const struct object *object = change->object;
	struct deed deed = {
		.kind = view_z(change->driver->kind),
		.id = object->id,
		.key = change->wanted ? change->wanted->key : object->key,
	};
	int r = 0;

	memcpy(deed.uid, object->uid, UID_SIZE);
	switch (change->action) {
	case ACTION_PURGE:
		return drop(deeds, object->uid);
	case ACTION_DISABLE:
		return 0;
	default:
		r = account_read_key(
				a->o->db, object->uid, a->plan->arena, &deed.wrapped);
		return r ? r : put(deeds, &deed);
	}
}

static bool concerns_account(const struct change *change)
{
	return change->driver->has_postbox && !change->held &&
	       change->action != ACTION_UPDATE;
}

int deeds_follow(struct database *deeds, const struct application *a)
{
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	bool any = false;
	int r = 0;

	for (size_t i = 0; i < a->plan->change_count && r == 0; i++) {
		const struct change *change = &a->plan->changes[i];

		if (!concerns_account(change))
			continue;
		if (!any)
			r = transaction_begin(deeds, &t);
		any = true;
		if (r == 0)
			r = follow(deeds, a, change);
	}
	return r || !any ? r : transaction_commit(&t);
}

/* -- reading -- */

int deeds_read(struct database *deeds, struct arena *arena, struct deed **out,
		size_t *count_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	uint64_t most = 0;
	size_t count = 0;
	struct deed *all;
	int r = count_rows(deeds, "SELECT count(*) FROM deed", &most);

	if (r == 0)
		r = database_prepare(deeds, "SELECT * FROM deed ORDER BY uid", &s);
	if (r)
		return r;
	all = arena_array(arena, most, sizeof(*all));
	while ((r = statement_step(s)) == DATABASE_ROW && count < most) {
		struct deed *deed = &all[count++];

		memcpy(deed->uid, column_view(s, 0).data, UID_SIZE);
		deed->kind = arena_copy(arena, column_view(s, 1));
		deed->id = arena_copy(arena, column_view(s, 2));
		deed->key = arena_copy(arena, column_view(s, 3));
		deed->wrapped = arena_copy(arena, column_view(s, 4));
	}
	if (r)
		return r;
	*out = all;
	*count_out = count;
	return 0;
}
