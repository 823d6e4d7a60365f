#include "agent/driver.h"
#include "agent/metrics.h"
#include "runtime/base/metric.h"
#include "tests/agent/house.h"
#include "tests/lib/test.h"

#define HOST                                                                             \
	"version: 1\nhosts: {mail: {name: mail.a.example, listen: {metrics: 9090}}}\n"   \
	"domains: {a.example: {}}\n"

static unsigned label_of(enum metric metric, const char *word)
{
	unsigned at;

	assert_true(metric_label(metric, 0, view_z(word), &at));
	return at;
}

static int64_t objects(const char *kind, enum metric_condition condition)
{
	return metric_value(METRIC_OBJECTS, label_of(METRIC_OBJECTS, kind), condition);
}

static int64_t runs(const char *outcome)
{
	return metric_value(METRIC_RECONCILES, label_of(METRIC_RECONCILES, outcome), 0);
}

static void every_kind_has_its_word(void **state)
{
	(void)state;
	for (size_t i = 0; i < driver_count; i++)
		label_of(METRIC_OBJECTS, drivers[i]->kind);
}

static void runs_are_counted_by_their_end(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	int64_t fine = runs("fine"), invalid = runs("invalid");

	house_must_apply(house, VIEW(HOST "users: {anna@a.example: {}}\n"));
	assert_int_equal(runs("fine"), fine + 1);
	assert_int_equal(metric_value(METRIC_GENERATION, 0, 0), 1);
	assert_int_equal(metric_value(METRIC_GENERATION_OBSERVED, 0, 0), 1);
	assert_int_equal(metric_value(METRIC_RECONCILE_LAST, 0, 0), house->now);
	house_apply(house, VIEW(HOST "users: {anna@a.example: {qouta: 1GiB}}\n"),
			&result);
	assert_int_equal(runs("invalid"), invalid + 1);
	assert_int_equal(metric_value(METRIC_GENERATION_OBSERVED, 0, 0), 1);
}

static void objects_are_counted_by_their_condition(void **state)
{
	struct house *house = *state;
	struct agent_suspension pause = { house->now + 60, VIEW("a test"), VIEW("me") };

	house_must_apply(house,
			VIEW(HOST "users: {anna@a.example: {}, bo@a.example: {}}\n"));
	assert_int_equal(agent_show_metrics(house->agent), 0);
	assert_int_equal(objects("user", CONDITION_READY), 2);
	assert_int_equal(objects("user", CONDITION_DISABLED), 0);
	assert_int_equal(objects("certificate", CONDITION_NOT_READY), 0);
	assert_true(metric_value(METRIC_CERTIFICATE_DAYS, 0, 0) > 80);
	assert_int_equal(metric_value(METRIC_SUSPENDED, 0, 0), 0);
	house_must_apply(house, VIEW(HOST "users: {anna@a.example: {}}\n"));
	assert_int_equal(agent_suspend(house->agent, &pause), 0);
	assert_int_equal(agent_show_metrics(house->agent), 0);
	assert_int_equal(objects("user", CONDITION_READY), 1);
	assert_int_equal(objects("user", CONDITION_DISABLED), 1);
	assert_int_equal(metric_value(METRIC_SUSPENDED, 0, 0), 1);
	house->now += (walltime)300 * 86400;
	assert_int_equal(agent_resume(house->agent, VIEW("me")), 0);
	assert_int_equal(agent_show_metrics(house->agent), 0);
	assert_int_equal(objects("certificate", CONDITION_NOT_READY), 1);
}

/* It costs a look at every object. */
static void where_nobody_can_ask_nothing_is_looked_at(void **state)
{
	struct house *house = *state;
	unsigned user = label_of(METRIC_OBJECTS, "user");

	house_must_apply(house, VIEW("version: 1\nhosts: {mail: {name: mail.a.example}}\n"
				     "domains: {a.example: {}}\n"
				     "users: {anna@a.example: {}}\n"));
	metric_set(METRIC_OBJECTS, user, CONDITION_READY, 77);
	assert_int_equal(agent_show_metrics(house->agent), 0);
	assert_int_equal(objects("user", CONDITION_READY), 77);
}

/* No login guards it: a bare port is for this machine alone. */
static void a_bare_port_is_loopback(void **state)
{
	struct house *house = *state;
	const struct host_spec *host;
	size_t found = 0;

	house_must_apply(house, VIEW(HOST "users: {anna@a.example: {}}\n"));
	host = configuration_host(house->runtime.configuration);
	for (size_t i = 0; i < host->listener_count; i++) {
		const struct listener_spec *spec = &host->listeners[i];

		if (spec->kind != LISTENER_METRICS)
			continue;
		assert_view(spec->address, "127.0.0.1");
		assert_int_equal(spec->port, 9090);
		found++;
	}
	assert_int_equal(found, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_has_its_word),
		cmocka_unit_test_setup_teardown(runs_are_counted_by_their_end,
				house_setup, house_teardown),
		cmocka_unit_test_setup_teardown(objects_are_counted_by_their_condition,
				house_setup, house_teardown),
		cmocka_unit_test_setup_teardown(where_nobody_can_ask_nothing_is_looked_at,
				house_setup, house_teardown),
		cmocka_unit_test_setup_teardown(
				a_bare_port_is_loopback, house_setup, house_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
