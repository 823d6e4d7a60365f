/* Requests and notices, which the agent pulls. */
#include "runtime/runtime_inside.h"

#include "runtime/base/error.h"
#include "runtime/http/http_head.h"
#include "runtime/service/account.h"
#include "runtime/service/desk.h"
#include "runtime/service/service.h"

#include <stdlib.h>

/* What the agent sees of a request; the rest is the control socket's. */
struct request {
	struct runtime_request seen;
	struct desk_request *inner;
};

int runtime_event_fd(const struct runtime *rt)
{
	return service_event_fd(rt->service);
}

/* The event stays raised for as long as anything waits. */
static void settle_event(struct runtime *rt)
{
	service_event_clear(rt->service);
	if (desk_has_request(service_desk(rt->service)) ||
			service_has_notice(rt->service))
		service_event_raise(rt->service);
}

struct runtime_request *runtime_next_request(struct runtime *rt)
{
	struct desk_request *inner = desk_next(service_desk(rt->service));
	struct request *request;

	settle_event(rt);
	if (!inner)
		return NULL;
	request = xcalloc(1, sizeof(*request));
	request->inner = inner;
	request->seen = (struct runtime_request){
		.method = inner->method,
		.target = inner->target,
		.content_type = inner->content_type,
		.body = inner->body,
		.door = inner->door == DESK_CONTROL ? RUNTIME_DOOR_CONTROL
						    : RUNTIME_DOOR_PUBLIC,
		.peer = inner->peer,
		.peer_uid = inner->uid,
		.peer_pid = inner->pid,
	};
	return &request->seen;
}

void runtime_forget_body(struct runtime_request *seen)
{
	struct request *request = CONTAINER_OF(seen, struct request, seen);

	desk_forget_body(request->inner);
	seen->body = VIEW_NULL;
}

void runtime_answer(struct runtime *rt, struct runtime_request *seen, int status,
		struct view content_type, struct view body)
{
	struct request *request = CONTAINER_OF(seen, struct request, seen);

	desk_answer(service_desk(rt->service), request->inner, status, content_type,
			body);
	free(request);
}

struct view runtime_request_field(const struct runtime_request *seen, const char *name)
{
	/* `seen` is its first member. */
	const struct request *request = (const struct request *)(const void *)seen;

	return http_field(request->inner->fields, name);
}

bool runtime_request_alive(struct runtime *rt, const struct runtime_request *seen)
{
	/* `seen` is its first member. */
	const struct request *request = (const struct request *)(const void *)seen;

	return desk_alive(service_desk(rt->service), request->inner);
}

struct runtime_notice *runtime_next_notice(struct runtime *rt)
{
	struct service_notice *from = service_next_notice(rt->service);
	struct runtime_notice *notice;
	char *text;

	settle_event(rt);
	if (!from)
		return NULL;
	notice = xcalloc(1, sizeof(*notice) + from->text.len);
	text = (char *)(notice + 1);
	switch (from->kind) {
	case SERVICE_PASSWORD_UPGRADED:
		notice->kind = NOTICE_PASSWORD_UPGRADED;
		break;
	case SERVICE_LIMIT_REACHED:
		notice->kind = NOTICE_LIMIT_REACHED;
		break;
	case SERVICE_APP_PASSWORD_USED:
		notice->kind = NOTICE_APP_PASSWORD_USED;
		break;
	case SERVICE_KEY_ROTATED:
		notice->kind = NOTICE_KEY_ROTATED;
		break;
	}
	memcpy(notice->account, from->account, ACCOUNT_UID_SIZE);
	memcpy(text, from->text.data, from->text.len);
	notice->text = view_of(text, from->text.len);
	free(from);
	return notice;
}

void runtime_notice_free(struct runtime_notice *notice)
{
	free(notice);
}
