/* A request as a stranger at the control socket could send it: the first line is a target, the
 * rest a body. Files that are taken must come out again as they went in. */
#include "agent/control/files.h"
#include "agent/control/query.h"
#include "runtime/base/error.h"
#include "schema/source.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_query(struct view target)
{
	static const char *const names[] = { "object", "for", "timeout", "most", "" };
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct view query = target;

	(void)view_cut(&query, '?');
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (query_value(arena, query, names[i]).len > query.len)
			abort();
}

static void check_again(const struct agent_source *source)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	json_t *packed = files_pack(source->files, source->count, source->origin);
	struct agent_source again;

	if (files_unpack(arena, packed, &again) || again.count != source->count ||
			!view_eq(again.origin, source->origin))
		abort();
	for (size_t i = 0; i < source->count; i++)
		if (!view_eq(again.files[i].path, source->files[i].path) ||
				!view_eq(again.files[i].bytes, source->files[i].bytes))
			abort();
	json_decref(packed);
}

static void check_body(struct view body)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	json_t *json = json_loadb(body.data ? body.data : "", body.len,
			JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	struct agent_source source;

	if (json && files_unpack(arena, json, &source) == 0)
		check_again(&source);
	json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view rest = view_of(data, size);

	check_query(view_cut(&rest, '\n'));
	check_body(rest);
	return 0;
}
