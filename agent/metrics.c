#include "agent/metrics.h"

#include "agent/inside.h"
#include "agent/status.h"
#include "runtime/base/error.h"
#include "runtime/base/metric.h"

#include <errno.h>

enum {
	SECONDS_OF_DAY = 24 * 60 * 60
};

/* -- how it went -- */

static struct view word_of(enum exit_code code)
{
	switch (code) {
	case EXIT_FINE:
		return VIEW("fine");
	case EXIT_INVALID:
		return VIEW("invalid");
	case EXIT_GATE:
		return VIEW("held");
	case EXIT_CONFLICT:
		return VIEW("conflict");
	case EXIT_NOT_READY:
		return VIEW("not_ready");
	default:
		return VIEW("error");
	}
}

void metrics_of_run(const struct agent_result *result, walltime now)
{
	unsigned outcome;

	if (metric_label(METRIC_RECONCILES, 0, word_of(result->code), &outcome))
		metric_add(METRIC_RECONCILES, outcome, 0, 1);
	metric_set(METRIC_RECONCILE_TIME, 0, 0, result->took);
	metric_set(METRIC_RECONCILE_LAST, 0, 0, now);
	metric_set(METRIC_GENERATION, 0, 0, (int64_t)result->generation);
	if (result->code == EXIT_FINE || result->code == EXIT_GATE)
		metric_set(METRIC_GENERATION_OBSERVED, 0, 0, (int64_t)result->generation);
}

void metrics_of_source(bool failing, walltime seen)
{
	metric_set(METRIC_SOURCE_FAILING, 0, 0, failing);
	metric_set(METRIC_SOURCE_SEEN, 0, 0, seen);
}

/* -- how things stand -- */

static bool somebody_may_ask(const struct agent *agent)
{
	const struct host_spec *host;

	if (!agent->configuration)
		return false;
	host = configuration_host(agent->configuration);
	for (size_t i = 0; i < host->listener_count; i++)
		if (host->listeners[i].kind == LISTENER_METRICS)
			return true;
	return false;
}

static void show_kind(const struct kind_count *count)
{
	unsigned kind;

	if (!metric_label(METRIC_OBJECTS, 0, view_z(count->kind), &kind))
		return;
	metric_set(METRIC_OBJECTS, kind, CONDITION_READY, (int64_t)count->ready);
	metric_set(METRIC_OBJECTS, kind, CONDITION_NOT_READY,
			(int64_t)(count->total - count->ready - count->disabled));
	metric_set(METRIC_OBJECTS, kind, CONDITION_DISABLED, (int64_t)count->disabled);
}

/* Until the first one of those that are served ends; without any, there is no need. */
static int show_certificates(struct agent *agent, walltime now)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(agent->db, "SELECT min(not_after) FROM certificate", &s);

	if (r == 0)
		r = statement_step(s);
	if (r != DATABASE_ROW)
		return r > 0 ? fault(-EIO) : r;
	if (!column_is_null(s, 0))
		metric_set(METRIC_CERTIFICATE_DAYS, 0, 0,
				(column_i64(s, 0) - now) / SECONDS_OF_DAY);
	return 0;
}

int agent_show_metrics(struct agent *agent)
{
	CLEANUP(status_freep) struct status *status = NULL;
	int r;

	if (!agent->metrics_stale || !somebody_may_ask(agent))
		return 0;
	agent->metrics_stale = false;
	r = agent_status(agent, VIEW_NULL, &status);
	if (r)
		return r > 0 ? fault(-EIO) : r;
	for (size_t i = 0; i < status->kind_count; i++)
		show_kind(&status->kinds[i]);
	metric_set(METRIC_SUSPENDED, 0, 0, status->suspension.until > 0);
	return show_certificates(agent, status->now);
}
