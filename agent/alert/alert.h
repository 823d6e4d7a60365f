/* Alerts: alarms that are kept, so that each is told of once, its end too, and a restart tells
 * nothing again.
 *
 *   alarm ──► begun ──patience──► told ──it is gone──► over ──ALERT_QUIET──► told ──► forgotten
 *               │ gone before                           │ it comes again
 *               ▼                                       ▼
 *           forgotten                                 as before, and nobody hears of it
 *
 * One row an (object, reason). What was told of it is counted by channel: mail and webhook
 * do not wait for each other. */
#ifndef AGENT_ALERT_H
#define AGENT_ALERT_H

#include "agent/alert/alarm.h"

struct database;

enum {
	ALERT_QUIET = 5 * 60, /* seconds that it has to be gone before its end is told */
	ALERT_NEWS = 100,     /* told in one go; the rest comes with the next */
};

enum alert_channel {
	ALERT_MAIL,
	ALERT_WEBHOOK,
	ALERT_CHANNELS,
};

struct alert {
	struct view object, reason, message;
	walltime since;
	walltime over; /* 0: it lasts */
};

/* Takes up what is wrong now. Writes nothing where nothing of it is new. */
MUST_USE int alerts_follow(
		struct database *db, const struct alarms *alarms, walltime now);
/* What this channel has to tell: at most ALERT_NEWS of it, in the arena. */
MUST_USE int alerts_news(struct database *db, enum alert_channel channel, walltime now,
		struct arena *arena, struct alert **out, size_t *count_out);
/* It was told. */
MUST_USE int alerts_told(struct database *db, enum alert_channel channel,
		const struct alert *news, size_t count);
/* Forgets those that are over and of which nobody has to hear any more; `uses` says which
 * channels there are. */
MUST_USE int alerts_forget(struct database *db, const bool uses[ALERT_CHANNELS]);
/* How many last longer than their patience. */
MUST_USE int alerts_count(struct database *db, walltime now, size_t *out);

#endif
