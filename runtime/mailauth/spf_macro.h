/* Macros in SPF records (RFC 7208, 7): `%{d2r}` and what else begins with a percent sign.
 */
#ifndef MAILAUTH_SPF_MACRO_H
#define MAILAUTH_SPF_MACRO_H

#include "runtime/base/buf.h"
#include "runtime/base/clock.h"
#include "runtime/base/network.h"

struct spf_macro_values {
	struct view local;     /* l, and with `origin` s */
	struct view origin;    /* o: the sender's domain */
	struct view domain;    /* d: the one whose record is read */
	struct view helo;      /* h */
	struct view name;      /* p: a name of the client's, or "unknown" */
	struct view receiver;  /* r */
	struct network client; /* i, c, v */
	walltime now;          /* t */
};

/* A macro-string. `c`, `r` and `t` are for explanations alone (7.2). */
bool spf_macro_is_string(struct view text, bool explanation);
/* A domain-spec: a macro-string that ends in a macro or a top label (7.1). */
bool spf_macro_is_domain(struct view text);
/* True where a well-formed string has the macro, in either case. */
bool spf_macro_uses(struct view text, char letter);
/* Adds what a well-formed string stands for. Where it does not fit the buf fails. */
void spf_macro_expand(
		const struct spf_macro_values *values, struct view text, struct buf *out);

#endif
