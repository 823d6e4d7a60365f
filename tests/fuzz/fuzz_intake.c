/* The readers of the intake log take any bytes; what was written is read, and a damaged
 * place costs the message in it and no other. The first byte chooses. */
#include "runtime/crypto/key.h"
#include "runtime/store/intake_segment.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct frame_place place = { &(const struct key){ { 1 } }, 1 };

static void any_bytes(struct view bytes)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct intake_envelope envelope;
	struct intake_end end;
	uint64_t id;

	if (intake_begin_read(arena, bytes, &id, &envelope)) {
		CLEANUP(buf_free) struct buf again = BUF_NULL(bytes.len);

		intake_begin_write(&again, id, &envelope);
		if (!view_eq(buf_view(&again), bytes))
			abort();
	}
	if (intake_end_read(bytes, &end)) {
		CLEANUP(buf_free) struct buf again = BUF_NULL(bytes.len);

		intake_end_write(&again, &end);
		if (!view_eq(buf_view(&again), bytes))
			abort();
	}
}

/* Reads a segment to its end; how many frames opened. */
static size_t walk(struct view bytes)
{
	CLEANUP(buf_free) struct buf content = BUF_NULL(INTAKE_FRAME_MAX + SEAL_OVERHEAD);
	struct segment_reader reader = { .bytes = bytes, .place = place };
	enum intake_frame_type type;
	size_t count = 0;
	bool resumed;
	uint64_t at;

	while (segment_read(&reader, &type, &content, &at, &resumed))
		count++;
	return count;
}

/* Messages of the given sizes, then one byte changed. */
static void a_damaged_segment(struct view sizes)
{
	CLEANUP(buf_free) struct buf log = BUF_NULL(1 << 20);
	size_t at, cut;

	if (sizes.len < 4)
		return;
	at = (unsigned char)sizes.data[0] | (size_t)(unsigned char)sizes.data[1] << 8;
	cut = (unsigned char)sizes.data[2];
	sizes = view_sub(sizes, 3, 64);
	for (size_t i = 0; i < sizes.len; i++) {
		frame_align(&log, 0);
		frame_write(&log, place, log.len, FRAME_BEGIN,
				view_sub(sizes, 0, (unsigned char)sizes.data[i]));
		frame_write(&log, place, log.len, FRAME_CHUNK, sizes);
	}
	if (walk(buf_view(&log)) != 2 * sizes.len)
		abort();
	buf_truncate(&log, log.len - cut % log.len);
	log.data[at % log.len] ^= 1;
	if (walk(buf_view(&log)) + 2 + 2 * (cut / 64 + 2) < 2 * sizes.len)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view bytes = view_of(data, size);

	if (!size)
		return 0;
	switch (data[0] % 3) {
	case 0:
		any_bytes(view_from(bytes, 1));
		break;
	case 1:
		walk(view_from(bytes, 1));
		break;
	default:
		a_damaged_segment(view_from(bytes, 1));
	}
	return 0;
}
