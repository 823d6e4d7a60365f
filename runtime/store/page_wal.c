/* The write-ahead log. On the disk the chain of checksums runs over ciphertext; SQLite
 * knows the one over plaintext. So this file keeps two books.
 *
 * Writing: SQLite writes a frame's header, then its page. The header is held until the
 * page comes; then the page is encrypted, the chain goes on over the ciphertext, and both
 * go out in one write. A page that comes alone overwrites that of a frame written before
 * in the same transaction; SQLite then reads the frames from there on and writes their
 * headers alone, and a held header for which no page comes is completed from the disk.
 *
 * Reading whole frames from the start is recovery: the chain on the disk is checked, the
 * page decrypted, and the header returned with the checksum that SQLite expects. Where
 * the chain breaks, recovery ends: that is how a crash looks. But a frame that links to
 * a commit behind the break cannot be there after a crash, since SQLite flushes each
 * commit before the next begins: that is damage, an error, and nothing is cut. */
#include "runtime/base/error.h"
#include "runtime/store/page_file.h"

#include <string.h>

static sqlite3_int64 frame_size(const struct page_file *f)
{
	return WAL_FRAME + (sqlite3_int64)f->db->size;
}

/* Where in a frame an offset lies; -1: in the WAL's header. */
static sqlite3_int64 within_frame(const struct page_file *f, sqlite3_int64 at)
{
	return at < WAL_HEADER ? -1 : (at - WAL_HEADER) % frame_size(f);
}

static unsigned char *page_at(struct page_file *f)
{
	return f->db->scratch + WAL_FRAME;
}

/* The frame at `at`, as it is on the disk, into scratch. */
static int load_frame(struct page_file *f, sqlite3_int64 at)
{
	return below_read(f, f->db->scratch, frame_size(f), at);
}

static bool opens(struct page_file *f, uint32_t number, unsigned char *out)
{
	return page_decrypt(f->db->cipher, number, page_at(f), f->db->size, out) ==
	       PAGE_OK;
}

/* -- writing -- */

/* What the chain has reached before the frame at `at`: from this run, or from the disk.
 */
static int find_run(struct page_file *f, sqlite3_int64 at)
{
	struct page_wal *w = &f->wal;
	unsigned char bytes[WAL_HEADER], frame[WAL_FRAME];
	struct wal_header header;
	int r;

	if (w->run.next == at && w->run.epoch == f->db->epoch)
		return SQLITE_OK;
	r = below_read(f, bytes, WAL_HEADER, 0);
	if (r)
		return r;
	if (!wal_header_parse(bytes, &header))
		return SQLITE_CORRUPT;
	w->run.big_endian = header.big_endian;
	w->run.sum = header.sum;
	if (at > WAL_HEADER) {
		r = below_read(f, frame, WAL_FRAME, at - frame_size(f));
		if (r)
			return r;
		w->run.sum = wal_frame_parse(frame).sum;
	}
	w->run.epoch = f->db->epoch;
	w->run.next = at;
	return SQLITE_OK;
}

/* Puts the held header before the ciphertext in scratch and chains it. */
static int complete_frame(struct page_file *f)
{
	struct page_wal *w = &f->wal;
	int r = find_run(f, w->held_at);

	if (r)
		return r;
	w->run.sum = wal_frame_sum(
			w->run.sum, w->run.big_endian, w->held, page_at(f), f->db->size);
	wal_frame_set_sum(w->held, w->run.sum);
	w->run.next = w->held_at + frame_size(f);
	memcpy(f->db->scratch, w->held, WAL_FRAME);
	return SQLITE_OK;
}

/* A write that failed left who knows what: the next one asks the disk. */
static int written(struct page_file *f, int r)
{
	if (r)
		f->wal.run.next = 0;
	return r;
}

static int write_frame(struct page_file *f, const unsigned char *page)
{
	struct page_wal *w = &f->wal;
	sqlite3_int64 at = w->held_at;
	int r;

	page_database_encrypt(f->db, wal_frame_parse(w->held).page, page);
	r = complete_frame(f);
	w->held_at = 0;
	if (!r)
		r = below_write(f, f->db->scratch, frame_size(f), at);
	return written(f, r);
}

static int overwrite_page(
		struct page_file *f, const unsigned char *page, sqlite3_int64 at)
{
	unsigned char header[WAL_FRAME];
	int r = below_read(f, header, WAL_FRAME, at - WAL_FRAME);

	if (r)
		return r;
	f->wal.run.next = 0;
	f->wal.overwritten = f->db->epoch;
	page_database_encrypt(f->db, wal_frame_parse(header).page, page);
	return below_write(f, page_at(f), f->db->size, at);
}

/* A header came without its page: the page is on the disk. Where that is not this
 * frame's page, its own never came; such a header must not make it look whole. */
