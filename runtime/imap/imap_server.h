/* The IMAP server's side of a session: an engine that speaks IMAP4rev1.
 *
 * RFC 3501 with LITERAL- (7888), SASL-IR (4959), ENABLE (5161), ID (2971), IDLE (2177),
 * NAMESPACE (2342), UIDPLUS (4315), MOVE (6851), UNSELECT (3691), CHILDREN (3348),
 * SPECIAL-USE (6154), MULTIAPPEND (3502), LIST-EXTENDED (5258), LIST-STATUS (5819), STATUS=SIZE (8438),
 * CONDSTORE (7162), ESEARCH (4731), SEARCHRES (5182) and BINARY (3516). Its operations are those of
 * imap_op.h.
 *
 *   GREETED ──LOGIN, AUTHENTICATE──► AUTHENTICATED ──SELECT, EXAMINE──► SELECTED
 *      │ STARTTLS: here again                ▲                             │
 *      └─────────────────                    └──CLOSE, UNSELECT, DELETE────┘
 *
 * One command runs at a time; those that were sent behind it wait in order. */
#ifndef IMAP_SERVER_H
#define IMAP_SERVER_H

#include "runtime/base/engine.h"

#include <stdatomic.h>

struct imap_server_options {
	bool tls;           /* TLS is on from the first byte */
	bool can_start_tls; /* STARTTLS may be offered */
	/* One a command, in the order of imap_command_name(): how often it was begun.
	 * NULL: nobody counts. */
	_Atomic int64_t *counts;
};

enum {
	IMAP_SECONDS_TO_LOGIN = 60,
	IMAP_SECONDS_IDLE = 30 * 60, /* RFC 3501, 5.4: not less */
};

/* A new session, its greeting already in the output. */
MUST_USE struct engine *imap_server_new(
		const struct imap_server_options *options, nstime now);

/* "FETCH"; NULL past the last of them. */
const char *imap_command_name(size_t i);

#endif
