/* Charsets to UTF-8, by iconv, for those of a fixed list: exotic converters are not ours
 * to run on a stranger's bytes. */
#ifndef MAIL_CHARSET_H
#define MAIL_CHARSET_H

#include "runtime/base/buf.h"

/* True where the charset, compared without case and with its usual aliases, is one we
 * convert. */
bool charset_is_known(struct view name);

/* Opens every converter of the list once: before a sandbox that forbids opening files.
 * Returns how many the system has. */
size_t charset_preload(void);

struct charset_converter;

/* Of an unknown charset: ASCII stays, every other byte becomes U+FFFD. */
MUST_USE struct charset_converter *charset_converter_new(struct view name);
void charset_converter_free(struct charset_converter *converter);
void charset_converter_freep(struct charset_converter **converter);
/* Bytes in any pieces; the output is valid UTF-8, each bad byte U+FFFD. */
void charset_converter_feed(
		struct charset_converter *converter, struct view bytes, struct buf *out);
void charset_converter_finish(struct charset_converter *converter, struct buf *out);

/* All at once. */
void charset_to_utf8(struct view name, struct view bytes, struct buf *out);

#endif
