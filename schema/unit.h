/* Values with a unit: read strictly, printed in the one form that hashes compare. */
#ifndef SCHEMA_UNIT_H
#define SCHEMA_UNIT_H

#include "runtime/base/arena.h"

enum unit_outcome {
	UNIT_OK = 0,
	UNIT_E_FORM = 1, /* not even the shape */
	UNIT_E_UNIT,     /* a number whose unit is missing or does not exist */
	UNIT_E_RANGE, /* more than 63 bits hold, or a day, hour or month that is none */
};

/* `10GiB`; bytes. */
MUST_USE int size_parse(struct view text, int64_t *out);
struct view size_print(struct arena *arena, int64_t bytes);
/* `2h30m`; seconds. */
MUST_USE int duration_parse(struct view text, int64_t *out);
struct view duration_print(struct arena *arena, int64_t seconds);
/* `300/d`. */
MUST_USE int rate_parse(struct view text, int64_t *count_out, char *per_out);
/* `hourly`, `daily 03:00`, `weekly Sun 04:00`, `monthly 1 04:00`, or five fields of cron;
 * the times may be left out. The canonical text is in the arena. */
MUST_USE int schedule_parse(struct arena *arena, struct view text, struct view *out);
/* `2026-12-01` or `2026-12-01T17:00`, with or without seconds and `Z`. */
MUST_USE int date_check(struct view text);

#endif
