/* The whole check of a message that comes in: SPF for its HELO name and its MAIL FROM, DKIM
 * for its signatures, DMARC for its author, in one machine without I/O.
 *
 *   mail_check_new ──► mail_check_feed … ──► mail_check_finish ──► a verdict, once all
 *         └──► questions come, and are answered, meanwhile and after ──┘ is answered
 *
 * SPF asks from the first moment on, DKIM once the header has passed, DMARC when both are
 * done: what the DNS takes is hidden behind what the message takes. */
#ifndef MAILAUTH_MAIL_CHECK_H
#define MAILAUTH_MAIL_CHECK_H

#include "runtime/mailauth/verdict.h"

struct mail_check_request {
	struct network client;              /* one address: network_of() */
	struct view helo;                   /* as the client named itself */
	struct view local, domain;          /* of MAIL FROM, unquoted; both empty: <> */
	struct view receiver;               /* our host name */
	const struct suffix_list *suffixes; /* borrowed until the end */
	walltime now;
	unsigned sample; /* 0 to 99, drawn by lot: see dmarc.h */
};

struct mail_check;

/* Copies what is not said to be borrowed. */
MUST_USE struct mail_check *mail_check_new(
		const struct mail_check_request *request, nstime now);
/* The message as it came, in pieces; lines end in CRLF. */
void mail_check_feed(struct mail_check *check, struct view bytes);
/* It has ended. */
void mail_check_finish(struct mail_check *check);
/* A struct dns_lookup, now the caller's; NULL where none is wanted now. Several may be
 * out. */
struct op *mail_check_next_op(struct mail_check *check);
/* It comes back with its answer, in any order. */
void mail_check_answer(struct mail_check *check, struct op *op, nstime now);
/* NULL until it is known; lives as long as the check. */
const struct verdict *mail_check_verdict(const struct mail_check *check);
/* Only with no operation out. NULL is fine. */
void mail_check_free(struct mail_check *check);
void mail_check_freep(struct mail_check **check);

#endif
