/* An export as text: one file, or several that a reader of states takes. */
#include "agent/agent.h"
#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/limit.h"
#include "schema/compose.h"
#include "schema/source.h"

#include <string.h>

enum {
	PIECE_ROOM = 64 * 1024, /* of a file's limit, for its first lines */
};

static void add_file(struct agent_export *out, const char *section, unsigned piece,
		struct view text)
{
	CLEANUP(buf_wipe)
	struct buf file = BUF_NULL(text.len + out->head.len + PIECE_ROOM);
	struct source_file *files =
			arena_array(out->arena, out->count + 1, sizeof(*files));

	buf_addf(&file, "%.*sversion: 1\n\n",
			VIEW_ARG(out->count ? VIEW_NULL : out->head));
	buf_add(&file, text);
	if (out->count)
		memcpy(files, out->files, out->count * sizeof(*files));
	files[out->count++] = (struct source_file){
		.path = piece ? arena_printf(out->arena, "%s-%u.yaml", section, piece)
			      : arena_printf(out->arena, "%s.yaml", section),
		.bytes = arena_copy(out->arena, buf_view(&file)),
	};
	out->files = files;
}

/* Where an object of a section begins: two blanks, then its key. */
static size_t last_object_before(struct view text, size_t at)
{
	while (at > 1 && !(text.data[at - 1] == '\n' && at + 3 < text.len &&
					 text.data[at] == ' ' &&
					 text.data[at + 1] == ' ' &&
					 !strchr(" #-", text.data[at + 2])))
		at--;
	return at;
}

/* What is larger than a file of a state may be is cut between two objects. */
static void add_section(struct agent_export *out, const struct composed *section)
{
	size_t room = limit_value(LIMIT_STATE_FILE) - PIECE_ROOM;
	struct view rest = section->text;
	unsigned piece = 0;

	while (rest.len > room) {
		CLEANUP(buf_wipe) struct buf text = BUF_NULL(room + PIECE_ROOM);
		size_t at = last_object_before(rest, room);

		if (at <= 1)
			break; /* one object alone: the reader says that it is too large */
		if (piece++)
			buf_addf(&text, "%s:\n", section->section);
		buf_add(&text, view_sub(rest, 0, at));
		add_file(out, section->section, piece, buf_view(&text));
		rest = view_from(rest, at);
	}
	if (piece == 0) {
		add_file(out, section->section, 0, rest);
	} else {
		CLEANUP(buf_wipe) struct buf text = BUF_NULL(room + PIECE_ROOM);

		buf_addf(&text, "%s:\n", section->section);
		buf_add(&text, rest);
		add_file(out, section->section, piece + 1, buf_view(&text));
	}
}

void agent_export_split(struct agent_export *export)
{
	export->files = NULL;
	export->count = 0;
	for (size_t i = 0; i < export->section_count; i++)
		add_section(export, &export->sections[i]);
}

void agent_export_print(const struct agent_export *export, struct buf *out)
{
	buf_addf(out, "%.*sversion: 1\n", VIEW_ARG(export->head));
	for (size_t i = 0; i < export->section_count; i++)
		buf_addf(out, "\n%.*s", VIEW_ARG(export->sections[i].text));
}

void agent_export_free(struct agent_export *export)
{
	arena_free(export->arena);
	*export = (struct agent_export){ 0 };
}
