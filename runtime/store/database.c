#include "runtime/store/database.h"

#include "runtime/base/error.h"
#include "runtime/base/map.h"
#include "runtime/base/metric.h"
#include "runtime/base/os.h"
#include "runtime/store/migrate.h"
#include "runtime/store/page_vfs.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PAGE_SIZE = 8192, /* docs/decisions/page-size.md */
	CACHE_KIB = 2048,
	WAL_PAGES = 1000, /* in the WAL before a commit moves them: SQLite's own measure */
	RESERVED = 32,    /* bytes of a page that the page cipher needs */
	SQL_MAX = 512,
};

struct database {
	sqlite3 *handle;
	struct page_vfs *vfs;
	struct page_key *key;
	struct map statements; /* by their SQL: those that wait for their next use */
};

struct statement {
	struct database *db;
	sqlite3_stmt *handle;
	const char *sql; /* its key in the cache, as SQLite keeps it */
	int error;       /* of a bind: SQLite's code */
};

/* -- outcomes -- */

static int io_fault(struct database *db)
{
	int error = sqlite3_system_errno(db->handle);

	if (error == ENOSPC || error == EDQUOT)
		return DATABASE_E_FULL;
	return fault(error > 0 ? -error : -EIO);
}

/* What SQLite's code means to a caller. */
static int outcome_of(struct database *db, int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
		return DATABASE_OK;
	case SQLITE_ROW:
		return DATABASE_ROW;
	case SQLITE_NOTADB:
		return DATABASE_E_WRONG_KEY;
	case SQLITE_CORRUPT:
		return DATABASE_E_DAMAGED;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return DATABASE_E_BUSY;
	case SQLITE_FULL:
		return DATABASE_E_FULL;
	case SQLITE_CONSTRAINT:
		return DATABASE_E_CONSTRAINT;
	case SQLITE_NOMEM:
		die("out of memory (SQLite)");
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		return io_fault(db);
	case SQLITE_READONLY:
		return fault(-EROFS);
	default:
		return fault(-EINVAL); /* our SQL, or a peer's full-text query */
	}
}

const char *database_message(struct database *db)
{
	return sqlite3_errmsg(db->handle);
}

/* -- statements -- */

int database_run(struct database *db, const char *sql)
{
	return outcome_of(db, sqlite3_exec(db->handle, sql, NULL, NULL, NULL));
}

int64_t database_last_id(const struct database *db)
{
	return sqlite3_last_insert_rowid(db->handle);
}

uint64_t database_changes(const struct database *db)
{
	return (uint64_t)sqlite3_changes64(db->handle);
}

uint64_t database_rows_changed(const struct database *db)
{
	return (uint64_t)sqlite3_total_changes64(db->handle);
}

int database_prepare(struct database *db, const char *sql, struct statement **out)
{
	struct statement *s = map_remove(&db->statements, view_z(sql));
	sqlite3_stmt *handle;
	int code;

	if (!s) {
		code = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT,
				&handle, NULL);
		if (code)
			return outcome_of(db, code);
		s = xcalloc(1, sizeof(*s));
		*s = (struct statement){
			.db = db, .handle = handle, .sql = sqlite3_sql(handle)
		};
	}
	*out = s;
	return 0;
}

static void statement_free(struct statement *s)
{
	if (!s)
		return;
	sqlite3_finalize(s->handle);
	free(s);
}

void statement_done(struct statement **statement)
{
	struct statement *s = *statement;

	if (!s)
		return;
	*statement = NULL;
	sqlite3_reset(s->handle);
	sqlite3_clear_bindings(s->handle);
	s->error = SQLITE_OK;
	statement_free(map_set(&s->db->statements, view_z(s->sql), s));
}

static void bound(struct statement *s, int code)
{
	if (code && !s->error)
		s->error = code;
}

void bind_u64(struct statement *s, int at, uint64_t number)
{
	assert(number <= INT64_MAX);
	bind_i64(s, at, (int64_t)number);
}

