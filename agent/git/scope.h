/* Scopes: whether people may do what makes one state out of another.
 *
 * What counts is what a state says of its objects in the end, whatever layer or file says it: a
 * role that a group brings is a change of the user who gets it. A change of fields that are the
 * person's own counts, too: they are taken where an account begins anew.
 *
 * `trust.X.may` gives objects of a kind, or of a domain. It never gives roles, nor what loosens
 * a rule or cannot be undone, nor what is said besides objects (`defaults`, `secrets`, `moved`,
 * `purge`): those are for people who may all. */
#ifndef AGENT_GIT_SCOPE_H
#define AGENT_GIT_SCOPE_H

#include "schema/desired.h"

struct trusted; /* schema/agent_file.h */

struct scope_refusal {
	const struct trusted *person;
	struct view text; /* "help may not change user/anna: roles are …"; in the arena */
};

/* True where each of the people may do all that makes `after` out of `before` (NULL: nothing);
 * else *out says who may not, and what and where it is. Both states have their origins. */
MUST_USE bool scope_allows(const struct desired *before, const struct desired *after,
		const struct trusted *const *people, size_t count, struct arena *arena,
		struct scope_refusal *out);

#endif
