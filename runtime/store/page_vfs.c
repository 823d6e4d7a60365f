#include "runtime/store/page_vfs.h"

#include "runtime/base/error.h"
#include "runtime/base/list.h"
#include "runtime/store/page_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct page_vfs {
	sqlite3_vfs base;
	sqlite3_vfs *below;
	pthread_mutex_t mutex;
	struct list keys; /* guarded by mutex */
};

struct page_key {
	struct list link;
	struct page_vfs *vfs;
	char *path; /* as full_path() writes it */
	const struct key *key;
};

static struct page_vfs *vfs_of(sqlite3_vfs *vfs)
{
	return (struct page_vfs *)(void *)vfs;
}

/* -- keys -- */

/* Only the folder is resolved: a file that is a symbolic link is not followed. */
static int full_path(sqlite3_vfs *vfs, const char *path, int size, char *out)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	CLEANUP(freep) char *parent = NULL, *folder = NULL;
	int len;

	(void)vfs;
	parent = slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrndup(".", 1);
	folder = realpath(parent, NULL);
	if (!folder)
		return SQLITE_CANTOPEN;
	len = snprintf(out, (size_t)size, "%s/%s", strcmp(folder, "/") ? folder : "",
			name);
	return len < 0 || len >= size ? SQLITE_CANTOPEN : SQLITE_OK;
}

static const struct key *find_key(struct page_vfs *vfs, const char *path)
{
	const struct key *found = NULL;

	LIST_EACH (link, &vfs->keys) {
		struct page_key *entry = LIST_ITEM(link, struct page_key, link);

		if (strcmp(entry->path, path) == 0)
			found = entry->key;
	}
	return found;
}

int page_key_add(struct page_vfs *vfs, const char *path, const struct key *key,
		struct page_key **out)
{
	CLEANUP(freep) char *full = xmalloc((size_t)vfs->base.mxPathname + 1);
	const struct key *known;
	struct page_key *entry;

	if (full_path(&vfs->base, path, vfs->base.mxPathname, full))
		return fault(fault_errno());
	entry = xcalloc(1, sizeof(*entry));
	*entry = (struct page_key){ .vfs = vfs, .path = TAKE(full), .key = key };
	list_init(&entry->link);
	pthread_mutex_lock(&vfs->mutex);
	known = find_key(vfs, entry->path);
	if (!known || known == key)
		list_push(&vfs->keys, &entry->link);
	pthread_mutex_unlock(&vfs->mutex);
	if (known && known != key) {
		page_key_remove(entry);
		return fault(-EEXIST);
	}
	*out = entry;
	return 0;
}

void page_key_remove(struct page_key *key)
{
	if (!key)
		return;
	pthread_mutex_lock(&key->vfs->mutex);
	list_remove(&key->link);
	pthread_mutex_unlock(&key->vfs->mutex);
	free(key->path);
	free(key);
}

/* -- opening -- */

/* SQLite would make it 0644. The WAL and the journal take their mode from it. */
static void make_private(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0)
		close(fd);
}

static int open_main(struct page_vfs *vfs, const char *path, struct page_file *f,
		int flags, int *flags_out)
{
	const struct key *key;
	int r;

	pthread_mutex_lock(&vfs->mutex);
	key = find_key(vfs, path);
	pthread_mutex_unlock(&vfs->mutex);
	if (!key)
		return SQLITE_CANTOPEN;
	if (flags & SQLITE_OPEN_CREATE)
		make_private(path);
	r = vfs->below->xOpen(vfs->below, path, f->below, flags, flags_out);
	if (r)
		return r;
	f->db = xcalloc(1, sizeof(*f->db));
	f->db->main = f;
	f->db->cipher = page_cipher_new(key);
	f->base.pMethods = &page_main_methods;
	return SQLITE_OK;
}

