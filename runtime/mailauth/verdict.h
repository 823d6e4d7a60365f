/* What is known of where a message comes from: the results of all checks in one place, as a
 * field for its readers and as a line for the log and the store. */
#ifndef MAILAUTH_VERDICT_H
#define MAILAUTH_VERDICT_H

#include "runtime/base/buf.h"
#include "runtime/mailauth/dmarc.h"

enum {
	VERDICT_FIELD_MAX = 64 * 1024, /* octets of the field, whatever is in it */
	VERDICT_LINE_MAX = 8 * 1024    /* of the line */
};

struct verdict {
	struct view helo;                  /* as the client named itself */
	struct view local, domain;         /* of MAIL FROM; both empty: <> */
	const struct spf_result *spf_helo; /* NULL: not checked, as is any of these */
	const struct spf_result *spf;      /* of MAIL FROM */
	const struct dkim_result *dkim;
	const struct dmarc_result *dmarc;
};

/* Writes an Authentication-Results field (RFC 8601) under our name. Of many signatures it
 * tells of those that were looked at. */
void verdict_write_field(const struct verdict *verdict, struct view id, bool utf8,
		struct buf *out);
/* Writes `spf=pass spf_domain=… dkim=pass dkim_domain=… dmarc=…` without a line end: words
 * of letters, digits and a few marks, whatever a stranger wrote. */
void verdict_write_line(const struct verdict *verdict, struct buf *out);

#endif
