/* Backups: what there is, and what is done about one by hand. */
#include "agent/control/call.h"

#include "agent/database/text.h"

#include <stdlib.h>

static json_int_t number_of(const json_t *item, const char *name)
{
	return json_integer_value(json_object_get(item, name));
}

static void add_time(struct buf *text, const char *label, json_int_t at)
{
	buf_addf(text, "  %-10s ", label);
	if (at)
		text_add_time(text, at);
	else
		buf_add_z(text, "never");
	buf_add_byte(text, '\n');
}

static void print_backup(const json_t *item, struct buf *text)
{
	const char *reason = json_string_value(json_object_get(item, "reason"));

	buf_addf(text, "backup/%s\n", json_string_value(json_object_get(item, "name")));
	if (json_is_true(json_object_get(item, "running")))
		buf_addf(text, "  %-10s %s: %lld files, %lld MiB so far\n", "now",
				json_string_value(json_object_get(item, "doing")),
				(long long)number_of(item, "done_files"),
				(long long)number_of(item, "done_bytes") / 1048576);
	add_time(text, "taken", number_of(item, "good"));
	if (number_of(item, "good"))
		buf_addf(text,
				"  %-10s %lld files, %lld MiB, of which %lld KiB were "
				"sent\n",
				"", (long long)number_of(item, "files"),
				(long long)number_of(item, "bytes") / 1048576,
				(long long)number_of(item, "sent") / 1024);
	add_time(text, "verified", number_of(item, "verified"));
	add_time(text, "restored", number_of(item, "proven"));
	if (reason && *reason)
		buf_addf(text, "  %-10s %s: %s\n", "failed", reason,
				json_string_value(json_object_get(item, "message")));
}

int serve_backups(struct call *call)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(MOST_TEXT);
	json_t *answer = NULL, *item;
	size_t i;
	int r = agent_backups_json(call->agent, &answer);

	if (r)
		return call_fault(call, r);
	json_array_foreach (json_object_get(answer, "items"), i, item)
		print_backup(item, &text);
	if (!text.len)
		buf_add_z(&text, "The state names no backups.\n");
	call->answer = answer;
	return call_answer(call, EXIT_FINE, buf_view(&text));
}

/* clang-format off */
static const struct {
	const char *name;
	enum agent_backup_deed deed;
} deeds[] = {
	{ "run",    AGENT_BACKUP_RUN },
	{ "verify", AGENT_BACKUP_VERIFY },
	{ "drill",  AGENT_BACKUP_DRILL },
	{ "accept-loss", AGENT_BACKUP_ACCEPT_LOSS },
};
/* clang-format on */

int serve_backup(struct call *call)
{
	CLEANUP(secret_free)
	struct secret identity = secret_copy(call_body(call, "identity"));
	struct view name = call_body(call, "name"), action = call_body(call, "action");
	size_t i = 0;
	int r;

	while (i < ARRAY_LEN(deeds) && !view_eq(action, view_z(deeds[i].name)))
		i++;
	if (i == ARRAY_LEN(deeds))
		return call_refuse(call, 400, EXIT_INVALID,
				VIEW("error: `action` is run, verify, drill or "
				     "accept-loss\n"));
	r = agent_backup_begin(call->agent, name, deeds[i].deed, &identity);
	if (r == AGENT_E_ABSENT)
		return call_absent(call,
				arena_printf(call->arena, "backup/%.*s", VIEW_ARG(name)));
	if (r == AGENT_E_BUSY)
		return call_refuse(call, 409, EXIT_CONFLICT,
				VIEW("error: another backup is under way\nhelp: `posthus "
				     "backup list` shows how far it is\n"));
	if (r)
		return call_fault(call, r);
	return call_answer(call, EXIT_FINE, VIEW("Begun.\n"));
}
