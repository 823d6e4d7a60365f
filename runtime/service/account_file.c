#include "runtime/service/account_file.h"

#include "runtime/base/error.h"
#include "runtime/base/os.h"

#include <fcntl.h>
#include <stdio.h>

/* Without an ending, the folder. */
char *account_file_path(const struct account_file *file, const char *ending)
{
	char *path;

	if (asprintf(&path, "%s/accounts/%.2s%s%s%s", file->data, file->name,
			    *ending ? "/" : "", *ending ? file->name : "", ending) < 0)
		die("out of memory");
	return path;
}

static int make_folders(const struct account_file *file)
{
	const struct os *os = file->os;
	CLEANUP(freep) char *inner = account_file_path(file, "");
	CLEANUP(freep) char *outer = xstrndup(inner, strlen(inner) - 3);
	int r = os_make_dir(outer);

	if (!r)
		r = os_make_dir(inner);
	if (!r)
		r = os->sync_dir(os->state, file->data);
	if (!r)
		r = os->sync_dir(os->state, outer);
	return r;
}

static bool is_there(const struct os *os, const char *path)
{
	int fd = os->open(os->state, path, O_RDONLY, 0);

	if (fd >= 0)
		os->close(os->state, fd);
	return fd >= 0;
}

int account_file_open(const struct account_file *file,
		struct account_store_options options, struct account_store **out)
{
	const struct os *os = file->os;
	CLEANUP(freep) char *path = account_file_path(file, ".db");
	CLEANUP(freep) char *folder = account_file_path(file, "");
	bool is_new = !is_there(os, path);
	int r = is_new ? make_folders(file) : 0;

	options.path = path;
	options.now = os->wall(os->state);
	if (!r)
		r = account_store_open(&options, out);
	if (!r && is_new)
		r = os->sync_dir(os->state, folder);
	return r;
}

int account_file_rekey(const struct account_file *file, struct account_store *store,
		const struct key *key)
{
	CLEANUP(freep) char *path = account_file_path(file, ".db");

	return account_store_rekey(store, path, key);
}

int account_file_remove(const struct account_file *file)
{
	static const char *const endings[] = { ".db", ".db-wal", ".db-journal", ".db.new",
		".db.new-wal", ".db.new-journal" };
	const struct os *os = file->os;
	CLEANUP(freep) char *folder = account_file_path(file, "");
	bool removed = false;

	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		CLEANUP(freep) char *path = account_file_path(file, endings[i]);
		int r;

		if (!is_there(os, path))
			continue;
		r = os->unlink(os->state, path);
		if (r)
			return r;
		removed = true;
	}
	return removed ? os->sync_dir(os->state, folder) : 0;
}
