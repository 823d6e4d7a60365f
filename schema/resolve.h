/* Where mail to an address would go, hop by hop, with the line that says so. Offline: by
 * the same routes that the server is given. */
#ifndef SCHEMA_RESOLVE_H
#define SCHEMA_RESOLVE_H

#include "schema/desired.h"

enum hop_kind {
	HOP_TWIN,    /* the domain is a twin: its domain is asked */
	HOP_USER,    /* ends: delivered */
	HOP_SHARED,  /* ends: delivered to a shared mailbox */
	HOP_SERVICE, /* ends: refused, a service gets no mail */
	HOP_ALIAS,   /* goes on to targets */
	HOP_CONTACT, /* postmaster or abuse, given by the contact of the domain */
	HOP_SUBADDRESS, /* nothing has the whole: what stands before the separator is asked */
	HOP_GROUP,      /* goes on to its members */
	HOP_CATCH_ALL, /* nothing has it: the catch-all is asked */
	HOP_REJECTED,  /* ends: refused with `text` */
	HOP_DISCARDED, /* ends: taken and thrown away */
	HOP_REMOTE,    /* ends: elsewhere */
	HOP_UNKNOWN,   /* ends: no such address */
	HOP_AGAIN,     /* ends: the mailbox has it already by another way */
};

struct hop {
	enum hop_kind kind;
	unsigned depth;      /* of targets: how far to indent */
	struct view address; /* what was asked */
	struct view text;    /* the user, group, domain or text that answers */
	bool placed;
	struct span span; /* the line that says so */
};

enum {
	HOPS_MAX = 1000
};

struct resolution_path {
	struct hop *hops; /* in the arena */
	size_t count;
	bool cut; /* there were more than HOPS_MAX */
};

/* `address` in any case and with U-labels. 0, or 1 where it is no address (*why_out). */
MUST_USE int resolve_address(const struct desired *desired, struct arena *arena,
		struct view address, struct resolution_path *out, const char **why_out);

const char *hop_name(enum hop_kind kind);

#endif
