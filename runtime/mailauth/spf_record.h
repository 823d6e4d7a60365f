/* An SPF record, read (RFC 7208, 4.5, 4.6, 5, 6, 12). */
#ifndef MAILAUTH_SPF_RECORD_H
#define MAILAUTH_SPF_RECORD_H

#include "runtime/base/arena.h"
#include "runtime/mailauth/spf.h"

enum spf_mechanism {
	SPF_ALL,
	SPF_INCLUDE,
	SPF_A,
	SPF_MX,
	SPF_PTR,
	SPF_IP4,
	SPF_IP6,
	SPF_EXISTS,
};

struct spf_term {
	enum spf_mechanism mechanism;
	enum spf_code result; /* of a match: what its qualifier says */
	struct view text;     /* as written */
	struct view domain; /* a domain-spec with its macros; empty: the domain itself */
	struct network network; /* SPF_IP4, SPF_IP6 */
	unsigned bits4, bits6;  /* SPF_A, SPF_MX: how many of an address count */
};

struct spf_record {
	struct spf_term *terms;
	size_t count;
	struct view redirect, explanation; /* domain-specs; empty: none */
};

enum {
	SPF_RECORD_E_SYNTAX = 1
};

/* True where the text is an SPF record of version 1, well-formed or not (4.5). */
bool spf_record_is(struct view text);
/* Reads all of it, since an error anywhere counts (4.6); views into `text`, the terms in
 * the arena. On an outcome *wrong_out is the term that is wrong. */
MUST_USE int spf_record_parse(struct arena *arena, struct view text,
		struct spf_record *out, struct view *wrong_out);

#endif
