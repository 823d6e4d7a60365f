#include "agent/control/queue_text.h"

#include "agent/database/text.h"
#include "runtime/base/buf.h"

#include <string.h>

static const char *text_of(const json_t *object, const char *field)
{
	const char *text = json_string_value(json_object_get(object, field));

	return text ? text : "";
}

static int64_t number_of(const json_t *object, const char *field)
{
	return json_integer_value(json_object_get(object, field));
}

/* "40s", "12m", "5h", "3d". */
static void add_span(struct buf *out, int64_t seconds)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = { { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };
	size_t i = 0;

	if (seconds < 0)
		seconds = 0;
	while (i + 1 < ARRAY_LEN(units) && seconds < 2 * units[i].seconds)
		i++;
	buf_addf(out, "%lld%c", (long long)(seconds / units[i].seconds), units[i].unit);
}

static void print_state(const json_t *recipient, walltime now, struct buf *out)
{
	const char *state = text_of(recipient, "state");
	int64_t wait = number_of(recipient, "due") - now;

	if (strcmp(state, "held") == 0) {
		buf_add_z(out, "held; `posthus queue release` lets it go");
	} else if (strcmp(state, "reported") == 0) {
		buf_add_z(out, "failed; its sender is being told");
	} else if (wait <= 0) {
		buf_add_z(out, "on its way, or about to be");
	} else {
		buf_addf(out, "attempt %lld in ",
				(long long)number_of(recipient, "attempts") + 1);
		add_span(out, wait);
	}
	buf_add_byte(out, '\n');
}

static void print_reply(const json_t *recipient, struct buf *out)
{
	const char *host = text_of(recipient, "host");

	if (!text_of(recipient, "reply")[0])
		return;
	buf_add_z(out, "           ");
	if (host[0])
		buf_addf(out, "%s said %lld %s: ", host,
				(long long)number_of(recipient, "code"),
				text_of(recipient, "status"));
	buf_addf(out, "%s\n           %s\n", text_of(recipient, "reply"),
			text_of(recipient, "words"));
}

static void print_message(const json_t *message, walltime now, struct buf *out)
{
	const char *sender = text_of(message, "sender");
	const json_t *recipient;
	size_t i;

	buf_addf(out, "%6lld  %s, accepted ", (long long)number_of(message, "id"),
			sender[0] ? sender : "a report of ours");
	add_span(out, now - number_of(message, "received"));
	buf_addf(out, " ago, %lld KiB\n",
			(long long)(number_of(message, "size") + 1023) / 1024);
	json_array_foreach (json_object_get(message, "recipients"), i, recipient) {
		buf_addf(out, "        %s: ", text_of(recipient, "address"));
		print_state(recipient, now, out);
		print_reply(recipient, out);
	}
}

void queue_print(const json_t *messages, walltime now, struct buf *out)
{
	const json_t *message;
	size_t i;

	if (json_array_size(messages) == 0) {
		buf_add_z(out, "Nothing waits for other hosts.\n");
		return;
	}
	json_array_foreach (messages, i, message)
		print_message(message, now, out);
}
