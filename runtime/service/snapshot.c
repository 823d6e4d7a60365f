#include "runtime/snapshot.h"

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/os.h"
#include "runtime/service/account.h"
#include "runtime/service/sending.h"
#include "runtime/service/snapshot.h"
#include "runtime/store/frozen_file.h"
#include "runtime/store/intake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum {
	FOLDER = 2, /* accounts/ab */
	STAMP = 160,
};

/* An account that was there at the beginning, and which file of it was read. */
struct copied {
	unsigned char uid[ACCOUNT_UID_SIZE];
	bool read;
	dev_t device;
	ino_t inode;
};

struct snapshot {
	char *data;
	const struct os *os;
	struct accounts *accounts;
	struct intake *intake;
	struct sending *sending;
	struct arena *arena;

	enum {
		AT_ACCOUNTS,
		AT_QUEUE,
		AT_OWN,
		AT_LOG,
		AT_END,
	} at;
	struct copied *copied;
	size_t copied_count, copied_next;
	bool frozen;  /* the one before copied_next */
	uint64_t wal; /* what of its WAL is still to be read */
	bool queue_frozen, queue_wal;
	struct intake_piece *pieces;
	size_t piece_count, piece_next;

	/* the file that is being read */
	struct buf path, stamp;
	struct frozen_file *pages;
	int fd; /* … or this; -1 */
	uint64_t size, offset;
};

/* -- what there is -- */

static bool hex_digit(char c, unsigned char *out)
{
	if (byte_is_digit(c))
		*out = (unsigned char)(c - '0');
	else if (c >= 'a' && c <= 'f')
		*out = (unsigned char)(c - 'a' + 10);
	else
		return false;
	return true;
}

