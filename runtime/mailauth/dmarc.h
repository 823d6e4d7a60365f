/* Is the message of whom its From field says? (DMARC, RFC 7489.) A machine without I/O: it
 * asks the DNS by operations, one at a time, twice at most (6.6.3), and joins what SPF and
 * DKIM found. It says what the domain wants done; it does nothing. */
#ifndef MAILAUTH_DMARC_H
#define MAILAUTH_DMARC_H

#include "runtime/base/engine.h"
#include "runtime/dns/suffix.h"
#include "runtime/mailauth/dkim_verify.h"
#include "runtime/mailauth/dmarc_record.h"
#include "runtime/mailauth/spf.h"

/* RFC 7489, 11.2 */
enum dmarc_code {
	DMARC_NONE, /* the domain publishes no policy */
	DMARC_PASS,
	DMARC_FAIL,
	DMARC_TEMPERROR, /* the DNS failed for now, and it might have passed */
	DMARC_PERMERROR, /* From names no one domain */
};

/* "none", "pass" … */
const char *dmarc_code_name(enum dmarc_code code);

struct dmarc_request {
	const struct suffix_list *suffixes; /* borrowed until the end, as all here */
	struct view header;                 /* of the message */
	const struct spf_result *spf;       /* of MAIL FROM; NULL: not checked */
	const struct dkim_result *dkim;     /* NULL: not checked */
	unsigned sample; /* 0 to 99, drawn by lot: whom pct= lets go (6.6.4) */
};

struct dmarc_result {
	enum dmarc_code code;
	const char *reason;   /* for people; NULL where the code says it all */
	struct view domain;   /* of From; empty where there is no one */
	struct view found_at; /* whose policy it is: that, or its organization's */
	bool has_record;
	struct dmarc_record record;
	struct view record_text;
	enum dmarc_policy policy;      /* of the record for this domain: p= or sp= */
	enum dmarc_policy disposition; /* what is asked for this message; NONE but after a
					  fail */
	bool spf_aligned, dkim_aligned; /* passed, for the domain of From */
	bool ambiguous; /* From can be read in several ways, or names several domains: to be
			   refused where anything is */
};

struct dmarc_check;

MUST_USE struct dmarc_check *dmarc_check_new(const struct dmarc_request *request);
/* A struct dns_lookup, now the caller's; NULL where none is wanted now. */
struct op *dmarc_check_next_op(struct dmarc_check *check);
/* It comes back with its answer. */
void dmarc_check_answer(struct dmarc_check *check, struct op *op);
/* NULL until it is known; lives as long as the check. */
const struct dmarc_result *dmarc_check_result(const struct dmarc_check *check);
/* Only with no operation out. NULL is fine. */
void dmarc_check_free(struct dmarc_check *check);
void dmarc_check_freep(struct dmarc_check **check);

#endif
