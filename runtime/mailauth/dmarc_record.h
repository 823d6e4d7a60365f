/* What a domain wants done with mail that only pretends to be its own: _dmarc, TXT (RFC
 * 7489, 6.3 and 6.4). */
#ifndef MAILAUTH_DMARC_RECORD_H
#define MAILAUTH_DMARC_RECORD_H

#include "runtime/base/view.h"

enum dmarc_policy {
	DMARC_POLICY_NONE,
	DMARC_POLICY_QUARANTINE,
	DMARC_POLICY_REJECT,
};

/* "none", "quarantine", "reject". */
const char *dmarc_policy_name(enum dmarc_policy policy);

struct dmarc_record {
	enum dmarc_policy policy;
	enum dmarc_policy subdomains; /* sp=, by default p= */
	bool strict_dkim, strict_spf; /* adkim=s, aspf=s */
	unsigned percent;             /* pct=, 100 by default */
	uint64_t interval;            /* ri=, seconds between reports */
	struct view reports;          /* rua=, as written; empty: none */
	struct view failure_reports;  /* ruf= */
	struct view failure_options;  /* fo=, "0" by default */
};

enum {
	DMARC_RECORD_E_POLICY = 1 /* no p= that holds, and nowhere to report to */
};

/* True where the text begins as a DMARC record must; others are passed over (6.6.3). */
bool dmarc_record_is(struct view text);
/* Reads one. Tags that are malformed or unknown are as absent (6.3). Views into `text`. */
MUST_USE int dmarc_record_parse(struct view text, struct dmarc_record *out);

#endif
