/* One table of routes; a route is a function from a request to an answer. */
#include "agent/control/routes.h"

#include "agent/control/files.h"
#include "agent/control/objects_text.h"
#include "agent/control/query.h"
#include "agent/control/waiting.h"
#include "agent/generation.h"
#include "agent/status.h"
#include "agent/text.h"
#include "runtime/base/arena.h"
#include "runtime/base/base64.h"
#include "runtime/base/buf.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/crypto/password.h"
#include "runtime/runtime.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
	MOST_TEXT = 64 * 1024 * 1024, /* of one answer */
	MOST_HISTORY = 50,
	LONGEST_WAIT_SECONDS = 24 * 60 * 60,
};

struct control {
	struct agent *agent;
	struct runtime *runtime;
	struct waiting waiting;
};

/* One request on its way through a route. */
struct call {
	struct control *control;
	struct runtime_request *request;
	struct arena *arena;
	struct view query;
	json_t *body; /* NULL where the route takes none */
	nstime now;
	/* the answer */
	json_t *answer;
	bool kept; /* it waits: no answer yet */
};

/* -- reading requests -- */

static struct view body_value(const struct call *call, const char *name)
{
	const json_t *value = json_object_get(call->body, name);

	return view_of(json_string_value(value), json_string_length(value));
}

static struct view actor_of(const struct call *call)
{
	return arena_printf(call->arena, "uid %u", (unsigned)call->request->peer_uid);
}

/* -- answering -- */

/* All of these return the status of HTTP. */
static int answer(struct call *call, enum exit_code code, struct view text)
{
	if (!call->answer)
		call->answer = json_object();
	json_object_set_new(call->answer, "exit", json_integer(code));
	json_object_set_new(call->answer, "text", json_view(text));
	return 200;
}

static int refuse(struct call *call, int status, enum exit_code code, struct view text)
{
	answer(call, code, text);
	return status;
}

/* A fault of ours: said once here, with what to look at. */
static int answer_fault(struct call *call, int r)
{
	log_event(LOG_ERROR, "control.fault", log_view("target", call->request->target),
			log_fault(r));
	answer(call, EXIT_ERROR,
			arena_printf(call->arena,
					"error: %s\nhelp: the agent's log has more\n",
					strerror(-r)));
	return 500;
}

static int answer_absent(struct call *call, struct view name)
{
	answer(call, EXIT_ERROR,
			arena_printf(call->arena,
					"error: there is no %.*s\nhelp: `posthus get "
					"KIND` lists what there is\n",
					VIEW_ARG(name)));
	return 404;
}

static int answer_result(struct call *call, struct agent_result *result)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(MOST_TEXT);

	agent_result_print(result, &text);
	call->answer = agent_result_json(result);
	return answer(call, result->code, buf_view(&text));
}

/* -- routes -- */

static int serve_plan(struct call *call)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	struct agent_source source;
	int r;

	if (files_unpack(call->arena, call->body, &source))
		return refuse(call, 400, EXIT_INVALID,
				VIEW("error: the request has no files\n"));
	r = agent_plan(call->control->agent, &source, &result);
	if (r)
		return answer_fault(call, r);
	return answer_result(call, &result);
}

static int serve_apply(struct call *call)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	struct agent_apply_options options = { .actor = actor_of(call),
		.approve = body_value(call, "approve"),
		.expect = body_value(call, "expect") };
	struct agent_source source;
	int r;

	if (files_unpack(call->arena, call->body, &source))
		return refuse(call, 400, EXIT_INVALID,
				VIEW("error: the request has no files\n"));
	r = agent_apply(call->control->agent, &source, &options, &result);
	if (r)
		return answer_fault(call, r);
	return answer_result(call, &result);
}

static int serve_reconcile(struct call *call)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	int r = agent_reconcile(call->control->agent, RECONCILE_SIGNAL, &result);

	if (r)
		return answer_fault(call, r);
	return answer_result(call, &result);
}

static int serve_status(struct call *call)
{
	struct view name = query_value(call->arena, call->query, "object");
	CLEANUP(buf_free) struct buf text = BUF_NULL(MOST_TEXT);
	CLEANUP(status_freep) struct status *status = NULL;
	int r = agent_status(call->control->agent, name, &status);

	if (r == AGENT_E_ABSENT)
		return answer_absent(call, name);
	if (r)
		return answer_fault(call, r);
	status_print(status, &text);
	call->answer = status_json(status);
	return answer(call, EXIT_FINE, buf_view(&text));
}

static int serve_get(struct call *call)
{
	struct view name = query_value(call->arena, call->query, "object");
	CLEANUP(buf_free) struct buf text = BUF_NULL(MOST_TEXT);
	json_t *items = NULL;
	int r = agent_get(call->control->agent, name,
			query_value(call->arena, call->query, "origin").len > 0, &items);

	if (r == AGENT_E_ABSENT)
		return answer_absent(call, name);
	if (r)
		return answer_fault(call, r);
	call->answer = items;
	objects_print(items, &text);
	return answer(call, EXIT_FINE, buf_view(&text));
}

static int serve_history(struct call *call)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(MOST_TEXT);
	CLEANUP(history_freep) struct history *history = NULL;
	struct view wanted = query_value(call->arena, call->query, "most");
	uint64_t most = MOST_HISTORY;
	int r;

	if (wanted.len && !view_to_u64(wanted, &most))
		return refuse(call, 400, EXIT_INVALID,
				VIEW("error: how many generations? Give a number\n"));
	if (most > MOST_HISTORY)
		most = MOST_HISTORY;
	r = agent_history(call->control->agent, most, &history);
	if (r)
		return answer_fault(call, r);
	history_print(history, &text);
	call->answer = history_json(history);
	return answer(call, EXIT_FINE, buf_view(&text));
}

