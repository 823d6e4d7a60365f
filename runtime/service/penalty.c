#include "runtime/service/penalty.h"

#include "runtime/base/map.h"

nstime penalty_add(struct penalty *penalty, struct view key, nstime now)
{
	uint64_t hash = bytes_hash(key);
	__typeof__(&penalty->slots[0]) slot = &penalty->slots[hash % PENALTY_SLOTS];

	if (slot->hash != hash || now - slot->last > nstime_seconds(PENALTY_MEMORY_S)) {
		slot->hash = hash;
		slot->count = 0;
	}
	slot->last = now;
	if (slot->count * PENALTY_STEP_S < PENALTY_LONGEST_S)
		slot->count++;
	return nstime_min(nstime_seconds(slot->count * (int64_t)PENALTY_STEP_S),
			nstime_seconds(PENALTY_LONGEST_S));
}
