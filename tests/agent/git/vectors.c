#include "tests/agent/git/vectors.h"

#include "runtime/base/base64.h"
#include "runtime/base/os.h"
#include "tests/lib/test.h"

#include <stdlib.h>

enum {
	VECTOR_MAX = 64 * 1024
};

const char *vectors;

struct view vector(struct arena *arena, const char *name)
{
	struct view path = arena_printf(arena, "%s/%s", vectors, name);
	char *bytes = NULL;
	size_t len = 0;
	struct view copy;

	if (os_read_file(os_real(), arena_copy_z(arena, path), VECTOR_MAX, &bytes, &len))
		fail_msg("%.*s cannot be read", VIEW_ARG(path));
	copy = arena_copy(arena, view_of(bytes, len));
	free(bytes);
	return copy;
}

struct view vector_key(struct arena *arena, const char *name)
{
	CLEANUP(buf_free) struct buf blob = BUF_NULL(VECTOR_MAX);
	struct view line = vector(arena, name);

	(void)view_cut(&line, ' ');
	assert_true(base64_decode(&blob, view_cut(&line, ' ')));
	return arena_copy(arena, buf_view(&blob));
}
