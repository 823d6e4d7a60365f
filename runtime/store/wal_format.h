/* The write-ahead log as SQLite lays it out (sqlite.org/fileformat2.html, 4): headers and
 * the chain of checksums. Functions of their arguments. */
#ifndef STORE_WAL_FORMAT_H
#define STORE_WAL_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	WAL_HEADER = 32,
	WAL_FRAME = 24, /* a frame's header; the page follows */
	WAL_SALT = 8,
};

/* The running checksum: each frame's goes on from the one before it. */
struct wal_sum {
	uint32_t s0, s1;
};

struct wal_header {
	bool big_endian; /* how the checksum reads its words */
	uint32_t page_size;
	unsigned char salt[WAL_SALT]; /* of all frames of this generation */
	struct wal_sum sum;
};

/* False: not a WAL's header, or its checksum is wrong. */
bool wal_header_parse(const unsigned char bytes[WAL_HEADER], struct wal_header *out);

struct wal_frame {
	uint32_t page;   /* its number, from 1 */
	uint32_t commit; /* the size of the database in pages; 0: no commit frame */
	unsigned char salt[WAL_SALT];
	struct wal_sum sum;
};

struct wal_frame wal_frame_parse(const unsigned char bytes[WAL_FRAME]);
void wal_frame_set_sum(unsigned char bytes[WAL_FRAME], struct wal_sum sum);
/* What a frame's checksum has to be: over the first 8 bytes of its header and its page
 * (`size` is a multiple of 8). */
struct wal_sum wal_frame_sum(struct wal_sum before, bool big_endian,
		const unsigned char header[WAL_FRAME], const unsigned char *page,
		size_t size);

static inline bool wal_sum_eq(struct wal_sum a, struct wal_sum b)
{
	return a.s0 == b.s0 && a.s1 == b.s1;
}

/* True for the sizes that a page can have. */
static inline bool page_size_valid(uint32_t size)
{
	return size >= 512 && size <= 65536 && (size & (size - 1)) == 0;
}

#endif
