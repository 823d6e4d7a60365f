/* Reports on the delivery of a message, for its sender (RFC 3464, in the multipart/report
 * of RFC 6522): what a person reads first, then the same for programs, then the header of
 * the message, or all of it. Functions of their arguments. */
#ifndef MAIL_REPORT_H
#define MAIL_REPORT_H

#include "runtime/base/buf.h"
#include "runtime/base/clock.h"

enum report_action { /* RFC 3464, 2.3.3; what a report as a whole is about is the smallest */
	REPORT_FAILED,
	REPORT_DELAYED,
	REPORT_RELAYED, /* to a host that makes no reports */
	REPORT_DELIVERED,
};

struct report_recipient {
	enum report_action action;
	struct view address;
	struct view orcpt;  /* as it came with RCPT, in xtext; empty: it did not */
	struct view status; /* "5.1.1" */
	struct view host;   /* that said `code` and `text`; empty: we did */
	unsigned code;      /* 0: no host spoke */
	struct view text;
	walltime last_attempt; /* 0: none */
	walltime until;        /* REPORT_DELAYED: it is tried until then */
};

struct report {
	struct view host; /* ours */
	struct view to;   /* the sender, or … */
	bool sent_on;     /* … who sends on what others wrote */
	struct view unique; /* letters and digits that no message has in it: for the boundary
			       and the Message-ID */
	walltime now;
	walltime arrived;
	struct view envid;  /* in xtext, as it came; empty: it did not */
	bool wide;          /* SMTPUTF8 was asked: addresses may hold UTF-8 (RFC 6533) */
	bool whole;         /* the message follows, not its header alone */
	struct view header; /* of the message, as far as it is known: for Subject and
			       Message-ID */
	const struct report_recipient *recipients;
	size_t recipient_count;
};

/* Writes all that comes before the message's bytes: header fields, and the parts up to the
 * header of the last. The caller adds the message's header, or all of it, each line ended
 * by CRLF, then report_end. */
void report_begin(struct buf *out, const struct report *report);
void report_end(struct buf *out, const struct report *report);

#endif
