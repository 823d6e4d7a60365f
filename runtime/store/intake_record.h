/* What the frames of the intake log hold, as bytes: the envelope (BEGIN), the end of a
 * message (END), marks of filed messages (MARK). Functions of their arguments; the readers
 * take any bytes. Numbers are little-endian. */
#ifndef STORE_INTAKE_RECORD_H
#define STORE_INTAKE_RECORD_H

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"
#include "runtime/crypto/digest.h"
#include "runtime/store/intake.h"

enum intake_frame_type {
	FRAME_NONE,    /* zeros: nothing was written here yet */
	FRAME_SEGMENT, /* the first of a segment: the next id when it was made */
	FRAME_BEGIN,
	FRAME_CHUNK,
	FRAME_END,
	FRAME_MARK, /* ids that are filed, or were refused after all */
	FRAME_TYPES,
};

enum {
	INTAKE_CHUNK = 64 * 1024,           /* bytes of message in a frame */
	INTAKE_FRAME_MAX = 2 * 1024 * 1024, /* of a frame's content */
};

struct intake_end {
	uint64_t id;
	uint64_t size;
	bool spooled;                      /* the bytes are in ID.body */
	unsigned char digest[DIGEST_SIZE]; /* of the message's bytes */
	struct view trace;
};

void put_u32(struct buf *out, uint32_t number);
void put_u64(struct buf *out, uint64_t number);
uint32_t get_u32(const char *bytes);
uint64_t get_u64(const char *bytes);

/* The bytes that intake_begin_write will add, at most. */
size_t intake_begin_bound(const struct intake_envelope *envelope);
void intake_begin_write(
		struct buf *out, uint64_t id, const struct intake_envelope *envelope);
/* False where the bytes are no envelope. What is made lives in the arena. */
MUST_USE bool intake_begin_read(struct arena *arena, struct view bytes, uint64_t *id_out,
		struct intake_envelope *out);

void intake_end_write(struct buf *out, const struct intake_end *end);
/* `trace` is a view into the bytes. */
MUST_USE bool intake_end_read(struct view bytes, struct intake_end *out);

/* The n-th id of a MARK or SEGMENT frame; false at its end. */
MUST_USE bool intake_mark_read(struct view bytes, size_t n, uint64_t *id_out);

#endif
