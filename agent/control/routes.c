/* One table of routes; a route is a function from a request to an answer. */
#include "agent/control/routes.h"

#include "agent/control/call.h"
#include "agent/control/files.h"
#include "agent/control/objects_text.h"
#include "agent/control/public.h"
#include "agent/control/waiting.h"
#include "agent/database/confirmation.h"
#include "agent/database/text.h"
#include "agent/git/follow.h"
#include "agent/status.h"
#include "runtime/base/arena.h"
#include "runtime/base/buf.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/runtime.h"
#include "schema/agent_file.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
	LONGEST_WAIT_SECONDS = 24 * 60 * 60,
};

struct control {
	struct agent *agent;
	struct runtime *runtime;
	struct follow *follow;
	struct waiting waiting;
	struct public public;
};

/* -- routes -- */

static int serve_plan(struct call *call)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	struct agent_source source;
	int r;

	if (files_unpack(call->arena, call->body, &source))
		return call_refuse(call, 400, EXIT_INVALID,
				VIEW("error: the request has no files\n"));
	r = agent_plan(call->agent, &source, &result);
	if (r)
		return call_fault(call, r);
	return call_result(call, &result);
}

static bool is_applied(const struct agent_result *result)
{
	return result->code == EXIT_FINE || result->code == EXIT_GATE ||
	       result->code == EXIT_NOT_READY;
}

static int serve_apply(struct call *call)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	struct agent_apply_options options = { .actor = call_actor(call),
		.approve = call_body(call, "approve"),
		.expect = call_body(call, "expect"),
		.confirm_within = json_integer_value(
				json_object_get(call->body, "confirm_within")) };
	struct agent_source source;
	int r;

	if (call->follow && !follow_is_detached(call->follow) &&
			!json_is_true(json_object_get(call->body, "detach_source")))
		return call_refuse(call, 409, EXIT_CONFLICT,
				VIEW("error: the state of this host comes from a "
				     "repository: "
				     "the next commit would undo this\nhelp: commit it "
				     "and "
				     "push; `posthus git sync` takes it at once. "
				     "--detach-source applies it all the same, and takes "
				     "nothing from the repository until `posthus git "
				     "attach`\n"));
	if (files_unpack(call->arena, call->body, &source))
		return call_refuse(call, 400, EXIT_INVALID,
				VIEW("error: the request has no files\n"));
	if (options.confirm_within < 0 || options.confirm_within > CONFIRM_LONGEST)
		return call_refuse(call, 400, EXIT_INVALID,
				VIEW("error: a change waits for its confirmation for at "
				     "most a day\n"));
	r = agent_apply(call->agent, &source, &options, &result);
	if (r == 0 && call->follow && !follow_is_detached(call->follow) &&
			is_applied(&result))
		r = follow_detach(call->follow, true, options.actor);
	if (r)
		return call_fault(call, r);
	return call_result(call, &result);
}

static int serve_reconcile(struct call *call)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	int r = agent_reconcile(call->agent, RECONCILE_SIGNAL, &result);

	if (r)
		return call_fault(call, r);
	return call_result(call, &result);
}

/* Which commit it is, behind the rest. */
static int add_source(struct call *call, struct buf *text)
{
	json_t *source = NULL;
	int r = follow_json(call->follow, &source);

	if (r)
		return r;
	follow_print(source, text);
	json_object_set_new(call->answer, "source", source);
	return 0;
}

static int serve_status(struct call *call)
{
	struct view name = call_query(call, "object");
	CLEANUP(buf_free) struct buf text = BUF_NULL(MOST_TEXT);
	CLEANUP(status_freep) struct status *status = NULL;
	int r = agent_status(call->agent, name, &status);

	if (r == AGENT_E_ABSENT)
		return call_absent(call, name);
	if (r)
		return call_fault(call, r);
	status_print(status, &text);
	call->answer = status_json(status);
	if (call->follow && name.len == 0)
		r = add_source(call, &text);
	if (r)
		return call_fault(call, r);
	return call_answer(call, EXIT_FINE, buf_view(&text));
}

static int serve_get(struct call *call)
{
	struct view name = call_query(call, "object");
	CLEANUP(buf_free) struct buf text = BUF_NULL(MOST_TEXT);
	json_t *items = NULL;
	int r = agent_get(call->agent, name, call_query(call, "origin").len > 0, &items);

	if (r == AGENT_E_ABSENT)
		return call_absent(call, name);
	if (r)
		return call_fault(call, r);
	call->answer = items;
	objects_print(items, &text);
	return call_answer(call, EXIT_FINE, buf_view(&text));
}

