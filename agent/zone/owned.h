/* What of an RRset is ours: single values among other people's.
 *
 * An object of kind record owns the values that it was applied with, and those that it had
 * before, as far as they may live yet. All else in the set is somebody's: never changed,
 * never taken away. Of what a name has once (a text of SPF, an alias) there is one owner:
 * somebody else's is a conflict; but where ours lived and another one stands in its place,
 * that is ours, altered. Functions of their arguments. */
#ifndef AGENT_ZONE_OWNED_H
#define AGENT_ZONE_OWNED_H

#include "agent/provider/rrset.h"

struct owned_text {
	bool managed;         /* by us, at its provider; else a person puts it there */
	struct view keeper;   /* the provider's name; or empty */
	struct view provider; /* its spec, JSON; or empty */
	struct view zone;     /* the domain of the state that it lies in */
	struct rrset set;
};

/* `applied` of such an object: JSON, sorted and compact. */
struct view owned_print(struct arena *arena, const struct owned_text *text);
/* False: it is none. What *out points at lives in `arena`. */
MUST_USE bool owned_read(struct arena *arena, struct view json, struct owned_text *out);

struct owned {
	struct view json;
	struct owned_text wanted;
	struct owned_former {
		struct view json;
		struct owned_text text;
	} * formers; /* the newest last */
	size_t former_count;
	bool removes; /* nothing is wanted any more */
};

/* From an effect's text and former (effect.h). False: one of them is none of ours. */
MUST_USE bool owned_load(struct arena *arena, struct view json, struct view former,
		bool removes, struct owned *out);

/* What of ours lives where this is the set, as owned_print() would have it; where that is
 * as it was applied, now or before, byte for byte so. Empty: nothing does. */
struct view owned_live(
		const struct owned *owned, const struct rrset *live, struct arena *arena);

enum owned_outcome {
	OWNED_OK = 0,
	OWNED_E_FOREIGN = 1, /* *foreign_out is in the way, and somebody else's */
};

/* What the set has to become. */
MUST_USE int owned_change(const struct owned *owned, const struct rrset *before,
		struct arena *arena, struct rrset *after_out, struct view *foreign_out);

/* What is wanted and not there. */
struct rrset owned_missing(
		const struct owned *owned, const struct rrset *live, struct arena *arena);

#endif
