/* Encoded words in header fields (RFC 2047; language tags RFC 2231, 5): for people,
 * search and sorting. */
#ifndef MAIL_ENCODED_WORD_H
#define MAIL_ENCODED_WORD_H

#include "runtime/base/arena.h"

/* An unfolded value as UTF-8: encoded words decoded, blanks between two of them dropped,
 * a character split over two words joined, all else kept; bytes that are not UTF-8 become
 * U+FFFD; NUL, CR and LF become blanks. Linear in the text. */
struct view encoded_words_decode(struct arena *arena, struct view text);

#endif
