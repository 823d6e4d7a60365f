/* A WAL's header is believed only with its checksum; a frame's checksum written is the
 * one read; and the fast sum is the slow one. */
#include "runtime/store/wal_format.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
	if (!holds)
		abort();
}

static void check_header(const uint8_t *data)
{
	unsigned char bytes[WAL_HEADER];
	struct wal_header header;

	memcpy(bytes, data, WAL_HEADER);
	if (!wal_header_parse(bytes, &header))
		return;
	must(page_size_valid(header.page_size));
	for (size_t bit = 0; bit < 8 * WAL_HEADER; bit++) {
		bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
		must(!wal_header_parse(bytes, &header));
		bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
}

/* The same sum, a byte at a time. */
static struct wal_sum slow_sum(
		struct wal_sum sum, int big_endian, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i + 8 <= len; i += 8) {
		uint32_t word[2] = { 0, 0 };

		for (int j = 0; j < 8; j++)
			word[j / 4] |= (uint32_t)p[i + (size_t)j]
				       << 8 * (big_endian ? 3 - j % 4 : j % 4);
		sum.s0 += word[0] + sum.s1;
		sum.s1 += word[1] + sum.s0;
	}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char frame[WAL_FRAME];
	size_t len;

	if (size < WAL_HEADER + WAL_FRAME)
		return 0;
	check_header(data);
	memcpy(frame, data + WAL_HEADER, WAL_FRAME);
	data += WAL_HEADER + WAL_FRAME;
	len = (size - WAL_HEADER - WAL_FRAME) / 8 * 8;
	for (int big_endian = 0; big_endian < 2; big_endian++) {
		struct wal_sum before = wal_frame_parse(frame).sum;
		struct wal_sum sum = wal_frame_sum(before, big_endian, frame, data, len);

		must(wal_sum_eq(sum, slow_sum(slow_sum(before, big_endian, frame, 8),
						     big_endian, data, len)));
		wal_frame_set_sum(frame, sum);
		must(wal_sum_eq(wal_frame_parse(frame).sum, sum));
	}
	return 0;
}
