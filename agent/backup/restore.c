#include "agent/backup/restore.h"

#include "runtime/base/error.h"
#include "runtime/base/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PIECE = 256 * 1024,
	DEPTH = 4, /* folders of a path */
};

struct restore {
	struct restore_options options;
	struct vault_reader *reader;
	char *path; /* of the file that is being written */
	uint64_t files;
};

static int disk_failed(struct target_trouble *trouble, const char *path, int r)
{
	target_failed(trouble, r == -ENOSPC || r == -EDQUOT ? "DiskFull" : "DiskFailed",
			"%s: %s", path, strerror(-r));
	return RESTORE_E_DISK;
}

/* -- a path -- */

static bool is_plain(struct view part)
{
	if (!part.len || part.data[0] == '.')
		return false;
	for (size_t i = 0; i < part.len; i++) {
		char c = part.data[i];

		if (!byte_is_digit(c) && !(c >= 'a' && c <= 'z') && c != '.' &&
				c != '-' && c != '_')
			return false;
	}
	return true;
}

/* Names that we give files, below the folder, and nothing else. */
static bool is_ours(struct view path)
{
	size_t depth = 0;

	if (!path.len || view_ends(path, VIEW("/")))
		return false;
	while (path.len)
		if (!is_plain(view_cut(&path, '/')) || ++depth > DEPTH)
			return false;
	return true;
}

static int make_folders(const char *path, size_t from)
{
	CLEANUP(freep) char *folder = xstrndup(path, strlen(path));
	int r = 0;

	for (char *slash = strchr(folder + from, '/'); slash && !r;
			slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		r = os_make_dir(folder);
		*slash = '/';
	}
	return r;
}

/* -- a file -- */

/* True where it is there as the backup has it. */
static bool is_there(const char *path, const struct vault_entry *entry)
{
	CLEANUP(freep) char *piece = xmalloc(PIECE);
	unsigned char digest[DIGEST_SIZE];
	struct digest sum;
	struct stat st;
	ssize_t len;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (fstat(fd, &st) || (uint64_t)st.st_size != entry->size) {
		close(fd);
		return false;
	}
	digest_init(&sum);
	while ((len = read(fd, piece, PIECE)) > 0)
		digest_add(&sum, view_of(piece, (size_t)len));
	close(fd);
	digest_final(&sum, digest);
	return len == 0 && memcmp(digest, entry->digest, DIGEST_SIZE) == 0;
}

static int write_bytes(struct restore *x, int fd, const char *path,
		struct target_trouble *trouble)
{
	const struct os *os = os_real();
	off_t at = 0;

	for (;;) {
		struct view bytes;
		int r = vault_read_bytes(x->reader, &bytes, trouble);

		if (r == VAULT_END)
			break;
		if (r)
			return RESTORE_E_VAULT;
		if (x->options.stopping && atomic_load(x->options.stopping))
			return RESTORE_E_STOPPED;
		r = os->write(os->state, fd, bytes, at);
		if (r)
			return disk_failed(trouble, path, r);
		at += (off_t)bytes.len;
	}
	return 0;
}

/* Under another name until it is whole and on the disk. */
static int write_file(struct restore *x, const char *path, struct target_trouble *trouble)
{
	const struct os *os = os_real();
	CLEANUP(freep) char *part = NULL;
	int fd, r;

	if (asprintf(&part, "%s.part", path) < 0)
		die("out of memory");
	r = os->unlink(os->state, part);
	fd = os->open(os->state, part, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		return disk_failed(trouble, part, fd);
	r = write_bytes(x, fd, part, trouble);
	if (!r) {
		r = x->options.passing ? 0 : os->sync_data(os->state, fd);
		r = r ? disk_failed(trouble, part, r) : 0;
	}
	os->close(os->state, fd);
	if (r)
		return r;
	r = os->rename(os->state, part, path);
	return r ? disk_failed(trouble, path, r) : 0;
}

static bool is_wanted(const struct restore *x, struct view path)
{
	struct view only = x->options.only;

	if (!only.len || view_eq(path, only))
		return true;
	return view_starts(path, only) &&
	       view_eq(view_from(path, only.len), VIEW("-wal"));
}

/* -- all of them -- */

int restore_begin(const struct restore_options *options, struct restore **out,
		struct target_trouble *trouble)
{
	struct restore *x = xcalloc(1, sizeof(*x));
	int r = os_make_dir(options->to);

	x->options = *options;
	if (r) {
		restore_free(x);
		return disk_failed(trouble, options->to, r);
	}
	r = vault_read(options->vault, options->snapshot, &x->reader, trouble);
	if (r) {
		restore_free(x);
		return RESTORE_E_VAULT;
	}
	*out = x;
	return RESTORE_OK;
}

void restore_free(struct restore *x)
{
	if (!x)
		return;
	vault_reader_free(x->reader);
	free(x->path);
	free(x);
}

void restore_freep(struct restore **x)
{
	restore_free(*x);
}

/* Names of files last as the folders do: one flush of all of it. */
static int end(struct restore *x, struct target_trouble *trouble)
{
	int fd, r;

	if (x->options.passing)
		return RESTORE_END;
	fd = open(x->options.to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = fd < 0 || syncfs(fd) ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return r ? disk_failed(trouble, x->options.to, r) : RESTORE_END;
}

static int bring(struct restore *x, const struct vault_entry *entry, struct restored *out,
		struct target_trouble *trouble)
{
	int r;

	free(x->path);
	if (asprintf(&x->path, "%s/%.*s", x->options.to, VIEW_ARG(entry->path)) < 0)
		die("out of memory");
	*out = (struct restored){ .path = view_from(view_z(x->path),
						  strlen(x->options.to) + 1),
		.size = entry->size,
		.was_there = is_there(x->path, entry) };
	if (out->was_there)
		return RESTORE_OK;
	r = make_folders(x->path, strlen(x->options.to) + 1);
	if (r)
		return disk_failed(trouble, x->path, r);
	return write_file(x, x->path, trouble);
}

int restore_next(struct restore *x, struct restored *out, struct target_trouble *trouble)
{
	struct vault_entry entry;
	int r;

	do {
		r = vault_next_file(x->reader, &entry, trouble);
		if (r == VAULT_END)
			return end(x, trouble);
		if (r)
			return RESTORE_E_VAULT;
		if (!is_ours(entry.path)) {
			target_failed(trouble, "BackupsDamaged",
					"it holds a file that no backup of ours has");
			return RESTORE_E_VAULT;
		}
	} while (!is_wanted(x, entry.path));
	return bring(x, &entry, out, trouble);
}

int restore_find(struct vault *vault, walltime point, struct vault_snapshot *out,
		struct target_trouble *trouble)
{
	const struct vault_snapshot *all;
	size_t count;
	int r = vault_snapshots(vault, &all, &count, trouble);

	if (r)
		return r;
	while (count && point && all[count - 1].at > point)
		count--;
	if (!count)
		return VAULT_E_ABSENT;
	*out = all[count - 1];
	return VAULT_OK;
}
