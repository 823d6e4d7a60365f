#include "runtime/service/visits.h"

#include "runtime/base/map.h"
#include "runtime/base/network.h"

#define EVERY nstime_seconds(VISITS_EVERY_S)

/* Its slot, or the one of its row that is full again first. */
static struct visit *slot_of(struct visits *visits, uint64_t hash)
{
	struct visit *row = visits->slots[hash % VISITS_ROWS], *first = &row[0];

	for (size_t i = 0; i < VISITS_WAYS; i++) {
		if (row[i].hash == hash)
			return &row[i];
		if (row[i].full_at < first->full_at)
			first = &row[i];
	}
	*first = (struct visit){ .hash = hash };
	return first;
}

bool visits_enter(struct visits *visits, const struct sockaddr_storage *who, nstime now)
{
	struct network place;
	struct visit *visit;

	if (!network_around(who, 32, 64, &place))
		return true;
	visit = slot_of(visits, bytes_hash(network_view(&place)));
	if (visit->full_at < now)
		visit->full_at = now;
	if (visit->full_at - now > (VISITS_BURST - 1) * EVERY)
		return false;
	visit->full_at += EVERY;
	return true;
}
