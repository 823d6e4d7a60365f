/* A certificate that an issuer signs, as its object's `applied` says it. */
#ifndef AGENT_DRIVER_CERTIFICATE_TEXT_H
#define AGENT_DRIVER_CERTIFICATE_TEXT_H

#include "agent/acme/acme.h"
#include "schema/desired.h"

struct certificate_issuer {
	struct view name;      /* in the state */
	struct view directory; /* URL */
	struct view eab_id;    /* empty: no account that it has to know */
	struct view eab_key;   /* JSON, of agent/effect/secret_form.h */
};

/* Where a dns-01 challenge of the names in it is written. */
struct certificate_zone {
	struct view zone;
	struct view provider; /* its spec */
};

struct certificate_text {
	const struct certificate_issuer *issuers; /* one after the other */
	size_t issuer_count;
	const struct view *names; /* sorted, each once */
	size_t name_count;
	const struct certificate_zone *zones; /* of dns-01 */
	size_t zone_count;
	enum acme_challenge challenge;
	enum certificate_key_kind key_kind;
	struct view profile;
	walltime linger; /* seconds for which it is served once nothing leads to it */
};

/* "ecdsa-p256" */
const char *certificate_key_name(enum certificate_key_kind kind);
/* The zone of a name that its provider can be told of; NULL: none is the state's. */
const struct desired_domain *certificate_zone_of(
		const struct desired *desired, struct view name);
/* Canonical JSON, of these names; they are sorted. */
MUST_USE struct view certificate_text_write(struct arena *arena,
		const struct desired *desired, const struct desired_certificate *wanted,
		struct view *names, size_t count, walltime linger);
/* False where it is of no issuer. */
MUST_USE bool certificate_text_read(
		struct arena *arena, struct view text, struct certificate_text *out);
/* Whether it is of an issuer, without reading it. */
bool certificate_text_is_issued(struct view text);
/* What a certificate of that issuer was asked for: equal texts are as good as each other. */
MUST_USE struct view certificate_text_asked(
		struct arena *arena, const struct certificate_text *text, size_t issuer);

#endif
