/* How far an order at an ACME issuer is: what is kept from one step to the next.
 *
 *   ACCOUNT ──► ORDER ──► AUTHORIZE ──► CHALLENGE ──► VALIDATE ──► FINALIZE ──► ISSUE
 *                 ▲                                                               │
 *                 └───────────── it came to nothing: another one ─────────────────┘
 *
 * A step uses only what the steps before it have written here: the account and the order by
 * their URLs, the tokens that have to be shown, the certificate's key. */
#ifndef AGENT_ACME_ORDER_H
#define AGENT_ACME_ORDER_H

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"
#include "runtime/base/clock.h"
#include "runtime/base/secret.h"

enum acme_step {
	ACME_ACCOUNT,   /* the issuer knows our key, or learns it */
	ACME_ORDER,     /* the names are ordered */
	ACME_AUTHORIZE, /* what it wants to see for each of them is asked for */
	ACME_CHALLENGE, /* it is there to be seen: the issuer is told */
	ACME_VALIDATE,  /* the issuer looks */
	ACME_FINALIZE,  /* the request for the certificate goes out */
	ACME_ISSUE,     /* the certificate is made, and fetched */
	ACME_STEPS,
};

enum {
	ACME_NAMES_MAX = 100, /* of one certificate */
};

struct acme_authorization {
	struct view url;
	struct view name;
	struct view challenge; /* its URL */
	struct view token;
	bool valid;
};

struct acme_directory {
	struct view nonce, account, order;
	struct view renewal; /* RFC 9773; empty: none */
	struct view authority; /* its name in CAA records (RFC 8659); empty: it does not say */
};

/* Texts live in the arena that it was read into, or that the conversation was given. */
struct acme_order {
	enum acme_step step;
	unsigned issuer;   /* which of those that may be asked */
	unsigned failures; /* of that one, in a row */
	walltime began;
	struct acme_directory directory; /* of that issuer; empty: not asked yet */
	struct view nonce;
	struct view account, order, finalize; /* URLs */
	struct acme_authorization *authorizations;
	size_t authorization_count;
	struct secret key; /* the certificate's, PEM */
	struct view chain; /* once it is issued, PEM */
	/* The authorization that failed last, and of which name; or empty. */
	struct view refused, refused_name;
};

enum {
	ACME_ORDER_E_FORM = 1,
};

/* As bytes to be sealed: JSON, NUL, the key. */
void acme_order_write(const struct acme_order *order, struct buf *out);
/* Empty bytes are an order that has not begun. */
MUST_USE int acme_order_read(
		struct arena *arena, struct view bytes, struct acme_order *out);
void acme_order_deinit(struct acme_order *order);
/* Forgets this try, and keeps the issuer and the account. */
void acme_order_renew(struct acme_order *order);

#endif
