/* A vault from within. Private to vault*.c and tree*.c. */
#ifndef AGENT_BACKUP_VAULT_INSIDE_H
#define AGENT_BACKUP_VAULT_INSIDE_H

#include "agent/backup/records.h"
#include "agent/backup/vault.h"

struct vault {
	struct vault_options options; /* its lists are copies */
	struct target *target;
	struct vault_keys keys; /* where there is a host key */
	unsigned char public[VAULT_KEY];
	unsigned char recipients[DIGEST_SIZE];
	struct arena *arena;
	struct vault_snapshot *snapshots; /* of the last vault_snapshots() */
	size_t snapshot_count;
};

/* VAULT_E_STOPPED once the agent ends. */
MUST_USE int vault_go_on(const struct vault *vault, struct target_trouble *trouble);
/* What the target said, as an outcome of vault.h. */
int vault_outcome_of(const struct vault *vault, int r);
/* Says it and returns the outcome. */
int vault_says(struct target_trouble *trouble, int outcome, const char *reason,
		const char *format, ...) PRINTF_LIKE(4, 5);

/* -- heads -- */

struct vault_head {
	struct vault_id id;
	struct buf bytes;
	struct snapshot_head head; /* borrows `bytes` */
};

#define VAULT_HEAD_NULL ((struct vault_head){ .bytes = BUF_NULL(TARGET_OBJECT_MAX) })

void vault_head_deinit(struct vault_head *head);
/* Of an object that was listed. VAULT_E_DAMAGED where it is not what its name says, or not
 * signed. */
MUST_USE int vault_head_get(struct vault *vault, struct view name, struct vault_head *out,
		struct target_trouble *trouble);

/* Whether a listing of "snapshots/" has that id. */
bool vault_is_listed(const struct target_listing *listing, struct view id);
/* VAULT_E_LOST where what this host wrote last is not there, nor anything newer. */
MUST_USE int vault_judge_last(const struct vault *vault,
		const struct target_listing *listing, uint64_t newest,
		struct target_trouble *trouble);

/* -- what the host keeps of its own -- */

struct vault_last {
	struct vault_id id;
	uint64_t generation; /* 0: nothing was written yet */
};

/* Reads a file of the state folder that was written by vault_keep_state(): false where it is
 * not there, or is not ours. */
MUST_USE bool vault_kept_state(
		const struct vault *vault, const char *name, struct buf *out);
MUST_USE int vault_keep_state(
		const struct vault *vault, const char *name, struct view bytes);
MUST_USE bool vault_last_read(const struct vault *vault, struct vault_last *out);
MUST_USE int vault_last_write(const struct vault *vault, const struct vault_last *last);

/* -- the index, of which the host keeps a copy -- */

/* From the state folder, or from the target, and kept then. VAULT_E_ABSENT: a prune made another
 * of it, or the name is none of an index. */
MUST_USE int vault_index_get(struct vault *vault, struct view name, struct buf *out,
		struct target_trouble *trouble);
void vault_index_keep(const struct vault *vault, struct view name, struct view bytes);
/* Copies of those that are not listed go. */
void vault_index_forget(const struct vault *vault, const struct target_listing *listing);

/* -- marks -- */

struct vault_marks {
	struct arena *arena;
	struct vault_mark {
		struct view name;
		int outcome; /* VAULT_OK, VAULT_E_DAMAGED */
		struct prune_mark mark;
	} * rows;
	size_t count, capacity;
};

#define VAULT_MARKS_NULL ((struct vault_marks){ 0 })

void vault_marks_free(struct vault_marks *marks);
/* Whether one of them dropped that snapshot. */
bool vault_marks_drop(const struct vault_marks *marks, struct view id);
MUST_USE int vault_marks_get(struct vault *vault, struct vault_marks *out,
		struct target_trouble *trouble);

#endif
