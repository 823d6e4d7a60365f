/* What was recorded: generations, events, the log, the way of an object, the audit. */
#include "agent/control/call.h"
#include "agent/control/records_text.h"
#include "agent/control/waiting.h"
#include "agent/database/generation.h"
#include "agent/database/text.h"
#include "runtime/base/buf.h"

enum {
	MOST_HISTORY = 50,
	MOST_EVENTS = 1000,
	MOST_LINES = 10000, /* more than LOG_KEPT_BYTES have room for */
	LONGEST_WAIT_SECONDS = 60 * 60,
};

int serve_history(struct call *call)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(MOST_TEXT);
	CLEANUP(history_freep) struct history *history = NULL;
	struct view wanted = call_query(call, "most");
	uint64_t most = MOST_HISTORY;
	int r;

	if (wanted.len && !view_to_u64(wanted, &most))
		return call_refuse(call, 400, EXIT_INVALID,
				VIEW("error: how many generations? Give a number\n"));
	if (most > MOST_HISTORY)
		most = MOST_HISTORY;
	r = agent_history(call->agent, most, &history);
	if (r)
		return call_fault(call, r);
	history_print(history, &text);
	call->answer = history_json(history);
	return call_answer(call, EXIT_FINE, buf_view(&text));
}

/* With `wait`, where there is nothing newer than `after`, the answer waits for it. */
int serve_events(struct call *call)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(MOST_TEXT);
	struct view wanted = call_query(call, "after"), wait = call_query(call, "wait");
	uint64_t after = 0, seconds = 0;
	json_t *events = NULL;
	int r;

	if ((wanted.len && !view_to_u64(wanted, &after)) ||
			(wait.len && !view_to_u64(wait, &seconds)) ||
			seconds > LONGEST_WAIT_SECONDS)
		return call_refuse(call, 400, EXIT_INVALID,
				VIEW("error: `after` and `wait` are numbers; at most an "
				     "hour is waited\n"));
	r = agent_events(call->agent, after, MOST_EVENTS, &events);
	if (r)
		return call_fault(call, r);
	if (seconds && json_array_size(json_object_get(events, "items")) == 0) {
		json_decref(events);
		if (waiting_add_events(call->waiting, call->request, after,
				    call->now + nstime_seconds((int64_t)seconds)))
			return call_refuse(call, 503, EXIT_CONFLICT,
					VIEW("error: too many requests wait already\n"));
		call->kept = true;
		return 0;
	}
	events_print(events, &text);
	call->answer = events;
	return call_answer(call, EXIT_FINE, buf_view(&text));
}

static int refuse_log(struct call *call)
{
	return call_refuse(call, 400, EXIT_INVALID,
			VIEW("error: `after`, `most` and `wait` are numbers, at most an "
			     "hour is "
			     "waited; `grep` is FIELD=VALUE\n"));
}

/* With `wait`, where no kept line is what was wished, the answer waits for one. */
int serve_log(struct call *call)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(MOST_TEXT);
	struct view after = call_query(call, "after"), most = call_query(call, "most"),
		    wait = call_query(call, "wait"), grep = call_query(call, "grep");
	struct log_wish wish = { .most = MOST_LINES };
	uint64_t lines = MOST_LINES, seconds = 0;
	json_t *found;

	if ((after.len && !view_to_u64(after, &wish.after)) ||
			(most.len && !view_to_u64(most, &lines)) ||
			(wait.len && !view_to_u64(wait, &seconds)) ||
			seconds > LONGEST_WAIT_SECONDS ||
			(grep.len && !log_wish_grep(grep, &wish)))
		return refuse_log(call);
	wish.most = lines < MOST_LINES ? (size_t)lines : MOST_LINES;
	found = log_read(&wish, &text);
	if (seconds && json_array_size(json_object_get(found, "items")) == 0) {
		json_decref(found);
		if (waiting_add_log(call->waiting, call->request, &wish,
				    call->now + nstime_seconds((int64_t)seconds)))
			return call_refuse(call, 503, EXIT_CONFLICT,
					VIEW("error: too many requests wait already\n"));
		call->kept = true;
		return 0;
	}
	call->answer = found;
	return call_answer(call, EXIT_FINE, buf_view(&text));
}

int serve_trace(struct call *call)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(MOST_TEXT);
	struct view name = call_query(call, "object");
	json_t *trace = NULL;
	int r = agent_trace(call->agent, name, &trace);

	if (r == AGENT_E_ABSENT)
		return call_absent(call, name);
	if (r)
		return call_fault(call, r);
	trace_print(trace, &text);
	call->answer = trace;
	return call_answer(call, EXIT_FINE, buf_view(&text));
}

int serve_audit(struct call *call)
{
	struct agent_audit audit;
	CLEANUP(buf_free) struct buf head = BUF_NULL(DIGEST_TEXT + 1);
	int r = agent_audit(call->agent, &audit);

	if (r)
		return call_fault(call, r);
	text_add_digest(&head, audit.head);
	call->answer = json_pack("{s:b, s:I, s:o}", "whole", (int)audit.whole, "rows",
			(json_int_t)audit.rows, "head", json_view(buf_view(&head)));
	if (!audit.whole)
		return call_answer(call, EXIT_ERROR,
				arena_printf(call->arena,
						"error: the audit does not hold from row "
						"%llu on: it was changed from outside\n"
						"help: compare it with the head that was "
						"noted elsewhere, or with a backup\n",
						(unsigned long long)audit.broken_at));
	return call_answer(call, EXIT_FINE,
			arena_printf(call->arena, "whole: %llu rows, head %.*s\n",
					(unsigned long long)audit.rows,
					VIEW_ARG(buf_view(&head))));
}
