#include "runtime/store/page_file.h"

#include "runtime/base/error.h"
#include "runtime/crypto/random.h"

#include <stdlib.h>
#include <string.h>

void page_database_set_size(struct page_database *db, uint32_t size)
{
	if (db->size != size)
		db->scratch = xrealloc(db->scratch, WAL_FRAME + (size_t)size);
	db->size = size;
}

unsigned char *page_database_encrypt(
		struct page_database *db, uint32_t number, const unsigned char *plain)
{
	unsigned char *out = db->scratch + WAL_FRAME;
	unsigned char nonce[PAGE_NONCE];

	random_bytes(nonce, sizeof(nonce));
	page_encrypt(db->cipher, number, db->salt, nonce, plain, db->size, out);
	return out;
}

int page_file_close(sqlite3_file *file)
{
	struct page_file *f = page_file_of(file);

	return f->below->pMethods->xClose(f->below);
}

int page_file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct page_file *f = page_file_of(file);

	return f->below->pMethods->xTruncate(f->below, size);
}

int page_file_sync(sqlite3_file *file, int flags)
{
	struct page_file *f = page_file_of(file);

	return f->below->pMethods->xSync(f->below, flags);
}

int page_file_size(sqlite3_file *file, sqlite3_int64 *out)
{
	struct page_file *f = page_file_of(file);

	return f->below->pMethods->xFileSize(f->below, out);
}

int page_file_lock(sqlite3_file *file, int level)
{
	struct page_file *f = page_file_of(file);

	return f->below->pMethods->xLock(f->below, level);
}

int page_file_unlock(sqlite3_file *file, int level)
{
	struct page_file *f = page_file_of(file);

	return f->below->pMethods->xUnlock(f->below, level);
}

int page_file_check_reserved(sqlite3_file *file, int *out)
{
	struct page_file *f = page_file_of(file);

	return f->below->pMethods->xCheckReservedLock(f->below, out);
}

int page_file_control(sqlite3_file *file, int op, void *arg)
{
	struct page_file *f = page_file_of(file);

	if (op == SQLITE_FCNTL_MMAP_SIZE) {
		*(sqlite3_int64 *)arg = 0; /* mmap would show ciphertext */
		return SQLITE_OK;
	}
	return f->below->pMethods->xFileControl(f->below, op, arg);
}

int page_file_sector_size(sqlite3_file *file)
{
	struct page_file *f = page_file_of(file);

	return f->below->pMethods->xSectorSize(f->below);
}

/* Batches of atomic writes would pass us by; and without POWERSAFE_OVERWRITE SQLite may
 * split a page at a sector's end and pad the WAL. */
int page_file_characteristics(sqlite3_file *file)
{
	struct page_file *f = page_file_of(file);
	int below = f->below->pMethods->xDeviceCharacteristics(f->below);

	return (below & SQLITE_IOCAP_UNDELETABLE_WHEN_OPEN) |
	       SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}
