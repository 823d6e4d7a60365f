/* Events and traces, as the API carries them, for people. */
#ifndef AGENT_CONTROL_RECORDS_TEXT_H
#define AGENT_CONTROL_RECORDS_TEXT_H

#include <jansson.h>

struct buf;

/* A line an event: when, why, what, how often, in words. */
void events_print(const json_t *events, struct buf *out);
/* From an object to its line, to the generation that put it there, to its steps. */
void trace_print(const json_t *trace, struct buf *out);

#endif
