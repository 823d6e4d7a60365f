#include "runtime/mail/fold.h"

#include "runtime/base/error.h"
#include "runtime/base/utf8.h"

#include <stdlib.h>
#include <unicase.h>
#include <uninorm.h>

static void fold_ascii(struct buf *out, struct view text)
{
	char *to = text.len ? buf_room(out, text.len) : NULL;

	if (!to)
		return;
	for (size_t i = 0; i < text.len; i++)
		to[i] = byte_lower(text.data[i]);
	buf_grown(out, text.len);
}

void text_fold(struct buf *out, struct view text)
{
	CLEANUP(buf_free) struct buf repaired = BUF_NULL(3 * text.len + 1);
	uint8_t *folded;
	size_t len = 0;

	if (view_is_ascii(text)) {
		fold_ascii(out, text);
		return;
	}
	utf8_add_repaired(&repaired, text);
	folded = u8_casefold((const uint8_t *)repaired.data, repaired.len, NULL,
			UNINORM_NFC, NULL, &len);
	if (!folded)
		die("casefold failed on valid UTF-8");
	buf_add(out, view_of(folded, len));
	free(folded);
}

bool text_contains(struct view text, struct view needle)
{
	return needle.len == 0 || view_find_view(text, needle) < text.len;
}
