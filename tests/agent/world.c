#include "tests/agent/world.h"

#include "agent/database/condition.h"
#include "runtime/base/error.h"
#include "runtime/crypto/random.h"

#include <poll.h>
#include <stdlib.h>

const char *world_service_path;

static struct probe_service service;

static nstime world_now(void *state)
{
	return ((struct world *)state)->now;
}

static walltime world_wall(void *state)
{
	return ((struct world *)state)->wall;
}

static void world_random(void *state, void *out, size_t len)
{
	const struct world *w = state;

	random_bytes(out, len);
	if (w->draw != UINT64_MAX && len == sizeof(w->draw))
		memcpy(out, &w->draw, len);
}

int world_group_setup(void **state)
{
	(void)state;
	if (!world_service_path)
		return 0;
	probe_service_start(&service, world_service_path);
	return 0;
}

int world_group_teardown(void **state)
{
	(void)state;
	if (world_service_path)
		probe_service_stop(&service);
	return 0;
}

int world_setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	void *house;

	house_setup(&house);
	w->house = house;
	w->now = nstime_seconds(1000);
	w->wall = HOUSE_BEGIN;
	w->draw = UINT64_MAX;
	w->house->os.state = w;
	w->house->os.now = world_now;
	w->house->os.wall = world_wall;
	w->house->os.random = world_random;
	if (world_service_path)
		probe_tell("reset", "null");
	probe_patience = 2 * NS_PER_S;
	probe_boundary = NULL;
	probe_made = NULL;
	*state = w;
	return 0;
}

int world_teardown(void **state)
{
	struct world *w = *state;
	void *house = w->house;

	house_teardown(&house);
	free(w);
	return 0;
}

/* -- states -- */

#define PASSWORD "$6$saltsalt$" X43 X43
#define X43      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const char *domain_of(const char *address)
{
	return strchr(address, '@') + 1;
}

static void add_domains(struct buf *out, const struct probe_line *lines, size_t count)
{
	buf_add_z(out, "domains:\n  a.example: {}\n");
	for (size_t i = 0; i < count; i++) {
		size_t first = 0;

		while (strcmp(domain_of(lines[first].address),
				       domain_of(lines[i].address)) != 0)
			first++;
		if (first == i && strcmp(domain_of(lines[i].address), "a.example") != 0)
			buf_addf(out, "  %s: {}\n", domain_of(lines[i].address));
	}
}

void world_apply_result(struct world *w, const struct probe_line *lines, size_t count,
		struct agent_result *out)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(HOUSE_TEXT);

	house_state(&text, "policy: {gates: {other: {percent: 100}}");
	if (w->drift)
		buf_addf(&text, ", drift: {probe: %s}", w->drift);
	buf_add_z(&text, "}\n");
	add_domains(&text, lines, count);
	if (count)
		buf_add_z(&text, "services:\n");
	for (size_t i = 0; i < count; i++) {
		const struct probe_line *line = &lines[i];

		buf_addf(&text, "  %s: {name: \"%s\", password: {hash: \"%s\"}",
				line->address, line->value, PASSWORD);
		if (line->needs && line->needs[0])
			buf_addf(&text, ", to: [%s]", line->needs);
		buf_add_z(&text, "}\n");
	}
	assert_false(buf_failed(&text));
	house_apply(w->house, buf_view(&text), out);
}

void world_apply(struct world *w, const struct probe_line *lines, size_t count)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	CLEANUP(buf_free) struct buf text = BUF_NULL(HOUSE_TEXT);

	world_apply_result(w, lines, count, &result);
	house_print(&result, &text);
	if (result.code != EXIT_FINE)
		fail_msg("not applied:\n%.*s", VIEW_ARG(buf_view(&text)));
}

/* -- time -- */

static void await_answer(struct world *w)
{
	struct pollfd fd = { .fd = agent_outbox_fd(w->house->agent), .events = POLLIN };

	assert_int_equal(poll(&fd, 1, 20000), 1);
}

void world_turn(struct world *w)
{
	struct agent *agent = w->house->agent;

	agent_outbox_turn(agent);
	while (dispatch_out(agent->dispatch) || agent_outbox_deadline(agent) <= w->now) {
		if (dispatch_out(agent->dispatch))
			await_answer(w);
		agent_outbox_turn(agent);
	}
}

void world_pass(struct world *w, int64_t seconds)
{
	w->now += nstime_seconds(seconds);
	w->wall += seconds;
}

/* Fails with the first row that does not come to rest. */
static void say_open(struct world *w, nstime wait)
{
	CLEANUP(statement_done) struct statement *s = NULL;

	assert_int_equal(database_prepare(w->house->agent->db,
					 "SELECT outbox.id, outbox.state, attempts, "
					 "reason,"
					 " next_at FROM outbox WHERE state != 'done'",
					 &s),
			0);
	assert_int_equal(statement_step(s), DATABASE_ROW);
	fail_msg("%.*s is %.*s after %llu attempts (%.*s); next at %+lld s, a turn is "
		 "due "
		 "in %lld ms",
			VIEW_ARG(column_view(s, 0)), VIEW_ARG(column_view(s, 1)),
			(unsigned long long)column_u64(s, 2), VIEW_ARG(column_view(s, 3)),
			(long long)(column_i64(s, 4) - w->wall),
			(long long)(wait / NS_PER_MS));
}