/* "UID.db", with the uid in hexadecimal. */
static bool is_account(struct view name, unsigned char uid[ACCOUNT_UID_SIZE])
{
	if (name.len != ACCOUNT_UID_TEXT + 3 || !view_ends(name, VIEW(".db")))
		return false;
	for (size_t i = 0; i < ACCOUNT_UID_SIZE; i++) {
		unsigned char high, low;

		if (!hex_digit(name.data[2 * i], &high) ||
				!hex_digit(name.data[2 * i + 1], &low))
			return false;
		uid[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static int list_folder(struct snapshot *s, struct view folder, struct buf *uids)
{
	CLEANUP(buf_free) struct buf names = BUF_NULL(SIZE_MAX);
	CLEANUP(freep) char *path = NULL;
	unsigned char uid[ACCOUNT_UID_SIZE];
	struct view rest;
	int r;

	if (asprintf(&path, "%s/accounts/%.*s", s->data, VIEW_ARG(folder)) < 0)
		die("out of memory");
	r = s->os->list(s->os->state, path, &names);
	if (r)
		return fault(r);
	rest = buf_view(&names);
	while (rest.len)
		if (is_account(view_cut(&rest, '\0'), uid))
			buf_add(uids, view_of(uid, sizeof(uid)));
	return 0;
}

static int list_accounts(struct snapshot *s)
{
	CLEANUP(buf_free) struct buf folders = BUF_NULL(SIZE_MAX);
	CLEANUP(buf_free) struct buf uids = BUF_NULL(SIZE_MAX);
	CLEANUP(freep) char *path = NULL;
	struct view rest;
	int r;

	if (asprintf(&path, "%s/accounts", s->data) < 0)
		die("out of memory");
	r = s->os->list(s->os->state, path, &folders);
	rest = buf_view(&folders);
	while (!r && rest.len) {
		struct view folder = view_cut(&rest, '\0');

		if (folder.len == FOLDER)
			r = list_folder(s, folder, &uids);
	}
	if (r)
		return fault(r);
	s->copied_count = uids.len / ACCOUNT_UID_SIZE;
	s->copied = arena_array(s->arena, s->copied_count, sizeof(*s->copied));
	for (size_t i = 0; i < s->copied_count; i++)
		memcpy(s->copied[i].uid, uids.data + i * ACCOUNT_UID_SIZE,
				ACCOUNT_UID_SIZE);
	return 0;
}

int snapshot_new(const struct snapshot_options *options, struct snapshot **out)
{
	struct snapshot *s = xcalloc(1, sizeof(*s));
	int r;

	s->data = xstrndup(options->data, strlen(options->data));
	s->os = options->os;
	s->accounts = options->accounts;
	s->intake = options->intake;
	s->sending = options->sending;
	s->arena = arena_new();
	s->path = BUF_NULL(4096);
	s->stamp = BUF_NULL(STAMP);
	s->fd = -1;
	intake_retain(s->intake, options->log_most);
	r = list_accounts(s);
	if (r) {
		snapshot_free(s);
		return r;
	}
	*out = s;
	return 0;
}

/* -- one file -- */

static void close_file(struct snapshot *s)
{
	frozen_file_close(s->pages);
	s->pages = NULL;
	if (s->fd >= 0)
		s->os->close(s->os->state, s->fd);
	s->fd = -1;
	s->size = s->offset = 0;
}

/* What is below the data directory, with a NUL behind it. */
static void name_file(struct snapshot *s, const char *folder, const char *name)
{
	buf_clear(&s->path);
	buf_addf(&s->path, "%s/%s%s", s->data, folder, name);
	buf_add_byte(&s->path, '\0');
}

static void name_account(
		struct snapshot *s, const struct copied *copied, const char *ending)
{
	char name[ACCOUNT_UID_TEXT + 1];

	for (size_t i = 0; i < ACCOUNT_UID_SIZE; i++)
		snprintf(name + 2 * i, 3, "%02x", copied->uid[i]);
	buf_clear(&s->path);
	buf_addf(&s->path, "%s/accounts/%.2s/%s%s", s->data, name, name, ending);
	buf_add_byte(&s->path, '\0');
}

static void stamp_file(struct snapshot *s, const struct stat *st)
{
	buf_clear(&s->stamp);
	buf_addf(&s->stamp, "%llu %llu %llu %lld.%09ld %lld.%09ld",
			(unsigned long long)st->st_dev, (unsigned long long)st->st_ino,
			(unsigned long long)st->st_size, (long long)st->st_mtim.tv_sec,
			(long)st->st_mtim.tv_nsec, (long long)st->st_ctim.tv_sec,
			(long)st->st_ctim.tv_nsec);
}

static void show_file(struct snapshot *s, struct snapshot_file *out)
{
	size_t skip = strlen(s->data) + 1;

	*out = (struct snapshot_file){
		.path = view_sub(buf_view(&s->path), skip, s->path.len - skip - 1),
		.stamp = buf_view(&s->stamp),
		.size = s->size,
		.pages = s->pages != NULL,
	};
}

/* -ENOENT where there is none. */
static int open_pages(struct snapshot *s, struct stat *st)
{
	int r;

	if (stat(s->path.data, st))
		return -errno;
	stamp_file(s, st);
	r = frozen_file_open(s->path.data, &s->pages);
	if (r)
		return r == FROZEN_E_ABSENT ? -ENOENT : r;
	s->size = frozen_file_size(s->pages);
	return 0;
}

/* The first `size` bytes; UINT64_MAX: all of them. No stamp: it grows. */
static int open_plain(struct snapshot *s, uint64_t size)
{
	struct stat st;
	int fd = s->os->open(s->os->state, s->path.data, O_RDONLY, 0);

	if (fd < 0)
		return fd;
	s->fd = fd;
	buf_clear(&s->stamp);
	if (fstat(fd, &st))
		return fault_errno();
	s->size = size < (uint64_t)st.st_size ? size : (uint64_t)st.st_size;
	return 0;
}

int snapshot_read(struct snapshot *s, void *bytes, size_t len, size_t *len_out)
{
	uint64_t left = s->size - s->offset;
	size_t take = len < left ? len : (size_t)left;
	int r = 0;

	if (take && s->pages)
		r = frozen_file_read(s->pages, s->offset, bytes, take);
	else if (take && s->os->read(s->os->state, s->fd, bytes, take,
					 (off_t)s->offset) != (ssize_t)take)
		r = fault(-EIO);
	if (r)
		return r;
	s->offset += take;
	*len_out = take;
	return 0;
}

/* -- accounts -- */

static void thaw_account(struct snapshot *s)
{
	if (s->frozen)
		accounts_thaw(s->accounts, s->copied[s->copied_next - 1].uid);
	s->frozen = false;
	s->wal = 0;
}

/* SNAPSHOT_END where it has gone meanwhile. */
static int open_account(struct snapshot *s, struct copied *copied)
{
	struct stat st;
	int r = accounts_freeze(s->accounts, copied->uid, &s->wal);

	if (r)
		return fault(r);
	s->frozen = true;
	name_account(s, copied, ".db");
	r = open_pages(s, &st);
	if (r)
		return r == -ENOENT ? SNAPSHOT_END : fault(r);
	copied->read = true;
	copied->device = st.st_dev;
	copied->inode = st.st_ino;
	return 0;
}

static int open_wal(struct snapshot *s)
{
	uint64_t size = s->wal;

	s->wal = 0;
	name_account(s, &s->copied[s->copied_next - 1], ".db-wal");
	return open_plain(s, size);
}

static int next_account(struct snapshot *s)
{
	int r = SNAPSHOT_END;

	if (s->wal)
		return open_wal(s);
	while (r == SNAPSHOT_END && s->copied_next < s->copied_count) {
		thaw_account(s);
		r = open_account(s, &s->copied[s->copied_next++]);
	}
	if (r == SNAPSHOT_END)
		thaw_account(s);
	return r;
}

/* -- the queue -- */

static void thaw_queue(struct snapshot *s)
{
	if (s->queue_frozen)
		sending_thaw(s->sending);
	s->queue_frozen = false;
}

/* One that does not open is copied as it lies, with its WAL. */
static int next_queue(struct snapshot *s)
{
	struct stat st;
	int r = 0;

	if (s->queue_wal) {
		s->at = AT_OWN;
		name_file(s, "", "queue.db-wal");
		return open_plain(s, UINT64_MAX);
	}
	s->at = s->sending ? AT_OWN : AT_QUEUE;
	s->queue_wal = !s->sending;
	if (s->sending)
		r = sending_freeze(s->sending);
	if (r)
		return r < 0 ? fault(r) : fault(-EAGAIN);
	s->queue_frozen = s->sending;
	name_file(s, "", "queue.db");
	return open_pages(s, &st);
}

/* -- the log -- */

static int next_piece(struct snapshot *s)
{
	int r = -ENOENT;

	while (r == -ENOENT && s->piece_next < s->piece_count) {
		const struct intake_piece *piece = &s->pieces[s->piece_next++];

		name_file(s, "intake/", piece->name);
		r = open_plain(s, piece->size);
		if (r == -ENOENT && !piece->may_vanish)
			return fault(r);
	}
	return r == -ENOENT ? SNAPSHOT_END : r;
}

/* -- the whole -- */

/* The queue is thawed first: what it has settled since its copy is in the log that is cut
 * now. */
static int cut_log(struct snapshot *s)
{
	thaw_queue(s);
	s->at = AT_LOG;
	return intake_cut(s->intake, s->arena, &s->pieces, &s->piece_count);
}

static int open_next(struct snapshot *s)
{
	int r;

	switch (s->at) {
	case AT_ACCOUNTS:
		r = next_account(s);
		if (r != SNAPSHOT_END)
			return r;
		s->at = AT_QUEUE;
		return open_next(s);
	case AT_QUEUE:
		r = next_queue(s);
		return r == -ENOENT ? open_next(s) : r;
	case AT_OWN:
		r = cut_log(s);
		return r ? r : SNAPSHOT_OWN;
	case AT_LOG:
		r = next_piece(s);
		if (r == SNAPSHOT_END)
			s->at = AT_END;
		return r;
	case AT_END:
		break;
	}
	return SNAPSHOT_END;
}

int snapshot_next(struct snapshot *s, struct snapshot_file *out)
{
	int r;

	close_file(s);
	r = open_next(s);
	if (!r)
		show_file(s, out);
	return r < 0 ? fault(r) : r;
}

static bool is_replaced(struct snapshot *s, const struct copied *copied)
{
	struct stat st;

	if (!copied->read)
		return false;
	name_account(s, copied, ".db");
	return stat(s->path.data, &st) == 0 &&
	       (st.st_ino != copied->inode || st.st_dev != copied->device);
}

int snapshot_check(struct snapshot *s)
{
	if (!intake_let_go(s->intake))
		return SNAPSHOT_E_OUTGROWN;
	for (size_t i = 0; i < s->copied_count; i++)
		if (is_replaced(s, &s->copied[i]))
			return SNAPSHOT_E_MOVED;
	return SNAPSHOT_OK;
}

void snapshot_free(struct snapshot *s)
{
	if (!s)
		return;
	close_file(s);
	thaw_account(s);
	thaw_queue(s);
	(void)!intake_let_go(s->intake);
	buf_free(&s->path);
	buf_free(&s->stamp);
	arena_free(s->arena);
	free(s->data);
	free(s);
}

void snapshot_freep(struct snapshot **s)
{
	snapshot_free(*s);
}
