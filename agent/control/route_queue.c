/* What waits for other hosts, and what an operator does about it. */
#include "agent/control/call.h"
#include "agent/control/log_text.h"
#include "agent/control/queue_text.h"
#include "agent/database/text.h"
#include "runtime/base/buf.h"
#include "runtime/mail/status.h"
#include "runtime/queue/queue.h"
#include "runtime/runtime.h"

enum {
	MOST_MESSAGES = 1000, /* of one answer */
};

static int no_queue(struct call *call)
{
	return call_refuse(call, 503, EXIT_ERROR,
			VIEW("error: the queue cannot be used\nhelp: `posthus log` says "
			     "why; "
			     "mail that comes in is not touched by it\n"));
}

static const char *state_name(enum queue_state state)
{
	static const char *const names[] = {
		[QUEUE_WAITING] = "waiting",
		[QUEUE_HELD] = "held",
		[QUEUE_REPORTED] = "reported",
	};

	return names[state];
}

static json_t *recipient_json(const struct queue_recipient *recipient)
{
	const struct queue_reply *last = &recipient->last;

	return json_pack("{s:o, s:s, s:i, s:I, s:o, s:i, s:o, s:o, s:s, s:I}", "address",
			json_view(recipient->address), "state",
			state_name(recipient->state), "attempts",
			(int)recipient->attempts, "due", (json_int_t)recipient->due,
			"host", json_view(last->host), "code", (int)last->code, "status",
			json_view(last->status), "reply", json_view(last->text), "words",
			last->at ? status_in_words(last->status, last->code) : "",
			"tried", (json_int_t)last->at);
}

static json_t *message_json(const struct queue_message *message)
{
	json_t *recipients = json_array();

	for (size_t i = 0; i < message->recipient_count; i++)
		json_array_append_new(
				recipients, recipient_json(&message->recipients[i]));
	return json_pack("{s:I, s:o, s:I, s:I, s:o}", "id", (json_int_t)message->id,
			"sender", json_view(message->sender), "received",
			(json_int_t)message->received, "size", (json_int_t)message->size,
			"recipients", recipients);
}

/* Those above `after`; the last id is where the next request goes on. */
int serve_queue(struct call *call)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(MOST_TEXT);
	struct view wanted = call_query(call, "after");
	struct queue_message *messages;
	uint64_t after = 0;
	size_t count;
	json_t *all;

	if (wanted.len && !view_to_u64(wanted, &after))
		return call_refuse(call, 400, EXIT_INVALID,
				VIEW("error: `after` is the number of a message\n"));
	if (runtime_queue(call->runtime, after, MOST_MESSAGES, call->arena, &messages,
			    &count))
		return no_queue(call);
	all = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(all, message_json(&messages[i]));
	queue_print(all, clock_wall(), &text);
	if (count == MOST_MESSAGES)
		buf_addf(&text, "There are more: `posthus queue list --after %llu`.\n",
				(unsigned long long)messages[count - 1].id);
	call->answer = json_pack("{s:o}", "messages", all);
	return call_answer(call, EXIT_FINE, buf_view(&text));
}

/* clang-format off */
static const struct {
	const char *name;
	enum runtime_queue_change change;
	bool all; /* without a number it is for all */
	const char *done;
} changes[] = {
	{ "retry",   RUNTIME_QUEUE_RETRY,   true,  "It is tried now.\n" },
	{ "hold",    RUNTIME_QUEUE_HOLD,    true,  "It waits until it is released.\n" },
	{ "release", RUNTIME_QUEUE_RELEASE, true,  "It goes on.\n" },
	{ "drop",    RUNTIME_QUEUE_DROP,    false, "It is gone; nobody is told.\n" },
	{ "bounce",  RUNTIME_QUEUE_BOUNCE,  false, "It is given up, and its sender is told.\n" },
};
/* clang-format on */

int serve_queue_change(struct call *call)
{
	struct view name = call_body(call, "action");
	uint64_t message = (uint64_t)json_integer_value(
			json_object_get(call->body, "message"));
	size_t i = 0;
	int r;

	while (i < ARRAY_LEN(changes) && !view_eq(name, view_z(changes[i].name)))
		i++;
	if (i == ARRAY_LEN(changes) || (!message && !changes[i].all))
		return call_refuse(call, 400, EXIT_INVALID,
				VIEW("error: `action` is retry, hold, release, drop or "
				     "bounce; the last two need a message\n"));
	r = runtime_queue_change(call->runtime, changes[i].change, message);
	if (r == RUNTIME_E_NO_MESSAGE)
		return call_refuse(call, 404, EXIT_ERROR,
				arena_printf(call->arena,
						"error: no message %llu waits\nhelp: "
						"`posthus queue list` shows those that "
						"do\n",
						(unsigned long long)message));
	if (r)
		return no_queue(call);
	return call_answer(call, EXIT_FINE, view_z(changes[i].done));
}

/* What becomes of it is in the log, from `after` on. */
int serve_send_test(struct call *call)
{
	CLEANUP(buf_free) struct buf none = BUF_NULL(MOST_TEXT);
	const struct log_wish newest = { .most = 0 };
	struct view to = call_body(call, "to");
	json_t *lines = log_read(&newest, &none);
	json_int_t after = json_integer_value(json_object_get(lines, "last"));
	char name[RUNTIME_TEST_NAME];
	int r = runtime_send_test(call->runtime, to, name);

	json_decref(lines);
	switch (r) {
	case 0:
		call->answer = json_pack("{s:s, s:I}", "test", name, "after", after);
		return call_answer(call, EXIT_FINE,
				arena_printf(call->arena,
						"A message to %.*s is on its way; "
						"`posthus log "
						"--grep test=%s` has what becomes of "
						"it.\n",
						VIEW_ARG(to), name));
	case RUNTIME_E_ADDRESS:
		return call_refuse(call, 400, EXIT_INVALID,
				VIEW("error: `to` is an address: "
				     "ana@elsewhere.example\n"));
	case RUNTIME_E_HERE:
		return call_refuse(call, 400, EXIT_ERROR,
				VIEW("error: mail for that address stays on this host, "
				     "or is "
				     "refused by it\nhelp: `posthus resolve ADDRESS` "
				     "says "
				     "where it goes\n"));
	default:
		return no_queue(call);
	}
}
