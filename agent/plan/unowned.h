/* Account files that no object owns: control.db was lost, or is an older one.
 *
 * A plan that would make an account looks for one first. A file whose deed names the account
 * is adopted, where somebody says so; a file that nobody can tell the owner of, or that no
 * key opens, is never mistaken for nothing. */
#ifndef AGENT_UNOWNED_H
#define AGENT_UNOWNED_H

#include "agent/database/deeds.h"

struct unowned {
	unsigned char uid[UID_SIZE];
	const struct deed *deed; /* NULL: nobody knows whose it is */
	bool opens;              /* the deed's key is one of this host's */
	uint64_t size;           /* bytes */
	walltime written;        /* last */
};

struct unowned_list {
	struct unowned *items; /* malloc'd; those with a deed come first, newest first */
	size_t count, capacity;
	size_t unknown; /* without a deed */
};

/* Walks DATA/accounts. `deeds` may be NULL. */
MUST_USE int unowned_find(const char *data, struct database *deeds, struct broker *broker,
		const struct observation *o, struct unowned_list *out);
void unowned_list_deinit(struct unowned_list *list);

/* The file of the account that is wanted, by its id or else by its address; NULL. */
const struct unowned *unowned_of(
		const struct unowned_list *list, const struct wanted *wanted);
/* A file of another kind of account under that address; NULL. */
const struct unowned *unowned_other(
		const struct unowned_list *list, const struct wanted *wanted);
/* "account file 8f1c…, 52MiB, last written 2026-11-20", in the arena. */
struct view unowned_describe(const struct unowned *file, struct arena *arena);

#endif
