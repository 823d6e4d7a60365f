/* A vault: the repository of one host's backups at a target (docs/backup-format.md).
 *
 * It takes files in, cuts them into chunks, leaves out those that it has, and seals the others
 * for the recovery recipients, in packs; a snapshot names files and chunks. Who writes cannot
 * read: a host has its key of the purpose `backup`, by which it names chunks and signs
 * snapshots, and the recipients' public halves. What it wrote opens with a recovery identity
 * alone, by anybody who has one, and nothing of the host's is needed for that.
 *
 *   host key      → names of chunks, signatures, what the index says   (writes, prunes)
 *   recipients    → the key of each pack is sealed to them             (writes)
 *   an identity   → opens packs and snapshots                          (reads, restores)
 *
 * For a thread that may block; one thread a vault. It runs UPLOADS threads of its own while a
 * writer is open. Memory is bounded whatever is backed up: about 64 MiB, and 1 MiB for each
 * GiB that the vault holds (the table of its chunks). */
#ifndef AGENT_BACKUP_VAULT_H
#define AGENT_BACKUP_VAULT_H

#include "agent/backup/target.h"
#include "runtime/crypto/age.h"
#include "runtime/crypto/digest.h"

struct vault;

enum {
	VAULT_KEY = 32, /* bytes of the public half that snapshots are signed with */
	VAULT_PATH_MAX = 1024,      /* of a file in a snapshot */
	VAULT_META_MAX = 16 * 1024, /* of what is said of a file, or of a snapshot */
	VAULT_SNAPSHOTS_MAX = 20000,
};

struct vault_id {
	unsigned char bytes[DIGEST_SIZE];
};

struct vault_options {
	const struct target_place *place;

	/* To write, verify and prune; NULL: reading alone. */
	const struct key *host;
	const struct age_recipient *recipients;
	size_t recipient_count;
	/* A folder of the machine that is the vault's alone (made 0700): the last snapshot, so
	 * that a target that lost something is seen, and what spares reading. Lost, it costs
	 * time. NULL: none, which only a restore can do with. */
	const char *state;

	/* To read: recovery identities, each tried. */
	const struct key *identities;
	size_t identity_count;
	/* As the recovery kit has it: a vault signed by another key is refused. NULL: any,
	 * and vault_public_key() says which. */
	const unsigned char *expected;

	/* Of a writer; 0: without. */
	uint64_t bytes_per_second;
	unsigned cpu_percent; /* of one processor */
};

enum vault_outcome {
	VAULT_OK = 0,
	VAULT_END = 1,   /* of a listing, of a file */
	VAULT_E_FAILED,  /* the target; the trouble says why */
	VAULT_E_NONE,    /* there is no vault at this place, nor anything else */
	VAULT_E_FOREIGN, /* something else is there, or another host's vault */
	VAULT_E_NEWER,   /* of a later format */
	VAULT_E_LOST, /* what this host wrote last is not there: emptied, rolled back, or
			      another disk. Nothing is written over; vault_accept_loss() */
	VAULT_E_RECIPIENT, /* sealed for others than our identities */
	VAULT_E_DAMAGED, /* what is there is not what was written; the trouble names it */
	VAULT_E_ABSENT,  /* no such snapshot */
	VAULT_E_LATE,    /* it took longer than what a prune waits: begin again */
	VAULT_E_STOPPED,
};

/* The trouble says it in words for each outcome but VAULT_OK. */
MUST_USE int vault_open(const struct vault_options *options, struct vault **out,
		struct target_trouble *trouble);
/* Makes one where VAULT_E_NONE said that there is none, and opens it. */
MUST_USE int vault_init(const struct vault_options *options, struct vault **out,
		struct target_trouble *trouble);
void vault_free(struct vault *vault);
void vault_freep(struct vault **vault);

const unsigned char *vault_public_key(const struct vault *vault);
/* Of a host key, without a vault: for the recovery kit. */
void vault_public_key_of(const struct key *host, unsigned char out[VAULT_KEY]);

/* Forgets what this host wrote last, after VAULT_E_LOST: a person has looked. The next run takes
 * what is there, and gives up the snapshots that are not. */
MUST_USE int vault_accept_loss(const struct vault_options *options);

/* -- writing -- */

struct vault_writer;

struct vault_progress {
	atomic_uint_fast64_t files, bytes; /* taken in */
	atomic_uint_fast64_t sent;         /* bytes that went out */
	atomic_uint_fast64_t chunks, new_chunks;
	atomic_uint_fast64_t packs;
};

/* Packs of a run that was killed are found again: what they hold is not sent twice. */
MUST_USE int vault_write(struct vault *vault, struct vault_writer **out,
		struct target_trouble *trouble);
/* Lives as long as the writer; any thread may look. */
const struct vault_progress *vault_writer_progress(const struct vault_writer *writer);

enum vault_shape {
	VAULT_STREAM, /* cut where the content says so: whatever moves within it is found */
	VAULT_PAGES, /* cut at fixed places: a database, whose pages stay where they are */
};

