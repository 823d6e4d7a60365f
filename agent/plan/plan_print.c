/* A plan for people, and for programs. */
#include "agent/plan/plan.h"

#include "agent/database/text.h"
#include "agent/plan/holding.h"
#include "agent/plan/risk.h"
#include "runtime/base/error.h"
#include "runtime/base/utf8.h"

#include <stdlib.h>

enum {
	NAME_WIDTH_MOST = 40,
	TEXT_WIDTH = 52, /* of what is said of an object, before its place */
	LONGEST_LINE = 4096,
	LONGEST_VALUE = 60,
};

/* -- text -- */

static char mark(enum action action)
{
	switch (action) {
	case ACTION_CREATE:
	case ACTION_ADOPT:
	case ACTION_ENABLE:
		return '+';
	case ACTION_DISABLE:
	case ACTION_PURGE:
		return '!';
	case ACTION_REMOVE:
		return '-';
	default:
		return '~';
	}
}

static size_t name_width(const struct plan *plan)
{
	size_t width = 0;

	for (size_t i = 0; i < plan->change_count; i++) {
		size_t len = strlen(plan->changes[i].driver->kind) + 1 +
			     plan->changes[i].id.len;

		if (len > width)
			width = len;
	}
	for (size_t i = 0; i < plan->retained_count; i++) {
		size_t len = strlen(plan->retained[i].driver->kind) + 1 +
			     plan->retained[i].id.len;

		if (len > width)
			width = len;
	}
	return width > NAME_WIDTH_MOST ? NAME_WIDTH_MOST : width;
}

static void pad_to(struct buf *out, size_t start, size_t width)
{
	while (out->len - start < width)
		buf_add_byte(out, ' ');
}

static void add_name(struct buf *out, char sign, const struct driver *driver,
		struct view id, size_t width)
{
	size_t start;

	buf_addf(out, "  %c ", sign);
	start = out->len;
	buf_addf(out, "%s %.*s", driver->kind, VIEW_ARG(id));
	pad_to(out, start, width);
	buf_add_z(out, "  ");
}

/* A value on one line: no control bytes, and cut where it is long. */
static void add_value(struct buf *out, struct view value)
{
	bool cut = value.len > LONGEST_VALUE;

	for (size_t i = 0; i < value.len && i < LONGEST_VALUE; i++) {
		unsigned char c = (unsigned char)value.data[i];

		if (c < ' ' || c == 127)
			buf_addf(out, "\\x%02x", c);
		else
			buf_add_byte(out, (char)c);
	}
	if (cut)
		buf_add_z(out, "...");
}

static void add_field(struct buf *out, const struct field_change *field)
{
	buf_addf(out, "%.*s  ", VIEW_ARG(field->path));
	if (field->sensitive) {
		buf_add_z(out, "(sensitive) changed");
		return;
	}
	if (field->before.len)
		add_value(out, field->before);
	else
		buf_add_z(out, "(unset)");
	buf_add_z(out, " -> ");
	if (field->after.len)
		add_value(out, field->after);
	else
		buf_add_z(out, "(unset)");
}

/* What is said of a change on its first line, before the fields. */
static void add_saying(struct buf *out, const struct change *change)
{
	switch (change->action) {
	case ACTION_CREATE:
		if (!view_eq(change->key, change->id))
			buf_addf(out, "%.*s", VIEW_ARG(change->key));
		break;
	case ACTION_ADOPT:
		buf_addf(out, "%.*s  adopt the file that is here", VIEW_ARG(change->key));
		break;
	case ACTION_ENABLE:
		buf_addf(out, "%.*s  in the state again: enabled, with its data",
				VIEW_ARG(change->key));
		break;
	case ACTION_DISABLE:
		buf_add_z(out, "absent from the state: disable, data kept");
		break;
	case ACTION_PURGE:
		buf_add_z(out, "PURGE: its data is destroyed, for good");
		break;
	case ACTION_REMOVE:
		buf_add_z(out, "absent from the state: remove");
		break;
	case ACTION_CORRECT:
		break; /* the fields say it */
	case ACTION_ROTATE:
		buf_addf(out, "made anew: %s", change->reason);
		break;
	default:
		break;
	}
}

