/* Makes, reads and abandons databases through the page VFS, for interop.js.
 *
 *	page_tool make PATH KEY PAGE_SIZE ROWS   makes it or opens it, adds rows, closes
 *	page_tool read PATH KEY                  checks all of it, prints what it holds
 *	page_tool wal  PATH KEY ROWS             adds rows and dies with a WAL left over
 *	page_tool hot  PATH KEY                  dies in a transaction, with a hot journal
 *
 * KEY is 64 hexadecimal digits. Exit code: 0, or database.h's outcome, or 100. */
#include "runtime/base/base64.h"
#include "runtime/store/database.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	FAULT = 100
};

static void must(int r)
{
	if (r)
		exit(r < 0 ? FAULT : r);
}

static struct database *open_database(
		const char *path, const struct key *key, struct database_options options)
{
	struct database *db = NULL;

	must(database_open(path, key, &options, &db));
	return db;
}

static void add_rows(struct database *db, int count)
{
	CLEANUP(statement_done) struct statement *s = NULL;

	must(database_run(db, "CREATE TABLE IF NOT EXISTS row "
			      "(id INTEGER PRIMARY KEY, text TEXT)"));
	must(database_prepare(db, "INSERT INTO row (text) VALUES (?1)", &s));
	for (int i = 0; i < count; i++) {
		char text[500];

		snprintf(text, sizeof(text), "ours %d %0400d", i, i);
		bind_text(s, 1, view_z(text));
		must(statement_run(s));
	}
}

static void print_rows(struct database *db)
{
	CLEANUP(buf_free) struct buf report = BUF_NULL(65536);
	CLEANUP(statement_done) struct statement *s = NULL;

	must(database_prepare(db, "SELECT count(*), total(length(text)) FROM row", &s));
	must(statement_step(s) != DATABASE_ROW);
	printf("%lld %lld\n", (long long)column_i64(s, 0), (long long)column_i64(s, 1));
	statement_done(&s);
	must(database_integrity_check(db, &report));
}

int main(int argc, char **argv)
{
	struct database_options options = { .create = false };
	struct database *db;
	struct key key;

	if (argc < 4 || !hex_decode(view_z(argv[3]), key.bytes, KEY_SIZE))
		return FAULT;
	if (strcmp(argv[1], "make") == 0 && argc == 6) {
		options.create = true;
		options.page_size = (uint32_t)atoi(argv[4]);
		db = open_database(argv[2], &key, options);
		must(database_run(db, "BEGIN"));
		add_rows(db, atoi(argv[5]));
		must(database_run(db, "COMMIT"));
		database_close(db);
	} else if (strcmp(argv[1], "read") == 0) {
		db = open_database(argv[2], &key, options);
		print_rows(db);
		database_close(db);
	} else if (strcmp(argv[1], "wal") == 0 && argc == 5) {
		db = open_database(argv[2], &key, options);
		add_rows(db, atoi(argv[4]));
		kill(getpid(), SIGKILL);
	} else if (strcmp(argv[1], "hot") == 0) {
		options.cache_kib = 64;
		db = open_database(argv[2], &key, options);
		must(database_run(db, "PRAGMA journal_mode = DELETE; BEGIN;"
				      "UPDATE row SET text = text || '!'"));
		kill(getpid(), SIGKILL);
	} else {
		return FAULT;
	}
	return 0;
}
