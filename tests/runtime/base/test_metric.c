#include "runtime/base/metric.h"
#include "tests/lib/test.h"

static bool says(enum metric_format format, const char *line)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(1 << 20);

	metrics_render(format, &text);
	assert_false(buf_failed(&text));
	return view_find_view(buf_view(&text), view_z(line)) < text.len;
}

static void every_metric_has_a_row(void **state)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(1 << 20);
	struct view rest;
	size_t families = 0;

	(void)state;
	metrics_render(METRIC_OPENMETRICS, &text);
	for (rest = buf_view(&text); rest.data;)
		families += view_starts(view_cut(&rest, '\n'), VIEW("# TYPE posthus_"));
	assert_int_equal(families, METRIC_COUNT);
}

static void counters_are_totals_in_both_forms(void **state)
{
	(void)state;
	metric_add(METRIC_LOGINS, METRIC_SUBMISSION, METRIC_LOGIN_REFUSED, 3);
	metric_add(METRIC_LOGINS, METRIC_SUBMISSION, METRIC_LOGIN_REFUSED, 4);
	assert_int_equal(metric_value(METRIC_LOGINS, METRIC_SUBMISSION,
					 METRIC_LOGIN_REFUSED),
			7);
	assert_true(says(METRIC_OPENMETRICS, "# TYPE posthus_logins counter\n"));
	assert_true(says(METRIC_PROMETHEUS, "# TYPE posthus_logins_total counter\n"));
	for (int format = METRIC_OPENMETRICS; format <= METRIC_PROMETHEUS; format++)
		assert_true(says((enum metric_format)format,
				"\nposthus_logins_total{protocol=\"submission\",outcome="
				"\"refused\"} 7\n"));
}

static void gauges_go_up_and_down(void **state)
{
	(void)state;
	metric_add(METRIC_JOBS_WAITING, 0, 0, 2);
	metric_add(METRIC_JOBS_WAITING, 0, 0, -1);
	assert_true(says(METRIC_PROMETHEUS, "\nposthus_jobs_waiting 1\n"));
	metric_set(METRIC_RECONCILE_TIME, 0, 0, 1500 * NS_PER_MS);
	assert_true(says(METRIC_PROMETHEUS,
			"\nposthus_reconcile_time_seconds 1.500000000\n"));
}

static void buckets_add_up(void **state)
{
	(void)state;
	metric_observe(METRIC_INTAKE_FLUSH, NS_PER_MS);     /* at its end: within it */
	metric_observe(METRIC_INTAKE_FLUSH, NS_PER_MS + 1); /* beyond */
	metric_observe(METRIC_INTAKE_FLUSH, 60 * NS_PER_S);
	assert_true(says(METRIC_OPENMETRICS,
			"posthus_intake_flush_seconds_bucket{le=\"0.0005\"} 0\n"
			"posthus_intake_flush_seconds_bucket{le=\"0.001\"} 1\n"
			"posthus_intake_flush_seconds_bucket{le=\"0.002\"} 2\n"));
	assert_true(says(METRIC_OPENMETRICS,
			"posthus_intake_flush_seconds_bucket{le=\"5.0\"} 2\n"
			"posthus_intake_flush_seconds_bucket{le=\"+Inf\"} 3\n"
			"posthus_intake_flush_seconds_count 3\n"
			"posthus_intake_flush_seconds_sum 60.002000001\n"));
}

static void the_end_is_marked_where_the_form_has_it(void **state)
{
	(void)state;
	assert_true(says(METRIC_OPENMETRICS, "\n# EOF\n"));
	assert_false(says(METRIC_PROMETHEUS, "# EOF"));
	assert_false(says(METRIC_PROMETHEUS, "# UNIT"));
}

static void clients_get_what_they_ask_for(void **state)
{
	/* clang-format off */
	static const struct { const char *accept; enum metric_format format; } cases[] = {
		{ "",                                               METRIC_PROMETHEUS },
		{ "*/*",                                            METRIC_PROMETHEUS },
		{ "text/plain;version=0.0.4;q=0.5",                 METRIC_PROMETHEUS },
		{ "application/openmetrics-text",                   METRIC_OPENMETRICS },
		/* what Prometheus 2 sends */
		{ "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
		  "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",       METRIC_OPENMETRICS },
		{ "text/html, Application/OpenMetrics-Text ; q=0.1", METRIC_OPENMETRICS },
		{ "application/openmetrics-text-not",               METRIC_PROMETHEUS },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(metric_format_of(view_z(cases[i].accept)),
				cases[i].format);
}

static void labels_are_found_by_their_words(void **state)
{
	unsigned at = 99;

	(void)state;
	assert_true(metric_label(METRIC_OBJECTS, 0, VIEW("user"), &at));
	metric_set(METRIC_OBJECTS, at, CONDITION_NOT_READY, 5);
	assert_true(says(METRIC_OPENMETRICS,
			"posthus_objects{kind=\"user\",condition=\"not_ready\"} 5\n"));
	assert_false(metric_label(METRIC_OBJECTS, 0, VIEW("use"), &at));
	assert_false(metric_label(METRIC_OBJECTS, 0, VIEW(""), &at));
	assert_false(metric_label(METRIC_GENERATION, 0, VIEW("user"), &at));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_metric_has_a_row),
		cmocka_unit_test(counters_are_totals_in_both_forms),
		cmocka_unit_test(gauges_go_up_and_down),
		cmocka_unit_test(buckets_add_up),
		cmocka_unit_test(the_end_is_marked_where_the_form_has_it),
		cmocka_unit_test(clients_get_what_they_ask_for),
		cmocka_unit_test(labels_are_found_by_their_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
