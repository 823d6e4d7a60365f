/* Putting files of a backup into a folder, one after the other.
 *
 * What is there already, whole and with the right bytes, is not read again: a restore that was
 * cut off goes on where it was. Nothing outside of the folder is written, whatever a backup
 * says. The folder is to be renamed into its place once all is there. */
#ifndef AGENT_BACKUP_RESTORE_H
#define AGENT_BACKUP_RESTORE_H

#include "agent/backup/vault.h"

struct broker;
struct key;
struct restore;

enum restore_outcome {
	RESTORE_OK = 0,
	RESTORE_END = 1,   /* all is there, and on the disk */
	RESTORE_E_VAULT,   /* the trouble says why */
	RESTORE_E_DISK,    /* the same, for the folder */
	RESTORE_E_STOPPED, /* `stopping` */
};

struct restore_options {
	struct vault *vault;
	const struct vault_id *snapshot;
	const char *to;              /* a folder, made 0700 where it is missing */
	struct view only;            /* its one file, and its WAL; empty: all */
	const atomic_bool *stopping; /* or NULL */
	bool passing;                /* to be looked at, not kept: nothing is flushed */
};

MUST_USE int restore_begin(const struct restore_options *options, struct restore **out,
		struct target_trouble *trouble);
void restore_free(struct restore *restore);
void restore_freep(struct restore **restore);

struct restored {
	struct view path; /* until the next */
	uint64_t size;
	bool was_there;
};

/* Brings the next file. */
MUST_USE int restore_next(struct restore *restore, struct restored *out,
		struct target_trouble *trouble);

/* -- what of it is whole -- */

/* The newest snapshot at or before `point` (0: of all). VAULT_E_ABSENT. */
MUST_USE int restore_find(struct vault *vault, walltime point, struct vault_snapshot *out,
		struct target_trouble *trouble);

struct restore_checked {
	uint64_t accounts; /* that opened, and are whole */
	uint64_t sealed; /* whose keys this host does not have: compared by hash alone */
	uint64_t absent; /* that have no file yet */
	struct buf broken; /* the names of those that are not whole */
	uint64_t broken_count;
};

/* Opens the control database in the folder, and every account whose key the broker has, and
 * reads all pages and structure of each. */
MUST_USE int restore_check(const char *folder, const struct key *control,
		struct broker *broker, const atomic_bool *stopping,
		struct restore_checked *out);

/* Makes the folder a host's that goes on: every account will be taken up under new numbers
 * (docs/backups.md), those without a file begin anew, and nothing is applied before somebody
 * says `posthus resume`: what has changed in the world since is looked at first. */
MUST_USE int restore_adopt(const char *folder, const struct key *control, walltime taken,
		walltime now);

#endif
