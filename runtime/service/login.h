/* Checking passwords, for every protocol.
 *
 * A check costs 64 MiB and tens of milliseconds by intent, so a few run at a time, on
 * workers; a bounded number waits, and what comes beyond is told so. Who does not exist
 * costs the same as who does. Refusals wait before they are answered, and past a limit
 * nothing is checked for a while (penalty.h); success is remembered for minutes
 * (login_cache.h). An old hash that was verified is replaced by
 * way of a notice to the agent.
 *
 *   login_check ──known──────────────────────────────► done
 *        │ ──full─────────────────────────────────────► done (unavailable)
 *        └──► waiting ──► a worker ──► accepted ──────► done
 *                             └──► refused ──delay───► done                          */
#ifndef SERVICE_LOGIN_H
#define SERVICE_LOGIN_H

#include "runtime/base/secret.h"
#include "runtime/configuration.h"
#include "runtime/net/worker.h"

struct logins;
struct peer; /* net/connection.h */
struct service;

enum {
	LOGIN_AT_ONCE = 2,   /* checks that run at a time */
	LOGIN_WAITING = 200, /* that wait for one of them to end */
};

enum login_outcome {
	LOGIN_ACCEPTED,
	LOGIN_REFUSED,
	LOGIN_UNAVAILABLE, /* too many wait, or too many failed: later perhaps */
};

/* One login under way, embedded in its session, which lives until done(). */
struct login_request {
	/* what is asked; lives until done() */
	struct view user;
	const struct secret *password;
	enum protocol protocol;
	const struct peer *peer;
	/* Called once, from any thread, perhaps before login_check returns. */
	void (*done)(struct login_request *request);
	void *context;

	/* the answer */
	enum login_outcome outcome;
	const char *reason; /* for the log: "wrong-password" … */
	/* LOGIN_ACCEPTED, and only within done(): what it was checked against. */
	const struct account_spec *account;

	/* the checker's */
	struct logins *logins;
	struct configuration *configuration;
	struct login_request *next;
	struct job job;
	nstime due;
};

MUST_USE struct logins *logins_new(struct service *s);
/* Nothing waits for its penalty from now on; what waits is answered. Before the workers
 * and the loops end. Not from a loop. Harmless twice. */
void logins_stop(struct logins *logins);
/* No request is out. NULL is fine. */
void logins_free(struct logins *logins);

void login_check(struct logins *logins, struct login_request *request);

#endif
