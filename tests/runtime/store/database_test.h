/* What the tests of database and page VFS share: a folder of their own, a key, a table of
 * rows, and looks at the files as bytes. */
#ifndef TESTS_RUNTIME_STORE_DATABASE_TEST_H
#define TESTS_RUNTIME_STORE_DATABASE_TEST_H

#include "runtime/base/error.h"
#include "runtime/base/os.h"
#include "runtime/store/database.h"
#include "tests/lib/test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARKER "the-marker-that-no-file-may-hold"

static const struct key test_key = { { 1, 2, 3, 4 } };
static const struct key other_key = { { 4, 3, 2, 1 } };

static const char *const row_steps[] = {
	"CREATE TABLE row (id INTEGER PRIMARY KEY, text TEXT NOT NULL);"
	"CREATE INDEX row_text ON row (text);",
};

static const struct database_schema rows = { 0x74657374, row_steps, 1 };

static char folder[64];

UNUSED static void make_folder(void)
{
	snprintf(folder, sizeof(folder), "/tmp/posthus-test-store.XXXXXX");
	if (!mkdtemp(folder))
		die("no folder for the test");
}

UNUSED static void remove_folder(void)
{
	DIR *open = opendir(folder);
	struct dirent *entry;
	char path[512];

	while (open && (entry = readdir(open))) {
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		unlink(path);
	}
	if (open)
		closedir(open);
	rmdir(folder);
}

/* A path in the folder; of the last four calls. */
UNUSED static const char *path_of(const char *name)
{
	static char paths[4][512];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

UNUSED static int empty_folder(void **state)
{
	(void)state;
	remove_folder();
	return mkdir(folder, 0700);
}

UNUSED static int open_rows(const char *name, struct database **out)
{
	struct database_options options = { .create = true, .schema = &rows };

	return database_open(path_of(name), &test_key, &options, out);
}

/* `count` rows in one transaction, each with the marker and `size` bytes of filling. */
UNUSED static int add_rows(struct database *db, int count, size_t size)
{
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	CLEANUP(statement_done) struct statement *s = NULL;
	CLEANUP(freep) char *text = xcalloc(1, size + sizeof(MARKER));
	int r = transaction_begin(db, &t);

	memset(text, 'x', size);
	memcpy(text + size, MARKER, sizeof(MARKER));
	if (!r)
		r = database_prepare(db, "INSERT INTO row (text) VALUES (?1)", &s);
	for (int i = 0; i < count && !r; i++) {
		bind_text(s, 1, view_of(text, size + sizeof(MARKER) - 1));
		r = statement_run(s);
	}
	return r ? r : transaction_commit(&t);
}

UNUSED static int64_t count_rows(struct database *db)
{
	CLEANUP(statement_done) struct statement *s = NULL;

	if (database_prepare(db, "SELECT count(*), sum(length(text)) FROM row", &s) ||
			statement_step(s) != DATABASE_ROW)
		return -1;
	return column_i64(s, 0);
}

UNUSED static int check(struct database *db)
{
	CLEANUP(buf_free) struct buf report = BUF_NULL(65536);
	int r = database_integrity_check(db, &report);

	if (r)
		print_message("%.*s", VIEW_ARG(buf_view(&report)));
	return r;
}

UNUSED static char *read_bytes(const char *name, size_t *len)
{
	char *bytes = NULL;

	assert_int_equal(os_read_file(os_real(), path_of(name), 1 << 28, &bytes, len), 0);
	return bytes;
}

UNUSED static void write_bytes(const char *name, const char *bytes, size_t len)
{
	assert_int_equal(os_replace_file(os_real(), path_of(name), view_of(bytes, len),
					 0600),
			0);
}

UNUSED static void copy_file(const char *from, const char *to)
{
	size_t len;
	CLEANUP(freep) char *bytes = read_bytes(from, &len);

	write_bytes(to, bytes, len);
}

UNUSED static void flip(const char *name, size_t at)
{
	size_t len;
	CLEANUP(freep) char *bytes = read_bytes(name, &len);

	assert_true(at < len);
	bytes[at] ^= 1;
	write_bytes(name, bytes, len);
}

UNUSED static size_t size_of_file(const char *name)
{
	struct stat st;

	return stat(path_of(name), &st) ? 0 : (size_t)st.st_size;
}

UNUSED static void assert_no_marker(void)
{
	DIR *open = opendir(folder);
	struct dirent *entry;

	assert_non_null(open);
	while ((entry = readdir(open))) {
		CLEANUP(freep) char *bytes = NULL;
		size_t len;

		if (entry->d_name[0] == '.')
			continue;
		bytes = read_bytes(entry->d_name, &len);
		if (view_find_view(view_of(bytes, len), VIEW(MARKER)) < len ||
				view_find_view(view_of(bytes, len),
						VIEW("CREATE TABLE")) < len)
			fail_msg("%s holds plain text", entry->d_name);
	}
	closedir(open);
}

#endif
