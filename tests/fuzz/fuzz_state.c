/* Any bytes as a state: checked to the end, printed, and where it is valid, its objects
 * have a canonical form that is JSON. A text read twice gives the same. */
#include "schema/checker.h"
#include "schema/resolve.h"

#include <stdlib.h>

enum {
	OUTPUT_MAX = 256 * 1024 * 1024
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const struct desired *desired)
{
	const struct desired_object *object;
	size_t at = 0;

	while ((object = desired_next(desired, &at))) {
		json_t *json = json_loadb(object->canonical.data, object->canonical.len,
				JSON_REJECT_DUPLICATES, NULL);

		if (!json || !desired_find(desired, object->kind, object->key))
			abort();
		json_decref(json);
	}
	for (size_t i = 0; i < desired->alias_count; i++) {
		struct resolution_path path;
		struct arena *arena = arena_new();
		const char *why;

		if (resolve_address(desired, arena, desired->aliases[i].object.key, &path,
				    &why))
			abort();
		arena_free(arena);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct source_file file = { VIEW("state.yaml"), view_of(data, size) };
	CLEANUP(checked_deinit) struct checked checked = { 0 };
	CLEANUP(buf_free) struct buf text = BUF_NULL(OUTPUT_MAX);
	int r = checker_check(&file, 1, NULL, &checked);

	if ((r == CHECK_OK) != (checked.diagnostics.errors == 0))
		abort();
	diagnostics_print(&checked.diagnostics, &text);
	json_decref(diagnostics_json(&checked.diagnostics));
	if (checked.desired)
		walk(checked.desired);
	return 0;
}
