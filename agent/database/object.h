/* Objects: what was applied, one row each in the control database.
 *
 * A set of them is loaded for a plan and dropped with its arena. Specs stay in the
 * database until one is asked for: most objects are compared by their hash alone. */
#ifndef AGENT_OBJECT_H
#define AGENT_OBJECT_H

#include "runtime/base/arena.h"
#include "runtime/base/clock.h"
#include "runtime/base/map.h"
#include "runtime/crypto/digest.h"

struct database;
struct driver;
struct touch; /* agent/database/touch.h */

enum {
	UID_SIZE = 16,
	UID_TEXT = 2 * UID_SIZE, /* hexadecimal */
};

enum object_state {
	OBJECT_ACTIVE,
	OBJECT_DISABLED, /* it left the state; what it holds is kept */
};

/* Where an object is declared, in the files of generation `declared_in`. */
struct declaration {
	uint64_t declared_in;
	struct view file;
	uint32_t line, column;
	uint32_t start, end; /* bytes */
};

/* What the level audit of live things found. */
enum drift_kind {
	DRIFT_NONE,
	DRIFT_STEP,   /* a step of the plan mends it */
	DRIFT_REOPEN, /* the runtime's next configuration mends it */
	DRIFT_REPORT, /* nothing here can mend it */
	/* Somebody changed it past the state (touch.h). */
	DRIFT_CORRECT, /* a step of the plan sets it right */
	DRIFT_LET,     /* the policy says to report it */
	DRIFT_ADOPTED, /* the policy says to take it over */
	DRIFT_FOUGHT,  /* somebody fights for it: it is let be for a while */
};

struct object {
	unsigned char uid[UID_SIZE];
	const struct driver *driver;
	struct view id;
	bool named; /* the id was given; else it is the key at first sight */
	struct view key;
	uint64_t generation;                 /* counts changes of the spec */
	uint64_t observed_generation;        /* the last one that lives */
	unsigned char hash[DIGEST_SIZE];     /* of the spec */
	unsigned char observed[DIGEST_SIZE]; /* of last_applied */
	enum object_state state;
	walltime disabled_at;
	bool leaving; /* it left the state; what it has outside is being removed */
	struct declaration declared;

	/* of the plan that it was loaded for */
	struct wanted *wanted; /* what the state wants of it, or NULL */
	bool gone;             /* its row was deleted */
	bool written;          /* its row was written as the state wants it */
	struct touch *touches; /* what somebody changed of it; NULL: nothing */
	enum drift_kind drift;
	const char *drift_reason; /* a stable word */
	struct view drift_message;
};

struct object_set {
	struct arena *arena;
	struct object *items;
	size_t count;
	struct map by_id;  /* "kind/id" */
	struct map by_key; /* "kind/key" */
};

#define OBJECT_SET_NULL ((struct object_set){ 0 })

/* All of them. Keys of kinds may repeat among disabled objects: by_key has the active
 * one. Kinds that this version does not know are -EPROTO. */
MUST_USE int object_set_load(
		struct database *db, struct arena *arena, struct object_set *out);
void object_set_deinit(struct object_set *set);

struct object *object_by_id(const struct object_set *set, const struct driver *driver,
		struct view id);
struct object *object_by_key(const struct object_set *set, const struct driver *driver,
		struct view key);
/* KIND/ID or KIND/KEY; NULL where there is none. */
struct object *object_find(const struct object_set *set, struct view name);
/* `kind/id`, in the arena. */
struct view object_name(const struct object *object, struct arena *arena);

struct object_texts {
	struct view spec;
	struct view last_applied;
	struct view conditions;
};

/* The row's texts, copied into the arena. */
MUST_USE int object_read_texts(struct database *db, const unsigned char uid[UID_SIZE],
		struct arena *arena, struct object_texts *out);

/* Writes the whole row, new or not. */
MUST_USE int object_write(struct database *db, const struct object *object,
		const struct object_texts *texts);
/* What lives of it is this now. */
MUST_USE int object_set_applied(struct database *db, const unsigned char uid[UID_SIZE],
		struct view applied);
MUST_USE int object_delete(struct database *db, const unsigned char uid[UID_SIZE]);

#endif
