#include "agent/control/query.h"

#include "runtime/base/base64.h"

static struct view decode(struct arena *arena, struct view value)
{
	char *text = arena_copy_z(arena, value);
	size_t len = 0;

	for (size_t i = 0; i < value.len; i++, len++) {
		text[len] = value.data[i];
		if (value.data[i] == '%' &&
				hex_decode(view_sub(value, i + 1, 2), text + len, 1))
			i += 2;
	}
	return view_of(text, len);
}

struct view query_value(struct arena *arena, struct view query, const char *name)
{
	while (query.len) {
		struct view value = view_cut(&query, '&');
		struct view key = view_cut(&value, '=');

		if (view_eq(key, view_z(name)))
			return decode(arena, value);
	}
	return VIEW_NULL;
}
