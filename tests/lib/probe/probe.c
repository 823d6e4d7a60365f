#include "tests/lib/probe/probe.h"

#include "agent/apply/apply.h"
#include "agent/database/text.h"
#include "agent/effect/effect.h"
#include "agent/effect/web.h"
#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "schema/agent_file.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	LONGEST_URL = 512,
};

nstime probe_patience = 2 * NS_PER_S;
void (*probe_boundary)(int after);

const char *probe_made;
struct buf probe_former = { .max = PROBE_FORMER };

static unsigned port; /* of the service that runs */

/* It stands for what lies elsewhere: the machine that it is tried on is no secret. */
static const struct agent_file anywhere = { .connect = { .deny_private = true } };

/* -- what the state wants -- */

static struct view domain_of(struct view address)
{
	size_t at = view_find(address, '@');

	return view_from(address, at + (at < address.len));
}

static struct view text_of(struct arena *arena, struct view provider, struct view value)
{
	json_t *json = json_pack("{s:o, s:o}", "provider", json_view(provider), "value",
			json_view(value));
	char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	struct view copy = arena_copy(arena, view_z(text));

	json_decref(json);
	free(text);
	return copy;
}

/* "late" is made by the apply that brings it: until then nobody knows what it will be. */
static bool is_late(const struct desired_service *service)
{
	return view_eq(service->name, VIEW("late"));
}

static struct view value_of(const struct desired_service *service)
{
	return is_late(service) ? view_z(probe_made ? probe_made : "") : service->name;
}

static void add_needs(struct arena *arena, const struct desired_service *service,
		struct wanted *wanted)
{
	wanted->needs = arena_array(arena, service->to.count, sizeof(*wanted->needs));
	for (size_t i = 0; i < service->to.count; i++)
		wanted->needs[wanted->need_count++] = (struct need){
			.driver = &driver_probe,
			.name = service->to.items[i],
			.span = service->object.key_span,
		};
}

static void want(const struct driver *driver, const struct desired *desired,
		struct wanted_list *out)
{
	for (size_t i = 0; i < desired->service_count; i++) {
		const struct desired_service *service = &desired->services[i];
		struct wanted *wanted = wanted_add(out, driver);

		wanted->id = service->object.id;
		wanted->key = service->object.key;
		wanted->span = service->object.key_span;
		wanted->desired = service;
		wanted->applied = text_of(
				out->arena, domain_of(wanted->key), value_of(service));
		wanted->spec = text_of(out->arena, domain_of(wanted->key), service->name);
		digest_bytes(wanted->spec, wanted->hash);
		add_needs(out->arena, service, wanted);
	}
}

static int bind_made(struct application *a, struct wanted *wanted)
{
	if (!is_late(wanted->desired))
		return 0;
	if (!probe_made)
		probe_made = "made";
	wanted->applied = text_of(a->plan->arena, domain_of(wanted->key),
			value_of(wanted->desired));
	return 0;
}

/* -- what lives -- */

static struct view member(const json_t *json, const char *name)
{
	const json_t *value = json_object_get(json, name);

	return view_of(json_string_value(value), json_string_length(value));
}

static struct view provider(struct view text, struct arena *arena)
{
	json_t *json = json_loadb(text.data, text.len, 0, NULL);
	struct view name = arena_printf(
			arena, "probe/%.*s", VIEW_ARG(member(json, "provider")));

	json_decref(json);
	return name;
}

static void add_url(const struct effect *effect, const json_t *json, struct buf *out)
{
	buf_addf(out, "http://127.0.0.1:%u/%.*s/", port,
			VIEW_ARG(member(json, "provider")));
	hex_add(out, view_of(effect->uid, UID_SIZE));
}

static int call(const struct effect *effect, const char *method, const json_t *json,
		struct web_reply *reply, struct effect_answer *answer)
{
	CLEANUP(buf_free) struct buf url = BUF_NULL(LONGEST_URL), key = url;
	struct web_request request = {
		.method = method,
		.patience = probe_patience,
		.file = &anywhere,
		.stopping = effect->stopping,
	};
	int r;

