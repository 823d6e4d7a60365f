/* Base64 (RFC 4648, 4): strict in what it reads, with padding, no line breaks. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "runtime/base/buf.h"

void base64_add(struct buf *out, struct view bytes);
/* Adds the decoded bytes. False where the text is not base64 (a foreign byte, wrong
 * padding, bits left over); `out` is then as it was. */
MUST_USE bool base64_decode(struct buf *out, struct view text);

/* The alphabet for URLs, without padding (RFC 4648, 5; RFC 7515, 2). */
void base64url_add(struct buf *out, struct view bytes);
MUST_USE bool base64url_decode(struct buf *out, struct view text);

void hex_add(struct buf *out, struct view bytes);
/* Reads exactly `len` bytes from 2 * len hexadecimal digits. */
MUST_USE bool hex_decode(struct view text, void *out, size_t len);

#endif
