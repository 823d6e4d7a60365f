/* The main file. SQLite writes whole pages; it reads whole pages and parts of page 1. The
 * page size stands in plain bytes of the header, so it is known before any page opens. */
#include "runtime/base/error.h"
#include "runtime/crypto/random.h"
#include "runtime/store/page_file.h"
#include "runtime/store/page_vfs.h"

#include <stdlib.h>
#include <string.h>

enum {
	SIZE_AT = 16, /* in the header of page 1 */
	RESERVED_AT = 20,
};

static uint32_t header_page_size(const unsigned char *header)
{
	uint32_t size = (uint32_t)header[SIZE_AT] << 8 | header[SIZE_AT + 1];

	return size == 1 ? PAGE_SIZE_MAX : size;
}

int page_main_learn(struct page_file *main)
{
	unsigned char header[PAGE_PLAIN_END];
	sqlite3_int64 size;
	int r;

	if (main->db->size)
		return SQLITE_OK;
	r = main->below->pMethods->xFileSize(main->below, &size);
	if (r || size == 0)
		return r;
	r = below_read(main, header, sizeof(header), 0);
	if (r == SQLITE_IOERR_SHORT_READ)
		return SQLITE_NOTADB;
	if (r)
		return r;
	if (!page_size_valid(header_page_size(header)) ||
			header[RESERVED_AT] != PAGE_RESERVED)
		return SQLITE_NOTADB;
	memcpy(main->db->salt, header, PAGE_SALT);
	page_database_set_size(main->db, header_page_size(header));
	return SQLITE_OK;
}

/* Page 1 may be damaged, and with it the page size; pages 2 and 3 at any size will do. */
bool page_main_key_fits(struct page_file *main)
{
	unsigned char *page = xmalloc(PAGE_SIZE_MAX), *plain = xmalloc(PAGE_SIZE_MAX);
	bool opens = false;

	for (uint32_t size = PAGE_SIZE_MIN; size <= PAGE_SIZE_MAX && !opens; size *= 2)
		for (uint32_t number = 1; number <= 3; number++)
			if (below_read(main, page, size,
					    (sqlite3_int64)(number - 1) * size) == 0 &&
					page_decrypt(main->db->cipher, number, page, size,
							plain) == PAGE_OK)
				opens = true;
	free(page);
	free(plain);
	return opens;
}

int page_main_refuse(struct page_file *main)
{
	return page_main_key_fits(main) ? SQLITE_CORRUPT : SQLITE_NOTADB;
}

/* Reads page `number` into `out`, all of it. */
static int read_page(struct page_file *main, uint32_t number, unsigned char *out)
{
	struct page_database *db = main->db;
	sqlite3_int64 at = (sqlite3_int64)(number - 1) * db->size, file_size;
	int r = below_read(main, db->scratch, db->size, at);

	if (r == SQLITE_IOERR_SHORT_READ) {
		r = main->below->pMethods->xFileSize(main->below, &file_size);
		if (r)
			return r;
		if (file_size > at)
			return SQLITE_CORRUPT; /* cut within the page */
		memset(out, 0, db->size);
		return SQLITE_IOERR_SHORT_READ;
	}
	if (r)
		return r;
	if (page_decrypt(db->cipher, number, db->scratch, db->size, out) != PAGE_OK)
		return page_main_refuse(main);
	return SQLITE_OK;
}

/* SQLite reads the first 100 bytes as soon as it opens a file, to learn the page size;
 * and a crash may have torn page 1 just where a hot journal or the WAL holds it whole. So
 * this read gets the plain part of the header, rather than an error, where the page does
 * not open; what page 1 holds is read, and refused, later. */
static int read_part(struct page_file *main, uint32_t number, sqlite3_int64 within,
		unsigned char *out, size_t len)
{
	unsigned char *page = xmalloc(main->db->size);
	int r = read_page(main, number, page);

	if ((r == SQLITE_NOTADB || r == SQLITE_CORRUPT) && number == 1 && within == 0) {
		memcpy(page, "SQLite format 3", PAGE_SALT);
		r = below_read(main, page + PAGE_SALT, PAGE_PLAIN_END - PAGE_SALT,
				PAGE_SALT);
	}
	memcpy(out, page + within, len);
	free(page);
	return r;
}