	add_url(effect, json, &url);
	buf_addf(&key, "Idempotency-Key: %.*s", VIEW_ARG(effect->key));
	request.url = buf_view(&url);
	request.headers[0] = buf_view(&key);
	if (strcmp(method, "PUT") == 0)
		request.body = member(json, "value");
	if (probe_boundary)
		probe_boundary(0);
	r = web_call(&request, reply, answer);
	if (probe_boundary)
		probe_boundary(1);
	return r;
}

static int look(const struct effect *effect, struct effect_answer *out)
{
	CLEANUP(web_reply_deinit) struct web_reply reply = WEB_REPLY_NULL;
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	json_t *json = json_loadb(effect->text.data, effect->text.len, 0, NULL);
	int r = call(effect, "GET", json, &reply, out);

	if (r == 0 && reply.status != 404)
		r = web_judge(&reply, out);
	if (r == 0 && reply.status != 404)
		buf_add(&out->live, text_of(arena, member(json, "provider"),
						    buf_view(&reply.body)));
	json_decref(json);
	return r;
}

/* The values among what may live besides, as the service's log has them. */
static void note_former(struct view former)
{
	buf_clear(&probe_former);
	while (former.len) {
		struct view line = view_cut(&former, '\n');
		json_t *json = json_loadb(line.data, line.len, 0, NULL);

		buf_addf(&probe_former, "%s%.*s", probe_former.len ? " " : "",
				VIEW_ARG(member(json, "value")));
		json_decref(json);
	}
}

static int perform(const struct effect *effect, struct effect_answer *out)
{
	CLEANUP(web_reply_deinit) struct web_reply reply = WEB_REPLY_NULL;
	json_t *json = json_loadb(effect->text.data, effect->text.len, 0, NULL);
	bool removes = effect->operation == OPERATION_REMOVE;
	int r;

	note_former(effect->former);
	r = call(effect, removes ? "DELETE" : "PUT", json, &reply, out);

	json_decref(json);
	return r ? r : web_judge(&reply, out);
}

static const struct effects effects = {
	.provider = provider,
	.look = look,
	.perform = perform,
};

const struct driver driver_probe = {
	.kind = "probe",
	.schema = KIND_NONE,
	.absence = ABSENCE_REMOVES,
	.risk = RISK_SERVICE,
	.want = want,
	.bind = bind_made,
	.effects = &effects,
};

/* -- the service -- */

void probe_service_start(struct probe_service *service, const char *path)
{
	int in[2], out[2];
	FILE *says;

	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	service->pid = fork();
	assert_true(service->pid >= 0);
	if (service->pid == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		close(in[0]);
		close(in[1]);
		close(out[0]);
		close(out[1]);
		execl(path, path, (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	service->end = in[1];
	says = fdopen(out[0], "r");
	assert_non_null(says);
	assert_int_equal(fscanf(says, "%u", &port), 1);
	fclose(says);
	service->port = port;
}

void probe_service_stop(struct probe_service *service)
{
	close(service->end);
	assert_int_equal(waitpid(service->pid, NULL, 0), service->pid);
}

static void ask(const char *method, const char *what, const char *json, struct buf *out)
{
	CLEANUP(web_reply_deinit) struct web_reply reply = WEB_REPLY_NULL;
	CLEANUP(effect_answer_deinit) struct effect_answer answer = EFFECT_ANSWER_NULL;
	CLEANUP(buf_free) struct buf url = BUF_NULL(LONGEST_URL);
	struct web_request request = {
		.method = method, .patience = 10 * NS_PER_S, .file = &anywhere
	};

	buf_addf(&url, "http://127.0.0.1:%u/_%s", port, what);
	request.url = buf_view(&url);
	request.body = view_z(json);
	assert_int_equal(web_call(&request, &reply, &answer), 0);
	assert_int_equal(reply.status, 200);
	if (out)
		buf_add(out, buf_view(&reply.body));
}

void probe_tell(const char *what, const char *json)
{
	ask("POST", what, json, NULL);
}

static json_t *ask_json(const char *what)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(WEB_BODY);
	json_t *json;

	ask("GET", what, NULL, &text);
	json = json_loadb(text.data, text.len, 0, NULL);
	assert_non_null(json);
	return json;
}

json_t *probe_log(void)
{
	return ask_json("log");
}

json_t *probe_values(void)
{
	return ask_json("values");
}

void probe_quiet(void)
{
	ask("GET", "quiet", NULL, NULL);
}
