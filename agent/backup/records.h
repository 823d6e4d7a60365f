/* The small objects of a vault, as bytes (docs/backup-format.md): its mark, the heads of
 * snapshots, the marks of prunes, the index.
 *
 * Functions of their arguments. What was read says only what a host wrote: the heads, marks
 * and the vault's mark carry its signature, the index its keyed digest. */
#ifndef AGENT_BACKUP_RECORDS_H
#define AGENT_BACKUP_RECORDS_H

#include "agent/backup/catalog.h"
#include "agent/backup/keys.h"

enum {
	RECORD_OK = 0,
	RECORD_E_FORM = 1, /* not as we write it, or damaged */
	RECORD_E_FORGED,   /* not signed by this vault's host */
	RECORD_E_NEWER,    /* of a later format */
};

/* -- the mark of the vault: "vault" -- */

void vault_mark_write(const struct vault_keys *keys, struct buf *out);
MUST_USE int vault_mark_read(struct view bytes, unsigned char public_out[VAULT_KEY]);

/* -- heads of snapshots: "snapshots/GENERATION-ID" -- */

struct snapshot_head {
	uint64_t generation;
	walltime at;
	uint64_t bytes, files;
	struct view previous; /* ids, DIGEST_SIZE each: the newest that the writer knew */
	struct view roll;     /* … and all that stood then */
	struct view body;     /* an age file */
	struct view packs;    /* HEAD_PACK each */
};

enum {
	HEAD_PACK = 2 * DIGEST_SIZE + 4 + 4,
};

struct head_pack {
	struct view id, digest;
	uint32_t size, used;
};

void snapshot_head_write(const struct snapshot_head *head, const struct vault_keys *keys,
		struct buf *out);
/* Views borrow `bytes`. */
MUST_USE int snapshot_head_read(struct view bytes, const unsigned char public[VAULT_KEY],
		struct snapshot_head *out);
void head_pack_add(struct buf *packs, const struct catalog_pack *pack, uint32_t used);
/* Takes the next one; false at the end. */
MUST_USE bool head_pack_next(struct view *packs, struct head_pack *out);
/* Whether `ids` has it. */
bool ids_have(struct view ids, struct view id);

/* -- what is in a snapshot's body -- */

enum {
	TREE_REF = DIGEST_SIZE + 3 * 4,
	TREE_TOP = 4,     /* references that stand for a stream by themselves */
	TREE_NODE = 4096, /* … and in one node */
	TREE_DEPTH = 4,
};

/* A chunk: data, or a node that holds references. */
struct tree_ref {
	struct vault_id pack;
	uint32_t at, stored, clear;
};

/* A stream of bytes: a file, or the list of files. */
struct tree_root {
	uint32_t level; /* 0: the references are of data */
	uint64_t size;
	uint32_t count;
	struct tree_ref refs[TREE_TOP];
};

void tree_ref_add(struct buf *out, const struct tree_ref *ref);
void tree_root_add(struct buf *out, const struct tree_root *root);

struct ssh_wire; /* runtime/crypto/ssh_wire.h */

MUST_USE bool tree_ref_take(struct ssh_wire *wire, struct tree_ref *out);
MUST_USE bool tree_root_take(struct ssh_wire *wire, struct tree_root *out);

/* -- marks of prunes: "marks/ID" -- */

struct prune_mark {
	walltime at;
	struct view snapshots; /* ids that were dropped */
	struct view packs;     /* ids that nothing needed */
};

void prune_mark_write(const struct prune_mark *mark, const struct vault_keys *keys,
		struct buf *out);
MUST_USE int prune_mark_read(struct view bytes, const unsigned char public[VAULT_KEY],
		struct prune_mark *out);

/* -- the index: "index/ID" -- */

enum {
	INDEX_FULL = 8 * 1024 * 1024,
	INDEX_MAX = INDEX_FULL + 2 * PACK_MAX,
};

/* Adds one pack's rows to an index that is being made; index_end() makes it an object. */
void index_add(struct buf *index, const struct catalog_pack *pack, uint32_t head,
		struct view rows);
void index_end(struct buf *index, const struct vault_keys *keys);

struct index_pack {
	struct vault_id id;
	struct view digest, recipients;
	uint32_t size, head;
	struct view rows; /* PACK_ROW each */
};

struct index_reader {
	struct view rest;
};

/* `keys` NULL: who wrote it is not asked. */
MUST_USE int index_read(struct view bytes, const struct vault_keys *keys,
		struct index_reader *out);
/* False at the end, or where the rest is none; *bad_out. */
MUST_USE bool index_next(
		struct index_reader *reader, struct index_pack *out, bool *bad_out);

/* -- names -- */

void digest_name(const char *folder, const unsigned char digest[DIGEST_SIZE],
		struct buf *out);
void snapshot_name(uint64_t generation, const unsigned char digest[DIGEST_SIZE],
		struct buf *out);
MUST_USE bool hex_read(struct view text, unsigned char *out, size_t len);
/* Of "packs/HEX" and the like. */
MUST_USE bool digest_name_read(
		struct view name, struct view folder, unsigned char out[DIGEST_SIZE]);
MUST_USE bool snapshot_name_read(struct view name, uint64_t *generation_out,
		unsigned char out[DIGEST_SIZE]);

#endif
