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

void zone_facts_add_tls_key(struct zone_facts *facts, struct arena *arena,
		struct view host, struct view value)
{
	for (size_t i = 0; i < facts->tls_key_count; i++)
		if (view_eq(facts->tls_keys[i].value, value) &&
				view_eq(facts->tls_keys[i].host, host))
			return;
	if (facts->tls_key_count == facts->tls_key_capacity) {
		struct zone_tls_key *before = facts->tls_keys;

		facts->tls_key_capacity = before ? 2 * facts->tls_key_capacity : 4;
		facts->tls_keys = arena_array(
				arena, facts->tls_key_capacity, sizeof(*facts->tls_keys));
		if (before)
			memcpy(facts->tls_keys, before,
					facts->tls_key_count * sizeof(*before));
	}
	facts->tls_keys[facts->tls_key_count++] = (struct zone_tls_key){
		.host = arena_copy(arena, host),
		.value = arena_copy(arena, value),
	};
}
