/* UTF-8 (RFC 3629): strict, no surrogates, no overlong forms, nothing past U+10FFFF. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "runtime/base/buf.h"

/* The length of the valid sequence at the start of v, 1 to 4, with its code point in
 * *out; 0 where there is none (then one byte is bad). */
size_t utf8_decode(struct view v, uint32_t *out);
bool utf8_valid(struct view v);
void utf8_add(struct buf *b, uint32_t code_point);
/* Adds v with each bad byte replaced by U+FFFD. */
void utf8_add_repaired(struct buf *b, struct view v);
bool view_is_ascii(struct view v);

#endif