void bind_i64(struct statement *s, int at, int64_t number)
{
	bound(s, sqlite3_bind_int64(s->handle, at, number));
}

void bind_text(struct statement *s, int at, struct view text)
{
	bound(s, sqlite3_bind_text64(s->handle, at, text.data ? text.data : "", text.len,
				 SQLITE_STATIC, SQLITE_UTF8));
}

void bind_blob(struct statement *s, int at, struct view bytes)
{
	bound(s, sqlite3_bind_blob64(s->handle, at, bytes.data ? bytes.data : "",
				 bytes.len, SQLITE_STATIC));
}

void bind_null(struct statement *s, int at)
{
	bound(s, sqlite3_bind_null(s->handle, at));
}

int statement_step(struct statement *s)
{
	if (s->error)
		return outcome_of(s->db, s->error);
	return outcome_of(s->db, sqlite3_step(s->handle));
}

int statement_run(struct statement *s)
{
	int r;

	do
		r = statement_step(s);
	while (r == DATABASE_ROW);
	sqlite3_reset(s->handle);
	return r;
}

uint64_t column_u64(struct statement *s, int at)
{
	int64_t number = column_i64(s, at);

	return number > 0 ? (uint64_t)number : 0;
}

int64_t column_i64(struct statement *s, int at)
{
	return sqlite3_column_int64(s->handle, at);
}

struct view column_view(struct statement *s, int at)
{
	const void *data = sqlite3_column_blob(s->handle, at);

	return view_of(data, (size_t)sqlite3_column_bytes(s->handle, at));
}

bool column_is_null(struct statement *s, int at)
{
	return sqlite3_column_type(s->handle, at) == SQLITE_NULL;
}

/* -- transactions -- */

int transaction_begin(struct database *db, struct transaction *t)
{
	int r = database_run(db, "BEGIN IMMEDIATE");

	if (!r)
		t->db = db;
	return r;
}

int transaction_commit(struct transaction *t)
{
	int r = database_run(t->db, "COMMIT");

	if (r) {
		transaction_end(t);
		return r;
	}
	t->db = NULL;
	metric_add(METRIC_TRANSACTIONS, TRANSACTION_COMMITTED, 0, 1);
	return 0;
}

/* A full disk or an I/O error may have rolled it back already. */
void transaction_end(struct transaction *t)
{
	if (t->db)
		metric_add(METRIC_TRANSACTIONS, TRANSACTION_ROLLED_BACK, 0, 1);
	if (t->db && !sqlite3_get_autocommit(t->db->handle))
		sqlite3_exec(t->db->handle, "ROLLBACK", NULL, NULL, NULL);
	t->db = NULL;
}

/* -- opening -- */

static bool has_bytes(const char *path, const char *suffix)
{
	CLEANUP(freep) char *name = NULL;
	struct stat st;

	if (asprintf(&name, "%s%s", path, suffix) < 0)
		die("out of memory");
	return lstat(name, &st) == 0 && st.st_size > 0;
}

/* SQLite takes an empty file for a new database and throws away a WAL that it finds
 * beside it. An empty file of ours has lost what it held. */
static int check_file(const char *path, bool create)
{
	struct stat st;

	if (lstat(path, &st)) {
		if (errno != ENOENT)
			return fault(fault_errno());
		if (has_bytes(path, "-wal"))
			return DATABASE_E_DAMAGED;
		return create ? DATABASE_OK : DATABASE_E_ABSENT;
	}
	if (S_ISLNK(st.st_mode))
		return fault(-ELOOP);
	if (!S_ISREG(st.st_mode))
		return fault(-EINVAL);
	if (st.st_size == 0 && (!create || has_bytes(path, "-wal")))
		return DATABASE_E_DAMAGED;
	return DATABASE_OK;
}

