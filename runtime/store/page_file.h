/* The files behind the page VFS. Private to page_*.c.
 *
 * SQLite allocates a page_file; the file of the VFS below stands right behind it. What
 * the files of one connection share hangs on its main file, which is closed last. */
#ifndef STORE_PAGE_FILE_H
#define STORE_PAGE_FILE_H

#include "runtime/crypto/page_cipher.h"
#include "runtime/store/wal_format.h"

#include <sqlite3.h>

struct page_file;

struct page_database {
	struct page_file *main;
	struct page_cipher *cipher;
	uint32_t size; /* of a page; 0: not known yet */
	unsigned char salt[PAGE_SALT];
	/* Room for a WAL frame of the largest size in use: ciphertext on its way. */
	unsigned char *scratch;
	/* Counts the exclusive locks on the WAL: what was read of it under another one
	 * may be stale. */
	uint64_t epoch;
};

/* See page_wal.c. */
struct page_wal {
	/* A frame's header that waits for its page. */
	unsigned char held[WAL_FRAME];
	sqlite3_int64 held_at; /* 0: none */

	/* Writing: where the next frame of this run begins and what precedes it. */
	struct {
		uint64_t epoch;
		sqlite3_int64 next; /* 0: no run */
		bool big_endian;
		struct wal_sum sum;
	} run;

	/* Reading from the start, as recovery does: both chains. */
	struct {
		struct wal_header header;
		sqlite3_int64 next; /* 0: not walking */
		struct wal_sum disk, plain;
	} walk;

	/* The lock under which a frame's page was overwritten alone, so that SQLite will
	 * rewrite the headers after it. */
	uint64_t overwritten;
};

/* See page_journal.c. */
struct page_journal {
	struct page_journal_state {
		enum {
			JOURNAL_PLAIN,  /* a header, or nothing yet */
			JOURNAL_NUMBER, /* a page's number has passed: its page is next */
			JOURNAL_PAGE,   /* a page has passed: its checksum is next */
		} after;
		sqlite3_int64 end; /* of what has passed */
		uint32_t number;
	} reading, writing;
};

struct page_file {
	sqlite3_file base;
	sqlite3_file *below;
	struct page_database *db; /* the main file owns it */
	union {
		struct page_wal wal;
		struct page_journal journal;
	};
};

static inline struct page_file *page_file_of(sqlite3_file *file)
{
	return (struct page_file *)(void *)file;
}

extern const sqlite3_io_methods page_main_methods;
extern const sqlite3_io_methods page_wal_methods;
extern const sqlite3_io_methods page_journal_methods;

/* Learns the page size and the salt from the file, where it has a header. SQLITE_OK with
 * size == 0: it is empty. */
int page_main_learn(struct page_file *main);
/* Whether any page of the file opens under our key. */
bool page_main_key_fits(struct page_file *main);
/* What to answer where a page does not open: SQLITE_CORRUPT, or SQLITE_NOTADB where no
 * page does. */
int page_main_refuse(struct page_file *main);
/* Sets the page size and makes room for its frames. */
void page_database_set_size(struct page_database *db, uint32_t size);

/* The ciphertext lies at scratch + WAL_FRAME, so that a frame's header fits before it. */
unsigned char *page_database_encrypt(
		struct page_database *db, uint32_t number, const unsigned char *plain);

/* Methods that pass on to the file below. */
int page_file_close(sqlite3_file *file);
int page_file_truncate(sqlite3_file *file, sqlite3_int64 size);
int page_file_sync(sqlite3_file *file, int flags);
int page_file_size(sqlite3_file *file, sqlite3_int64 *out);
int page_file_lock(sqlite3_file *file, int level);
int page_file_unlock(sqlite3_file *file, int level);
int page_file_check_reserved(sqlite3_file *file, int *out);
int page_file_control(sqlite3_file *file, int op, void *arg);
int page_file_sector_size(sqlite3_file *file);
int page_file_characteristics(sqlite3_file *file);

/* xRead and xWrite of the file below. */
static inline int below_read(
		struct page_file *f, void *out, sqlite3_int64 len, sqlite3_int64 at)
{
	return f->below->pMethods->xRead(f->below, out, (int)len, at);
}

static inline int below_write(struct page_file *f, const void *bytes, sqlite3_int64 len,
		sqlite3_int64 at)
{
	return f->below->pMethods->xWrite(f->below, bytes, (int)len, at);
}

#endif
