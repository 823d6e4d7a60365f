/* ENVELOPE as IMAP writes it (RFC 3501, 7.4.2), rendered once when a message is filed. */
#ifndef MAIL_ENVELOPE_H
#define MAIL_ENVELOPE_H

#include "runtime/base/buf.h"
#include "runtime/mail/message.h"

/* Adds "(date subject from sender reply-to to cc bcc in-reply-to message-id)" of a
 * message: the root, or the child of a PART_MESSAGE. Strings are quoted or literals, so
 * nothing in a message can end the response. A missing or empty Sender or Reply-To is
 * From. */
void envelope_render(const struct message_part *part, struct buf *out);

#endif
