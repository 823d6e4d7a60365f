/* What of a change goes outside: the row of the outbox that it becomes, in the transaction
 * that writes the object's. */
#ifndef AGENT_OUTGOING_H
#define AGENT_OUTGOING_H

#include "agent/apply/apply.h"

/* The object lives as `wanted` from now on, or shall: called behind its row, for kinds with
 * effects. Where what lives outside is the same already, nothing is to be done, unless
 * `anew`. Sets the row's conditions. A row of the outbox that was not done is replaced,
 * with its retries. */
MUST_USE int outgoing_put(struct application *a, struct object *object,
		const struct wanted *wanted, bool anew);
/* It leaves: the row stays, marked so, until nothing of it lives outside. Where nothing
 * ever did the row goes now. */
MUST_USE int outgoing_remove(struct application *a, struct object *object);
/* It lives in its row alone from now on: nothing that it has outside is looked after any
 * more. */
MUST_USE int outgoing_end(struct application *a, const struct object *object);
/* It is shut, and what it has outside is kept as it is: what was still to be done is not. */
MUST_USE int outgoing_keep(struct application *a, const struct object *object);

#endif