void world_converge(struct world *w, int64_t seconds)
{
	nstime begin = w->now, last = begin + nstime_seconds(seconds);

	world_turn(w);
	while (world_open_rows(w)) {
		nstime deadline = agent_outbox_deadline(w->house->agent);

		if (deadline > last)
			say_open(w, deadline - w->now);
		w->wall += (deadline - begin) / NS_PER_S - (w->now - begin) / NS_PER_S;
		w->now = deadline;
		world_turn(w);
	}
}

void world_restart(struct world *w)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };

	house_restart(w->house, &result);
	assert_true(result.code == EXIT_FINE);
}

/* -- what is -- */

size_t world_open_rows(struct world *w)
{
	CLEANUP(statement_done) struct statement *s = NULL;

	assert_int_equal(database_prepare(w->house->agent->db,
					 "SELECT count(*) FROM outbox WHERE state != "
					 "'done'",
					 &s),
			0);
	assert_int_equal(statement_step(s), DATABASE_ROW);
	return column_u64(s, 0);
}

static char kept[2048];

static const char *keep(struct view text)
{
	size_t len = text.len < sizeof(kept) ? text.len : sizeof(kept) - 1;

	if (len)
		memcpy(kept, text.data, len);
	kept[len] = '\0';
	return kept;
}

const char *world_row(struct world *w, const char *address, const char *column)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	static const char *const columns[] = { "state", "operation", "reason",
		"message" };
	int at = 0;

	while (strcmp(columns[at], column) != 0)
		at++;
	assert_int_equal(
			database_prepare(w->house->agent->db,
					"SELECT outbox.state, operation, reason, message"
					" FROM outbox JOIN object USING (uid)"
					" WHERE object.kind = 'probe' AND object.key = ?1"
					" ORDER BY serial DESC, seq DESC",
					&s),
			0);
	bind_text(s, 1, view_z(address));
	return statement_step(s) == DATABASE_ROW ? keep(column_view(s, at)) : "";
}

const char *world_condition(
		struct world *w, const char *object, const char *type, const char *member)
{
	const char *word = "";
	json_t *root, *condition, *list;
	size_t i;

	if (agent_get(w->house->agent, view_z(object), false, &root))
		return "";
	list = json_object_get(
			json_array_get(json_object_get(root, "items"), 0), "conditions");
	json_array_foreach (list, i, condition)
		if (strcmp(json_string_value(json_object_get(condition, "type")), type) ==
				0)
			word = keep(view_z(json_string_value(
					json_object_get(condition, member))));
	json_decref(root);
	return word;
}

static const char *of_probe(struct world *w, const char *address, const char *type,
		const char *member)
{
	CLEANUP(buf_free) struct buf name = BUF_NULL(512);

	buf_addf(&name, "probe/%s", address);
	buf_add_byte(&name, '\0');
	return world_condition(w, name.data, type, member);
}

const char *world_status(struct world *w, const char *address, const char *type)
{
	return of_probe(w, address, type, "status");
}

const char *world_reason(struct world *w, const char *address, const char *type)
{
	return of_probe(w, address, type, "reason");
}

bool world_is_ready(struct world *w, const char *address)
{
	CLEANUP(buf_free) struct buf name = BUF_NULL(512);
	bool ready = false;

	buf_addf(&name, "probe/%s", address);
	assert_int_equal(agent_condition(w->house->agent, buf_view(&name), VIEW("Ready"),
					 &ready),
			0);
	return ready;
}

/* -- the service's log -- */

static const char *text_of(const json_t *entry, const char *member)
{
	const char *text = json_string_value(json_object_get(entry, member));

	return text ? text : "";
}

size_t world_calls(const char *method, const char *value)
{
	json_t *log = probe_log(), *entry;
	size_t count = 0, i;

	json_array_foreach (log, i, entry)
		count += strcmp(text_of(entry, "method"), method) == 0 &&
			 (!value[0] || strcmp(text_of(entry, "value"), value) == 0);
	json_decref(log);
	return count;
}

size_t world_most_effects(void)
{
	json_t *log = probe_log(), *entry, *counts = json_object();
	json_int_t most = 0;
	size_t i;

	json_array_foreach (log, i, entry) {
		const char *key = text_of(entry, "key");
		json_int_t count = json_integer_value(json_object_get(counts, key)) + 1;

		if (!key[0] || !json_is_true(json_object_get(entry, "effect")))
			continue;
		json_object_set_new(counts, key, json_integer(count));
		most = count > most ? count : most;
	}
	json_decref(counts);
	json_decref(log);
	return (size_t)most;
}

void world_order(struct buf *out)
{
	json_t *log = probe_log(), *entry;
	size_t i;

	json_array_foreach (log, i, entry) {
		if (strcmp(text_of(entry, "method"), "GET") == 0)
			continue;
		buf_addf(out, "%s%s", out->len ? " " : "",
				strcmp(text_of(entry, "method"), "PUT") == 0
						? text_of(entry, "value")
						: "-");
	}
	json_decref(log);
}
