#include "agent/command/plan_forms.h"

#include "runtime/base/error.h"
#include "runtime/base/view.h"

#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *field)
{
	const char *text = json_string_value(json_object_get(object, field));

	return text ? text : "";
}

/* -- markdown -- */

/* Text in a cell: nothing in it is markup. */
static void add_cell(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n' || *text == '\r')
			buf_add_byte(out, ' ');
		else if (*text == '<')
			buf_add_z(out, "&lt;");
		else if (*text == '&')
			buf_add_z(out, "&amp;");
		else if (strchr("\\`*_{}[]|!#@~", *text))
			buf_addf(out, "\\%c", *text);
		else
			buf_add_byte(out, *text);
	}
}

static void add_fields(struct buf *out, const json_t *fields)
{
	const json_t *field;
	size_t i;

	json_array_foreach (fields, i, field) {
		buf_add_z(out, i ? "<br>" : "");
		add_cell(out, text_of(field, "path"));
		if (json_is_true(json_object_get(field, "sensitive"))) {
			buf_add_z(out, ": (sensitive) changed");
			continue;
		}
		buf_add_z(out, ": ");
		add_cell(out, text_of(field, "before"));
		buf_add_z(out, " → ");
		add_cell(out, text_of(field, "after"));
	}
}

/* Of which classes a change is; harmless is said where it is nothing else. */
static void add_risks(struct buf *out, const json_t *change)
{
	const json_t *risks = json_object_get(change, "risks"), *risk;
	size_t i;

	json_array_foreach (risks, i, risk)
		if (i == 0 || strcmp(json_string_value(risk), "harmless") != 0)
			buf_addf(out, "%s%s", i ? ", " : "", json_string_value(risk));
}

static void add_change(struct buf *out, const json_t *change)
{
	const json_t *place = json_object_get(change, "place");
	const char *held = text_of(change, "held_reason");

	buf_addf(out, "| %s | ", text_of(change, "action"));
	add_cell(out, text_of(change, "kind"));
	buf_add_byte(out, ' ');
	add_cell(out, text_of(change, "id"));
	buf_add_z(out, " | ");
	add_fields(out, json_object_get(change, "fields"));
	buf_add_z(out, " | ");
	add_risks(out, change);
	buf_addf(out, "%s%s | ", held[0] ? ", held: " : "", held);
	if (json_is_object(place)) {
		add_cell(out, text_of(place, "file"));
		buf_addf(out, ":%lld",
				(long long)json_integer_value(
						json_object_get(place, "line")));
	}
	buf_add_z(out, " |\n");
}

static void add_changes(struct buf *out, const json_t *plan)
{
	const json_t *changes = json_object_get(plan, "changes"), *change;
	size_t i;

	if (json_array_size(changes) == 0)
		return;
	buf_add_z(out, "\n| action | object | what | risk | where |\n"
		       "| --- | --- | --- | --- | --- |\n");
	json_array_foreach (changes, i, change)
		add_change(out, change);
}

static void add_drift(struct buf *out, const json_t *plan)
{
	const json_t *drifts = json_object_get(plan, "drift"), *drift;
	size_t i;

	json_array_foreach (drifts, i, drift) {
		buf_add_z(out, i ? "- " : "\nDrift:\n\n- ");
		add_cell(out, text_of(drift, "kind"));
		buf_add_byte(out, ' ');
		add_cell(out, text_of(drift, "id"));
		buf_add_z(out, ": ");
		add_cell(out, text_of(drift, "message"));
		buf_add_byte(out, '\n');
	}
}

/* As code: indented, so that no fence in it can end it. */
static void add_code(struct buf *out, const char *text)
{
	struct view rest = view_z(text);

	buf_add_byte(out, '\n');
	while (rest.len) {
		struct view line = view_cut(&rest, '\n');

		buf_addf(out, "    %.*s\n", VIEW_ARG(line));
	}
}

void plan_markdown(const json_t *answer, struct buf *out)
{
	const json_t *plan = json_object_get(answer, "plan");
	const json_t *diagnostics = json_object_get(answer, "diagnostics");

	buf_add_z(out, "### posthus plan: ");
	if (json_is_object(plan))
		buf_addf(out, "%s\n\n`%s`\n", text_of(plan, "summary"),
				text_of(plan, "digest"));
	else
		buf_addf(out, "refused, %s\n", text_of(answer, "reason"));
	if (text_of(answer, "message")[0]) {
		buf_add_byte(out, '\n');
		add_cell(out, text_of(answer, "message"));
		buf_add_byte(out, '\n');
	}
	add_changes(out, plan);
	add_drift(out, plan);
	if (!json_is_object(plan) || json_array_size(diagnostics))
		add_code(out, text_of(answer, "text"));
}

/* -- a line an object -- */

static void add_line(struct buf *out, const char *type, const json_t *object)
{
	json_t *copy = json_copy((json_t *)object);
	CLEANUP(freep) char *text = NULL;

	json_object_set_new(copy, "type", json_string(type));
	text = json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS);
	buf_addf(out, "%s\n", text);
	json_decref(copy);
}

static void add_lines(struct buf *out, const char *type, const json_t *items)
{
	const json_t *item;
	size_t i;

	json_array_foreach (items, i, item)
		add_line(out, type, item);
}

void plan_ndjson(const json_t *answer, struct buf *out)
{
	const json_t *plan = json_object_get(answer, "plan");
	json_t *summary = json_object();

	add_lines(out, "diagnostic", json_object_get(answer, "diagnostics"));
	add_lines(out, "problem", json_object_get(plan, "problems"));
	add_lines(out, "change", json_object_get(plan, "changes"));
	add_lines(out, "retained", json_object_get(plan, "retained"));
	add_lines(out, "drift", json_object_get(plan, "drift"));
	for (size_t i = 0; i < 4; i++) {
		static const char *const names[] = { "exit", "reason", "message",
			"generation" };

		json_object_set(summary, names[i], json_object_get(answer, names[i]));
	}
	json_object_set(summary, "digest", json_object_get(plan, "digest"));
	json_object_set(summary, "summary", json_object_get(plan, "summary"));
	add_line(out, "summary", summary);
	json_decref(summary);
}
