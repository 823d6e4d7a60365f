/* When an issuer wants a certificate to be renewed (RFC 9773). */
#ifndef AGENT_ACME_RENEWAL_H
#define AGENT_ACME_RENEWAL_H

#include "runtime/base/buf.h"
#include "runtime/base/clock.h"

enum {
	RENEWAL_OK = 0,
	RENEWAL_E_FORM = 1,
	RENEWAL_URL = 2048,
};

/* The certificate's name at its issuer (4.1): its authority's key and its number. */
MUST_USE int renewal_id(struct view chain, struct buf *out);

struct renewal_window {
	walltime start, end;
};

/* Where it is asked, from the directory; empty: nowhere. */
MUST_USE int renewal_place(struct view directory, struct view id, struct buf *out);
MUST_USE int renewal_read(struct view body, struct renewal_window *out);
/* A time in the window: the one that was chosen before where it is still in it. */
walltime renewal_choose(
		const struct renewal_window *window, walltime chosen, uint64_t random);

#endif
