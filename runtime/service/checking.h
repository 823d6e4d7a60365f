/* The check of a message from outside while it comes (mailauth/mail_check.h), with its
 * questions brought to the resolver and what it computes to the workers.
 *
 *   checking_new ──► checking_feed* ──► checking_finish ──► done, with a verdict
 *        └── questions go out, answers come in ────┘
 *
 * Nobody waits longer than CHECKING_SECONDS from the end of the message on, whatever the DNS
 * does: what is not known by then is a temperror. */
#ifndef SERVICE_CHECKING_H
#define SERVICE_CHECKING_H

#include "runtime/mailauth/mail_check.h"

struct checking;
struct service;

enum {
	CHECKING_SECONDS = 15, /* for what is still unknown when the message has ended */
};

/* Begins to ask. `request` is copied, but for its suffixes. The service has a resolver. */
MUST_USE struct checking *checking_new(
		struct service *s, const struct mail_check_request *request);
/* The message as it came, in pieces. A worker's. */
void checking_feed(struct checking *checking, struct view bytes);
/* It has ended. done() comes once, on a worker, perhaps before this returns. A worker's. */
void checking_finish(struct checking *checking, void (*done)(void *arg), void *arg);
/* Once it is done; lives as long as the checking. */
const struct verdict *checking_verdict(const struct checking *checking);
/* Not between checking_finish and done(). What was asked is given up. NULL is fine. */
void checking_free(struct checking *checking);

#endif