/* Whether the main file is left as it is. */
static int leave_file(struct database *db, bool left)
{
	int code = sqlite3_wal_autocheckpoint(db->handle, left ? 0 : WAL_PAGES);

	if (!code)
		code = sqlite3_db_config(
				db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, left, NULL);
	return outcome_of(db, code);
}

static int configure_handle(struct database *db, const struct database_options *options)
{
	static const int on[] = { SQLITE_DBCONFIG_DEFENSIVE };
	static const int off[] = {
		SQLITE_DBCONFIG_TRUSTED_SCHEMA,
		SQLITE_DBCONFIG_DQS_DML,
		SQLITE_DBCONFIG_DQS_DDL,
		SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION,
	};
	int reserved = RESERVED, code = SQLITE_OK;
	char sql[SQL_MAX];

	for (size_t i = 0; i < ARRAY_LEN(on) && !code; i++)
		code = sqlite3_db_config(db->handle, on[i], 1, NULL);
	for (size_t i = 0; i < ARRAY_LEN(off) && !code; i++)
		code = sqlite3_db_config(db->handle, off[i], 0, NULL);
	if (!code)
		code = sqlite3_file_control(db->handle, "main",
				SQLITE_FCNTL_RESERVE_BYTES, &reserved);
	if (code)
		return outcome_of(db, code);
	snprintf(sql, sizeof(sql),
			"PRAGMA page_size = %u;"
			"PRAGMA cache_size = -%u;"
			"PRAGMA temp_store = MEMORY;"
			"PRAGMA mmap_size = 0;"
			"PRAGMA secure_delete = ON;"
			"PRAGMA cell_size_check = ON;"
			"PRAGMA foreign_keys = ON;"
			"PRAGMA synchronous = FULL;"
			"PRAGMA journal_size_limit = 4194304;",
			options->page_size ? options->page_size : PAGE_SIZE,
			options->cache_kib ? options->cache_kib : CACHE_KIB);
	code = database_run(db, sql);
	return code || !options->frozen ? code : leave_file(db, true);
}

/* The first read of the file: a wrong key shows here. */
static int start_wal(struct database *db)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, "PRAGMA journal_mode = WAL", &s);

	if (r)
		return r;
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r ? r : fault(-EIO);
	return view_eq(column_view(s, 0), VIEW("wal")) ? 0 : fault(-EIO);
}

/* Reads a page that is neither the header's nor in the cache yet, so that an old journal
 * or a WAL is recovered now and its damage is told now. */
static int read_schema(struct database *db)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, "SELECT count(*) FROM sqlite_schema", &s);

	return r ? r : statement_run(s);
}

int database_open(const char *path, const struct key *key,
		const struct database_options *options, struct database **out)
{
	CLEANUP(database_closep) struct database *db = NULL;
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	int r = check_file(path, options->create);

	if (r)
		return r;
	if (options->create)
		flags |= SQLITE_OPEN_CREATE;
	db = xcalloc(1, sizeof(*db));
	r = page_vfs_over(options->below ? options->below : "unix-excl", &db->vfs);
	if (!r)
		r = page_key_add(db->vfs, path, key, &db->key);
	if (r)
		return r;
	r = outcome_of(db, sqlite3_open_v2(path, &db->handle, flags,
					   page_vfs_name(db->vfs)));
	if (!r)
		r = configure_handle(db, options);
	if (!r)
		r = start_wal(db);
	if (!r)
		r = read_schema(db);
	if (!r && options->schema)
		r = migrate(db, options->schema);
	if (!r)
		*out = TAKE(db);
	return r;
}

void database_close(struct database *db)
{
	struct view sql;
	void *s;

	if (!db)
		return;
	for (size_t at = 0; map_next(&db->statements, &at, &sql, &s);)
		statement_free(s);
	map_free(&db->statements);
	/* A statement that is still in use would keep the file open. */
	if (sqlite3_close(db->handle))
		die("a database was closed while a statement of it was in use");
	page_key_remove(db->key);
	free(db);
}

