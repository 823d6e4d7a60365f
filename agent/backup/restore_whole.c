/* What was restored as a whole: whether it opens, and what makes it a host's again. */
#include "agent/backup/restore.h"

#include "agent/database/account.h"
#include "agent/database/control_database.h"
#include "agent/database/data_directory.h"
#include "agent/database/journal.h"
#include "agent/database/suspension.h"
#include "agent/database/text.h"
#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/crypto/broker.h"
#include "runtime/crypto/keyring.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	BROKEN_SHOWN = 10,
	LONGEST_NAMES = 4096,
	LONGEST_REPORT = 64 * 1024,
	LONGEST_REASON = SUSPENSION_REASON,
};

static char *account_path(const char *folder, const unsigned char uid[UID_SIZE])
{
	CLEANUP(buf_free) struct buf name = BUF_NULL(UID_TEXT);
	char *path;

	hex_add(&name, view_of(uid, UID_SIZE));
	if (asprintf(&path, "%s/accounts/%.2s/%.*s.db", folder, name.data,
			    VIEW_ARG(buf_view(&name))) < 0)
		die("out of memory");
	return path;
}

static int open_control(
		const char *folder, const struct key *control, struct database **out)
{
	CLEANUP(freep) char *path = data_path(folder, "control.db");

	if (access(path, F_OK))
		return DATABASE_E_ABSENT;
	return control_database_open(path, control, out);
}

/* -- whether it opens -- */

struct checking {
	const char *folder;
	struct broker *broker;
	struct key *key;
	struct restore_checked *out;
};

static void say_broken(struct checking *c, const struct account_row *row)
{
	if (c->out->broken_count++ >= BROKEN_SHOWN)
		return;
	if (c->out->broken.len)
		buf_add_z(&c->out->broken, ", ");
	buf_add(&c->out->broken, row->name);
}

static int check_file(struct checking *c, const char *path)
{
	static const struct database_options as_it_is = { .create = false };
	CLEANUP(buf_free) struct buf report = BUF_NULL(LONGEST_REPORT);
	CLEANUP(database_closep) struct database *db = NULL;
	int r = database_open(path, c->key, &as_it_is, &db);

	return r ? r : database_integrity_check(db, &report);
}

static int check_account(struct checking *c, const struct account_row *row)
{
	CLEANUP(freep) char *path = account_path(c->folder, row->uid);
	int r;

	if (access(path, F_OK)) {
		c->out->absent++;
		return 0;
	}
	if (!row->wrapped.len) {
		c->out->sealed++;
		return 0;
	}
	r = broker_unwrap(c->broker, row->uid, row->wrapped, c->key);
	if (r < 0)
		return fault(r);
	if (!r)
		r = check_file(c, path);
	if (r < 0)
		return fault(r);
	if (r)
		say_broken(c, row);
	else
		c->out->accounts++;
	return 0;
}

int restore_check(const char *folder, const struct key *control, struct broker *broker,
		const atomic_bool *stopping, struct restore_checked *out)
{
	CLEANUP(database_closep) struct database *db = NULL;
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(keyring_freep) struct keyring *keys = NULL;
	struct checking c = { .folder = folder, .broker = broker, .out = out };
	struct account_row *rows = NULL;
	size_t count = 0;
	int r = open_control(folder, control, &db);

	*out = (struct restore_checked){ .broken = BUF_NULL(LONGEST_NAMES) };
	if (!r)
		r = account_read_all(db, arena, &rows, &count);
	if (!r)
		r = keyring_new(1, &keys);
	if (r)
		return r;
	c.key = keyring_take(keys);
	for (size_t i = 0; i < count && !r; i++)
		r = stopping && atomic_load(stopping) ? -EINTR
						      : check_account(&c, &rows[i]);
	keyring_give(keys, c.key);
	return r;
}

/* -- a host's again -- */

static int mark_account(struct database *db, const char *folder,
		const unsigned char uid[UID_SIZE])
{
	CLEANUP(freep) char *path = account_path(folder, uid);
	CLEANUP(statement_done) struct statement *s = NULL;
	bool has_file = access(path, F_OK) == 0;
	int r = database_prepare(db,
			has_file ? "UPDATE account SET put_back = 1 WHERE uid = ?1"
				 : "UPDATE account SET put_back = 0, commits = 0"
				   " WHERE uid = ?1",
			&s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	return statement_run(s);
}

static int mark_accounts(struct database *db, const char *folder)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct account_row *rows = NULL;
	size_t count = 0;
	int r = account_read_all(db, arena, &rows, &count);

	for (size_t i = 0; i < count && !r; i++)
		r = mark_account(db, folder, rows[i].uid);
	return r;
}

static int hold_still(struct database *db, walltime taken, walltime now)
{
	CLEANUP(buf_free) struct buf reason = BUF_NULL(LONGEST_REASON);
	struct suspension suspension = { .until = now + SUSPENSION_LONGEST - 1,
		.since = now,
		.actor = VIEW("restore") };
	struct audit_entry entry = {
		.at = now, .actor = VIEW("restore"), .action = "restored"
	};
	int r;

	buf_add_z(&reason, "StaleRestore: this host was restored from a backup of ");
	text_add_time(&reason, taken);
	buf_add_z(&reason, "; look at `posthus plan`, then `posthus resume`");
	suspension.reason = buf_view(&reason);
	r = suspension_write(db, &suspension);
	return r ? r : audit_add(db, &entry);
}

int restore_adopt(const char *folder, const struct key *control, walltime taken,
		walltime now)
{
	CLEANUP(database_closep) struct database *db = NULL;
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	int r = open_control(folder, control, &db);

	if (!r)
		r = transaction_begin(db, &t);
	if (!r)
		r = mark_accounts(db, folder);
	if (!r)
		r = hold_still(db, taken, now);
	return r ? r : transaction_commit(&t);
}
