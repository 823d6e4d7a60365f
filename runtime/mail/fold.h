/* Text in the form in which search compares it: case folded and NFC (Unicode, 3.13 and
 * UAX 15), as i;unicode-casemap asks in spirit (RFC 5051). */
#ifndef MAIL_FOLD_H
#define MAIL_FOLD_H

#include "runtime/base/buf.h"

/* Adds the folded text. Bytes that are not UTF-8 count as U+FFFD. */
void text_fold(struct buf *out, struct view text);
/* True where the folded `text` has the folded `needle` in it. An empty needle is in every
 * text. */
bool text_contains(struct view text, struct view needle);

#endif
