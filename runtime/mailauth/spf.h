/* May this host send mail for this domain? (SPF, RFC 7208.) A machine without I/O: it asks
 * the DNS by operations, one at a time, and says what it found.
 *
 *   spf_check_new ──► spf_check_next_op ──► spf_check_answer ──┐
 *                          ▲    │ NULL: there is a result      │
 *                          └────┼─────────────────────────────┘
 *                               ▼
 *                        spf_check_result
 *
 * The work is bounded whatever the records say: LIMIT_SPF_LOOKUPS terms that ask (RFC 7208,
 * 4.6.4), LIMIT_SPF_VOID_LOOKUPS of them in vain, LIMIT_SPF_NAMES addresses a term, and
 * SPF_TIME altogether. */
#ifndef MAILAUTH_SPF_H
#define MAILAUTH_SPF_H

#include "runtime/base/clock.h"
#include "runtime/base/engine.h"
#include "runtime/base/network.h"
#include "runtime/base/view.h"

#define SPF_TIME nstime_seconds(20) /* RFC 7208, 4.6.4: later than that is a temperror */

/* RFC 7208, 2.6 */
enum spf_code {
	SPF_NONE,      /* no record, or no name that could have one */
	SPF_NEUTRAL,   /* the domain says nothing of this host */
	SPF_PASS,      /* it may */
	SPF_FAIL,      /* it may not */
	SPF_SOFTFAIL,  /* probably not */
	SPF_TEMPERROR, /* the DNS failed for now */
	SPF_PERMERROR, /* the records are wrong until somebody mends them */
};

/* "pass", "fail" … (RFC 8601, 2.7.2). */
const char *spf_code_name(enum spf_code code);

/* Whose domain is asked about (RFC 7208, 2.3, 2.4). */
enum spf_identity {
	SPF_HELO,
	SPF_MAIL_FROM, /* of the null path: postmaster at the HELO name */
};

struct spf_request {
	enum spf_identity identity;
	struct network client;     /* one address: network_of() */
	struct view helo;          /* as the client named itself */
	struct view local, domain; /* of MAIL FROM, unquoted; both empty: <> */
	struct view receiver;      /* our host name */
	walltime now;
};

struct spf_result {
	enum spf_code code;
	enum spf_identity identity;
	struct view domain;      /* that was asked about, without a final dot */
	struct view mechanism;   /* the term that decided, as written; empty: none did */
	struct view reason;      /* for people: what was wrong; often empty */
	struct view explanation; /* of SPF_FAIL, where the domain gives one: ASCII */
	unsigned lookups;        /* terms that asked */
	unsigned void_lookups;   /* of those, in vain */
};

struct spf_check;

/* Copies what it is given. */
MUST_USE struct spf_check *spf_check_new(const struct spf_request *request, nstime now);
/* A struct dns_lookup, now the caller's; NULL where none is wanted now. */
struct op *spf_check_next_op(struct spf_check *check);
/* It comes back with its answer. */
void spf_check_answer(struct spf_check *check, struct op *op, nstime now);
/* NULL until it is known; lives as long as the check. */
const struct spf_result *spf_check_result(const struct spf_check *check);
/* Only with no operation out. NULL is fine. */
void spf_check_free(struct spf_check *check);
void spf_check_freep(struct spf_check **check);

#endif
