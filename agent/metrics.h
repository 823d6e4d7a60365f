/* What the agent adds to the metrics (runtime/base/metric.h). */
#ifndef AGENT_METRICS_H
#define AGENT_METRICS_H

#include "agent/agent.h"

/* An apply or a reconcile has ended so. */
void metrics_of_run(const struct agent_result *result, walltime now);

/* How objects, certificates and suspension stand, where that may have moved since the last
 * call and somebody may ask: once answers are out, since it looks at every object. */
MUST_USE int agent_show_metrics(struct agent *agent);

/* How the repository of the state stands; `seen` is when it last answered, 0 for never. */
void metrics_of_source(bool failing, walltime seen);

#endif
