/* The rollback journal: headers in the plain, then records of number (4 bytes), page and
 * checksum (4 bytes, over the plaintext). Each passes in a call of its own, and length
 * alone does not tell them apart: a checksum is as long as a number, and a header may be
 * as long as a page. So both directions remember what passed, and where it ended.
 *
 *	        ┌───────── 4 bytes ─────────┐
 *	        ▼                           │
 *	PLAIN ──4 bytes──► NUMBER ──page──► PAGE ──4 bytes right behind──► PLAIN
 *	  ▲                  │                │
 *	  └──anything else───┴────────────────┘
 */
#include "runtime/store/page_file.h"

#include <string.h>

enum {
	NUMBER = 4,
	PENDING_BYTE = 0x40000000, /* its page is never journalled; its number announces
				      the name of a super-journal */
};

static uint32_t get32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool is_page(const struct page_file *f, const struct page_journal_state *s,
		int len, sqlite3_int64 at)
{
	return s->after == JOURNAL_NUMBER && s->end == at && s->number > 0 &&
	       page_size_valid((uint32_t)len) && (uint32_t)len == f->db->size &&
	       s->number != PENDING_BYTE / f->db->size + 1;
}

/* What has passed now. `bytes` is as SQLite sees it. */
static void passed(struct page_journal_state *s, bool page, const void *bytes, int len,
		sqlite3_int64 at)
{
	bool checksum = s->after == JOURNAL_PAGE && s->end == at && len == NUMBER;

	s->end = at + len;
	if (page) {
		s->after = JOURNAL_PAGE;
	} else if (len == NUMBER && !checksum) {
		s->after = JOURNAL_NUMBER;
		s->number = get32(bytes);
	} else {
		s->after = JOURNAL_PLAIN;
	}
}

/* A page that does not open stops the rollback with an error: to go on without it would
 * leave half a transaction in the file. */
static int journal_read(sqlite3_file *file, void *out, int len, sqlite3_int64 at)
{
	struct page_file *f = page_file_of(file);
	struct page_journal_state *s = &f->journal.reading;
	bool page = is_page(f, s, len, at);
	int r = below_read(f, page ? (void *)(f->db->scratch + WAL_FRAME) : out, len, at);

	if (page) {
		if (r == SQLITE_OK && page_decrypt(f->db->cipher, s->number,
						      f->db->scratch + WAL_FRAME,
						      f->db->size, out) != PAGE_OK)
			r = SQLITE_CORRUPT;
		if (r == SQLITE_IOERR_SHORT_READ)
			memset(out, 0, (size_t)len);
	}
	passed(s, page, out, len, at);
	return r;
}

static int journal_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
	struct page_file *f = page_file_of(file);
	struct page_journal_state *s = &f->journal.writing;
	bool page = is_page(f, s, len, at);
	const void *out = page ? page_database_encrypt(f->db, s->number, bytes) : bytes;

	passed(s, page, bytes, len, at);
	return below_write(f, out, len, at);
}

const sqlite3_io_methods page_journal_methods = {
	.iVersion = 1,
	.xClose = page_file_close,
	.xRead = journal_read,
	.xWrite = journal_write,
	.xTruncate = page_file_truncate,
	.xSync = page_file_sync,
	.xFileSize = page_file_size,
	.xLock = page_file_lock,
	.xUnlock = page_file_unlock,
	.xCheckReservedLock = page_file_check_reserved,
	.xFileControl = page_file_control,
	.xSectorSize = page_file_sector_size,
	.xDeviceCharacteristics = page_file_characteristics,
};
