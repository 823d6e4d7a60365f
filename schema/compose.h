/* A state as a person would have written it: YAML made from values that were checked.
 *
 * Sections and fields come in the order of the tables, objects in that of their domains and
 * names, lists as they were said: the same state is the same text. What fits a line stands on one; a
 * value with a short form has it; references are as short as they are clear. Whatever a
 * reader of YAML 1.1 or 1.2 could take for something else than a text is quoted. What the
 * schema gives is not written, but for a comment on values with a unit. */
#ifndef SCHEMA_COMPOSE_H
#define SCHEMA_COMPOSE_H

#include "runtime/base/buf.h"
#include "schema/desired.h"

struct compose_options {
	unsigned kinds; /* a set of REFERS(kind): only those; 0: all that the state says */
	/* False: defaults and groups give what they gave, and objects have what was said of
	 * each. True: no defaults; each object has all that it got from somewhere. */
	bool flat;
	/* Objects of other states that belong to it, too; flat alone. */
	const struct desired_object *const *more;
	size_t more_count;
	/* Which entries of `purge` it keeps; entries of `moved` are of the past. */
	const struct desired_purge *purges;
	size_t purge_count;
};

struct composed {
	const char *section; /* "users" */
	struct view text;    /* in the arena; ends with a line feed */
};

/* The sections that the state has, without `version`; the array lives in the arena. */
size_t compose(const struct desired *desired, const struct compose_options *options,
		struct arena *arena, struct composed **out);

/* A text as a scalar: quoted where it has to be. */
void compose_text(struct buf *out, struct view text);

#endif
