/* A segment of the intake log: frames of sealed bytes, one behind the other.
 *
 *   file:   frame frame frame … zeros
 *   frame:  length of the sealed bytes (4) · type (1) · zeros (3) · sealed bytes
 *
 * The frames of one message follow each other; what begins a message (or is a mark) begins
 * at a multiple of 64, with zeros before it, so that a reader who met a damaged place finds
 * the next message. A frame is bound to its file and its place: one that was moved does
 * not open. The body of a large message is a file of CHUNK frames by the same rules.
 *
 * Not locked: one thread writes, any number read what was written before. */
#ifndef STORE_INTAKE_SEGMENT_H
#define STORE_INTAKE_SEGMENT_H

#include "runtime/base/list.h"
#include "runtime/base/os.h"
#include "runtime/crypto/seal.h"
#include "runtime/store/intake_record.h"

enum {
	FRAME_HEAD = 8,
	FRAME_OVERHEAD = FRAME_HEAD + SEAL_OVERHEAD,
	FRAME_ALIGN = 64,
};

/* What frames are bound to. */
struct frame_place {
	const struct key *key;
	uint64_t file; /* a segment's number, a spool's id */
};

/* Adds a frame that will stand at `at` in its file. */
void frame_write(struct buf *out, struct frame_place place, uint64_t at,
		enum intake_frame_type type, struct view content);
/* Adds zeros up to the next multiple of 64 of the file's offset. */
void frame_align(struct buf *out, uint64_t start);

enum frame_outcome {
	FRAME_OK = 0,
	FRAME_E_END = 1, /* zeros, or the file's end */
	FRAME_E_FORGED,  /* what is there is no frame of this place */
};

/* Opens the frame that stands at `at`, where `bytes` is what the file holds from there on.
 * The content replaces what is in `content`; *size_out is the frame's whole size. */
MUST_USE int frame_read(struct view bytes, struct frame_place place, uint64_t at,
		enum intake_frame_type *type_out, struct buf *content, size_t *size_out);

/* Walks a segment. */
struct segment_reader {
	struct view bytes; /* the whole file */
	struct frame_place place;
	uint64_t at;
	size_t damaged; /* places passed over, with something that opens behind them */
};

/* True where nothing was ever written. */
bool bytes_are_zero(struct view bytes);

/* The next frame that opens, its content in `content`, its offset in *at_out. `resumed_out`
 * is true where something was passed over: what came before is not whole. False at the
 * end. */
bool segment_read(struct segment_reader *reader, enum intake_frame_type *type_out,
		struct buf *content, uint64_t *at_out, bool *resumed_out);

/* A segment that is open, for appending or for its messages. */
struct segment {
	struct list link; /* the log's, oldest first */
	uint64_t number;
	int fd;
	uint64_t end;     /* where the next frame goes */
	uint64_t settled; /* of that, what is on the disk: under the log's lock; UINT64_MAX:
			      all of the file */
	uint64_t zeroed;   /* bytes of the file that are there */
	bool sealed;       /* nothing is written to it any more */
	size_t unfiled;    /* messages in it */
	uint64_t first_id; /* the smallest of those that were written to it */
};

/* The path of a segment or of a spool; the caller frees it. */
MUST_USE char *segment_path(const char *folder, uint64_t number);
MUST_USE char *spool_path(const char *folder, uint64_t id);
/* True where `name` is a segment's (a spool's). */
MUST_USE bool segment_name(struct view name, uint64_t *number_out);
MUST_USE bool spool_name(struct view name, uint64_t *id_out);

/* Makes a new file with its SEGMENT frame, not yet synced. */
MUST_USE int segment_create(const struct os *os, const char *folder,
		struct frame_place place, uint64_t next_id, struct segment **out);
/* Opens one of an earlier run, sealed. */
MUST_USE int segment_open(const struct os *os, const char *folder, uint64_t number,
		struct segment **out);
/* Appends bytes at `end`, with zeros written ahead of them. A failed write seals it. */
MUST_USE int segment_append(
		const struct os *os, struct segment *segment, struct view bytes);
/* Closes the file and frees it. */
void segment_close(const struct os *os, struct segment *segment);

#endif
