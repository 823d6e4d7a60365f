/* A path as MAIL and RCPT write it (RFC 5321, 4.1.2).
 *
 *   Path = "<" Mailbox ">"          MAIL also: "<>"         RCPT also: "<postmaster>"
 *
 * Source routes ("<@a,@b:c@d>", obsolete since RFC 2821) are refused: nothing here would
 * follow one, and what skips it checks another address than the sender's own system. */
#ifndef SMTP_SMTP_PATH_H
#define SMTP_SMTP_PATH_H

#include "runtime/base/buf.h"

enum {
	SMTP_PATH_E_SYNTAX = 1,
	SMTP_PATH_E_ROUTE,      /* has a source route */
	SMTP_PATH_E_NOT_ASCII,  /* would need SMTPUTF8 (RFC 6531) */
	SMTP_PATH_E_LOCAL_PART, /* longer than LIMIT_SMTP_LOCAL_PART */
	SMTP_PATH_E_DOMAIN,     /* longer than LIMIT_SMTP_DOMAIN */
	SMTP_PATH_E_LENGTH,     /* longer than the limit of its command */
};

enum smtp_path_kind {
	SMTP_REVERSE_PATH, /* of MAIL: may be empty; a long local part is its owner's */
	SMTP_FORWARD_PATH, /* of RCPT: may be the bare postmaster */
};

/* Reads the path at the start of `text`. `mailbox` gets the address without brackets,
 * and its local part without quotes where it needs none (RFC 5321, 4.1.2, last
 * paragraph); `rest_out` is what follows the ">". */
MUST_USE int smtp_path_read(struct view text, enum smtp_path_kind kind,
		struct buf *mailbox, struct view *rest_out);

#endif
