#include "agent/control/files.h"

#include "agent/database/text.h"
#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/base/limit.h"
#include "runtime/base/utf8.h"
#include "schema/source.h"

static json_t *pack_file(const struct source_file *file)
{
	json_t *packed = json_object();
	json_t *text = json_stringn(
			file->bytes.data ? file->bytes.data : "", file->bytes.len);

	json_object_set_new(packed, "path", json_view(file->path));
	if (text) {
		json_object_set_new(packed, "text", text);
	} else { /* jansson takes UTF-8 alone */
		CLEANUP(buf_free)
		struct buf encoded = BUF_NULL(file->bytes.len / 3 * 4 + 4);

		base64_add(&encoded, file->bytes);
		json_object_set_new(packed, "base64",
				json_stringn(encoded.data, encoded.len));
	}
	return packed;
}

json_t *files_pack(const struct source_file *files, size_t count, struct view origin)
{
	json_t *body = json_object();
	json_t *list = json_array();

	if (!body || !list)
		die("out of memory");
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, pack_file(&files[i]));
	json_object_set_new(body, "files", list);
	json_object_set_new(body, "origin", json_view(origin));
	return body;
}

static struct view string_view(const json_t *text)
{
	return view_of(json_string_value(text), json_string_length(text));
}

static int unpack_file(struct arena *arena, const json_t *packed, struct source_file *out)
{
	const json_t *path = json_object_get(packed, "path");
	const json_t *text = json_object_get(packed, "text");
	const json_t *encoded = json_object_get(packed, "base64");
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(limit_value(LIMIT_HTTP_BODY));

	if (!json_is_string(path) || json_is_string(text) == json_is_string(encoded))
		return FILES_E_SHAPE;
	out->path = string_view(path);
	if (text) {
		out->bytes = string_view(text);
		return 0;
	}
	if (!base64_decode(&bytes, string_view(encoded)))
		return FILES_E_SHAPE;
	out->bytes = arena_copy(arena, buf_view(&bytes));
	return 0;
}

static const char *const unowned_words[] = {
	[UNOWNED_ADOPTED] = "adopt",
	[UNOWNED_ABANDONED] = "abandon",
};

void files_say_unowned(json_t *body, enum unowned_way way)
{
	if (way != UNOWNED_ASKED)
		json_object_set_new(body, "unowned", json_string(unowned_words[way]));
}

/* Not said, or one of the words. */
static bool read_unowned(const json_t *word, enum unowned_way *out)
{
	for (size_t i = UNOWNED_ADOPTED; word && i < ARRAY_LEN(unowned_words); i++)
		if (json_is_string(word) &&
				view_eq(string_view(word), view_z(unowned_words[i]))) {
			*out = (enum unowned_way)i;
			return true;
		}
	return !word;
}

int files_unpack(struct arena *arena, const json_t *body, struct agent_source *out)
{
	const json_t *list = json_object_get(body, "files");
	const json_t *origin = json_object_get(body, "origin");
	enum unowned_way unowned = UNOWNED_ASKED;
	size_t count = json_array_size(list);
	struct source_file *files = arena_array(arena, count, sizeof(*files));

	if (!json_is_array(list) || !json_is_string(origin) ||
			!read_unowned(json_object_get(body, "unowned"), &unowned))
		return FILES_E_SHAPE;
	for (size_t i = 0; i < count; i++) {
		int r = unpack_file(arena, json_array_get(list, i), &files[i]);

		if (r)
			return r;
	}
	*out = (struct agent_source){ files, count, string_view(origin), unowned };
	return 0;
}
