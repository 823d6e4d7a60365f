#include "tests/agent/acme/yard.h"

#include "runtime/base/error.h"
#include "runtime/crypto/random.h"

#include <poll.h>
#include <stdlib.h>

static struct yard *current;

static nstime yard_now(void *state)
{
	return ((struct yard *)state)->now;
}

static walltime yard_wall(void *state)
{
	(void)state;
	return issuer->now;
}

/* xorshift64* where it is for a backoff. */
static void yard_random(void *state, void *out, size_t len)
{
	struct yard *y = state;

	random_bytes(out, len);
	if (len != sizeof(y->random))
		return;
	y->random ^= y->random >> 12;
	y->random ^= y->random << 25;
	y->random ^= y->random >> 27;
	memcpy(out, &y->random, len);
}

/* As http would show it. */
static bool is_shown(struct view name, struct view token, struct view text)
{
	(void)name;
	return view_eq(configuration_challenge(
				       current->house->runtime.configuration, token),
			text);
}

int yard_setup(void **state)
{
	struct yard *y = xcalloc(1, sizeof(*y));
	void *house;

	issuer_reset();
	issuer->now = HOUSE_BEGIN;
	house_setup(&house);
	y->house = house;
	y->now = nstime_seconds(1000);
	y->random = 0x1234567;
	y->house->os.state = y;
	y->house->os.now = yard_now;
	y->house->os.wall = yard_wall;
	y->house->os.random = yard_random;
	house_close(y->house); /* it was opened by another clock */
	house_open(y->house);
	issuer_sees = is_shown;
	current = y;
	*state = y;
	return 0;
}

int yard_teardown(void **state)
{
	struct yard *y = *state;
	void *house = y->house;

	house_teardown(&house);
	free(y);
	current = NULL;
	return 0;
}

void yard_apply(struct yard *y, const char *sections)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(HOUSE_TEXT);

	house_state(&text, sections);
	house_must_apply(y->house, buf_view(&text));
}

/* -- time -- */

static void await_answer(struct yard *y)
{
	struct pollfd fd = { .fd = agent_outbox_fd(y->house->agent), .events = POLLIN };

	assert_int_equal(poll(&fd, 1, 30000), 1);
}

void yard_turn(struct yard *y)
{
	struct agent *agent = y->house->agent;

	agent_outbox_turn(agent);
	while (dispatch_out(agent->dispatch) || agent_outbox_deadline(agent) <= y->now) {
		if (dispatch_out(agent->dispatch))
			await_answer(y);
		agent_outbox_turn(agent);
	}
}

void yard_pass(struct yard *y, int64_t seconds)
{
	y->now += nstime_seconds(seconds);
	issuer->now += seconds;
}

static bool is_at_rest(struct yard *y)
{
	CLEANUP(statement_done) struct statement *s = NULL;

	assert_int_equal(database_prepare(y->house->agent->db,
					 "SELECT count(*) FROM outbox WHERE state != "
					 "'done'",
					 &s),
			0);
	assert_int_equal(statement_step(s), DATABASE_ROW);
	return column_u64(s, 0) == 0;
}

bool yard_converges(struct yard *y, int64_t seconds)
{
	nstime last = y->now + nstime_seconds(seconds);

	yard_turn(y);
	while (!is_at_rest(y)) {
		nstime deadline = agent_outbox_deadline(y->house->agent);

		if (deadline > last)
			return false;
		yard_pass(y, (deadline - y->now + NS_PER_S - 1) / NS_PER_S);
		yard_turn(y);
	}
	return true;
}

void yard_tick(struct yard *y)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };

	assert_int_equal(agent_reconcile(y->house->agent, RECONCILE_TIMER, &result), 0);
	assert_int_equal(result.code, EXIT_FINE);
	yard_turn(y);
}

/* -- what is -- */

bool yard_serves(struct yard *y, struct arena *arena, struct certificate_facts *out)
{
	const struct configuration *c = y->house->runtime.configuration;

	for (size_t i = 0; c && i < configuration_identity_count(c); i++) {
		const struct identity_spec *spec = configuration_identity(c, i);

		if (spec->is_challenge)
			continue;
		assert_int_equal(certificate_read(arena, spec->chain, out), 0);
		assert_int_equal(certificate_check_key(spec->chain, spec->key), 0);
		return true;
	}
	return false;
}

bool yard_serves_issued(struct yard *y)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct certificate_facts facts;

	return yard_serves(y, arena, &facts) && !facts.self_signed &&
	       facts.not_before <= issuer->now && facts.not_after > issuer->now;
}

const char *yard_reason(struct yard *y)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	static char kept[256];
	struct view reason;

	assert_int_equal(database_prepare(y->house->agent->db,
					 "SELECT reason FROM outbox ORDER BY serial DESC",
					 &s),
			0);
	if (statement_step(s) != DATABASE_ROW)
		return "";
	reason = column_view(s, 0);
	snprintf(kept, sizeof(kept), "%.*s", VIEW_ARG(reason));
	return kept;
}

bool yard_is_ready(struct yard *y)
{
	json_t *item = house_get(y->house, "certificate/auto");
	const json_t *list = json_object_get(item, "conditions"), *condition;
	bool is = false;
	size_t i;

	json_array_foreach (list, i, condition)
		is |= strcmp(json_string_value(json_object_get(condition, "type")),
				      "Ready") == 0 &&
		      strcmp(json_string_value(json_object_get(condition, "status")),
				      "True") == 0;
	json_decref(item);
	return is;
}

size_t yard_authorities(struct yard *y, struct zone_authority *out)
{
	static char texts[3][256];
	CLEANUP(plan_freep) struct plan *plan = plan_new();
	CLEANUP(observation_deinit) struct observation o = { 0 };
	const struct desired *desired;
	struct runtime_observed live;
	const struct view *from[3];

	assert_int_equal(agent_desired(y->house->agent, &desired), 0);
	agent_observation(y->house->agent, desired, &live, plan, &o);
	assert_int_equal(observe(&o), 0);
	if (o.facts.authority_count == 0)
		return 0;
	*out = o.facts.authorities[0];
	from[0] = &out->name;
	from[1] = &out->account;
	from[2] = &out->method;
	for (int i = 0; i < 3; i++)
		snprintf(texts[i], sizeof(texts[i]), "%.*s", VIEW_ARG(*from[i]));
	out->name = view_z(texts[0]);
	out->account = view_z(texts[1]);
	out->method = view_z(texts[2]);
	return o.facts.authority_count;
}
