/* When something is due that a state schedules: `hourly`, `daily 03:00`, `weekly Sun 04:00`,
 * `monthly 1 02:00`, or five fields of cron. All times are UTC: no hour comes twice a year,
 * and none is left out. */
#ifndef AGENT_BACKUP_CALENDAR_H
#define AGENT_BACKUP_CALENDAR_H

#include "runtime/base/clock.h"
#include "runtime/base/view.h"

#include <stdbool.h>

struct calendar {
	uint64_t minutes;
	uint32_t hours, month_days, months, week_days; /* a bit a value; Sunday is 0 */
	bool either; /* a day of the month or of the week is enough, as cron has it */
};

/* As the schema has checked it; false where it is none. */
MUST_USE bool calendar_read(struct view text, struct calendar *out);
/* The last time that it was due, at or before `at`; 0 where that is over five years ago. */
walltime calendar_before(const struct calendar *calendar, walltime at);

#endif