/* The gravest, and those that people may have to agree to. */
static void add_risks(struct buf *out, bool behind, unsigned risks)
{
	const char *before = behind ? "  [" : "[";

	for (int risk = RISK_POLICY; risk > RISK_HARMLESS; risk--) {
		if (!(risks & risk_bit((enum risk)risk)))
			continue;
		buf_addf(out, "%s%s", before, risk_name((enum risk)risk));
		before = ", ";
	}
	buf_add_byte(out, ']');
}

static void add_place(struct buf *out, size_t start, const struct change *change)
{
	if (change->risk != RISK_HARMLESS)
		add_risks(out, out->len > start,
				risk_bit(change->risk) |
						(change->risks & RISKS_OF_AUTHORITY));
	if (change->held) {
		buf_addf(out, "  held: %s", change->held);
		holding_print_change(change, out);
	}
	if (change->declared.file.len == 0)
		return;
	pad_to(out, start, TEXT_WIDTH);
	buf_addf(out, "  %.*s:%u:%u", VIEW_ARG(change->declared.file),
			change->declared.line, change->declared.column);
}

/* Trailing blanks are no part of a line. */
static void end_line(struct buf *out)
{
	while (out->len && out->data[out->len - 1] == ' ')
		buf_truncate(out, out->len - 1);
	buf_add_byte(out, '\n');
}

static void print_change(struct buf *out, const struct change *change, size_t width)
{
	size_t start, shown = 0;

	add_name(out, mark(change->action), change->driver, change->id, width);
	start = out->len;
	add_saying(out, change);
	if (out->len == start && change->field_count)
		add_field(out, &change->fields[shown++]);
	add_place(out, start, change);
	end_line(out);
	for (; shown < change->field_count; shown++) {
		pad_to(out, out->len, 0);
		buf_addf(out, "    %*s  ", (int)width, "");
		add_field(out, &change->fields[shown]);
		end_line(out);
	}
	if (change->note.len)
		buf_addf(out, "    %*s  %.*s\n", (int)width, "", VIEW_ARG(change->note));
}

/* What somebody changed, who, and how long ago. */
static void add_touch(struct buf *out, const struct drift *drift)
{
	buf_addf(out, "%.*s  ", VIEW_ARG(drift->field));
	add_value(out, drift->before);
	buf_add_z(out, " -> ");
	add_value(out, drift->after);
	buf_add_z(out, " by ");
	if (drift->actor.len)
		add_value(out, drift->actor);
	else
		buf_add_z(out, "nobody knows whom");
	buf_add_byte(out, ' ');
	text_add_age(out, drift->age);
	buf_add_z(out, " ago");
}

static void print_drift(struct buf *out, const struct drift *drift)
{
	static const char *const outcomes[] = {
		[DRIFT_STEP] = "will be made anew",
		[DRIFT_REOPEN] = "will be corrected",
		[DRIFT_REPORT] = "cannot be corrected here",
		[DRIFT_CORRECT] = "will be corrected",
		[DRIFT_LET] = "is reported, and let be",
		[DRIFT_ADOPTED] = "is kept until the state changes it",
		[DRIFT_FOUGHT] = "is let be for a while: it is changed again and again",
	};

	buf_addf(out, "  ~ %s %.*s  ", drift->driver->kind, VIEW_ARG(drift->id));
	if (drift->field.len)
		add_touch(out, drift);
	else
		buf_add(out, drift->message);
	buf_addf(out, ": %s\n", outcomes[drift->kind]);
}

static void print_problem(struct buf *out, const struct problem *problem)
{
	buf_addf(out, "error %s\n  --> %.*s:%u:%u\n  %.*s\n", problem->reason,
			VIEW_ARG(problem->declared.file), problem->declared.line,
			problem->declared.column, VIEW_ARG(problem->message));
	if (problem->help.len)
		buf_addf(out, "  help: %.*s\n", VIEW_ARG(problem->help));
}

