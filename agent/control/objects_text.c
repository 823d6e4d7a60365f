#include "agent/control/objects_text.h"

#include "runtime/base/buf.h"
#include "runtime/base/error.h"

#include <stdio.h>
#include <string.h>

enum {
	NAME_WIDTH = 28,
	FIELD_WIDTH = 22,
	VALUE_WIDTH = 30
};

static const char *text_of(const json_t *object, const char *field)
{
	const char *text = json_string_value(json_object_get(object, field));

	return text ? text : "";
}

/* "Ready", or why it is not. */
static const char *ready_word(const json_t *object)
{
	const json_t *conditions = json_object_get(object, "conditions");
	const json_t *condition;
	size_t i;

	json_array_foreach (conditions, i, condition) {
		if (strcmp(text_of(condition, "type"), "Ready") != 0)
			continue;
		return strcmp(text_of(condition, "status"), "True") == 0
				       ? "Ready"
				       : text_of(condition, "reason");
	}
	return "Unknown";
}

static void print_row(const json_t *object, struct buf *out)
{
	size_t begin = out->len;

	buf_addf(out, "%s/%s", text_of(object, "kind"), text_of(object, "id"));
	while (out->len - begin < NAME_WIDTH && !buf_failed(out))
		buf_add_byte(out, ' ');
	buf_addf(out, "  %-*s  %-8s  %s\n", VALUE_WIDTH, text_of(object, "key"),
			text_of(object, "state"), ready_word(object));
}

static void print_place(const json_t *place, struct buf *out)
{
	buf_addf(out, "%s:%lld:%lld", text_of(place, "file"),
			(long long)json_integer_value(json_object_get(place, "line")),
			(long long)json_integer_value(json_object_get(place, "column")));
}

static void print_fields(const json_t *spec, struct buf *out)
{
	const char *field;
	json_t *value;

	json_object_foreach ((json_t *)spec, field, value) {
		CLEANUP(freep)
		char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

		buf_addf(out, "  %-*s  %s\n", FIELD_WIDTH, field, text ? text : "");
	}
}

static void print_origins(const json_t *origins, struct buf *out)
{
	const json_t *origin;
	size_t i;

	json_array_foreach (origins, i, origin) {
		bool placed = json_object_get(origin, "line") != NULL;

		buf_addf(out, "  %-*s  %-*s  %-*s", FIELD_WIDTH, text_of(origin, "path"),
				VALUE_WIDTH, text_of(origin, "value"), placed ? 10 : 0,
				text_of(origin, "origin"));
		if (placed)
			print_place(origin, out);
		buf_add_byte(out, '\n');
	}
}

static void print_conditions(const json_t *conditions, struct buf *out)
{
	const json_t *condition;
	size_t i;

	json_array_foreach (conditions, i, condition)
		buf_addf(out, "  %-*s  %-5s  %s%s%s\n", FIELD_WIDTH,
				text_of(condition, "type"), text_of(condition, "status"),
				text_of(condition, "reason"),
				*text_of(condition, "message") ? "  " : "",
				text_of(condition, "message"));
}

static void print_whole(const json_t *object, struct buf *out)
{
	const json_t *origins = json_object_get(object, "origin");

	print_row(object, out);
	buf_addf(out, "  %-*s  %s\n", FIELD_WIDTH, "uid", text_of(object, "uid"));
	buf_addf(out, "  %-*s  ", FIELD_WIDTH, "declared");
	print_place(json_object_get(object, "provenance"), out);
	buf_add_byte(out, '\n');
	print_conditions(json_object_get(object, "conditions"), out);
	buf_add_byte(out, '\n');
	if (origins)
		print_origins(origins, out);
	else
		print_fields(json_object_get(object, "spec"), out);
}

void objects_print(const json_t *list, struct buf *out)
{
	const json_t *items = json_object_get(list, "items");
	const json_t *item;
	bool whole = json_array_size(items) == 1;
	size_t i;

	if (json_array_size(items) == 0)
		buf_add_z(out, "none\n");
	json_array_foreach (items, i, item) {
		if (whole || json_object_get(item, "origin"))
			print_whole(item, out);
		else
			print_row(item, out);
	}
}
