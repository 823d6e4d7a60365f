/* Who vouches for a message? (DKIM, RFC 6376; RFC 8301; RFC 8463.) A machine without I/O:
 * the message passes through in pieces, its body is not kept; keys are asked for by
 * operations, as soon as the header has passed and all at once.
 *
 *   HEADER ──empty line──► BODY ──dkim_verify_finish──► its digests are known ┐
 *                └─► questions ──────────────────────► all are answered ──────┴─► result
 *
 * Lines end in CRLF. LIMIT_DKIM_SIGNATURES signatures are looked at, the topmost. */
#ifndef MAILAUTH_DKIM_VERIFY_H
#define MAILAUTH_DKIM_VERIFY_H

#include "runtime/base/clock.h"
#include "runtime/base/engine.h"

/* RFC 8601, 2.7.1 */
enum dkim_code {
	DKIM_PASS,
	DKIM_FAIL,      /* what was signed is not what came */
	DKIM_POLICY,    /* it may hold, and is not what we go by: a part is unsigned */
	DKIM_NEUTRAL,   /* it was not looked at */
	DKIM_TEMPERROR, /* the DNS failed for now */
	DKIM_PERMERROR, /* the signature or its key is wrong */
};

/* "pass", "fail" … */
const char *dkim_code_name(enum dkim_code code);

struct dkim_verdict {
	enum dkim_code code;
	const char *reason;           /* for people; NULL after DKIM_PASS */
	struct view domain, selector; /* A-labels; empty where there is none to be read */
	struct view identity;         /* i=, or "@" and the domain; a stranger's text */
	const char *algorithm;        /* "rsa-sha256"; NULL */
	struct view mark;             /* b='s first letters (RFC 6008) */
	unsigned bits;                /* of the key; 0 where none was read */
	bool testing;                 /* the domain only tries it out (t=y) */
	walltime time, expiry;        /* t=, x=; 0 where they are absent */
};

struct dkim_result {
	struct dkim_verdict *verdicts; /* in the order of the header */
	size_t count;                  /* 0: nobody signed */
};

struct dkim_verify;

MUST_USE struct dkim_verify *dkim_verify_new(walltime now);
void dkim_verify_feed(struct dkim_verify *verify, struct view bytes);
/* The message has ended; feed no more. */
void dkim_verify_finish(struct dkim_verify *verify);
/* A struct dns_lookup, now the caller's; NULL where none is wanted now. Several may be
 * out. */
struct op *dkim_verify_next_op(struct dkim_verify *verify);
/* It comes back with its answer, in any order. */
void dkim_verify_answer(struct dkim_verify *verify, struct op *op);
/* NULL until the message has ended and all is answered; lives as long as `verify`. */
const struct dkim_result *dkim_verify_result(const struct dkim_verify *verify);
/* The header as it came, up to and with the empty line; lives as long as `verify`. Empty
 * where it was too long: half of it is not to be decided on. */
struct view dkim_verify_header(const struct dkim_verify *verify);
/* Only with no operation out. NULL is fine. */
void dkim_verify_free(struct dkim_verify *verify);
void dkim_verify_freep(struct dkim_verify **verify);

#endif
