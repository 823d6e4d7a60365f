#include "runtime/store/wal_format.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

enum {
	MAGIC = 0x377f0682, /* the last bit: checksums read big-endian words */
	VERSION = 3007000,
	SUMMED = 24, /* bytes of the WAL's header under its checksum */
};

static uint32_t get32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put32(unsigned char *p, uint32_t n)
{
	p[0] = (unsigned char)(n >> 24);
	p[1] = (unsigned char)(n >> 16);
	p[2] = (unsigned char)(n >> 8);
	p[3] = (unsigned char)n;
}

static struct wal_sum sum_add(
		struct wal_sum sum, bool big_endian, const unsigned char *p, size_t len)
{
	uint32_t s0 = sum.s0, s1 = sum.s1;

	assert(len % 8 == 0);
	for (const unsigned char *end = p + len; p < end; p += 8) {
		uint32_t word[2];

		memcpy(word, p, 8);
		s0 += (big_endian ? be32toh(word[0]) : le32toh(word[0])) + s1;
		s1 += (big_endian ? be32toh(word[1]) : le32toh(word[1])) + s0;
	}
	return (struct wal_sum){ s0, s1 };
}

bool wal_header_parse(const unsigned char bytes[WAL_HEADER], struct wal_header *out)
{
	uint32_t magic = get32(bytes);
	struct wal_header header = {
		.big_endian = magic & 1,
		.page_size = get32(bytes + 8),
		.sum = { get32(bytes + SUMMED), get32(bytes + SUMMED + 4) },
	};
	struct wal_sum zero = { 0, 0 };

	memcpy(header.salt, bytes + 16, WAL_SALT);
	if ((magic & ~1U) != MAGIC || get32(bytes + 4) != VERSION ||
			!page_size_valid(header.page_size))
		return false;
	if (!wal_sum_eq(header.sum, sum_add(zero, header.big_endian, bytes, SUMMED)))
		return false;
	*out = header;
	return true;
}

struct wal_frame wal_frame_parse(const unsigned char bytes[WAL_FRAME])
{
	struct wal_frame frame = {
		.page = get32(bytes),
		.commit = get32(bytes + 4),
		.sum = { get32(bytes + 16), get32(bytes + 20) },
	};

	memcpy(frame.salt, bytes + 8, WAL_SALT);
	return frame;
}

void wal_frame_set_sum(unsigned char bytes[WAL_FRAME], struct wal_sum sum)
{
	put32(bytes + 16, sum.s0);
	put32(bytes + 20, sum.s1);
}

struct wal_sum wal_frame_sum(struct wal_sum before, bool big_endian,
		const unsigned char header[WAL_FRAME], const unsigned char *page,
		size_t size)
{
	struct wal_sum sum = sum_add(before, big_endian, header, 8);

	return sum_add(sum, big_endian, page, size);
}
