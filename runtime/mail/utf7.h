/* Mailbox names in modified UTF-7 (RFC 3501, 5.1.3), strict both ways: one name has one
 * spelling. */
#ifndef MAIL_UTF7_H
#define MAIL_UTF7_H

#include "runtime/base/buf.h"

/* Adds the UTF-8 of an encoded name. False, and nothing added, where it is no proper
 * encoding: octets outside printable ASCII, an unclosed or empty shift, bits left over, a
 * lone surrogate, a character that had no need of it, two shifts in a row. */
MUST_USE bool utf7_decode(struct buf *out, struct view name);
/* Adds the encoding of a UTF-8 name. False, and nothing added, where it is not UTF-8. */
MUST_USE bool utf7_encode(struct buf *out, struct view name);

#endif
