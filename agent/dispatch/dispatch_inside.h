/* The dispatcher's insides, for the files that make it up: dispatch.c has its turns,
 * arrivals.c what comes back, departures.c what goes out. */
#ifndef AGENT_DISPATCH_INSIDE_H
#define AGENT_DISPATCH_INSIDE_H

#include "agent/dispatch/dispatch.h"

#include "agent/effect/courier.h"
#include "agent/effect/delivery.h"
#include "runtime/base/list.h"

struct dispatch {
	struct database *db;
	const struct key *key;
	const struct os *os;
	const struct agent_file *file;
	struct courier *courier;
	struct deliveries all;
	struct list back; /* errands whose consequences are not on disk yet */
	size_t out;
	bool stale;
	bool brought;    /* something is as it should be, since it was asked for */
	bool serves;     /* what is served has to follow first */
	nstime retry_at; /* the database failed: not before; 0: it did not */
	nstime deadline;
};

nstime dispatch_now(const struct dispatch *d);
walltime dispatch_wall(const struct dispatch *d);

/* Takes what is back from the courier. */
void arrivals_take(struct dispatch *d);
/* Writes what follows of it, all in one transaction. Where that fails it stays, and memory,
 * which went ahead, is read again. */
MUST_USE int arrivals_settle(struct dispatch *d);
/* Says of what cannot go out what it waits for. */
MUST_USE int arrivals_say_blocked(struct dispatch *d);
/* Writes the intents of what is due, and sends it out. */
MUST_USE int departures_send(struct dispatch *d);

#endif
