/* The work of a backup, on a thread of its own: taking one, verifying all, trying a restore.
 *
 *   RUNNING ──► WANTS_OWN ──the agent's databases are frozen──► RUNNING ──► DONE
 *
 * The agent's thread looks when work_fd() can be read, freezes its databases when they are
 * wanted, thaws them when it is done, and takes the result. */
#ifndef AGENT_BACKUP_WORK_H
#define AGENT_BACKUP_WORK_H

#include "agent/backup/order.h"

struct broker;
struct runtime;
struct work;

enum work_kind {
	WORK_TAKE,
	WORK_VERIFY,
	WORK_DRILL,
};

struct work_options {
	enum work_kind kind;
	struct view order; /* JSON; copied */
	const char *data;  /* copied */
	struct runtime *runtime;
	const struct agent_file *file;
	const struct key *host; /* of PURPOSE_BACKUP */
	/* Of a drill: what opens backups, and what the restored databases open with. */
	const struct secret
			*identity; /* a recovery code, or "AGE-SECRET-KEY-1…"; copied */
	const struct key *control;
	struct broker *broker;
	bool accepts_loss; /* of WORK_TAKE: vault_accept_loss() */
	walltime now;
};

MUST_USE int work_begin(const struct work_options *options, struct work **out);

enum work_state {
	WORK_RUNNING,
	WORK_WANTS_OWN,
	WORK_DONE,
};

enum work_state work_state(struct work *work);
/* Readable when the state has changed; looking empties it. */
int work_fd(const struct work *work);
/* They are frozen, or the fault of that. */
void work_give_own(struct work *work, int r);

struct work_progress {
	uint64_t files, bytes, sent;
};

struct work_progress work_look(struct work *work);

struct work_result {
	const char *reason; /* a word of reason.c; NULL: it went well */
	struct buf message;
	struct buf snapshot; /* its id */
	uint64_t files, bytes, sent, dropped;
	nstime took;
};

/* Waits for the thread, which is told to stop where it is not done. Frees the work. */
void work_end(struct work *work, struct work_result *out);
void work_result_deinit(struct work_result *result);

/* Within the folder: what the kinds of work share. */

struct work {
	struct work_options options;
	char *data;
	json_t *json;
	struct backup_order order;
	struct secret identity;
	struct arena *arena;
	atomic_bool stopping;
	struct work_result result;
	struct vault *vault;
	struct target_trouble trouble;

	pthread_t thread;
	int fd;
	pthread_mutex_t lock; /* for what follows */
	pthread_cond_t given;
	enum work_state state;
	bool own_given;
	int own_r;
	struct work_progress progress;
};

/* Says why, and returns -ECANCELED: the work ends. */
int work_failed(struct work *work, const char *reason, const char *format, ...)
		PRINTF_LIKE(3, 4);
/* The same for an outcome of the vault that has left its trouble in the work. */
int work_failed_vault(struct work *work, int r);
/* The same for a fault. */
int work_fault(struct work *work, int r);
/* Waits until the agent's databases are frozen. */
MUST_USE int work_await_own(struct work *work);
void work_note(struct work *work, uint64_t files, uint64_t bytes, uint64_t sent);
/* DATA/backup/NAME, made where it is missing; in the arena. */
MUST_USE int work_folder(struct work *work, const char **out);

/* take.c, drill.c */
MUST_USE int work_take(struct work *work);
MUST_USE int work_verify(struct work *work);
MUST_USE int work_drill(struct work *work);

#endif
