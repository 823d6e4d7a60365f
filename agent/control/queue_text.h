/* The queue, as the API carries it, for people. */
#ifndef AGENT_CONTROL_QUEUE_TEXT_H
#define AGENT_CONTROL_QUEUE_TEXT_H

#include "runtime/base/clock.h"

#include <jansson.h>

struct buf;

/* A message with its recipients below it: what was last heard, and what happens next. */
void queue_print(const json_t *messages, walltime now, struct buf *out);

#endif
