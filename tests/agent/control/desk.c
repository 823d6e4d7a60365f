#include "tests/agent/control/desk.h"

#include "runtime/base/error.h"
#include "tests/lib/test.h"

#include <stdlib.h>

static struct view copy(const char *text)
{
	return view_of(xstrndup(text, strlen(text)), strlen(text));
}

static void forget(struct view *bytes)
{
	free((char *)bytes->data);
	*bytes = VIEW_NULL;
}

void desk_init(struct desk *desk)
{
	*desk = (struct desk){ .runtime = FAKE_RUNTIME_NEW };
	list_init(&desk->untaken);
	list_init(&desk->taken);
}

void desk_deinit(struct desk *desk)
{
	assert_true(list_empty(&desk->untaken));
	LIST_EACH (link, &desk->taken) {
		struct letter *letter = LIST_ITEM(link, struct letter, link);

		assert_int_not_equal(letter->status, 0);
		json_decref(letter->answer);
		free(letter);
	}
}

struct letter *desk_lay(struct desk *desk, const char *method, const char *target,
		const char *body)
{
	struct letter *letter = xcalloc(1, sizeof(*letter));

	letter->request.method = copy(method);
	letter->request.target = copy(target);
	letter->request.body = copy(body);
	letter->request.peer_uid = 7;
	list_push(&desk->untaken, &letter->link);
	return letter;
}

struct runtime_request *runtime_next_request(struct runtime *rt)
{
	struct desk *desk = CONTAINER_OF(rt, struct desk, runtime);
	struct list *link = list_pop(&desk->untaken);

	if (!link)
		return NULL;
	list_push(&desk->taken, link);
	return &LIST_ITEM(link, struct letter, link)->request;
}

void runtime_answer(struct runtime *rt, struct runtime_request *request, int status,
		struct view content_type, struct view body)
{
	struct letter *letter = CONTAINER_OF(request, struct letter, request);

	(void)rt;
	assert_int_equal(letter->status, 0);
	assert_view(content_type, "application/json");
	letter->status = status;
	letter->answer = json_loadb(body.data, body.len,
			JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	forget(&request->method);
	forget(&request->target);
	forget(&request->body);
}

void runtime_forget_body(struct runtime_request *request)
{
	forget(&request->body);
}

bool runtime_request_alive(struct runtime *rt, const struct runtime_request *request)
{
	(void)rt;
	return !CONTAINER_OF((struct runtime_request *)request, struct letter, request)
				->gone;
}

/* Nobody here comes by a door where fields count. */
struct view runtime_request_field(const struct runtime_request *request, const char *name)
{
	(void)request;
	(void)name;
	return VIEW_NULL;
}