static void print_totals(const struct plan *plan, struct buf *out)
{
	plan_add_summary(plan, out);
	if (plan->held_count)
		buf_addf(out, " · %zu held", plan->held_count);
	buf_addf(out, " · %zu unchanged · digest ", plan->unchanged);
	text_add_digest(out, plan->digest);
	buf_add_byte(out, '\n');
}

void plan_print(const struct plan *plan, struct buf *out)
{
	size_t width = name_width(plan);

	for (size_t i = 0; i < plan->problem_count; i++)
		print_problem(out, &plan->problems[i]);
	if (plan->problem_count)
		return;
	buf_addf(out, "plan source %.*s  base %llu\n", VIEW_ARG(plan->origin),
			(unsigned long long)plan->base_serial);
	for (size_t i = 0; i < plan->change_count; i++)
		print_change(out, &plan->changes[i], width);
	for (size_t i = 0; i < plan->retained_count; i++) {
		const struct retained *kept = &plan->retained[i];

		add_name(out, '!', kept->driver, kept->id, width);
		buf_add_z(out, "absent from the state: disabled since ");
		text_add_day(out, kept->since);
		buf_add_z(out, ", data kept, no purge before ");
		text_add_day(out, kept->until);
		if (kept->awaits_backup)
			buf_add_z(out, ", nor before a backup that was read has it");
		buf_add_byte(out, '\n');
	}
	if (plan->drift_count)
		buf_add_z(out, "drift (what lives differs from what was applied)\n");
	for (size_t i = 0; i < plan->drift_count; i++)
		print_drift(out, &plan->drifts[i]);
	if (plan->over_quota) {
		text_add_count(out, plan->over_quota, "account holds", "accounts hold");
		buf_add_z(out, " more than the quota that is lowered: what is there "
			       "stays, "
			       "nothing more comes in\n");
	}
	print_totals(plan, out);
}

/* -- JSON -- */

static json_t *declaration_json(const struct declaration *declared)
{
	if (declared->file.len == 0)
		return json_null();
	return json_pack("{s:o, s:i, s:i, s:i, s:i}", "file", json_view(declared->file),
			"line", (int)declared->line, "column", (int)declared->column,
			"start", (int)declared->start, "end", (int)declared->end);
}

static json_t *field_json(const struct field_change *field)
{
	if (field->sensitive)
		return json_pack("{s:o, s:b}", "path", json_view(field->path),
				"sensitive", 1);
	return json_pack("{s:o, s:o, s:o}", "path", json_view(field->path), "before",
			json_view(field->before), "after", json_view(field->after));
}

static json_t *risks_json(unsigned risks)
{
	json_t *names = json_array();

	for (int risk = RISK_POLICY; risk >= RISK_HARMLESS; risk--)
		if (risks & risk_bit((enum risk)risk))
			json_array_append_new(
					names, json_string(risk_name((enum risk)risk)));
	return names;
}

/* Of a change that waits: for whom, or for how long. */
static json_t *authority_json(const struct change *change)
{
	if (!change->is_weighed || !change->held)
		return json_null();
	return json_pack("{s:I, s:I, s:o, s:I}", "people", (json_int_t)change->people,
			"people_needed", (json_int_t)change->people_needed, "names",
			json_view(change->names), "left_s",
			(json_int_t)((change->left + NS_PER_S - 1) / NS_PER_S));
}

static json_t *change_json(const struct change *change)
{
	json_t *fields = json_array();

	for (size_t i = 0; i < change->field_count; i++)
		json_array_append_new(fields, field_json(&change->fields[i]));
	return json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:o, s:b, s:s?, s:o, s:o, s:o, "
			 "s:o}",
			"action", action_name(change->action), "kind",
			change->driver->kind, "id", json_view(change->id), "key",
			json_view(change->key), "reason", change->reason, "risk",
			risk_name(change->risk), "risks", risks_json(change->risks),
			"held", (int)(change->held != NULL), "held_reason", change->held,
			"fields", fields, "note",
			change->note.len ? json_view(change->note) : json_null(), "place",
			declaration_json(&change->declared), "authority",
			authority_json(change));
}

