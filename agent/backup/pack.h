/* A pack: many chunks in one object (docs/backup-format.md).
 *
 *   head       magic, for whom it is sealed, an age file that holds the pack's key
 *   frames     a chunk each, compressed where that pays, sealed with that key; the frame's place
 *              in the object is its nonce
 *   directory  of each frame, the chunk's name and the frame's size
 *   tail       digest of all before the directory, count of frames, the host's keyed digest
 *
 * The digest of directory and tail stands for the whole of it.
 *
 * The pack's id, and its name at the target, is the digest of its head: who was told the id
 * by a signed snapshot knows by the head alone that he has the right key, and may read frames
 * here and there. */
#ifndef AGENT_BACKUP_PACK_H
#define AGENT_BACKUP_PACK_H

#include "agent/backup/cutter.h"
#include "agent/backup/keys.h"

enum {
	PACK_FULL = 8 * 1024 * 1024, /* no frame is added behind that */
	PACK_MAX = PACK_FULL + 1024 * 1024,
	PACK_HEAD_MAX = 16 + DIGEST_SIZE + 4 + 16 * 1024,
	PACK_ROW = DIGEST_SIZE + 4, /* of the directory */
	PACK_TAIL = DIGEST_SIZE + 4 + DIGEST_SIZE,
	FRAME_OVERHEAD = 1 + 16, /* how it is compressed; the tag */
	FRAME_LEAST = 1 + FRAME_OVERHEAD,
};

enum pack_outcome {
	PACK_OK = 0,
	PACK_E_FORM = 1,  /* damaged, or none */
	PACK_E_RECIPIENT, /* not for this identity */
};

/* -- making one -- */

struct pack {
	struct vault_id id;
	unsigned char recipients[DIGEST_SIZE]; /* recipients_digest() */
	struct key key;
	struct buf bytes; /* head, frames: clear until pack_seal() */
	struct buf directory;
	size_t head;
	uint32_t count;
	unsigned char digest[DIGEST_SIZE]; /* once it is sealed */
};

#define PACK_NULL                                                                        \
	((struct pack){ .bytes = BUF_NULL(PACK_MAX), .directory = BUF_NULL(PACK_MAX) })

/* Begins one anew; its memory is used again. PACK_E_RECIPIENT: a recipient that nothing can be
 * sealed to. */
MUST_USE int pack_begin(
		struct pack *pack, const struct age_recipient *recipients, size_t count);
void pack_deinit(struct pack *pack);
/* Adds a chunk of at most CHUNK_MOST bytes and says where its frame is. */
void pack_add(struct pack *pack, const unsigned char name[DIGEST_SIZE], struct view chunk,
		bool compress, uint32_t *at_out, uint32_t *stored_out);
static inline bool pack_is_full(const struct pack *pack)
{
	return pack->bytes.len + pack->directory.len >= PACK_FULL;
}
/* Seals the frames, adds directory and tail: `bytes` is the object. */
void pack_seal(struct pack *pack, const struct vault_keys *keys);

/* -- reading one -- */

/* Of the head, from the first bytes of a pack, PACK_HEAD_MAX or all there are. */
MUST_USE int pack_head_read(struct view bytes, struct vault_id *id_out,
		unsigned char recipients_out[DIGEST_SIZE], size_t *head_out,
		struct view *envelope_out);
MUST_USE int pack_envelope_open(
		const struct key *identity, struct view envelope, struct key *out);
/* Opens a frame that began at `at` and adds what the chunk holds. */
MUST_USE int frame_open(
		const struct key *key, uint64_t at, struct view frame, struct buf *out);

struct pack_directory {
	struct view rows; /* PACK_ROW bytes each */
	uint32_t count;
	size_t at;          /* where it begins in the object */
	struct view digest; /* of all before it */
	struct view mac;
	unsigned char whole[DIGEST_SIZE]; /* of directory and tail */
};

/* From the last bytes of a pack of `size` bytes; *need_out: as many have to be given, where
 * these are too few (then count is 0). */
MUST_USE int pack_directory_read(struct view end, uint64_t size,
		struct pack_directory *out, size_t *need_out);
/* That the host wrote it, of this pack. */
MUST_USE bool pack_directory_ours(const struct pack_directory *directory,
		const struct vault_keys *keys, const struct vault_id *id);
/* That a whole pack is what was written: its own digest, its id, and `digest` where that is not
 * NULL. What it is not, in words; NULL: it is. */
const char *pack_check(struct view bytes, const unsigned char id[DIGEST_SIZE],
		const unsigned char *digest, struct pack_directory *out);
/* Of row i. */
struct view pack_row_name(const struct pack_directory *directory, uint32_t i);
uint32_t pack_row_stored(const struct pack_directory *directory, uint32_t i);

#endif
