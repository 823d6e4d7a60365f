/* The kept lines of the log, as the API carries them. */
#ifndef AGENT_CONTROL_LOG_TEXT_H
#define AGENT_CONTROL_LOG_TEXT_H

#include "runtime/base/view.h"

#include <jansson.h>

struct buf;

struct log_wish {
	uint64_t after;    /* lines with a higher number than this */
	size_t most;       /* the newest of them, that many */
	struct view field; /* only those that have it … */
	struct view value; /* … with this value; no field: all */
};

/* `{"items": [{"number": 12, "line": "…"}], "last": 12, "lost": 0}`: `last` is the number to
 * ask after the next time, `lost` counts those after `after` that are gone. The same lines go
 * to `text`. A new reference. */
MUST_USE json_t *log_read(const struct log_wish *wish, struct buf *text);

/* `FIELD=VALUE`; false where it is not. */
MUST_USE bool log_wish_grep(struct view text, struct log_wish *out);

#endif
