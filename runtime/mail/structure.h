/* BODY and BODYSTRUCTURE as IMAP writes them (RFC 3501, 7.4.2), rendered once when a
 * message is filed. */
#ifndef MAIL_STRUCTURE_H
#define MAIL_STRUCTURE_H

#include "runtime/base/buf.h"
#include "runtime/mail/message.h"

/* Adds the structure of the whole message, with the extension data (BODYSTRUCTURE) or
 * without (BODY). What was not looked into (a part too deep, an encoded message/rfc822)
 * is told as application/octet-stream, since the grammar wants an envelope or a child of
 * the real type. */
void structure_render(const struct message *message, bool extended, struct buf *out);

#endif
