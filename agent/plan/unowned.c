#include "agent/plan/unowned.h"

#include "agent/database/data_directory.h"
#include "agent/database/text.h"
#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/base/map.h"
#include "runtime/store/database.h"
#include "schema/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

enum {
	NAME = UID_TEXT + 3, /* and ".db" */
	LONGEST_TEXT = 512,
};

struct search {
	struct arena *arena;
	struct map owned; /* uid → anything */
	struct map deeds; /* uid → struct deed */
	struct unowned_list *out;
};

static void search_deinit(struct search *search)
{
	map_free(&search->owned);
	map_free(&search->deeds);
}

/* -- who owns what -- */

static int take_purged(struct search *search, struct database *db)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, "SELECT uid FROM purged", &s);

	if (r)
		return r;
	while ((r = statement_step(s)) == DATABASE_ROW)
		map_set(&search->owned, arena_copy(search->arena, column_view(s, 0)),
				search);
	return r;
}

static int prepare(struct search *search, struct database *deeds,
		const struct observation *o)
{
	struct deed *all = NULL;
	size_t count = 0;
	int r = take_purged(search, o->db);

	for (size_t i = 0; i < o->objects.count; i++)
		map_set(&search->owned, view_of(o->objects.items[i].uid, UID_SIZE),
				search);
	if (r == 0 && deeds)
		r = deeds_read(deeds, search->arena, &all, &count);
	for (size_t i = 0; i < count; i++)
		map_set(&search->deeds, view_of(all[i].uid, UID_SIZE), &all[i]);
	return r;
}

/* -- the files -- */

static int digit(char byte)
{
	return byte_is_digit(byte)          ? byte - '0'
	       : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10
					    : -1;
}

/* UID.db, in lower case. */
static bool read_name(const char *name, unsigned char uid[UID_SIZE])
{
	if (strlen(name) != NAME || strcmp(name + UID_TEXT, ".db") != 0)
		return false;
	for (int i = 0; i < UID_SIZE; i++) {
		int high = digit(name[2 * i]), low = digit(name[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		uid[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static void take_file(struct search *search, const unsigned char uid[UID_SIZE],
		const struct stat *st)
{
	struct unowned_list *list = search->out;
	struct unowned *file;

	array_grow(&list->items, &list->capacity, list->count + 1, sizeof(*list->items));
	file = &list->items[list->count++];
	*file = (struct unowned){
		.deed = map_get(&search->deeds, view_of(uid, UID_SIZE)),
		.size = (uint64_t)st->st_size,
		.written = st->st_mtime,
	};
	memcpy(file->uid, uid, UID_SIZE);
	list->unknown += !file->deed;
}

static int walk_folder(struct search *search, const char *path)
{
	DIR *folder = opendir(path);
	const struct dirent *entry;
	unsigned char uid[UID_SIZE];
	struct stat st;
	int r = 0;

	if (!folder)
		return errno == ENOENT || errno == ENOTDIR ? 0 : fault_errno();
	while (r == 0 && (entry = readdir(folder))) {
		if (!read_name(entry->d_name, uid) ||
				map_get(&search->owned, view_of(uid, UID_SIZE)))
			continue;
		if (fstatat(dirfd(folder), entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
			r = errno == ENOENT ? 0 : fault_errno();
		else if (S_ISREG(st.st_mode))
			take_file(search, uid, &st);
	}
	closedir(folder);
	return r;
}

static int walk(struct search *search, const char *data)
{
	CLEANUP(freep) char *path = data_path(data, "accounts");
	DIR *accounts = opendir(path);
	const struct dirent *entry;
	int r = 0;

	if (!accounts)
		return errno == ENOENT ? 0 : fault_errno();
	while (r == 0 && (entry = readdir(accounts)))
		if (strlen(entry->d_name) == 2 && digit(entry->d_name[0]) >= 0) {
			CLEANUP(freep) char *folder = data_path(path, entry->d_name);

			r = walk_folder(search, folder);
		}
	closedir(accounts);
	return r;
}

/* -- keys -- */

static int try_keys(struct unowned_list *list, struct broker *broker)
{
	for (size_t i = 0; i < list->count; i++) {
		struct unowned *file = &list->items[i];
		struct key key;
		int r;

		if (!file->deed)
			continue;
		r = broker_unwrap(broker, file->uid, file->deed->wrapped, &key);
		if (r < 0)
			return r;
		file->opens = r == 0;
		if (r == 0)
			key_wipe(&key);
	}
	return 0;
}

static int compare_files(const void *left, const void *right)
{
	const struct unowned *a = left, *b = right;

	if (!a->deed != !b->deed)
		return a->deed ? -1 : 1;
	if (a->written != b->written)
		return a->written > b->written ? -1 : 1;
	return memcmp(a->uid, b->uid, UID_SIZE);
}

int unowned_find(const char *data, struct database *deeds, struct broker *broker,
		const struct observation *o, struct unowned_list *out)
{
	CLEANUP(search_deinit) struct search search = { .arena = o->arena, .out = out };
	int r = prepare(&search, deeds, o);

	if (r == 0)
		r = walk(&search, data);
	if (r == 0 && out->count && broker)
		r = try_keys(out, broker);
	if (out->count > 1)
		qsort(out->items, out->count, sizeof(*out->items), compare_files);
	return r;
}

void unowned_list_deinit(struct unowned_list *list)
{
	free(list->items);
	*list = (struct unowned_list){ 0 };
}

/* -- looking one up -- */

const struct unowned *unowned_of(
		const struct unowned_list *list, const struct wanted *wanted)
{
	const struct unowned *by_key = NULL;

	for (size_t i = 0; i < list->count - list->unknown; i++) {
		const struct unowned *file = &list->items[i];

		if (!view_eq(file->deed->kind, view_z(wanted->driver->kind)))
			continue;
		if (view_eq(file->deed->id, wanted_identity(wanted)))
			return file;
		if (!by_key && view_eq(file->deed->key, wanted->key))
			by_key = file;
	}
	return by_key;
}

const struct unowned *unowned_other(
		const struct unowned_list *list, const struct wanted *wanted)
{
	for (size_t i = 0; i < list->count - list->unknown; i++) {
		const struct deed *deed = list->items[i].deed;

		if (view_eq(deed->key, wanted->key) &&
				!view_eq(deed->kind, view_z(wanted->driver->kind)))
			return &list->items[i];
	}
	return NULL;
}

struct view unowned_describe(const struct unowned *file, struct arena *arena)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST_TEXT);

	buf_add_z(&text, "account file ");
	hex_add(&text, view_of(file->uid, UID_SIZE));
	buf_addf(&text, ", %llu KiB, last written ",
			(unsigned long long)(file->size / 1024));
	text_add_day(&text, file->written);
	return arena_copy(arena, buf_view(&text));
}