struct vault_file {
	struct view path; /* "accounts/ab/UID.db"; once in a snapshot */
	struct view meta; /* JSON, sealed, given back by the reader; or empty */
	enum vault_shape shape;
	/* What changes whenever the content does (size, times, inode, a commit counter); empty:
	 * not known. */
	struct view stamp;
};

/* Takes the file as it was last time, where its stamp is the same: *same_out, and it is
 * complete. Else the bytes follow by vault_add() and vault_file_end(). */
MUST_USE int vault_file_begin(struct vault_writer *writer, const struct vault_file *file,
		bool *same_out);
MUST_USE int vault_add(struct vault_writer *writer, struct view bytes);
MUST_USE int vault_file_end(struct vault_writer *writer);

/* Ends it: the snapshot is whole at the target and listed when this returns VAULT_OK. `meta`
 * is sealed. */
MUST_USE int vault_commit(struct vault_writer *writer, struct view meta, walltime now,
		struct vault_id *out);
/* Without a commit it leaves packs behind that the next run finds again. NULL is fine. */
void vault_writer_free(struct vault_writer *writer);
void vault_writer_freep(struct vault_writer **writer);
/* After any outcome but VAULT_OK and VAULT_END. */
const struct target_trouble *vault_writer_trouble(const struct vault_writer *writer);

/* -- reading -- */

struct vault_snapshot {
	struct vault_id id;
	uint64_t generation; /* counts up; two of one number were written at once */
	walltime at;
	uint64_t bytes, files; /* of all its files */
	uint64_t packs;
};

/* By time, the newest last; lives as long as the vault. Needs no identity. */
MUST_USE int vault_snapshots(struct vault *vault, const struct vault_snapshot **out,
		size_t *count_out, struct target_trouble *trouble);
MUST_USE bool vault_id_read(struct view text, struct vault_id *out);
struct view vault_id_text(const struct vault_id *id, struct arena *arena);

struct vault_reader;

MUST_USE int vault_read(struct vault *vault, const struct vault_id *snapshot,
		struct vault_reader **out, struct target_trouble *trouble);
void vault_reader_free(struct vault_reader *reader);
void vault_reader_freep(struct vault_reader **reader);
struct view vault_reader_meta(const struct vault_reader *reader);

struct vault_entry {
	struct view path, meta; /* until the next file */
	uint64_t size;
	unsigned char digest[DIGEST_SIZE]; /* BLAKE2b-256 of its bytes */
};

/* The next file, in the order of the writer. VAULT_END. */
MUST_USE int vault_next_file(struct vault_reader *reader, struct vault_entry *out,
		struct target_trouble *trouble);
/* The next bytes of it, until the next call; checked. VAULT_END, where the digest was right,
 * too; VAULT_E_DAMAGED else. */
MUST_USE int vault_read_bytes(struct vault_reader *reader, struct view *out,
		struct target_trouble *trouble);

/* -- verifying -- */

enum vault_depth {
	VAULT_QUICK, /* every object is there, of its size; what is signed is right */
	VAULT_DEEP,  /* all is read: opened where there is an identity, else hashed */
};

struct vault_finding {
	struct view object; /* "packs/…" */
	struct view what;   /* "truncated: 4096 of 8388608 bytes" */
};

struct vault_findings {
	struct arena *arena;
	struct vault_finding *rows;
	size_t count, capacity;
	uint64_t objects, bytes; /* that were looked at */
};

#define VAULT_FINDINGS_NULL ((struct vault_findings){ 0 })

/* VAULT_OK where it could look; what is wrong is in `out`. */
MUST_USE int vault_verify(struct vault *vault, enum vault_depth depth,
		struct vault_findings *out, struct target_trouble *trouble);
void vault_findings_free(struct vault_findings *findings);

/* -- pruning -- */

/* One snapshot is kept for each of the last so many hours, days, …: the newest of each. */
struct vault_keep {
	unsigned hourly, daily, weekly, monthly, yearly;
};

struct vault_pruned {
	uint64_t kept, dropped; /* snapshots */
	uint64_t marked;        /* packs that nothing needs: to go after the grace */
	uint64_t removed;       /* packs of earlier marks that went */
	uint64_t bytes;         /* of those */
	bool refused; /* this place takes objects, and lets none go: see its own rules */
};

enum {
	VAULT_GRACE_S = 86400, /* longer than any run of a writer: it gives up before */
};

/* Two steps, so that a writer that runs meanwhile is never hurt: what no snapshot needs is
 * marked; what was marked for VAULT_GRACE_S and is still not needed goes. VAULT_E_LOST where a
 * snapshot is missing that none dropped: nothing goes then. The newest snapshot is
 * always kept. */
MUST_USE int vault_prune(struct vault *vault, const struct vault_keep *keep, walltime now,
		struct vault_pruned *out, struct target_trouble *trouble);

#endif
