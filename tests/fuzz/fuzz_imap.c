/* Whole, byte by byte and split at random an IMAP session says the same. The first byte
 * chooses how it begins and how much the world answers at once. */
#include "tests/dialog/imap_world.h"
#include "tests/lib/trickle.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	IS_SELECTED = 1 << 0,
	HAS_TLS = 1 << 1,
	IS_ILL = 1 << 2,      /* the world's disk */
	IN_PIECES = 1 << 3,   /* small batches, sections that are read on */
	OUTPUT_MAX = 1 << 26, /* of one session */
};

static void run(struct view bytes, unsigned flags, enum trickle_way way,
		struct buf *output)
{
	const struct trickle_world *world = imap_world();
	struct engine *engine;

	world->reset(world->state);
	if (flags & IN_PIECES)
		(void)world->happen(world->state, VIEW("batch 2 7"));
	engine = world->open(world->state,
			flags & IS_SELECTED ? VIEW("imaps selected")
			: flags & HAS_TLS   ? VIEW("imaps")
					    : VIEW("imap"),
			0);
	if (flags & IS_ILL)
		(void)world->happen(world->state, VIEW("disk ill"));
	trickle_bytes(engine, world, bytes, way, bytes.len, output);
	engine_free(engine);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_free) struct buf whole = BUF_NULL(OUTPUT_MAX);
	CLEANUP(buf_free) struct buf split = BUF_NULL(OUTPUT_MAX);
	struct view bytes;

	if (size == 0)
		return 0;
	bytes = view_of(data + 1, size - 1);
	run(bytes, data[0], TRICKLE_WHOLE, &whole);
	for (enum trickle_way way = TRICKLE_BYTES; way <= TRICKLE_RANDOM; way++) {
		buf_clear(&split);
		run(bytes, data[0], way, &split);
		if (!view_eq(buf_view(&whole), buf_view(&split)))
			abort();
	}
	return 0;
}
