#include "agent/control/call.h"

#include "agent/control/query.h"
#include "agent/database/text.h"
#include "agent/plan/plan.h"
#include "runtime/base/buf.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/runtime.h"
#include "schema/agent_file.h"

/* -- reading requests -- */

struct view call_body(const struct call *call, const char *name)
{
	const json_t *value = json_object_get(call->body, name);

	return view_of(json_string_value(value), json_string_length(value));
}

struct view call_query(const struct call *call, const char *name)
{
	return query_value(call->arena, call->query, name);
}

struct view call_actor(const struct call *call)
{
	const struct trusted *person =
			agent_operator(call->agent, (uint32_t)call->request->peer_uid);

	if (person)
		return arena_printf(call->arena, "%.*s (uid %u)", VIEW_ARG(person->name),
				(unsigned)call->request->peer_uid);
	return arena_printf(call->arena, "uid %u", (unsigned)call->request->peer_uid);
}

/* -- answering -- */

int call_answer(struct call *call, enum exit_code code, struct view text)
{
	if (!call->answer)
		call->answer = json_object();
	json_object_set_new(call->answer, "exit", json_integer(code));
	json_object_set_new(call->answer, "text", json_view(text));
	return 200;
}

int call_refuse(struct call *call, int status, enum exit_code code, struct view text)
{
	call_answer(call, code, text);
	return status;
}

int call_fault(struct call *call, int r)
{
	log_event(LOG_ERROR, "control.fault", log_view("target", call->request->target),
			log_fault(r));
	call_answer(call, EXIT_ERROR,
			arena_printf(call->arena,
					"error: %s\nhelp: the agent's log has more\n",
					strerror(-r)));
	return 500;
}

int call_absent(struct call *call, struct view name)
{
	call_answer(call, EXIT_ERROR,
			arena_printf(call->arena,
					"error: there is no %.*s\nhelp: `posthus get "
					"KIND` lists what there is\n",
					VIEW_ARG(name)));
	return 404;
}

int call_result(struct call *call, struct agent_result *result)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(MOST_TEXT);

	agent_result_print(result, &text);
	call->answer = agent_result_frame(result);
	if (result->plan) {
		buf_add_z(&call->plan, "{\"plan\":");
		plan_add_json(result->plan, &call->plan);
	} else {
		json_object_set_new(call->answer, "plan", json_null());
	}
	return call_answer(call, result->code, buf_view(&text));
}
