/* A database: one encrypted SQLite file, opened in the one way that all of ours are.
 *
 * Every page is encrypted by the page VFS; WAL, synchronous=FULL, secure_delete, no
 * temporary files, no mmap. A database is used by one thread at a time. SQL is text of
 * our own; what comes from outside is bound. */
#ifndef STORE_DATABASE_H
#define STORE_DATABASE_H

#include "runtime/base/buf.h"
#include "runtime/crypto/key.h"

struct database;
struct statement;

enum database_outcome {
	DATABASE_OK = 0,
	DATABASE_E_ABSENT = 1, /* no such file, and it was not to be made */
	DATABASE_E_WRONG_KEY,  /* no page opens under this key */
	DATABASE_E_DAMAGED,    /* a page or a frame of the WAL is not what was written:
				  quarantine the file; nothing was repaired or cut */
	DATABASE_E_BUSY,       /* another process has it open */
	DATABASE_E_FULL,       /* the disk; the transaction was rolled back */
	DATABASE_E_NEWER,      /* made by a newer version of this program */
	DATABASE_E_FOREIGN,    /* a database of another kind (application_id) */
	DATABASE_E_CONSTRAINT, /* UNIQUE, CHECK, NOT NULL or a foreign key said no */
	DATABASE_ROW,          /* statement_step: there is a row */
};

/* What a kind of database holds. Step i takes user_version from i to i + 1; all that are
 * due run in one transaction. Steps are only ever added. */
struct database_schema {
	uint32_t application_id; /* of the file's kind; not 0 */
	const char *const *steps;
	size_t step_count;
};

struct database_options {
	bool create;                          /* make it where it is absent */
	const struct database_schema *schema; /* NULL: taken as it is */
	uint32_t page_size;                   /* of a new file, bytes; 0: 8192 */
	uint32_t cache_kib;                   /* of decrypted pages; 0: 2048 */
	bool frozen;                          /* as after database_freeze */
	const char *below; /* the VFS that does the I/O; NULL: unix-excl. For tests and
			      the simulator */
};

/* Opens it and brings its schema up to date. `key` is borrowed until database_close and
 * belongs in the keyring; a second connection to one file is given the same slot. The
 * file is made 0600; a symbolic link is not followed. */
MUST_USE int database_open(const char *path, const struct key *key,
		const struct database_options *options, struct database **out);
/* NULL is fine. Statements of it are gone. */
void database_close(struct database *db);
void database_closep(struct database **db);

/* What SQLite said last, in English, for the log. */
const char *database_message(struct database *db);

/* Runs SQL that returns no rows: one statement or several. */
MUST_USE int database_run(struct database *db, const char *sql);
/* The rowid of the last INSERT; the rows changed by the last statement. */
int64_t database_last_id(const struct database *db);
uint64_t database_changes(const struct database *db);
/* By all statements since it was opened, those included that were rolled back. */
uint64_t database_rows_changed(const struct database *db);

/* -- statements --
 *
 *	CLEANUP(statement_done) struct statement *s = NULL;
 *
 *	r = database_prepare(db, "SELECT size FROM message WHERE uid = ?1", &s);
 *	if (r)
 *		return r;
 *	bind_u64(s, 1, uid);
 *	r = statement_step(s);
 *	if (r != DATABASE_ROW)
 *		...
 *	size = column_u64(s, 0);
 */

/* A statement from the cache, where it returns by statement_done(). `sql` is a string
 * literal. A statement that is in use is prepared a second time. */
MUST_USE int database_prepare(
		struct database *db, const char *sql, struct statement **out);
/* Resets it, forgets what was bound, gives it back. For CLEANUP; NULL is fine. */
void statement_done(struct statement **s);

/* Parameters count from 1. Bytes are borrowed until the statement is done. An error
 * sticks and is returned by the next step. A view with data == NULL is bound as empty,
 * not as NULL. */
void bind_u64(struct statement *s, int at, uint64_t number); /* at most INT64_MAX */
void bind_i64(struct statement *s, int at, int64_t number);
void bind_text(struct statement *s, int at, struct view text);
void bind_blob(struct statement *s, int at, struct view bytes);
void bind_null(struct statement *s, int at);

/* DATABASE_ROW, or 0 at the end, or an outcome, or a fault. */
MUST_USE int statement_step(struct statement *s);
/* Steps to the end, past any rows, and resets, so that it can be bound and run again. */
MUST_USE int statement_run(struct statement *s);

/* Columns count from 0. A view lives until the next step. */
uint64_t column_u64(struct statement *s, int at); /* 0 where it is negative */
int64_t column_i64(struct statement *s, int at);
struct view column_view(struct statement *s, int at); /* text or blob */
bool column_is_null(struct statement *s, int at);

/* -- transactions --
 *
 *	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
 *
 *	r = transaction_begin(db, &t);
 *	...
 *	return transaction_commit(&t);
 */

struct transaction {
	struct database *db; /* NULL: none is open */
};

#define TRANSACTION_NULL ((struct transaction){ NULL })

/* BEGIN IMMEDIATE: it may write from the start. */
MUST_USE int transaction_begin(struct database *db, struct transaction *t);
/* On disk when it returns 0. On an outcome nothing of it is. On a fault (the disk failed)
 * close the database: the next opening shows whether it is there. */
MUST_USE int transaction_commit(struct transaction *t);
/* Rolls back what was not committed. */
void transaction_end(struct transaction *t);

/* -- the whole file -- */

/* Reads every page and checks all of its structure. On DATABASE_E_DAMAGED `report` says
 * where, in SQLite's words. */
MUST_USE int database_integrity_check(struct database *db, struct buf *report);
/* Moves what stands in the WAL into the file and empties the WAL. */
MUST_USE int database_checkpoint(struct database *db);
/* Empties the WAL into the file and leaves the file as it is from then on, so that it can be
 * copied (frozen_file.h) while commits go on: they stand in the WAL, and stay there when the
 * database is closed. BUSY: something kept the WAL from being emptied; nothing changed. */
MUST_USE int database_freeze(struct database *db);
/* The file is written to again, as the WAL fills. One that is not frozen is fine. */
void database_thaw(struct database *db);
/* Writes a compact copy under another key to `path`, replacing what is there: to
 * `path`.new, checked, flushed, then renamed. The database itself stays as it is; rename
 * onto its own path only while no other connection is open, then close this one. */
MUST_USE int database_rekey_into(
		struct database *db, const char *path, const struct key *key);

#endif
