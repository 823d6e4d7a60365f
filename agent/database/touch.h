/* What somebody changed past the state, one row a field: an administrator by hand, a program
 * of ours, somebody at a provider; or nobody knows who, where the level audit found it.
 *
 * What lives of an object is `last_applied` of its row, with the change in it; a touch says
 * what was there before, by whom it was changed and when. It ends when the value is set
 * right, or when the state says something else of the field. What becomes of it until then
 * drift.c decides. */
#ifndef AGENT_TOUCH_H
#define AGENT_TOUCH_H

#include "agent/database/object.h"

/* Fields that are no member of `last_applied`: whether it is shut, and the whole of it. */
#define TOUCH_STATE VIEW("state")
#define TOUCH_ALL   VIEW("all")

enum touch_fate {
	TOUCH_CORRECTED, /* this plan sets it right */
	TOUCH_REPORTED,  /* it is let be, and the object is Drifted */
	TOUCH_ADOPTED,   /* it is let be, and that is well */
	TOUCH_FOUGHT,    /* it would be set right, but somebody fights for it */
	TOUCH_OVER,      /* the state says something else of it by now */
};

struct touch {
	struct view field;
	struct view was, live; /* JSON, compact; empty: nothing */
	struct view actor;     /* empty: nobody knows */
	walltime at;

	/* of the plan that it was loaded for */
	enum touch_fate fate;
	bool found; /* by this audit: it has no row yet */
	struct touch *next;
};

struct touch_row {
	struct view kind, id; /* of its object */
	struct touch touch;
};

/* All of them, in the arena. */
MUST_USE int touch_read_all(struct database *db, struct arena *arena,
		struct touch_row **out, size_t *count_out);
/* Those of one object, linked; NULL: none. */
MUST_USE int touch_read(struct database *db, const unsigned char uid[UID_SIZE],
		struct arena *arena, struct touch **out);
/* Writes it in the place of one of the same field: that one's `was` is kept. */
MUST_USE int touch_write(struct database *db, const unsigned char uid[UID_SIZE],
		const struct touch *touch);
MUST_USE int touch_delete(struct database *db, const unsigned char uid[UID_SIZE],
		struct view field);
MUST_USE int touch_delete_all(struct database *db, const unsigned char uid[UID_SIZE]);

/* A member of a JSON object, as compact text in the arena; empty where it has none. */
struct view touch_member(struct arena *arena, struct view json, struct view field);
/* The object with that member set to other JSON, sorted and compact. */
struct view touch_replace(struct arena *arena, struct view json, struct view field,
		struct view value);
/* Links a touch for each member in which the two differ, or one for all of it where one is
 * no JSON object. */
struct touch *touch_compare(struct arena *arena, struct view was, struct view live,
		struct view actor, walltime at);

#endif
