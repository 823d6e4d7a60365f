#include "agent/control/records_text.h"

#include "runtime/base/buf.h"

static const char *text_of(const json_t *object, const char *field)
{
	const char *text = json_string_value(json_object_get(object, field));

	return text ? text : "";
}

static long long number_of(const json_t *object, const char *field)
{
	return (long long)json_integer_value(json_object_get(object, field));
}

static void print_event(const json_t *event, struct buf *out)
{
	const char *object = text_of(event, "object");

	buf_addf(out, "%s  %-18s %s", text_of(event, "last_at"), text_of(event, "reason"),
			object[0] ? object : "-");
	if (number_of(event, "count") > 1)
		buf_addf(out, "  %lld times since %s", number_of(event, "count"),
				text_of(event, "first_at"));
	buf_addf(out, "  %s\n", text_of(event, "message"));
}

void events_print(const json_t *events, struct buf *out)
{
	const json_t *event, *items = json_object_get(events, "items");
	size_t i;

	json_array_foreach (items, i, event)
		print_event(event, out);
}

void trace_print(const json_t *trace, struct buf *out)
{
	const json_t *place = json_object_get(trace, "place");
	const json_t *accepted = json_object_get(trace, "accepted"), *step;
	const json_t *steps = json_object_get(trace, "steps");
	size_t i;

	buf_addf(out, "%s  %s  %s\n  uid       %s, generation %lld of its spec\n",
			text_of(trace, "object"), text_of(trace, "key"),
			text_of(trace, "state"), text_of(trace, "uid"),
			number_of(trace, "generation"));
	buf_addf(out, "  declared  %s:%lld:%lld in state generation %lld\n",
			text_of(place, "file"), number_of(place, "line"),
			number_of(place, "column"), number_of(place, "declared_in"));
	if (json_is_object(accepted))
		buf_addf(out, "  accepted  %s by %s from %s\n",
				text_of(accepted, "accepted_at"),
				text_of(accepted, "actor"), text_of(accepted, "origin"));
	json_array_foreach (steps, i, step)
		buf_addf(out, "  %s  %-10s by %s\n", text_of(step, "at"),
				text_of(step, "action"), text_of(step, "actor"));
}
