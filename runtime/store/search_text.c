#include "runtime/store/search_text.h"

#include "runtime/mail/fold.h"
#include "runtime/mail/header.h"
#include "runtime/mail/message_blob.h"
#include "runtime/mail/text.h"

enum {
	WINDOW = 64 *
		 1024, /* bytes of text that are folded and looked through at a time */
};

/* -- headers -- */

bool header_has(struct arena *arena, struct view block, struct view name,
		struct view needle)
{
	struct header_iterator it = header_iterate(block);
	struct header_field field;

	while (header_next(&it, &field)) {
		if (name.len && !view_eq_nocase(field.name, name))
			continue;
		if (!needle.len || text_contains(field_text(arena, field.value), needle))
			return true;
		/* Without a name the whole line counts, "Subject: …" as well. */
		if (!name.len && text_contains(field_text(arena, field.whole), needle))
			return true;
	}
	return false;
}

static int part_header_has(const struct content_reader *reader,
		const struct packed_part *part, struct view needle, bool *out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(buf_free) struct buf block = BUF_NULL(part->header_size);
	int r = content_read(reader, part->header_offset, part->header_size, &block);

	if (!r)
		*out = header_has(arena, buf_view(&block), VIEW_NULL, needle);
	return r;
}

/* -- bodies -- */

struct body_search {
	struct view needle;
	struct buf text;   /* decoded, not yet folded */
	struct buf folded; /* with the end of what came before in front */
};

/* Where the text may be cut so that folding the halves gives the same: behind a line end,
 * else behind a blank, else (no language writes so) behind a whole character. */
static size_t cut_at(struct view text)
{
	size_t at = view_find_last(text, '\n');

	if (at == text.len)
		at = view_find_last(text, ' ');
	if (at < text.len)
		return at + 1;
	while (at && ((unsigned char)text.data[at - 1] & 0xc0) == 0x80)
		at--;
	return at > 1 ? at - 1 : text.len;
}

/* Looks through what is there, but for a last line that may go on. */
static bool look(struct body_search *b, bool last)
{
	size_t cut = last ? b->text.len : cut_at(buf_view(&b->text));
	size_t keep;

	text_fold(&b->folded, view_sub(buf_view(&b->text), 0, cut));
	buf_consume(&b->text, cut);
	if (text_contains(buf_view(&b->folded), b->needle))
		return true;
	keep = b->needle.len - 1;
	if (b->folded.len > keep)
		buf_consume(&b->folded, b->folded.len - keep);
	return false;
}

static int text_part_has(const struct content_reader *reader,
		const struct packed_part *part, struct view needle, bool *out)
{
	CLEANUP(text_reader_freep)
	struct text_reader *text = text_reader_new(part->encoding, part->charset,
			view_eq(part->subtype, VIEW("html")));
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(WINDOW);
	struct body_search b = {
		.needle = needle, .text = BUF_NULL(SIZE_MAX), .folded = BUF_NULL(SIZE_MAX)
	};
	uint64_t done = 0;
	int r = STORE_OK;

	*out = false;
	while (!r && !*out && done < part->body_size) {
		uint64_t len = part->body_size - done;

		len = len < WINDOW ? len : WINDOW;
		buf_clear(&bytes);
		r = content_read(reader, part->body_offset + done, len, &bytes);
		text_reader_feed(text, buf_view(&bytes), &b.text);
		done += len;
		if (b.text.len >= WINDOW)
			*out = look(&b, false);
	}
	text_reader_finish(text, &b.text);
	if (!r && !*out)
		*out = look(&b, true);
	buf_free(&b.text);
	buf_free(&b.folded);
	return r;
}

int body_has(const struct content_reader *reader, struct view parts, struct view needle,
		bool *out)
{
	struct packed_iterator it;
	struct packed_part part;
	int r = STORE_OK;

	if (!packed_iterate(parts, &it))
		return STORE_E_DAMAGED;
	*out = !needle.len;
	while (!r && !*out && packed_next(&it, &part)) {
		if (part.depth)
			r = part_header_has(reader, &part, needle, out);
		if (!r && !*out && part.kind == PART_LEAF &&
				view_eq(part.type, VIEW("text")))
			r = text_part_has(reader, &part, needle, out);
	}
	return r;
}
