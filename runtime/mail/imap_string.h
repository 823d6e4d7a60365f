/* Strings as IMAP writes them (RFC 3501, 4.3): whatever the bytes, they stay inside. */
#ifndef MAIL_IMAP_STRING_H
#define MAIL_IMAP_STRING_H

#include "runtime/base/buf.h"

/* Adds a quoted string; or a literal where the text has CR, LF, octets above 127 or more
 * than 1000 octets. NUL cannot be sent and is left out. */
void imap_string_add(struct buf *out, struct view text);

#endif