static int flush_held(struct page_file *f)
{
	struct page_wal *w = &f->wal;
	sqlite3_int64 at = w->held_at;
	CLEANUP(freep) unsigned char *plain = NULL;
	int r;

	if (!at)
		return SQLITE_OK;
	plain = xmalloc(f->db->size);
	r = load_frame(f, at);
	if (r == SQLITE_OK && opens(f, wal_frame_parse(w->held).page, plain)) {
		r = complete_frame(f);
		if (!r)
			r = below_write(f, f->db->scratch, WAL_FRAME, at);
	}
	w->held_at = 0;
	return r == SQLITE_IOERR_SHORT_READ ? SQLITE_OK : written(f, r);
}

static int write_header(struct page_file *f, const unsigned char *bytes)
{
	struct page_wal *w = &f->wal;
	struct wal_header header;

	if (!wal_header_parse(bytes, &header))
		return SQLITE_IOERR_WRITE;
	w->run.epoch = f->db->epoch;
	w->run.next = WAL_HEADER;
	w->run.big_endian = header.big_endian;
	w->run.sum = header.sum;
	return written(f, below_write(f, bytes, WAL_HEADER, 0));
}

static int wal_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
	struct page_file *f = page_file_of(file);
	struct page_wal *w = &f->wal;
	sqlite3_int64 within;
	int r = SQLITE_OK;

	if (w->held_at && at == w->held_at + WAL_FRAME && (uint32_t)len == f->db->size)
		return write_frame(f, bytes);
	r = flush_held(f);
	if (r)
		return r;
	if (at == 0 && len == WAL_HEADER)
		return write_header(f, bytes);
	within = f->db->size ? within_frame(f, at) : -1;
	if (within == 0 && len == WAL_FRAME) {
		memcpy(w->held, bytes, WAL_FRAME);
		w->held_at = at;
		return SQLITE_OK;
	}
	if (within == WAL_FRAME && (uint32_t)len == f->db->size)
		return overwrite_page(f, bytes, at);
	return SQLITE_IOERR_WRITE;
}

/* -- reading -- */

/* A run of linked frames behind the break: each one's checksum goes on from that of the
 * one before. */
struct later {
	bool linked;            /* the frame before can be linked to */
	struct wal_sum sums[2]; /* what its checksum says, and what it should say */
	bool committed;         /* a commit stands in the run */
};

/* Looks at the frame in scratch. True: it links to a commit before it, and opens. */
static bool later_frame(struct page_file *f, const struct wal_header *header,
		struct later *later, unsigned char *plain)
{
	struct wal_frame frame = wal_frame_parse(f->db->scratch);
	bool links = false;

	for (int i = 0; i < 2 && later->linked; i++)
		links |= wal_sum_eq(frame.sum,
				wal_frame_sum(later->sums[i], header->big_endian,
						f->db->scratch, page_at(f), f->db->size));
	if (links && later->committed && opens(f, frame.page, plain))
		return true;
	later->committed = (links && later->committed) || frame.commit != 0;
	later->linked = true;
	later->sums[0] = later->sums[1] = frame.sum;
	return false;
}

/* Whether frames from `at` on were written after a later commit was flushed. */
static int damaged(struct page_file *f, const struct wal_header *header, sqlite3_int64 at,
		struct later *later, bool *out)
{
	CLEANUP(freep) unsigned char *plain = xmalloc(f->db->size);
	sqlite3_int64 end;
	int r = f->below->pMethods->xFileSize(f->below, &end);

	*out = false;
	for (; !r && !*out && at + frame_size(f) <= end; at += frame_size(f)) {
		r = below_read(f, f->db->scratch, WAL_FRAME, at);
		if (!r && memcmp(wal_frame_parse(f->db->scratch).salt, header->salt,
					  WAL_SALT) != 0) {
			later->linked = later->committed = false;
			continue; /* of an earlier generation */
		}
		if (!r)
			r = load_frame(f, at);
		if (!r)
			*out = later_frame(f, header, later, plain);
	}
	return r;
}

/* Whether any frame opens, whatever its header says. */
static int any_frame_opens(struct page_file *f, bool *out)
{
	CLEANUP(freep) unsigned char *plain = xmalloc(f->db->size);
	sqlite3_int64 at = WAL_HEADER, end;
	int r = f->below->pMethods->xFileSize(f->below, &end);

	*out = false;
	for (; !r && !*out && at + frame_size(f) <= end; at += frame_size(f)) {
		r = load_frame(f, at);
		if (!r)
			*out = opens(f, wal_frame_parse(f->db->scratch).page, plain);
	}
	return r;
}

/* The chain broke at the frame in scratch. A crash: SQLite is given a frame that ends
 * its recovery. */
static int end_of_chain(struct page_file *f, unsigned char *out, sqlite3_int64 at,
		struct wal_sum should_be)
{
	struct page_wal *w = &f->wal;
	struct wal_frame frame = wal_frame_parse(f->db->scratch);
	struct later later = {
		.linked = true,
		.sums = { frame.sum, should_be },
		.committed = frame.commit != 0,
	};
	bool alarm;
	int r;

	w->walk.next = 0;
	r = damaged(f, &w->walk.header, at + frame_size(f), &later, &alarm);
	if (r)
		return r;
	if (alarm)
		return page_main_refuse(f->db->main);
	memset(out, 0, (size_t)frame_size(f));
	return SQLITE_OK;
}