static int open_beside(struct page_vfs *vfs, const char *path, struct page_file *f,
		int flags, int *flags_out)
{
	struct page_file *main = page_file_of(sqlite3_database_file_object(path));
	int r = vfs->below->xOpen(vfs->below, path, f->below, flags, flags_out);

	if (r)
		return r;
	f->db = main->db;
	f->base.pMethods = flags & SQLITE_OPEN_WAL ? &page_wal_methods
						   : &page_journal_methods;
	return SQLITE_OK;
}

/* No kind of file but these: what spills into a temporary file would be plain, so
 * temp_store=MEMORY is not only asked for but held. Super-journals belong to transactions
 * over several files, of which we have none. */
static int vfs_open(sqlite3_vfs *base, const char *path, sqlite3_file *file, int flags,
		int *flags_out)
{
	struct page_vfs *vfs = vfs_of(base);
	struct page_file *f = page_file_of(file);

	memset(f, 0, sizeof(*f));
	f->below = (sqlite3_file *)(void *)(f + 1);
	memset(f->below, 0, (size_t)vfs->below->szOsFile);
	if (path && (flags & SQLITE_OPEN_MAIN_DB))
		return open_main(vfs, path, f, flags, flags_out);
	if (path && (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL)))
		return open_beside(vfs, path, f, flags, flags_out);
	return SQLITE_CANTOPEN;
}

/* -- what passes on -- */

static int vfs_delete(sqlite3_vfs *base, const char *path, int sync)
{
	return vfs_of(base)->below->xDelete(vfs_of(base)->below, path, sync);
}

static int vfs_access(sqlite3_vfs *base, const char *path, int flags, int *out)
{
	return vfs_of(base)->below->xAccess(vfs_of(base)->below, path, flags, out);
}

static int vfs_randomness(sqlite3_vfs *base, int len, char *out)
{
	return vfs_of(base)->below->xRandomness(vfs_of(base)->below, len, out);
}

static int vfs_sleep(sqlite3_vfs *base, int us)
{
	return vfs_of(base)->below->xSleep(vfs_of(base)->below, us);
}

static int vfs_time(sqlite3_vfs *base, double *out)
{
	return vfs_of(base)->below->xCurrentTime(vfs_of(base)->below, out);
}

static int vfs_last_error(sqlite3_vfs *base, int len, char *out)
{
	return vfs_of(base)->below->xGetLastError(vfs_of(base)->below, len, out);
}

/* -- making -- */

static struct page_vfs *make(sqlite3_vfs *below, char *name)
{
	struct page_vfs *vfs = xcalloc(1, sizeof(*vfs));

	vfs->base = (sqlite3_vfs){
		.iVersion = 1,
		.szOsFile = (int)sizeof(struct page_file) + below->szOsFile,
		.mxPathname = below->mxPathname,
		.zName = name,
		.xOpen = vfs_open,
		.xDelete = vfs_delete,
		.xAccess = vfs_access,
		.xFullPathname = full_path,
		.xRandomness = vfs_randomness,
		.xSleep = vfs_sleep,
		.xCurrentTime = vfs_time,
		.xGetLastError = vfs_last_error,
	};
	vfs->below = below;
	pthread_mutex_init(&vfs->mutex, NULL);
	list_init(&vfs->keys);
	return vfs;
}

int page_vfs_over(const char *below, struct page_vfs **out)
{
	static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;
	CLEANUP(freep) char *name = NULL;
	sqlite3_vfs *found, *base;

	if (asprintf(&name, "pages over %s", below) < 0)
		die("out of memory");
	pthread_mutex_lock(&making);
	found = sqlite3_vfs_find(name);
	base = sqlite3_vfs_find(below);
	if (!found && base) {
		found = &make(base, TAKE(name))->base;
		if (sqlite3_vfs_register(found, 0))
			die("SQLite does not take the page VFS");
	}
	pthread_mutex_unlock(&making);
	if (!found)
		return fault(-ENOENT);
	*out = vfs_of(found);
	return 0;
}

const char *page_vfs_name(const struct page_vfs *vfs)
{
	return vfs->base.zName;
}

const char *page_vfs_below(const struct page_vfs *vfs)
{
	return vfs->below->zName;
}
