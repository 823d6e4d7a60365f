/* What follows DATA (RFC 5321, 4.5.2): takes the dots out and finds the end. What follows
 * BDAT (RFC 3030, 2) is counted: a dot is a dot, and no octet ends anything.
 *
 * Only CR LF ends a line and only CR LF "." CR LF ends the message; a bare CR, a bare LF
 * or a NUL is a fault that sticks and is answered at the real end. So no two servers can
 * see two different numbers of messages (CVE-2023-51764 and its kin), whichever way it
 * came and whichever way it goes on.
 *
 *   START ──"."──► DOT ──CR──► DOT_CR ──LF──► the end
 *    ▲  └─────────► MIDDLE ──CR──► CR ─┐
 *    └─────────────────────────LF──────┘ */
#ifndef SMTP_SMTP_BODY_H
#define SMTP_SMTP_BODY_H

#include "runtime/base/buf.h"

enum smtp_body_at {
	BODY_AT_START, /* of a line */
	BODY_AT_DOT,
	BODY_AT_DOT_CR,
	BODY_AT_MIDDLE,
	BODY_AT_CR,
	BODY_AT_END,
};

enum smtp_body_fault {
	BODY_SOUND,
	BODY_BARE_CR,
	BODY_BARE_LF,
	BODY_NUL,
};

struct smtp_body {
	bool counted; /* BDAT, not DATA */
	enum smtp_body_at at;
	enum smtp_body_fault fault; /* the first */
};

enum {
	SMTP_BODY_MORE = 2 /* bytes that come out at most beyond those that go in */
};

/* Takes bytes up to the end of the message, which sets `at` to BODY_AT_END, and adds
 * what they mean to `out`, which has room. Returns how many it took: all, but at the end.
 */
MUST_USE size_t smtp_body_read(
		struct smtp_body *body, struct view bytes, struct buf *out);
/* A counted body is over: a CR that waits for its LF is a bare one, and a last line that
 * has no end gets it, as DATA would have given it. At most SMTP_BODY_MORE bytes. */
void smtp_body_end(struct smtp_body *body, struct buf *out);

#endif
