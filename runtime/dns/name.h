/* Host and domain names (RFC 1123, 2.1; RFC 5890, 2.3): what may be looked up, and the
 * one form in which two names are compared. */
#ifndef DNS_NAME_H
#define DNS_NAME_H

#include "runtime/base/arena.h"

enum {
	NAME_MAX = 253, /* octets of a name in text form, without a final dot */
	NAME_LABEL_MAX = 63
};

/* A name of letters, digits and hyphens: labels of 1 to 63 octets that neither begin nor
 * end with a hyphen, 253 in all, no final dot, ASCII only. One label is enough. */
bool name_is_host(struct view name);
/* The same with at least two labels, the last not all digits: what a mail domain must be.
 */
bool name_is_domain(struct view name);

/* True where it lies below the other, without regard to case; a name is not below itself.
 */
bool name_is_under(struct view name, struct view above);

/* The form for comparison and for the DNS: lower case, U-labels turned into A-labels
 * (IDNA2008, non-transitional, RFC 5891), one final dot dropped. False where the result
 * is no host name. */
MUST_USE bool name_normalise(struct arena *arena, struct view name, struct view *out);
/* The form for people: A-labels turned back into U-labels; the name itself where that
 * fails. */
struct view name_for_people(struct arena *arena, struct view name);

#endif
