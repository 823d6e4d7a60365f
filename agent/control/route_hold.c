/* What an operator does to the reconciler itself: hold still, go back, let go once, let go for good. */
#include "agent/control/call.h"

#include "agent/database/text.h"
#include "runtime/base/buf.h"

int serve_suspend(struct call *call)
{
	const json_t *until = json_object_get(call->body, "until");
	CLEANUP(buf_free) struct buf time = BUF_NULL(64);
	const struct agent_suspension wanted = {
		.until = (walltime)json_integer_value(until),
		.reason = call_body(call, "reason"),
		.actor = call_actor(call),
	};
	int r = agent_suspend(call->agent, &wanted);

	if (r == AGENT_E_TIME)
		return call_refuse(call, 400, EXIT_INVALID,
				VIEW("error: a suspension needs a reason of at most 500 "
				     "bytes, and an end that lies ahead, at most a "
				     "year\n"));
	if (r)
		return call_fault(call, r);
	text_add_time(&time, wanted.until);
	return call_answer(call, EXIT_FINE,
			arena_printf(call->arena,
					"Nothing is applied until %.*s; mail flows as it "
					"did. `posthus resume` ends it.\n",
					VIEW_ARG(buf_view(&time))));
}

int serve_resume(struct call *call)
{
	int r = agent_resume(call->agent, call_actor(call));

	if (r)
		return call_fault(call, r);
	return call_answer(call, EXIT_FINE,
			VIEW("The reconciler goes on; what was missed is caught up "
			     "now.\n"));
}

int serve_rollback(struct call *call)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	const json_t *number = json_object_get(call->body, "generation");
	const struct agent_apply_options options = {
		.actor = call_actor(call),
		.approve = call_body(call, "approve"),
	};
	int r = agent_rollback(call->agent, (uint64_t)json_integer_value(number),
			&options, &result);

	if (r == AGENT_E_ABSENT)
		return call_refuse(call, 404, EXIT_ERROR,
				VIEW("error: there is no such earlier generation\nhelp: "
				     "`posthus history` lists them; the last 50 are "
				     "kept\n"));
	if (r)
		return call_fault(call, r);
	return call_result(call, &result);
}

int serve_approve(struct call *call)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	int r = agent_approve(call->agent, call_body(call, "digest"), call_actor(call),
			&result);

	if (r)
		return call_fault(call, r);
	return call_result(call, &result);
}

int serve_purge(struct call *call)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	struct view name = call_body(call, "object");
	int r = agent_purge(call->agent, name, call_body(call, "uid"), call_actor(call),
			&result);

	if (r == AGENT_E_ABSENT)
		return call_absent(call, name);
	if (r)
		return call_fault(call, r);
	return call_result(call, &result);
}

int serve_confirm(struct call *call)
{
	int r = agent_confirm(call->agent, call_actor(call));

	if (r == AGENT_E_ABSENT)
		return call_refuse(call, 404, EXIT_ERROR,
				VIEW("error: nothing waits for a confirmation\n"));
	if (r)
		return call_fault(call, r);
	return call_answer(call, EXIT_FINE, VIEW("Confirmed: it stays.\n"));
}
