/* A plan: what would be done, why, and how much it may break, decided before anything is
 * touched.
 *
 * It is made by diff and gate, printed, and carried out by apply. All that printing needs
 * is its own; the pointers into what it was made from are for apply alone. */
#ifndef AGENT_PLAN_H
#define AGENT_PLAN_H

#include "agent/database/object.h"
#include "agent/driver.h"
#include "runtime/base/buf.h"

#include <jansson.h>

enum action {
	ACTION_CREATE,
	ACTION_UPDATE,
	ACTION_MOVE,    /* a rename: the same object under a new key */
	ACTION_SET_ID,  /* an id names an object that had none */
	ACTION_ROTATE,  /* as it was asked for, made anew */
	ACTION_CORRECT, /* somebody changed it past the state: it is set right */
	ACTION_ADOPT,   /* an account file that nobody owned is its account's again */
	ACTION_ENABLE,  /* a disabled one is in the state again */
	ACTION_DISABLE, /* it left the state: shut, its data kept */
	ACTION_PURGE,   /* it was disabled for long enough: its data is destroyed */
	ACTION_REMOVE,  /* it left the state and held nothing of anybody's */
	ACTIONS,
};

/* Words of `held`. An approval lets go what a gate holds, and counts for what waits for
 * people; time lets the next go, and nothing what is protected. What is held along needs, or
 * is taken from, what is held for itself. */
extern const char held_by_gate[], held_for_people[], held_for_time[],
		held_by_protection[], held_along[];

struct field_change {
	struct view path;   /* below the object; "address" and "id" are its key and id */
	struct view before; /* as people read it; empty: it was not said */
	struct view after;
	bool sensitive; /* only that it changed is said */
};

struct change {
	enum action action;
	const struct driver *driver;
	struct view id, key;
	struct view key_before; /* of a move */
	const char *reason;     /* a stable word */
	struct view note;       /* a second line for people, or empty */
	struct field_change *fields;
	size_t field_count;
	enum risk risk; /* the gravest of … */
	unsigned risks; /* … a set of risk_bit() (agent/plan/risk.h) */
	struct declaration declared;
	const char *held; /* a stable word: why it is not done now; NULL: it is */
	unsigned char step[DIGEST_SIZE]; /* what it does to which object */
	/* What authority says of it (agent/plan/authority.h). */
	bool is_weighed; /* it needs more than the one who asks for it */
	bool is_known;   /* it waited before */
	bool is_agreed;  /* an approval of this run is for it */
	uint64_t people, people_needed;
	unsigned way_needed; /* of enum approval: how another has to agree */
	struct view names;   /* of those people */
	nstime left;         /* to wait */

	/* for apply */
	struct object *object;         /* NULL: it is to be made */
	struct wanted *wanted;         /* NULL: it leaves */
	const struct unowned *adopted; /* of an adoption: the file */
};

/* True of what makes an object: it creates or adopts. */
bool change_makes(const struct change *change);
/* True where an approval may let it go. */
bool change_is_approvable(const struct change *change);
/* True of what takes an object away: it disables, purges or removes. */
bool change_leaves(const struct change *change);

/* A disabled object that the state does not name: said in every plan. */
struct retained {
	const struct driver *driver;
	struct view id;
	walltime since;
	walltime until;     /* a purge is not done before */
	bool awaits_backup; /* … nor before a backup that was read has it */
};

struct drift {
	const struct driver *driver;
	struct view id;
	const char *reason;
	struct view message;
	enum drift_kind kind;
	/* Of what somebody changed past the state: which field, and who. */
	struct view field;
	struct view before, after; /* as people read it */
	struct view actor;         /* empty: nobody knows */
	walltime at, age;
};

/* Why a change cannot be made: the state is refused whole. */
struct problem {
	const char *reason;  /* a stable word: AddressKept */
	struct view message; /* what is wrong */
	struct view help;    /* what to write instead */
	struct declaration declared;
};

struct plan {
	struct arena *arena; /* owns all that is below, but for the arrays */
	struct view origin;
	uint64_t base_serial;
	struct change *changes;
	size_t change_count, change_capacity;
	/* Objects whose row follows the state without a step: only what is the person's was
	 * changed, or what they refer to. */
	struct wanted **rebased;
	size_t rebased_count, rebased_capacity;
	struct retained *retained;
	size_t retained_count, retained_capacity;
	struct drift *drifts;
	size_t drift_count, drift_capacity;
	size_t notes;         /* that applying makes of drift, beside its steps */
	walltime rests_until; /* the next look at what time alone changes; 0: none */
	bool awaits_ready;    /* a look once another object is Ready */
	struct problem *problems;
	size_t problem_count, problem_capacity;
	size_t counts[ACTIONS];
	size_t held_count;
	const char *held_reason; /* of the gravest that is held: PruneGate … */
	/* In words, of what is held by each: "3 of 10 users would be disabled (limit 1)". */
	struct view gate, protection;
	bool is_approved; /* the approval given was for what was held */
	bool approvable;  /* an approval would let some of it go, or count for it */
	nstime left;   /* until the first that waits for time alone goes; NSTIME_NEVER */
	size_t purges; /* among the changes */
	size_t unchanged;
	size_t over_quota; /* accounts that hold more than a quota that is lowered */
	unsigned char digest[DIGEST_SIZE];      /* over the changes: no times, no uids */
	unsigned char held_digest[DIGEST_SIZE]; /* over what an approval lets go */
};

struct plan *plan_new(void);
/* NULL is fine. */
void plan_free(struct plan *plan);
void plan_freep(struct plan **plan);

/* Adds a zeroed one, valid until the next. */
struct change *plan_add_change(struct plan *plan, enum action action,
		const struct driver *driver, struct view id, struct view key);
/* Adds a zeroed one, valid until the next. */
struct drift *plan_add_drift(struct plan *plan);
void plan_add_problem(struct plan *plan, const struct declaration *declared,
		const char *reason, struct view message, struct view help);

/* Puts the changes in the order of their dependences, counts them, digests them. Once,
 * when all are there; gates may then hold some. */
void plan_finish(struct plan *plan);
/* Counts and digests what is held. */
void plan_finish_held(struct plan *plan);
/* True where applying it would do nothing at all. */
bool plan_is_empty(const struct plan *plan);

const char *action_name(enum action action);

/* "3 changes: 1 add, 1 rename, 1 disable", or "no changes". */
void plan_add_summary(const struct plan *plan, struct buf *out);
/* As `posthus plan` prints it. */
void plan_print(const struct plan *plan, struct buf *out);
/* A new reference. */
MUST_USE json_t *plan_json(const struct plan *plan);
/* The same as text, made change by change: as a tree ten thousand of them take 25 MB. */
void plan_add_json(const struct plan *plan, struct buf *out);

#endif