static int main_read(sqlite3_file *file, void *out, int len, sqlite3_int64 at)
{
	struct page_file *f = page_file_of(file);
	int r = page_main_learn(f);
	sqlite3_int64 within;
	uint32_t number;

	if (r)
		return r == SQLITE_NOTADB ? page_main_refuse(f) : r;
	if (!f->db->size) {
		memset(out, 0, (size_t)len);
		return SQLITE_IOERR_SHORT_READ;
	}
	number = (uint32_t)(at / f->db->size) + 1;
	within = at % f->db->size;
	if (within + len > f->db->size)
		return SQLITE_IOERR_READ;
	if ((uint32_t)len == f->db->size)
		return read_page(f, number, out);
	return read_part(f, number, within, out, (size_t)len);
}

/* Page 1 says what size it believes pages to have. Another size than that of the write,
 * or no room for nonce and tag, would destroy the file (PRAGMA page_size and VACUUM in
 * place). */
static bool header_fits(const unsigned char *page, uint32_t len)
{
	return header_page_size(page) == len && page[RESERVED_AT] == PAGE_RESERVED;
}

static int main_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
	struct page_file *f = page_file_of(file);
	uint32_t size = (uint32_t)len;
	int r = page_main_learn(f);

	if (r)
		return r;
	if (!page_size_valid(size) || at % size || (f->db->size && f->db->size != size))
		return SQLITE_IOERR_WRITE;
	if (at == 0 && !header_fits(bytes, size))
		return SQLITE_IOERR_WRITE;
	if (!f->db->size) {
		random_bytes(f->db->salt, PAGE_SALT);
		page_database_set_size(f->db, size);
	}
	return below_write(f,
			page_database_encrypt(f->db, (uint32_t)(at / size) + 1, bytes),
			size, at);
}

static int main_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct page_file *f = page_file_of(file);

	if (size == 0)
		f->db->size = 0; /* the next header may choose another */
	return page_file_truncate(file, size);
}

static int main_close(sqlite3_file *file)
{
	struct page_file *f = page_file_of(file);
	struct page_database *db = f->db;
	int r = page_file_close(file);

	page_cipher_free(db->cipher);
	free(db->scratch);
	free(db);
	f->db = NULL;
	return r;
}

int page_vfs_verify(struct sqlite3 *handle, uint32_t *page_out)
{
	CLEANUP(freep) unsigned char *page = xmalloc(PAGE_SIZE_MAX);
	sqlite3_file *file;
	sqlite3_int64 size;
	int r = sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);

	if (!r)
		r = page_main_learn(page_file_of(file));
	if (!r)
		r = page_file_size(file, &size);
	*page_out = 0;
	while (!r && (sqlite3_int64)*page_out * page_file_of(file)->db->size < size)
		r = read_page(page_file_of(file), ++*page_out, page);
	return r;
}

static int shm_map(
		sqlite3_file *file, int region, int size, int extend, void volatile **out)
{
	struct page_file *f = page_file_of(file);

	return f->below->pMethods->xShmMap(f->below, region, size, extend, out);
}

static int shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	struct page_file *f = page_file_of(file);

	if ((flags & SQLITE_SHM_LOCK) && (flags & SQLITE_SHM_EXCLUSIVE))
		f->db->epoch++;
	return f->below->pMethods->xShmLock(f->below, offset, n, flags);
}

static void shm_barrier(sqlite3_file *file)
{
	struct page_file *f = page_file_of(file);

	f->below->pMethods->xShmBarrier(f->below);
}

static int shm_unmap(sqlite3_file *file, int delete)
{
	struct page_file *f = page_file_of(file);

	return f->below->pMethods->xShmUnmap(f->below, delete);
}

/* Version 2: no xFetch, which would map ciphertext. */
const sqlite3_io_methods page_main_methods = {
	.iVersion = 2,
	.xClose = main_close,
	.xRead = main_read,
	.xWrite = main_write,
	.xTruncate = main_truncate,
	.xSync = page_file_sync,
	.xFileSize = page_file_size,
	.xLock = page_file_lock,
	.xUnlock = page_file_unlock,
	.xCheckReservedLock = page_file_check_reserved,
	.xFileControl = page_file_control,
	.xSectorSize = page_file_sector_size,
	.xDeviceCharacteristics = page_file_characteristics,
	.xShmMap = shm_map,
	.xShmLock = shm_lock,
	.xShmBarrier = shm_barrier,
	.xShmUnmap = shm_unmap,
};
