/* The table for people: `posthus explain`, and the reference in docs/. */
#include "runtime/base/arena.h"
#include "schema/printer.h"
#include "schema/value.h"

#include <string.h>

enum {
	NAMES_MAX = 128
};

/* -- what a field takes -- */

static struct view takes(struct arena *arena, const struct type *type)
{
	switch (type->kind) {
	case TYPE_LIST:
		return arena_printf(arena, "a list: %.*s",
				VIEW_ARG(takes(arena, type->item)));
	case TYPE_MAP:
		return arena_printf(arena, "a map of %.*s to %.*s%s",
				VIEW_ARG(type_describe(arena, type->key)),
				VIEW_ARG(takes(arena, type->item)),
				type->words ? ", or a word" : "");
	case TYPE_RECORD:
		return arena_printf(arena, "%s", type->table->noun);
	default:
		return type_describe(arena, type);
	}
}

static void explain_field(struct arena *arena, const struct field *field, struct buf *out)
{
	buf_addf(out, "%s\n\n", field->help);
	buf_addf(out, "  takes    %.*s\n", VIEW_ARG(takes(arena, field->type)));
	buf_addf(out, "  default  %s\n", field->fallback ? field->fallback : "none");
	buf_addf(out, "  owner    %s\n", owner_name(field->owner));
	buf_addf(out, "  risk     %.*s\n", VIEW_ARG(risk_describe(arena, field)));
	buf_addf(out, "  since    %s\n", field->since ? field->since : "0.1");
	if (field->flags & FIELD_REQUIRED)
		buf_add_z(out, "  required\n");
	if (field->flags & FIELD_GROUP)
		buf_add_z(out, "  a group may give it to its members\n");
	if (field->deprecated)
		buf_addf(out, "  deprecated: %s\n", field->deprecated);
	if (!(field->flags & FIELD_SERVED))
		buf_add_z(out, "  this version checks it and does not act on it: `apply` "
			       "refuses it\n");
	else if (field->later_words)
		buf_addf(out, "  this version does not act on %.*s\n",
				VIEW_ARG(table_later(arena, field)));
}

static void list_field(const struct field *field, struct buf *out)
{
	buf_addf(out, "  %-14s %s%s%s%s\n", field->name, field->help,
			field->fallback ? " (" : "",
			field->fallback ? field->fallback : "",
			field->fallback ? ")" : "");
}

static void explain_table(const struct table *table, struct buf *out)
{
	buf_addf(out, "\n%s\n\n", table->help);
	for (size_t i = 0; i < table->count; i++)
		list_field(&table->fields[i], out);
	for (size_t i = 0; table->also && i < table->also->count; i++)
		if (table->also->fields[i].flags & FIELD_GROUP)
			list_field(&table->also->fields[i], out);
	if (table->short_form)
		buf_addf(out, "\nA plain value stands for `%s`.\n", table->short_form);
}

static const char *near_name(struct view path, const struct table *table)
{
	const char *names[NAMES_MAX];
	size_t count = 0, dot = view_find_last(path, '.');
	struct view last = dot < path.len ? view_from(path, dot + 1) : path;

	for (enum kind kind = KIND_NONE + 1; table == &state_table && kind < KINDS;
			kind++)
		names[count++] = kind_name(kind);
	count += table_names(table, names + count, NAMES_MAX - count);
	return nearest_word(last, names, count);
}

int printer_explain(struct view path, struct buf *out, const char **near_out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	const struct table *table = NULL, *below;
	const struct field *field;

	*near_out = NULL;
	if (path.len == 0) {
		explain_table(&state_table, out);
		return EXPLAIN_OK;
	}
	field = table_find(path, &table);
	if (field) {
		explain_field(arena, field, out);
		below = type_table(field->type);
		if (below)
			explain_table(below, out);
		return EXPLAIN_OK;
	}
	if (table && (kind_of(path) != KIND_NONE || view_eq(path, VIEW("agent")))) {
		explain_table(table, out);
		return EXPLAIN_OK;
	}
	*near_out = near_name(path, table ? table : &state_table);
	return EXPLAIN_E_UNKNOWN;
}

/* -- the reference -- */

