/* The words of a body, for search: transfer encoding undone, charset made UTF-8, HTML
 * tags dropped. */
#ifndef MAIL_TEXT_H
#define MAIL_TEXT_H

#include "runtime/base/buf.h"
#include "runtime/mail/mime.h"

struct text_reader;

/* `html` is text/html: tags, comments, style and script go, references become characters.
 */
MUST_USE struct text_reader *text_reader_new(
		enum transfer_encoding encoding, struct view charset, bool html);
void text_reader_free(struct text_reader *reader);
void text_reader_freep(struct text_reader **reader);
/* Bytes of the encoded body in any pieces; adds valid UTF-8 to `out`. */
void text_reader_feed(struct text_reader *reader, struct view bytes, struct buf *out);
void text_reader_finish(struct text_reader *reader, struct buf *out);

#endif