/* A frame on recovery's way. */
static int walk_frame(struct page_file *f, unsigned char *out, sqlite3_int64 at)
{
	struct page_wal *w = &f->wal;
	struct wal_frame frame = wal_frame_parse(f->db->scratch);
	bool big_endian = w->walk.header.big_endian;
	struct wal_sum disk = wal_frame_sum(w->walk.disk, big_endian, f->db->scratch,
			page_at(f), f->db->size);

	if (memcmp(frame.salt, w->walk.header.salt, WAL_SALT) != 0 ||
			!wal_sum_eq(disk, frame.sum))
		return end_of_chain(f, out, at, disk);
	if (!opens(f, frame.page, out + WAL_FRAME))
		return page_main_refuse(f->db->main);
	memcpy(out, f->db->scratch, WAL_FRAME);
	w->walk.disk = disk;
	w->walk.plain = wal_frame_sum(
			w->walk.plain, big_endian, out, out + WAL_FRAME, f->db->size);
	wal_frame_set_sum(out, w->walk.plain);
	w->walk.next = at + frame_size(f);
	return SQLITE_OK;
}

static int read_frame(struct page_file *f, unsigned char *out, sqlite3_int64 at)
{
	struct page_wal *w = &f->wal;
	bool rewriting = w->overwritten && w->overwritten == f->db->epoch;
	int r = load_frame(f, at);

	if (r)
		return r;
	if (!rewriting && w->walk.next == at)
		return walk_frame(f, out, at);
	memcpy(out, f->db->scratch, WAL_FRAME);
	if (!opens(f, wal_frame_parse(out).page, out + WAL_FRAME))
		return page_main_refuse(f->db->main);
	return SQLITE_OK;
}

static int read_page(struct page_file *f, unsigned char *out, sqlite3_int64 at)
{
	int r = load_frame(f, at - WAL_FRAME);

	if (r)
		return r;
	if (!opens(f, wal_frame_parse(f->db->scratch).page, out))
		return page_main_refuse(f->db->main);
	return SQLITE_OK;
}

/* Recovery begins here. A broken header makes SQLite forget the whole WAL; but it was
 * flushed before any frame was written, so with a frame behind it, it is damaged. */
static int read_header(struct page_file *f, unsigned char *out)
{
	struct page_wal *w = &f->wal;
	struct wal_header header;
	bool alarm;
	int r = below_read(f, out, WAL_HEADER, 0);

	if (r)
		return r;
	w->walk.next = 0;
	if (!wal_header_parse(out, &header)) {
		r = any_frame_opens(f, &alarm);
		return r || !alarm ? r : page_main_refuse(f->db->main);
	}
	if (header.page_size != f->db->size)
		return page_main_refuse(f->db->main);
	w->walk.header = header;
	w->walk.disk = w->walk.plain = header.sum;
	w->walk.next = WAL_HEADER;
	return SQLITE_OK;
}

static int wal_read(sqlite3_file *file, void *out, int len, sqlite3_int64 at)
{
	struct page_file *f = page_file_of(file);
	sqlite3_int64 within;
	int r = flush_held(f);

	if (!r)
		r = page_main_learn(f->db->main);
	if (r)
		return r;
	if (!f->db->size)
		return below_read(f, out, len, at);
	if (at == 0 && len == WAL_HEADER)
		return read_header(f, out);
	within = within_frame(f, at);
	if (within == 0 && len == frame_size(f))
		return read_frame(f, out, at);
	if (within == WAL_FRAME && (uint32_t)len == f->db->size)
		return read_page(f, out, at);
	if (len <= WAL_FRAME && (within < 0 || within + len <= WAL_FRAME))
		return below_read(f, out, len, at); /* headers are plain */
	return SQLITE_IOERR_READ;
}

/* -- all else -- */

static int wal_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct page_file *f = page_file_of(file);
	int r = flush_held(f);

	f->wal.run.next = 0;
	return r ? r : page_file_truncate(file, size);
}

static int wal_sync(sqlite3_file *file, int flags)
{
	int r = flush_held(page_file_of(file));

	return r ? r : page_file_sync(file, flags);
}

static int wal_size(sqlite3_file *file, sqlite3_int64 *out)
{
	int r = flush_held(page_file_of(file));

	return r ? r : page_file_size(file, out);
}

static int wal_close(sqlite3_file *file)
{
	int flushed = flush_held(page_file_of(file));
	int r = page_file_close(file);

	return r ? r : flushed;
}

const sqlite3_io_methods page_wal_methods = {
	.iVersion = 1,
	.xClose = wal_close,
	.xRead = wal_read,
	.xWrite = wal_write,
	.xTruncate = wal_truncate,
	.xSync = wal_sync,
	.xFileSize = wal_size,
	.xLock = page_file_lock,
	.xUnlock = page_file_unlock,
	.xCheckReservedLock = page_file_check_reserved,
	.xFileControl = page_file_control,
	.xSectorSize = page_file_sector_size,
	.xDeviceCharacteristics = page_file_characteristics,
};