/* `|` would end a cell. */
static void add_cell(struct buf *out, struct view text)
{
	while (text.len) {
		size_t bar = view_find(text, '|');

		buf_add(out, view_sub(text, 0, bar));
		if (bar < text.len)
			buf_add_z(out, "\\|");
		text = view_from(text, bar + 1);
	}
}

static void add_row(struct arena *arena, const char *prefix, const struct field *field,
		struct buf *out)
{
	bool served = field->flags & FIELD_SERVED;

	buf_addf(out, "| `%s%s`%s | ", prefix, field->name,
			field->flags & FIELD_REQUIRED ? " (required)" : "");
	add_cell(out, takes(arena, field->type));
	if (field->fallback)
		buf_addf(out, " | `%s` | ", field->fallback);
	else
		buf_add_z(out, " | | ");
	buf_addf(out, "%s | %.*s | ", owner_name(field->owner),
			VIEW_ARG(risk_describe(arena, field)));
	if (served && field->later_words)
		buf_addf(out, "all but %.*s", VIEW_ARG(table_later(arena, field)));
	else
		buf_add_z(out, served ? "yes" : "not yet");
	buf_add_z(out, " | ");
	add_cell(out, view_z(field->help));
	buf_add_z(out, " |\n");
}

static void add_rows(struct arena *arena, const char *prefix, const struct table *table,
		struct buf *out)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct field *field = &table->fields[i];
		const struct table *below = type_table(field->type);

		add_row(arena, prefix, field, out);
		if (below && below->kind == KIND_NONE)
			add_rows(arena,
					arena_copy_z(arena,
							arena_printf(arena, "%s%s%s",
									prefix,
									field->name,
									field->type->kind == TYPE_RECORD
											? "."
											: ".*.")),
					below, out);
	}
}

static void add_table(struct arena *arena, const char *title, const struct table *table,
		struct buf *out)
{
	buf_addf(out, "\n## %s\n\n%s\n\n", title, table->help);
	if (table->short_form)
		buf_addf(out, "A plain value stands for `%s`.\n\n", table->short_form);
	if (table->also)
		buf_addf(out,
				"Besides, the fields of %s that say so in `posthus "
				"explain`: ",
				table->also->noun);
	for (size_t i = 0, n = 0; table->also && i < table->also->count; i++)
		if (table->also->fields[i].flags & FIELD_GROUP)
			buf_addf(out, "%s`%s`", n++ ? ", " : "",
					table->also->fields[i].name);
	if (table->also)
		buf_add_z(out, ".\n\n");
	buf_add_z(out, "| field | takes | default | owner | risk | served | |\n"
		       "|---|---|---|---|---|---|---|\n");
	add_rows(arena, "", table, out);
}

static void add_errors(struct buf *out)
{
	buf_add_z(out, "\n## Errors and warnings\n\n"
		       "The names are stable: scripts may rely on them.\n\n"
		       "| name | | meaning |\n|---|---|---|\n");
	for (enum diagnostic_name name = 0; name < DIAGNOSTIC_NAMES; name++) {
		const struct diagnostic_row *row = diagnostic_row(name);

		buf_addf(out, "| `%s` | %s | %s |\n", row->name,
				row->severity == SEVERITY_WARNING ? "warning" : "error",
				row->meaning);
	}
}

void printer_markdown(struct buf *out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();

	buf_add_z(out, "# The state, field by field\n\n"
		       "Generated by `posthus schema --markdown` from the tables in "
		       "`schema/`; do not edit it.\n\n"
		       "**owner**: *enforce*, the state's; *initial*, set when the "
		       "object "
		       "is made, then the person's; *shared*, of both; *observe*, only "
		       "reported. **risk**: what a change can do, from *harmless* to "
		       "*irreversible*, and *policy* where it loosens a rule; plans show "
		       "it. **served**: whether this version "
		       "acts on it. What it does not act on is checked, and refused by "
		       "`apply`.\n\n"
		       "## Sections\n\n"
		       "| section | takes | default | owner | risk | served | |\n"
		       "|---|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < state_table.count; i++)
		add_row(arena, "", &state_table.fields[i], out);
	for (size_t i = 0; i < state_table.count; i++) {
		const struct table *table = type_table(state_table.fields[i].type);

		if (table)
			add_table(arena, state_table.fields[i].name, table, out);
	}
	add_table(arena, "agent.yaml", &agent_table, out);
	add_errors(out);
}