/* As one text, or as files where the query has `files`. */
static int answer_export(struct call *call, const struct agent_export *export)
{
	CLEANUP(buf_wipe) struct buf text = BUF_NULL(MOST_TEXT);

	if (call_query(call, "files").len) {
		call->answer = files_pack(export->files, export->count, VIEW("export"));
		return call_answer(call, EXIT_FINE, VIEW_NULL);
	}
	agent_export_print(export, &text);
	if (buf_failed(&text))
		return call_refuse(call, 400, EXIT_ERROR,
				VIEW("error: this is too large for one text\nhelp: ask "
				     "for files: `posthus export --to DIR`\n"));
	return call_answer(call, EXIT_FINE, buf_view(&text));
}

static int serve_export(struct call *call)
{
	struct view kinds = call_query(call, "kind");
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	CLEANUP(agent_export_free) struct agent_export export = { 0 };
	int r = agent_export(call->agent, kinds, &result, &export);

	if (r == AGENT_E_ABSENT)
		return call_absent(call, arena_printf(call->arena, "kind among %.*s",
							 VIEW_ARG(kinds)));
	if (r)
		return call_fault(call, r);
	if (result.code != EXIT_FINE)
		return call_result(call, &result);
	return answer_export(call, &export);
}

static int serve_wait(struct call *call)
{
	struct view name = call_query(call, "object");
	struct view type = call_query(call, "for");
	uint64_t seconds;

	if (!view_to_u64(call_query(call, "timeout"), &seconds) ||
			seconds > LONGEST_WAIT_SECONDS || !name.len || !type.len)
		return call_refuse(call, 400, EXIT_INVALID,
				VIEW("error: wait needs object, for and a timeout of at "
				     "most a day in seconds\n"));
	if (waiting_add(call->waiting, call->request, name, type,
			    call->now + nstime_seconds((int64_t)seconds)))
		return call_refuse(call, 503, EXIT_CONFLICT,
				VIEW("error: too many requests wait already\n"));
	call->kept = true;
	return 0;
}

/* Who may ask besides root. */
enum scope {
	SCOPE_ALL,     /* those who may all */
	SCOPE_APPROVE, /* those who may look and agree, too */
};

struct route {
	const char *method;
	const char *path;
	bool takes_body;
	enum scope scope;
	int (*serve)(struct call *call); /* returns the status of HTTP */
};

/* clang-format off */
static const struct route routes[] = {
	{ "POST", "/v1/plan",        true,  SCOPE_APPROVE,  serve_plan },
	{ "POST", "/v1/apply",       true,  SCOPE_ALL,     serve_apply },
	{ "POST", "/v1/reconcile",   false, SCOPE_ALL,     serve_reconcile },
	{ "GET",  "/v1/status",      false, SCOPE_APPROVE, serve_status },
	{ "GET",  "/v1/objects",     false, SCOPE_APPROVE, serve_get },
	{ "GET",  "/v1/export",      false, SCOPE_ALL,     serve_export },
	{ "GET",  "/v1/wait",        false, SCOPE_APPROVE, serve_wait },
	{ "GET",  "/v1/history",     false, SCOPE_APPROVE, serve_history },
	{ "GET",  "/v1/log",         false, SCOPE_APPROVE, serve_log },
	{ "GET",  "/v1/events",      false, SCOPE_APPROVE, serve_events },
	{ "GET",  "/v1/trace",       false, SCOPE_APPROVE, serve_trace },
	{ "GET",  "/v1/audit",       false, SCOPE_APPROVE, serve_audit },
	{ "POST", "/v1/suspend",     true,  SCOPE_ALL,     serve_suspend },
	{ "POST", "/v1/resume",      false, SCOPE_ALL,     serve_resume },
	{ "POST", "/v1/rollback",    true,  SCOPE_ALL,     serve_rollback },
	{ "POST", "/v1/confirm",     false, SCOPE_ALL,     serve_confirm },
	{ "POST", "/v1/purge",       true,  SCOPE_ALL,     serve_purge },
	{ "POST", "/v1/approve",     true,  SCOPE_APPROVE,  serve_approve },
	{ "GET",  "/v1/git",         false, SCOPE_APPROVE, serve_git },
	{ "POST", "/v1/git/sync",    true,  SCOPE_APPROVE, serve_git_sync },
	{ "POST", "/v1/git/accept-rewind", true, SCOPE_ALL, serve_git_accept },
	{ "POST", "/v1/git/attach", false, SCOPE_ALL, serve_git_attach },
	{ "POST", "/v1/git/revoke", true, SCOPE_ALL, serve_git_revoke },
	{ "POST", "/v1/git/reinstate", true, SCOPE_ALL, serve_git_reinstate },
	{ "GET",  "/v1/backups",     false, SCOPE_APPROVE, serve_backups },
	{ "POST", "/v1/backups",     true,  SCOPE_ALL,     serve_backup },
	{ "GET",  "/v1/queue",       false, SCOPE_ALL,     serve_queue },
	{ "POST", "/v1/queue",       true,  SCOPE_ALL,     serve_queue_change },
	{ "POST", "/v1/send-test",   true,  SCOPE_ALL,     serve_send_test },
	{ "POST", "/v1/password",    true,  SCOPE_ALL,     serve_password },
	{ "POST", "/v1/account-invite", true, SCOPE_ALL,   serve_account_invite },
	{ "POST", "/v1/app-password", true,  SCOPE_ALL,     serve_app_password },
	{ "POST", "/v1/app-password/revoke", true, SCOPE_ALL, serve_app_password_revoke },
	{ "GET",  "/v1/app-passwords", false, SCOPE_ALL,    serve_app_passwords },
	{ "POST", "/v1/key-rotation", true,  SCOPE_ALL,     serve_key_rotate },
	{ "GET",  "/v1/key-rotation", false, SCOPE_ALL,     serve_key_rotating },
	{ "POST", "/v1/account-key", true,  SCOPE_ALL,     serve_account_key },
	{ "POST", "/v1/account-accept", true,  SCOPE_ALL,     serve_account_accept },
};
/* clang-format on */

