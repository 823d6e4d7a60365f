/* Looking for text in the bytes of one message. */
#ifndef STORE_SEARCH_TEXT_H
#define STORE_SEARCH_TEXT_H

#include "runtime/store/content.h"

/* True where a header field called `name` (any, where that is empty) has `needle`, which is
 * folded, in its decoded value; with an empty needle, where there is such a field. `block`
 * is a header block. */
bool header_has(struct arena *arena, struct view block, struct view name,
		struct view needle);

/* True where a part of the body has it: the decoded text of text parts, the header blocks
 * of parts and of messages within the message. */
MUST_USE int body_has(const struct content_reader *reader, struct view parts,
		struct view needle, bool *out);

#endif