void database_closep(struct database **db)
{
	database_close(*db);
}

/* -- the whole file -- */

int database_checkpoint(struct database *db)
{
	return outcome_of(db, sqlite3_wal_checkpoint_v2(db->handle, "main",
					      SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL));
}

int database_freeze(struct database *db)
{
	int r = database_checkpoint(db);

	return r ? r : leave_file(db, true);
}

void database_thaw(struct database *db)
{
	if (leave_file(db, false))
		die("SQLite does not take its own default");
}

static int check_structure(struct database *db, struct buf *report)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, "PRAGMA integrity_check", &s);
	bool ok = false;

	if (r)
		return r;
	while ((r = statement_step(s)) == DATABASE_ROW) {
		ok = view_eq(column_view(s, 0), VIEW("ok"));
		if (ok)
			continue;
		buf_add(report, column_view(s, 0));
		buf_add_byte(report, '\n');
	}
	return r ? r : ok ? DATABASE_OK : DATABASE_E_DAMAGED;
}

int database_integrity_check(struct database *db, struct buf *report)
{
	uint32_t page;
	int r = database_checkpoint(db);

	if (r && r != DATABASE_E_BUSY)
		return r;
	r = outcome_of(db, page_vfs_verify(db->handle, &page));
	if (r) {
		buf_addf(report, "page %u does not open\n", page);
		return r;
	}
	return check_structure(db, report);
}

/* Opened once as every database is: it is WAL from then on, and known to be whole. */
static int check_copy(const char *path, const struct key *key, const char *below)
{
	CLEANUP(database_closep) struct database *copy = NULL;
	CLEANUP(buf_free) struct buf report = BUF_NULL(65536);
	struct database_options options = { .below = below };
	int r = database_open(path, key, &options, &copy);

	return r ? r : database_integrity_check(copy, &report);
}

static int write_copy(struct database *db, const char *path, const struct key *key)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	struct page_key *target;
	int r = page_key_add(db->vfs, path, key, &target);

	if (r)
		return r;
	r = database_prepare(db, "VACUUM INTO ?1", &s);
	if (!r) {
		bind_text(s, 1, view_z(path));
		r = statement_run(s);
	}
	page_key_remove(target);
	return r;
}

static int flush_and_rename(const char *from, const char *to)
{
	const struct os *os = os_real();
	size_t slash = view_find_last(view_z(to), '/');
	CLEANUP(freep)
	char *folder = slash == strlen(to) ? xstrndup(".", 1)
					   : xstrndup(to, slash ? slash : 1);
	int fd = os->open(os->state, from, O_RDWR, 0);
	int r;

	if (fd < 0)
		return fd;
	r = os->sync_data(os->state, fd);
	os->close(os->state, fd);
	if (!r)
		r = os->rename(os->state, from, to);
	return r ? r : os->sync_dir(os->state, folder);
}

/* With what SQLite keeps beside it: a WAL of another copy is not this one's. */
static void remove_copy(const char *path)
{
	static const char *const endings[] = { "", "-wal", "-journal" };

	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		CLEANUP(freep) char *name = NULL;

		if (asprintf(&name, "%s%s", path, endings[i]) < 0)
			die("out of memory");
		unlink(name);
	}
}

int database_rekey_into(struct database *db, const char *path, const struct key *key)
{
	CLEANUP(freep) char *copy = NULL;
	int r;

	if (asprintf(&copy, "%s.new", path) < 0)
		die("out of memory");
	remove_copy(copy); /* of an attempt that was cut off */
	r = database_checkpoint(db);
	if (!r)
		r = write_copy(db, copy, key);
	if (!r)
		r = check_copy(copy, key, page_vfs_below(db->vfs));
	if (!r)
		r = flush_and_rename(copy, path);
	if (r)
		remove_copy(copy);
	return r < 0 ? fault(r) : r;
}
