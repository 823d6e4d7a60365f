#include "agent/control/public.h"

#include "runtime/runtime.h"

enum {
	MOST_ANSWER = 1024 * 1024,
	HOOK_MOST = 1024 * 1024, /* as much as is held of a stranger's request: limit.h */
};

struct public_route {
	const char *method; /* "GET" is HEAD, too */
	const char *path;   /* what the target begins with; without a / at its end: is */
	size_t most;        /* bytes of the body */
	bool from_form;
	int (*serve)(struct public_call *call); /* returns the status of HTTP */
};

/* clang-format off */
static const struct public_route routes[] = {
	{ "POST", "/hooks/git", HOOK_MOST, false, serve_hook },
	{ "GET",  "/invite/", 0,    false, serve_invite },
	{ "POST", "/invite/", 4096, true,  serve_invite_taking },
	{ NULL, NULL, 0, false, NULL }, /* the end */
};
/* clang-format on */

int public_say(struct public_call *call, int status, const char *text)
{
	buf_add_z(&call->body, text);
	return status;
}

static bool is_method(const struct public_route *route, struct view method)
{
	return view_eq(method, view_z(route->method)) ||
	       (view_eq(method, VIEW("HEAD")) &&
			       view_eq(view_z(route->method), VIEW("GET")));
}

static bool is_path(const struct public_route *route, struct view path)
{
	struct view own = view_z(route->path);

	return view_ends(own, VIEW("/")) ? view_starts(path, own) : view_eq(path, own);
}

/* What another site's page makes a browser send. One that does not say where it comes from is
 * no browser of these years, or none at all; the token in the path is what lets it in. */
static bool is_elsewheres(const struct runtime_request *request)
{
	struct view site = runtime_request_field(request, "sec-fetch-site");
	struct view origin = runtime_request_field(request, "origin");
	struct view host = runtime_request_field(request, "host");

	if (site.len && !view_eq(site, VIEW("same-origin")) &&
			!view_eq(site, VIEW("none")))
		return true;
	if (!origin.len)
		return false;
	return !view_starts(origin, VIEW("https://")) ||
	       !view_eq_nocase(view_from(origin, strlen("https://")), host);
}

static int run(const struct public_route *route, struct public_call *call)
{
	if (call->request->body.len > route->most)
		return public_say(call, 413, "That is more than is taken here.\n");
	if (route->from_form && is_elsewheres(call->request))
		return public_say(call, 403,
				"This form was sent by a page of another site: nothing "
				"was changed.\n");
	return route->serve(call);
}

static int find_and_run(struct public_call *call, struct view path)
{
	bool there = false;

	for (const struct public_route *route = routes; route->path; route++) {
		if (!is_path(route, path))
			continue;
		there = true;
		call->rest = view_from(path, strlen(route->path));
		if (is_method(route, call->request->method))
			return run(route, call);
	}
	return there ? public_say(call, 405, "That is not how it is asked for.\n")
		     : public_say(call, 404, "There is nothing here.\n");
}

void public_serve(const struct public *at, struct runtime_request *request, nstime now)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(buf_wipe) struct buf body = BUF_NULL(MOST_ANSWER);
	struct public_call call = {
		.at = at,
		.request = request,
		.arena = arena,
		.now = now,
		.type = "text/plain; charset=utf-8",
		.body = body,
	};
	struct view path = request->target;
	int status = find_and_run(&call, view_cut(&path, '?'));

	body = call.body;
	runtime_answer(at->runtime, request, status, view_z(call.type), buf_view(&body));
}
