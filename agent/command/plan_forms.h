/* A plan in the forms that pipelines want, made from the agent's JSON answer: a comment on
 * a merge request, a stream of lines. */
#ifndef AGENT_COMMAND_PLAN_FORMS_H
#define AGENT_COMMAND_PLAN_FORMS_H

#include "runtime/base/buf.h"

#include <jansson.h>

/* A table of the changes, with what is held, drift, and diagnostics below it. What stands in
 * a state cannot leave its cell. */
void plan_markdown(const json_t *answer, struct buf *out);
/* One JSON object a line, each with "type": change, retained, drift, problem, diagnostic;
 * the last one is the summary. */
void plan_ndjson(const json_t *answer, struct buf *out);

#endif