/* -- serving -- */

static void send_answer(struct control *control, struct call *call, int status)
{
	CLEANUP(freep)
	char *text = json_dumps(call->answer, JSON_COMPACT | JSON_SORT_KEYS);
	struct view answer = view_z(text);

	if (call->plan.len) { /* the first member of the object */
		buf_add_z(&call->plan, text);
		call->plan.data[call->plan.len - answer.len] = ',';
		answer = buf_view(&call->plan);
	}
	runtime_answer(control->runtime, call->request, status, VIEW("application/json"),
			answer);
}

static bool may_ask(const struct call *call, const struct route *route)
{
	const struct trusted *person =
			agent_operator(call->agent, (uint32_t)call->request->peer_uid);

	return !person || person->all ||
	       (person->approve && route->scope == SCOPE_APPROVE);
}

static int run_route(struct call *call, const struct route *route)
{
	if (!may_ask(call, route))
		return call_refuse(call, 403, EXIT_ERROR,
				VIEW("error: `trust` in agent.yaml does not let you do "
				     "this\n"));
	if (route->takes_body) {
		call->body = json_loadb(
				call->request->body.data ? call->request->body.data : "",
				call->request->body.len,
				JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
		runtime_forget_body(call->request);
		if (!json_is_object(call->body))
			return call_refuse(call, 400, EXIT_INVALID,
					VIEW("error: the body is no JSON object\n"));
	}
	return route->serve(call);
}

static void serve_request(
		struct control *control, struct runtime_request *request, nstime now)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct call call = {
		.agent = control->agent,
		.runtime = control->runtime,
		.follow = control->follow,
		.request = request,
		.waiting = &control->waiting,
		.arena = arena,
		.now = now,
		.plan = BUF_NULL(SIZE_MAX),
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
		status = call_refuse(&call, 404, EXIT_ERROR,
				VIEW("error: the control API has no such route\n"));
	if (!call.kept)
		send_answer(control, &call, status);
	buf_free(&call.plan);
	json_decref(call.answer);
	json_decref(call.body);
}

void control_serve(struct control *control, nstime now)
{
	struct runtime_request *request;

	while ((request = runtime_next_request(control->runtime))) {
		if (request->door == RUNTIME_DOOR_CONTROL)
			serve_request(control, request, now);
		else
			public_serve(&control->public, request, now);
	}
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

int control_fd(const struct control *control)
{
	return waiting_fd(&control->waiting);
}

struct control *control_new(struct agent *agent, struct runtime *runtime)
{
	struct control *control = xcalloc(1, sizeof(*control));

	control->agent = agent;
	control->runtime = runtime;
	waiting_init(&control->waiting, agent, runtime);
	control->public = (struct public){ .agent = agent, .runtime = runtime };
	return control;
}

void control_follow(struct control *control, struct follow *follow)
{
	control->follow = follow;
	control->public.follow = follow;
}

void control_free(struct control *control)
{
	if (!control)
		return;
	waiting_deinit(&control->waiting);
	free(control);
}
