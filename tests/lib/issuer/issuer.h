/* An issuer of certificates in memory (RFC 8555), for tests: linked in the place of
 * agent/effect/web.c, so that what a driver sends arrives here, on the courier's thread.
 *
 * It checks what a real one checks: signatures, nonces, which account asks, that a challenge
 * is there to be seen, that the request is for the names that were ordered. Its state lies in
 * memory that a forked child shares, so that it outlives one that is killed. It has a clock of
 * its own, which the test moves, and keeps the limits that agent/acme/ledger.h names: who
 * passes one is found out. */
#ifndef TESTS_LIB_ISSUER_ISSUER_H
#define TESTS_LIB_ISSUER_ISSUER_H

#include "runtime/base/clock.h"
#include "runtime/base/view.h"

#define ISSUER_URL  "https://issuer.test/dir"
#define ISSUER_URL2 "https://other.test/dir" /* another account, the same clock */

/* What it does wrong, until it is told otherwise. */
enum issuer_fault {
	ISSUER_WELL,
	ISSUER_DOWN,             /* nobody answers */
	ISSUER_REDIRECTS,        /* 302 to another host */
	ISSUER_FLOODS,           /* bodies beyond every limit */
	ISSUER_LEADS_AWAY,       /* URLs of another host in the directory */
	ISSUER_PROCESSES,        /* and never comes to an end */
	ISSUER_MISISSUES,        /* a certificate for a key of its own */
	ISSUER_BABBLES,          /* no JSON */
	ISSUER_NO_NONCES,        /* takes none */
	ISSUER_SEES_NOTHING,     /* no challenge is ever found */
	ISSUER_FORGETS_ACCOUNTS, /* once: then it is well */
};

struct issuer {
	walltime now;
	enum issuer_fault fault;
	unsigned fails_percent; /* of all requests, in one of several ways */
	uint64_t random;        /* of that: a seed */
	int days;               /* that certificates last */
	/* When it wants a certificate to be renewed: this share of its life, in percent; 0: it
	 * does not say. */
	unsigned renew_at_percent;
	/* What came. */
	unsigned requests, accounts, orders, issued, refused, nonces_refused, replaced;
	bool limit_passed;
};

extern struct issuer *issuer; /* shared */

/* Whether the text is shown for the token: asked on the courier's thread. NULL: all is. */
extern bool (*issuer_sees)(struct view name, struct view token, struct view text);
/* Called on the courier's thread before (0) and after (1) each request. NULL is fine. */
extern void (*issuer_boundary)(int after);

/* Once a program; then before each test. */
void issuer_begin(void);
void issuer_reset(void);

#endif
