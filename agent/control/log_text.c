#include "agent/control/log_text.h"

#include "runtime/base/buf.h"
#include "runtime/base/log.h"
#include "runtime/base/log_kept.h"

bool log_wish_grep(struct view text, struct log_wish *out)
{
	size_t at = view_find(text, '=');

	if (at == 0 || at == text.len)
		return false;
	out->field = view_sub(text, 0, at);
	out->value = view_from(text, at + 1);
	return true;
}

static json_t *line_json(uint64_t number, struct view line)
{
	return json_pack("{s:I, s:o}", "number", (json_int_t)number, "line",
			json_stringn(line.data, line.len));
}

json_t *log_read(const struct log_wish *wish, struct buf *text)
{
	CLEANUP(buf_free) struct buf lines = BUF_NULL(LOG_KEPT_BYTES);
	uint64_t first = log_kept_read(wish->after, &lines), number = first;
	json_t *items = json_array(), *item;
	size_t i;

	for (struct view rest = buf_view(&lines); rest.len; number++) {
		struct view line = view_cut(&rest, '\n');

		if (!wish->field.len || log_line_has(line, wish->field, wish->value))
			json_array_append_new(items, line_json(number, line));
		if (json_array_size(items) > wish->most)
			json_array_remove(items, 0);
	}
	json_array_foreach (items, i, item)
		buf_addf(text, "%s\n", json_string_value(json_object_get(item, "line")));
	return json_pack("{s:o, s:I, s:I}", "items", items, "last",
			(json_int_t)(number - 1), "lost",
			(json_int_t)(first > wish->after ? first - 1 - wish->after : 0));
}
