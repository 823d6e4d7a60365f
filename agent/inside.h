/* The agent's insides, for the files that make it up. */
#ifndef AGENT_INSIDE_H
#define AGENT_INSIDE_H

#include "agent/agent.h"
#include "agent/alert/telling.h"
#include "agent/backup/keeper.h"
#include "agent/database/confirmation.h"
#include "agent/database/control_database.h"
#include "agent/database/generation.h"
#include "agent/database/suspension.h"
#include "agent/dispatch/dispatch.h"
#include "agent/plan/authority.h"
#include "agent/plan/observe.h"
#include "agent/plan/plan.h"
#include "agent/result.h"
#include "runtime/configuration.h"
#include "runtime/crypto/keyring.h"
#include "schema/checker.h"

enum {
	WAITING_SHOWN = 20, /* of the changes that wait, in the status */
};

/* A change that waits, for the status. */
struct waiting_change {
	char *name; /* user/anna */
	const char *held;
	char *text;   /* "[exposing] · 1 of 2 people (anna)" */
	nstime until; /* by this process's clock; 0: for nobody's time */
};

/* Something that has drifted and that no step mends, for alerts. */
struct lasting_drift {
	char *name;
	const char *reason;
	char *message;
};

/* How the last apply or reconcile went. */
struct last_run {
	walltime at;
	nstime took;
	enum exit_code code;
	const char *reason; /* NULL: fine */
	char *message;
	size_t held;
	bool approvable; /* an approval would let some of it go */
	unsigned char held_digest[DIGEST_SIZE];
	struct waiting_change waiting[WAITING_SHOWN];
	size_t waiting_count;
	struct lasting_drift *lasting;
	size_t lasting_count, lasting_capacity;
};

void last_run_deinit(struct last_run *last);

/* The desired generation, checked; kept from one use to the next tick. */
struct desired_state {
	struct arena *arena; /* owns the files' bytes; NULL: not loaded */
	struct checked checked;
	bool origins; /* it knows which line gave which value */
};

/* Where the state comes from is in trouble, for alerts; NULL: it is not. */
struct source_trouble {
	const char *reason;
	char *message;    /* malloc'd */
	int64_t patience; /* seconds */
};

struct agent {
	const struct agent_file *file;
	bool anywhere; /* the file says nothing of where the states run */
	struct agent_file
			own; /* what the file says, and the key that opens sealed values */
	struct broker *broker;
	const struct os *os;
	struct runtime *runtime;               /* NULL: offline */
	const char *sandbox, *sandbox_without; /* NULL: nobody said, lacks nothing */
	char *data;
	char *copy; /* offline: the directory of the copy */
	int lock;
	struct keyring *keyring;
	struct key *control_key, *tls_key, *dkim_key, *state_key;
	struct database *db;
	struct database *deeds;    /* NULL: offline, and there are none */
	struct dispatch *dispatch; /* NULL: offline */
	struct telling *telling;   /* the same */
	struct keeper *keeper;     /* the same */
	unsigned char secret[CONTROL_SECRET];
	struct configuration *configuration; /* that the runtime has; NULL: none yet */
	struct desired_state desired;
	struct last_run last;
	struct cooling cooling;
	struct source_trouble source;
	uint64_t settled_serial; /* nothing was to do at this serial; 0: unknown … */
	walltime rests_until;    /* … before this time; 0: ever */
	bool awaits_ready;       /* … nor until something outside is Ready */
	bool holds_memory;       /* since the last quiet tick */
	bool heap_has_holes;     /* a run ended since the heap was last trimmed */
	bool metrics_stale;      /* objects may have moved since they were shown */
	nstime full_due;         /* when all is compared again, whatever moved */
	nstime deadline;
	nstime interval;
	nstime confirm_due; /* the desired generation is taken back; 0: look, NEVER: not */
};

/* Loads and checks the desired generation where that was not done yet. *out is NULL where
 * there is no generation, or where this version does not take it any more: then `checked`
 * says why. */
MUST_USE int agent_desired(struct agent *agent, const struct desired **out);
/* The same, with each value and its line: for people who ask, since they take as much
 * memory as all the rest. What agent_desired gave before is gone. */
MUST_USE int agent_origins(struct agent *agent, const struct desired **out);
void agent_forget_desired(struct agent *agent);
/* checker_check with what this agent knows of its machine. `origins`: with each value and
 * its line, for who prints them. */
MUST_USE int agent_check(struct agent *agent, const struct source_file *files,
		size_t count, bool origins, struct checked *out);

/* The same, with some of it read otherwise than it is written. */
MUST_USE int agent_check_overlaid(struct agent *agent, const struct source_file *files,
		size_t count, const struct overlay *overlay, struct checked *out);

/* Rebuilds the configuration from the database as it is, and swaps it in: within the
 * transaction that changed it. `o` is the observation that was applied, or NULL: one is
 * made. The caller commits, and calls agent_unconfigure where that fails. */
struct configured {
	struct configuration *before;
	bool swapped;
};

MUST_USE int agent_configure(struct agent *agent, struct observation *o,
		struct configured *done, struct agent_result *result);
/* Puts the configuration back that was there before. */
void agent_unconfigure(struct agent *agent, struct configured *done);

/* Lets the configuration before go. */
void configured_deinit(struct configured *done);

/* Looks whether a confirmation is awaited, and for how long. */
MUST_USE int confirmation_look(struct agent *agent, struct confirmation *out);
/* Takes a generation back whose time is over; *taken_out where it did. */
MUST_USE int confirmation_expire(
		struct agent *agent, struct agent_result *out, bool *taken_out);
/* Removes the files of what was purged, as far as that was not done yet. What fails is
 * logged and done the next time: nothing can open the files any more. */
void purge_sweep(struct agent *agent);
/* A reconcile that purges one object beside what the state says. */
MUST_USE int agent_purge_run(struct agent *agent, const struct desired_purge *purge,
		struct view actor, struct agent_result *out);

/* By the clock that counts from somewhere. */
nstime agent_now(const struct agent *agent);
/* An interval, ±10 %. */
nstime agent_jittered(nstime interval);
/* Swaps the configuration in that follows from what was written, then commits: what is
 * served is what is on disk. */
MUST_USE int agent_commit(struct agent *agent, struct transaction *t);

/* Fills in what a plan needs to see. */
void agent_observation(struct agent *agent, const struct desired *desired,
		struct runtime_observed *live, struct plan *plan,
		struct observation *out);

#endif
