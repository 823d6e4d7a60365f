#include "agent/zone/records.h"

const struct zone_sts *zone_sts_of(const struct zone_facts *facts,
		const struct desired *desired, const struct desired_domain *domain)
{
	if (!facts || !facts->sts || facts->policies_of != desired)
		return NULL;
	return &facts->sts[domain - desired->domains];
}

void zone_facts_add_key(
		struct zone_facts *facts, struct arena *arena, const struct zone_key *key)
{
	if (facts->key_count == facts->key_capacity) {
		struct zone_key *before = facts->keys;

		facts->key_capacity = before ? 2 * facts->key_capacity : 8;
		facts->keys = arena_array(
				arena, facts->key_capacity, sizeof(*facts->keys));
		if (before)
			memcpy(facts->keys, before, facts->key_count * sizeof(*before));
	}
	facts->keys[facts->key_count++] = *key;
}
