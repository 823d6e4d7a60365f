/* The outbox as the dispatcher has it in memory: what is due when, at which provider, and
 * what waits for what. Rows are read again only where a plan, or an answer, replaced some.
 *
 * In memory times are of the monotonic clock. What a row says of the wall clock is believed
 * only as far as its class would have waited at most, so that a clock that jumps neither
 * holds anything back for years nor lets everything go at once. */
#ifndef AGENT_DELIVERY_H
#define AGENT_DELIVERY_H

#include "agent/effect/bucket.h"
#include "agent/effect/outbox.h"
#include "runtime/base/map.h"

enum {
	PROVIDER_CALLS = 4, /* out at once for one provider */
};

struct provider {
	struct view name;
	struct bucket bucket;
	unsigned out;
	nstime paused_until; /* it asked for fewer requests */
};

struct delivery {
	struct outbox_id id;
	unsigned char uid[UID_SIZE];
	struct view kind, name; /* of the object */
	size_t provider;        /* which of the providers */
	enum outbox_state state;
	struct view dependencies;
	struct view reason; /* why it failed last; or empty */
	unsigned attempts;
	nstime due;
	bool out;                       /* its errand is */
	const struct delivery *before;  /* the object's older call, which is out yet */
	const struct delivery *culprit; /* said to be not Ready; NULL: none */
};

struct deliveries {
	struct arena *arena; /* of the rows that were read last */
	struct delivery *items;
	size_t count;
	struct map by_uid;          /* the newest of each object */
	struct provider *providers; /* for good; malloc'd */
	size_t provider_count, provider_capacity;
};

void deliveries_init(struct deliveries *all);
void deliveries_deinit(struct deliveries *all);
/* Reads the rows anew; what is out stays so, what was due stays due. An older row of an
 * object whose call is not out was left behind by a crash: it is deleted. */
MUST_USE int deliveries_load(
		struct deliveries *all, struct database *db, nstime now, walltime wall);
/* NULL where there is none. */
struct delivery *deliveries_find(const struct deliveries *all, struct outbox_id id);
/* Takes over what was written of it. */
void delivery_follow(struct deliveries *all, struct delivery *d,
		const struct outbox_row *row, nstime due);
/* Its object is gone. */
void delivery_forget(struct deliveries *all, struct delivery *d);

bool delivery_is_open(const struct delivery *d);
/* What it needs and is not done; NULL: nothing holds it. */
const struct delivery *delivery_culprit(
		const struct deliveries *all, const struct delivery *d);
/* What waits for this object, and failed or not, begins anew. */
void deliveries_wake(
		struct deliveries *all, const unsigned char uid[UID_SIZE], nstime now);
/* When it can go: not before `now`; NSTIME_NEVER where only an event can let it go. */
nstime delivery_ready(const struct deliveries *all, const struct delivery *d, nstime now);

#endif
