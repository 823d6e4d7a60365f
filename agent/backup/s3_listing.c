#include "agent/backup/s3_listing.h"

#include <stdlib.h>

/* The elements of a page:
 *
 *   <ListBucketResult> <IsTruncated> <NextContinuationToken>
 *                      <Contents> <Key> <Size>
 */
struct walk {
	struct view rest;
	struct view name, text; /* of the tag, and what stood before it */
	bool closes, empty;
	unsigned depth; /* behind the tag */
};

enum {
	DEPTH_MAX = 16,
	PAGE_LEVEL = 2,   /* of what stands in <ListBucketResult> */
	OBJECT_LEVEL = 3, /* … in <Contents> */
};

/* The next tag, and the text before it. False at the end, or where it is none. */
static bool next_tag(struct walk *w)
{
	struct view tag;

	w->text = view_cut(&w->rest, '<');
	if (!w->rest.data)
		return false;
	tag = view_cut(&w->rest, '>');
	if (!w->rest.data || tag.len == 0)
		return false;
	if (tag.data[0] == '?')
		return w->depth == 0 && next_tag(w);
	w->closes = tag.data[0] == '/';
	if (w->closes)
		tag = view_from(tag, 1);
	w->empty = view_ends(tag, VIEW("/"));
	w->name = view_trim(view_cut(&tag, ' '));
	if (view_ends(w->name, VIEW("/")))
		w->name = view_sub(w->name, 0, w->name.len - 1);
	if (w->name.len == 0 || !byte_is_alpha(w->name.data[0]) ||
			(w->closes && w->depth == 0))
		return false; /* comments and document types, too */
	if (w->closes)
		w->depth--;
	else if (!w->empty)
		w->depth++;
	return w->depth <= DEPTH_MAX;
}

/* clang-format off */
static const struct {
	const char *name;
	char byte;
} entities[] = {
	{ "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' }, { "apos", '\'' },
	{ "#34", '"' }, { "#x22", '"' }, { "#38", '&' }, { "#39", '\'' }, { "#x2F", '/' }, { "#47", '/' },
};
/* clang-format on */

static bool add_entity(struct buf *out, struct view name)
{
	for (size_t i = 0; i < ARRAY_LEN(entities); i++) {
		if (view_eq(name, view_z(entities[i].name))) {
			buf_add_byte(out, entities[i].byte);
			return true;
		}
	}
	return false;
}

static bool take_text(
		struct view text, size_t most, struct arena *arena, struct view *out)
{
	CLEANUP(buf_free) struct buf plain = BUF_NULL(most);

	while (text.len) {
		buf_add(&plain, view_cut(&text, '&'));
		if (!text.data)
			break;
		if (!add_entity(&plain, view_cut(&text, ';')) || !text.data)
			return false;
	}
	*out = arena_copy(arena, buf_view(&plain));
	return !buf_failed(&plain);
}

static bool take_field(struct walk *w, struct arena *arena, struct s3_page *page,
		struct s3_object *object)
{
	if (w->depth == OBJECT_LEVEL - 1) {
		if (view_eq(w->name, VIEW("Key")))
			return take_text(w->text, S3_KEY_MAX, arena, &object->key);
		if (view_eq(w->name, VIEW("Size")))
			return view_to_u64(view_trim(w->text), &object->size);
	} else if (w->depth == PAGE_LEVEL - 1) {
		if (view_eq(w->name, VIEW("IsTruncated")))
			page->truncated = view_eq(view_trim(w->text), VIEW("true"));
		if (view_eq(w->name, VIEW("NextContinuationToken")))
			return take_text(w->text, S3_TOKEN_MAX, arena, &page->token);
	}
	return true;
}

bool s3_page_read(struct view xml, struct arena *arena, struct s3_page *out)
{
	static const struct s3_object none = { .size = UINT64_MAX };
	struct walk w = { .rest = xml };
	struct s3_object object = none;
	bool rooted = false, in_object = false;

	out->count = 0;
	out->truncated = false;
	out->token = VIEW_NULL;
	while (next_tag(&w)) {
		if (!w.closes) {
			if (w.depth == 1 && !w.empty) {
				if (rooted || !view_eq(w.name, VIEW("ListBucketResult")))
					return false;
				rooted = true;
			}
			if (w.depth == PAGE_LEVEL && !w.empty) {
				in_object = view_eq(w.name, VIEW("Contents"));
				object = none;
			}
			continue;
		}
		if (w.depth == OBJECT_LEVEL - 1 && !in_object)
			continue;
		if (!take_field(&w, arena, out, &object))
			return false;
		if (w.depth != PAGE_LEVEL - 1 || !view_eq(w.name, VIEW("Contents")))
			continue;
		if (object.key.len == 0 || object.size == UINT64_MAX ||
				out->count == S3_PAGE)
			return false;
		out->objects[out->count++] = object;
	}
	return rooted && w.depth == 0 && view_trim(w.rest).len == 0 &&
	       (!out->truncated || out->token.len > 0);
}

struct view s3_error_code(struct view xml)
{
	struct view code = view_from(xml, view_find_view(xml, VIEW("<Code>")));

	if (code.len == 0)
		return VIEW_NULL;
	return view_sub(code, strlen("<Code>"),
			view_find(view_from(code, strlen("<Code>")), '<'));
}
