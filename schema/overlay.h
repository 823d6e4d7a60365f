/* What of a state is read otherwise than its files say it: objects whose change waits for
 * somebody stay as they were applied, new ones stay out, those that left stay in. Everything
 * else of the state counts as it is written, and is checked against what stays.
 *
 * An object that stays is given by its canonical form, all layers in it; what groups and
 * defaults say now is not laid under it, and of its secrets there is only the digest. */
#ifndef SCHEMA_OVERLAY_H
#define SCHEMA_OVERLAY_H

#include "schema/desired.h"

enum overlay_way {
	OVERLAY_DROP, /* the state declares it, and it is left out */
	OVERLAY_KEEP, /* the state declares it, and it stays as it was */
	OVERLAY_ADD,  /* the state declares it no more, and it stays */
};

struct overlay_entry {
	enum overlay_way way;
	enum kind kind;
	struct span key_span; /* of what the state declares */
	/* As it was applied. */
	struct view key;
	struct view id; /* empty where the key is the identity */
	struct view spec;
};

struct overlay {
	const struct overlay_entry *entries;
	size_t count;
};

#endif
