/* An RRset: all that a zone says under one name and type, and the one form in which values
 * are kept and compared.
 *
 * That form is the presentation of RFC 1035, 5.1, as made from the wire: names absolute and
 * in the case in which they were written, texts quoted, what is not printable escaped. A
 * server's words and ours come to it alike, so that values are equal where the zone is. What
 * has no such form, or two meanings, is refused: comments, parentheses, relative names. */
#ifndef AGENT_PROVIDER_RRSET_H
#define AGENT_PROVIDER_RRSET_H

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"

struct rrset {
	struct view name; /* lower case A-labels, without final dot */
	struct view type; /* "TXT" */
	uint32_t ttl;
	struct view *values; /* in the form above, sorted, each once */
	size_t count;        /* 0: there is none */
};

enum rrset_outcome {
	RRSET_OK = 0,
	RRSET_E_NAME = 1, /* no name of a record */
	RRSET_E_TYPE,     /* unknown, or none that a zone has */
	RRSET_E_VALUE,    /* no value of that type */
	RRSET_E_TOO_MANY, /* more than LIMIT_DNS_RECORDS or LIMIT_DNS_OCTETS */
};

const char *rrset_outcome_text(enum rrset_outcome outcome); /* "no value of its type" */

/* One value in the form above. */
MUST_USE int rrset_value(struct arena *arena, struct view type, struct view value,
		struct view *out);
/* Values in the form above. A text is its strings joined; a name is without case. */
bool rrset_value_eq(struct view type, struct view left, struct view right);
/* The octets that a TXT value's strings make together. */
void rrset_text(struct view value, struct buf *out);

/* From values as anybody writes them; the name's case and final dot do not matter. All of
 * the set lives in `arena`. */
MUST_USE int rrset_make(struct arena *arena, struct view name, struct view type,
		uint32_t ttl, const struct view *values, size_t count, struct rrset *out);

/* -- as sets; values are compared as above, the TTL is not -- */

bool rrset_has(const struct rrset *set, struct view value);
/* True where neither has what the other has not; of the same name and type. */
bool rrset_eq(const struct rrset *left, const struct rrset *right);
/* `set` and what of `more` it does not have, with the TTL of `set`, or that of `more` where
 * `set` has no values. Values that it has stay as they are written there. */
struct rrset rrset_with(
		struct arena *arena, const struct rrset *set, const struct rrset *more);
struct rrset rrset_without(
		struct arena *arena, const struct rrset *set, const struct rrset *less);

#endif