static json_t *drift_json(const struct drift *drift)
{
	bool corrected = drift->kind == DRIFT_STEP || drift->kind == DRIFT_REOPEN ||
			 drift->kind == DRIFT_CORRECT;
	json_t *json = json_pack("{s:s, s:o, s:s, s:o, s:b}", "kind", drift->driver->kind,
			"id", json_view(drift->id), "reason", drift->reason, "message",
			json_view(drift->message), "corrected", (int)corrected);

	if (drift->field.len == 0)
		return json;
	json_object_set_new(json, "field", json_view(drift->field));
	json_object_set_new(json, "before", json_view(drift->before));
	json_object_set_new(json, "after", json_view(drift->after));
	json_object_set_new(json, "actor",
			drift->actor.len ? json_view(drift->actor) : json_null());
	json_object_set_new(json, "changed_at", json_time(drift->at));
	return json;
}

static json_t *problem_json(const struct problem *problem)
{
	return json_pack("{s:s, s:o, s:o, s:o}", "reason", problem->reason, "message",
			json_view(problem->message), "help", json_view(problem->help),
			"place", declaration_json(&problem->declared));
}

static json_t *retained_json(const struct retained *kept)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:b}", "kind", kept->driver->kind, "id",
			json_view(kept->id), "disabled_at", json_time(kept->since),
			"purge_not_before", json_time(kept->until), "awaits_backup",
			(int)kept->awaits_backup);
}

/* All but the changes. */
static json_t *frame_json(const struct plan *plan)
{
	CLEANUP(buf_free) struct buf summary = BUF_NULL(LONGEST_LINE);
	json_t *retained = json_array(), *drifts = json_array(), *problems = json_array();

	for (size_t i = 0; i < plan->retained_count; i++)
		json_array_append_new(retained, retained_json(&plan->retained[i]));
	for (size_t i = 0; i < plan->drift_count; i++)
		json_array_append_new(drifts, drift_json(&plan->drifts[i]));
	for (size_t i = 0; i < plan->problem_count; i++)
		json_array_append_new(problems, problem_json(&plan->problems[i]));
	plan_add_summary(plan, &summary);
	return json_pack("{s:i, s:o, s:I, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:o, s:o}",
			"format_version", 1, "origin", json_view(plan->origin),
			"base_serial", (json_int_t)plan->base_serial, "retained",
			retained, "drift", drifts, "problems", problems, "summary",
			json_view(buf_view(&summary)), "held",
			(json_int_t)plan->held_count, "unchanged",
			(json_int_t)plan->unchanged, "over_quota",
			(json_int_t)plan->over_quota, "digest", json_digest(plan->digest),
			"held_digest",
			plan->approvable ? json_digest(plan->held_digest) : json_null());
}

json_t *plan_json(const struct plan *plan)
{
	json_t *json = frame_json(plan), *changes = json_array();

	for (size_t i = 0; i < plan->change_count; i++)
		json_array_append_new(changes, change_json(&plan->changes[i]));
	json_object_set_new(json, "changes", changes);
	return json;
}

static void add_dumped(struct buf *out, json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);

	buf_add_z(out, text);
	free(text);
	json_decref(json);
}

void plan_add_json(const struct plan *plan, struct buf *out)
{
	size_t start;

	buf_add_z(out, "{\"changes\":[");
	for (size_t i = 0; i < plan->change_count; i++) {
		if (i)
			buf_add_byte(out, ',');
		add_dumped(out, change_json(&plan->changes[i]));
	}
	buf_add_byte(out, ']');
	start = out->len;
	add_dumped(out, frame_json(plan));
	if (!buf_failed(out))
		out->data[start] = ','; /* for its brace */
}