static int serve_password(struct call *call)
{
	struct view account = body_value(call, "account");
	CLEANUP(secret_free)
	struct secret password = secret_copy(body_value(call, "password"));
	int r = agent_password_set(
			call->control->agent, account, &password, actor_of(call));

	if (r == AGENT_E_ABSENT)
		return answer_absent(call, arena_printf(call->arena, "user/%.*s",
							   VIEW_ARG(account)));
	if (r == AGENT_E_PASSWORD)
		return refuse(call, 400, EXIT_INVALID,
				arena_printf(call->arena,
						"error: a password has 1 to %d bytes\n",
						PASSWORD_MAX));
	if (r)
		return answer_fault(call, r);
	return answer(call, EXIT_FINE,
			VIEW("The password is set; sessions under the old one have "
			     "ended.\n"));
}

static int serve_account_key(struct call *call)
{
	struct view account = body_value(call, "account");
	CLEANUP(secret_free) struct secret key = SECRET_NULL;
	CLEANUP(freep) char *path = NULL;
	CLEANUP(buf_wipe) struct buf hex = BUF_NULL(128);
	int r = agent_account_key_export(
			call->control->agent, account, actor_of(call), &key, &path);

	if (r == AGENT_E_ABSENT)
		return answer_absent(call, arena_printf(call->arena, "user/%.*s",
							   VIEW_ARG(account)));
	if (r)
		return answer_fault(call, r);
	hex_add(&hex, secret_expose(&key));
	answer(call, EXIT_FINE, VIEW_NULL);
	json_object_set_new(call->answer, "path", json_string(path));
	json_object_set_new(call->answer, "key", json_stringn(hex.data, hex.len));
	return 200;
}

static int serve_wait(struct call *call)
{
	struct view name = query_value(call->arena, call->query, "object");
	struct view type = query_value(call->arena, call->query, "for");
	uint64_t seconds;

	if (!view_to_u64(query_value(call->arena, call->query, "timeout"), &seconds) ||
			seconds > LONGEST_WAIT_SECONDS || !name.len || !type.len)
		return refuse(call, 400, EXIT_INVALID,
				VIEW("error: wait needs object, for and a timeout of at "
				     "most a day in seconds\n"));
	if (waiting_add(&call->control->waiting, call->request, name, type,
			    call->now + nstime_seconds((int64_t)seconds)))
		return refuse(call, 503, EXIT_CONFLICT,
				VIEW("error: too many requests wait already\n"));
	call->kept = true;
	return 0;
}

struct route {
	const char *method;
	const char *path;
	bool takes_body;
	int (*serve)(struct call *call); /* returns the status of HTTP */
};

/* clang-format off */
static const struct route routes[] = {
	{ "POST", "/v1/plan",        true,  serve_plan },
	{ "POST", "/v1/apply",       true,  serve_apply },
	{ "POST", "/v1/reconcile",   false, serve_reconcile },
	{ "GET",  "/v1/status",      false, serve_status },
	{ "GET",  "/v1/objects",     false, serve_get },
	{ "GET",  "/v1/wait",        false, serve_wait },
	{ "GET",  "/v1/history",     false, serve_history },
	{ "POST", "/v1/password",    true,  serve_password },
	{ "POST", "/v1/account-key", true,  serve_account_key },
};
/* clang-format on */

/* -- serving -- */

static void send_answer(struct control *control, struct runtime_request *request,
		int status, const json_t *body)
{
	CLEANUP(freep) char *text = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);

	runtime_answer(control->runtime, request, status, VIEW("application/json"),
			view_z(text));
}

static int run_route(struct call *call, const struct route *route)
{
	if (route->takes_body) {
		call->body = json_loadb(
				call->request->body.data ? call->request->body.data : "",
				call->request->body.len,
				JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
		if (!json_is_object(call->body))
			return refuse(call, 400, EXIT_INVALID,
					VIEW("error: the body is no JSON object\n"));
	}
	return route->serve(call);
}

static void serve_request(
		struct control *control, struct runtime_request *request, nstime now)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct call call = {
		.control = control, .request = request, .arena = arena, .now = now
	};
	struct view path;
	const struct route *route = NULL;
	int status;

	call.query = request->target;
	path = view_cut(&call.query, '?');
	for (size_t i = 0; i < ARRAY_LEN(routes) && !route; i++)
		if (view_eq(path, view_z(routes[i].path)) &&
				view_eq(request->method, view_z(routes[i].method)))
			route = &routes[i];
	if (route)
		status = run_route(&call, route);
	else
		status = refuse(&call, 404, EXIT_ERROR,
				VIEW("error: the control API has no such route\n"));
	if (!call.kept)
		send_answer(control, request, status, call.answer);
	json_decref(call.answer);
	json_decref(call.body);
}

void control_serve(struct control *control, nstime now)
{
	struct runtime_request *request;

	while ((request = runtime_next_request(control->runtime)))
		serve_request(control, request, now);
	control_look(control, now);
}

void control_look(struct control *control, nstime now)
{
	waiting_look(&control->waiting, now);
}

nstime control_deadline(const struct control *control)
{
	return waiting_deadline(&control->waiting);
}

struct control *control_new(struct agent *agent, struct runtime *runtime)
{
	struct control *control = xcalloc(1, sizeof(*control));

	control->agent = agent;
	control->runtime = runtime;
	waiting_init(&control->waiting, agent, runtime);
	return control;
}

void control_free(struct control *control)
{
	if (!control)
		return;
	waiting_deinit(&control->waiting);
	free(control);
}
