/* Objects as a person reads them: a table of many, or one whole. */
#ifndef AGENT_CONTROL_OBJECTS_TEXT_H
#define AGENT_CONTROL_OBJECTS_TEXT_H

#include <jansson.h>

struct buf;

/* `list` is what agent_get() gives. One object alone is shown whole. */
void objects_print(const json_t *list, struct buf *out);

#endif
