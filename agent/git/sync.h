/* A sync: what a repository has is fetched, judged, and read, on a thread of its own.
 *
 * The agent asks and goes on; the answer comes back through sync_next(), once sync_fd() can
 * be read. One runs at a time. Who may sign, and how the forge shows who it is, is read from
 * the machine's files each time. Nothing here writes but the child, in its own folder. */
#ifndef AGENT_GIT_SYNC_H
#define AGENT_GIT_SYNC_H

#include "agent/git/object.h"
#include "schema/source.h"

struct agent_file; /* schema/agent_file.h */
struct helper;
struct trusted;

enum synced_outcome {
	SYNCED_NOTHING, /* it is what was applied, or what was refused already */
	SYNCED_STATE,   /* files to be applied */
	SYNCED_FAILED,  /* `reason` and `message` say why */
};

struct sync_question {
	bool has_applied, has_accepted, has_refused;
	struct object_id applied;
	struct object_id accepted;  /* a tip that need not stand on it */
	struct object_id refused;   /* a tip whose state cannot be applied */
	const struct view *revoked; /* until the answer */
	size_t revoked_count;
	walltime now;
};

/* What one person made, of what is new: a state, or a step towards one. */
struct synced_stage {
	const struct trusted *signer;
	struct object_id commit;
	struct source_file *files;
	size_t count; /* 0: it is none by itself, or cannot be read */
};

struct synced {
	struct arena *arena; /* owns all that is below */
	enum synced_outcome outcome;
	const char *reason; /* a word of reason.c */
	struct view message;
	bool has_tip;
	struct object_id tip; /* what the branch is, or the tag */
	struct object_id commit;
	struct view subject, signer, fingerprint;
	struct source_file *files;
	size_t count;
	/* Of SYNCED_STATE, the oldest first, and the last is the state: where one of those who
	 * signed may not all, or not alone; else none. */
	struct synced_stage *stages;
	size_t stage_count;
	nstime took;
};

/* NULL is fine. */
void synced_free(struct synced *synced);
void synced_freep(struct synced **synced);

struct sync;

/* `folder` is the child's: made 0700 where it is missing. All is borrowed until sync_free. */
MUST_USE int sync_new(const struct helper *fetcher, const struct agent_file *file,
		const char *folder, struct sync **out);
/* Tells the thread to come back, and waits for it. NULL is fine. */
void sync_free(struct sync *sync);
int sync_fd(const struct sync *sync);
/* Only while none runs. */
void sync_ask(struct sync *sync, const struct sync_question *question);
bool sync_runs(const struct sync *sync);
/* What came back; NULL: nothing. The caller frees it. */
struct synced *sync_next(struct sync *sync);

#endif
