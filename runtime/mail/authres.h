/* What our checks found, told to whoever reads the message later: Authentication-Results
 * (RFC 8601); and which fields of strangers only claim to be ours.
 *
 *   authres_begin ──► authres_result ──► comment · reason · property … ──► authres_end
 *                         ▲                                  │
 *                         └──────────────────────────────────┘
 */
#ifndef MAIL_AUTHRES_H
#define MAIL_AUTHRES_H

#include "runtime/base/buf.h"
#include "runtime/mail/header.h"

enum {
	AUTHRES_VALUE_MAX = 500 /* octets of a value as it is written */
};

struct authres {
	struct buf *out;
	bool utf8; /* octets above 127 may stand in it, where they are UTF-8 (RFC 6532) */
	size_t column;
	bool any; /* a result was told */
};

/* Begins the field; `id` is our name in it (2.5). */
void authres_begin(struct authres *a, struct buf *out, struct view id, bool utf8);
/* The result of a method: "spf", "pass". */
void authres_result(struct authres *a, const char *method, const char *result);
/* "(2048 bits)", between a result and its properties; cut where it is too long. */
void authres_comment(struct authres *a, struct view text);
/* Why, for people; likewise. */
void authres_reason(struct authres *a, struct view text);
/* What it is about: "header", "d", the value. A value is quoted wherever a stranger could
 * end it, and has no controls. False: it is too long, and was left out. */
bool authres_property(struct authres *a, const char *type, const char *property,
		struct view value);
/* Ends the field; "none" where no result was told. */
void authres_end(struct authres *a);

/* Whether the first result told in a field as authres_end leaves it is that: no value of a
 * stranger's can look like one. */
bool authres_first_is(struct view field, const char *method, const char *result);

/* True for an Authentication-Results field that says it is ours, or does not clearly say
 * whose it is: it came from outside and has to go (5). Names compare as host names do. */
bool authres_is_forged(const struct header_field *field, struct view id);

#endif
