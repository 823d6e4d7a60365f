/* A DKIM-Signature field, read (RFC 6376, 3.5; RFC 8301; RFC 8463). */
#ifndef MAILAUTH_DKIM_SIGNATURE_H
#define MAILAUTH_DKIM_SIGNATURE_H

#include "runtime/base/clock.h"
#include "runtime/crypto/signing_key.h"
#include "runtime/mailauth/dkim_canonical.h"

struct dkim_signature {
	const char *algorithm_name; /* "rsa-sha256", "ed25519-sha256"; NULL: not read */
	enum key_algorithm algorithm;
	enum dkim_canonical header, body;
	struct view domain, selector; /* host names, lower case, A-labels */
	struct view identity;         /* i=, as written; "@" and the domain by default */
	bool identity_below;          /* its domain is below d=, not d= itself */
	const struct view *names;     /* of the fields that are signed */
	size_t name_count;
	struct view octets; /* the signature */
	struct view digest; /* of the body */
	struct view mark;   /* the first 8 letters of b= (RFC 6008, 4) */
	bool has_length, has_time, has_expiry;
	uint64_t length; /* of the body that is signed */
	walltime time, expiry;
	struct view before, after; /* the field without the value of b= */
};

enum {
	DKIM_SIGNATURE_E_SYNTAX = 1 /* or something that may not be */
};

/* Views into the field, or in the arena. On an outcome *why_out says what is wrong, and
 * what was read before is in *out: for a report, not for use. */
MUST_USE int dkim_signature_parse(struct arena *arena, const struct header_field *field,
		struct dkim_signature *out, const char **why_out);

#endif
