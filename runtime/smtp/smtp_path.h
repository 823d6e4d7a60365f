/* A path as MAIL and RCPT write it, read by mail/address.h and held to the limits of its
 * command. */
#ifndef SMTP_SMTP_PATH_H
#define SMTP_SMTP_PATH_H

#include "runtime/mail/address.h"

enum {
	SMTP_PATH_E_SYNTAX = 1,
	SMTP_PATH_E_LOCAL,      /* no local part, or a malformed one */
	SMTP_PATH_E_DOMAIN,     /* malformed, or longer than LIMIT_SMTP_DOMAIN */
	SMTP_PATH_E_ROUTE,      /* has a source route */
	SMTP_PATH_E_LOCAL_PART, /* longer than LIMIT_SMTP_LOCAL_PART; of RCPT only */
	SMTP_PATH_E_LENGTH,     /* longer than LIMIT_SMTP_PATH or _FORWARD_PATH */
};

struct smtp_path {
	struct buf mailbox; /* without brackets, quoted only where it must be */
	bool wide;          /* for those who asked for SMTPUTF8 */
	struct view rest;   /* what follows the ">" */
};

void smtp_path_free(struct smtp_path *path);
/* Reads the path at the start of `text`. */
MUST_USE int smtp_path_read(struct arena *arena, struct view text, enum path_kind kind,
		struct smtp_path *out);

#endif
