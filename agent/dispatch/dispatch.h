/* The dispatcher: takes effects from the outbox to the courier, and what comes back into
 * the rows.
 *
 * A turn takes what is back, says what is blocked, writes the intents of what is due, and
 * sends it out: an intent is on disk before its call is made, and where the disk has no
 * room the call is not made. Nothing here waits. */
#ifndef AGENT_DISPATCH_H
#define AGENT_DISPATCH_H

#include "runtime/base/attr.h"
#include "runtime/base/clock.h"

#include <stdbool.h>

struct database;
struct agent_file;
struct dispatch;
struct key;
struct os;

/* `key` seals the progress of effects. All are borrowed. */
MUST_USE int dispatch_new(struct database *db, const struct key *key, const struct os *os,
		const struct agent_file *file, struct dispatch **out);
/* Waits until the calls that are out have come back, as soon as they can, and forgets their
 * answers. NULL is fine. */
void dispatch_free(struct dispatch *dispatch);
/* Can be read when a turn has something to take. */
int dispatch_fd(const struct dispatch *dispatch);
/* When the next turn is due; NSTIME_NEVER. */
nstime dispatch_deadline(const struct dispatch *dispatch);
/* Rows were written by somebody else: a plan was applied. NULL is fine. */
void dispatch_stale(struct dispatch *dispatch);
void dispatch_turn(struct dispatch *dispatch);
/* True once where, in the last turn, something outside came to be as it should. */
bool dispatch_brought(struct dispatch *dispatch);
/* What is served follows from what the last turn wrote, and was not told of it: nothing goes
 * out until dispatch_served() says that it was. */
bool dispatch_serves(const struct dispatch *dispatch);
void dispatch_served(struct dispatch *dispatch);
/* Calls that are out. */
size_t dispatch_out(const struct dispatch *dispatch);

#endif
