#include "agent/zone/owned.h"

#include "agent/database/text.h"
#include "agent/zone/rrsets.h"

#include <jansson.h>
#include <stdlib.h>

/* -- texts -- */

static json_t *values_json(const struct rrset *set)
{
	json_t *values = json_array();

	for (size_t i = 0; i < set->count; i++)
		json_array_append_new(values, json_view(set->values[i]));
	return values;
}

struct view owned_print(struct arena *arena, const struct owned_text *text)
{
	json_t *json = json_pack("{s:s, s:o, s:I, s:o, s:o, s:o}", "mode",
			text->managed ? "manage" : "manual", "name",
			json_view(text->set.name), "ttl", (json_int_t)text->set.ttl,
			"type", json_view(text->set.type), "values",
			values_json(&text->set), "zone", json_view(text->zone));
	struct view copy;
	char *dump;

	if (text->managed) {
		json_object_set_new(json, "keeper", json_view(text->keeper));
		json_object_set_new(json, "provider",
				json_loadb(text->provider.data, text->provider.len, 0,
						NULL));
	}
	dump = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	copy = arena_copy(arena, view_z(dump));
	free(dump);
	json_decref(json);
	return copy;
}

static struct view member(struct arena *arena, const json_t *json, const char *name)
{
	const json_t *value = json_object_get(json, name);

	return arena_copy(arena,
			view_of(json_string_value(value), json_string_length(value)));
}

static bool read_set(struct arena *arena, const json_t *json, struct rrset *out)
{
	const json_t *list = json_object_get(json, "values"), *value;
	size_t i;

	*out = (struct rrset){
		.name = member(arena, json, "name"),
		.type = member(arena, json, "type"),
		.ttl = (uint32_t)json_integer_value(json_object_get(json, "ttl")),
		.values = arena_array(arena, json_array_size(list), sizeof(struct view)),
	};
	json_array_foreach (list, i, value)
		out->values[out->count++] = arena_copy(
				arena, view_of(json_string_value(value),
						       json_string_length(value)));
	return out->name.len && out->type.len && json_is_array(list);
}

static struct view provider_of(struct arena *arena, const json_t *json)
{
	char *dump = json_dumps(
			json_object_get(json, "provider"), JSON_COMPACT | JSON_SORT_KEYS);
	struct view copy = arena_copy(arena, view_z(dump ? dump : ""));

	free(dump);
	return copy;
}

bool owned_read(struct arena *arena, struct view text, struct owned_text *out)
{
	json_t *json = json_loadb(text.data ? text.data : "", text.len, 0, NULL);
	bool whole;

	*out = (struct owned_text){
		.managed = view_eq(member(arena, json, "mode"), VIEW("manage")),
		.keeper = member(arena, json, "keeper"),
		.provider = provider_of(arena, json),
		.zone = member(arena, json, "zone"),
	};
	whole = json && read_set(arena, json, &out->set) && out->zone.len;
	json_decref(json);
	return whole;
}

static size_t count_lines(struct view text)
{
	size_t count = 0;

	while (text.len)
		count += view_cut(&text, '\n').len > 0;
	return count;
}

bool owned_load(struct arena *arena, struct view json, struct view former, bool removes,
		struct owned *out)
{
	*out = (struct owned){ .json = json, .removes = removes };
	if (!owned_read(arena, json, &out->wanted))
		return false;
	out->formers = arena_array(arena, count_lines(former), sizeof(*out->formers));
	while (former.len) {
		struct owned_former *one = &out->formers[out->former_count];

		one->json = view_cut(&former, '\n');
		if (!one->json.len)
			continue;
		if (!owned_read(arena, one->json, &one->text))
			return false;
		out->former_count++;
	}
	return true;
}

/* -- whose a value is -- */

static bool was_ours(const struct owned *owned, struct view value)
{
	for (size_t i = 0; i < owned->former_count; i++)
		if (rrset_has(&owned->formers[i].text.set, value))
			return true;
	return false;
}

static bool is_ours(const struct owned *owned, struct view value)
{
	return rrset_has(&owned->wanted.set, value) || was_ours(owned, value);
}

static struct view singular_of(const struct owned *owned, struct view value)
{
	const struct rrset *set = &owned->wanted.set;

	return zone_singular(set->name, set->type, value);
}

static bool has_kind(const struct owned *owned, const struct rrset *set, struct view kind)
{
	for (size_t i = 0; i < set->count; i++)
		if (view_eq(singular_of(owned, set->values[i]), kind))
			return true;
	return false;
}

/* One of this kind lived, and was ours. */
static bool lived(const struct owned *owned, struct view kind)
{
	for (size_t i = 0; i < owned->former_count; i++)
		if (has_kind(owned, &owned->formers[i].text.set, kind))
			return true;
	return false;
}

static bool ours_is_there(
		const struct owned *owned, const struct rrset *live, struct view kind)
{
	for (size_t i = 0; i < live->count; i++)
		if (is_ours(owned, live->values[i]) &&
				view_eq(singular_of(owned, live->values[i]), kind))
			return true;
	return false;
}

/* It stands where ours stood. Of what is taken away, ours is what we put there alone. */
static bool is_altered(
		const struct owned *owned, const struct rrset *live, struct view value)
{
	struct view kind = singular_of(owned, value);

	return kind.len && !owned->removes && !is_ours(owned, value) &&
	       lived(owned, kind) && !ours_is_there(owned, live, kind);
}

/* -- what lives -- */

static bool is_same(const struct rrset *a, const struct rrset *b)
{
	return a->ttl == b->ttl && rrset_eq(a, b);
}

/* The TTL is of the whole set: where others have values in it, it is not ours to say, nor where
 * a person keeps the zone, whose registrar may not offer the one that we print. */
static struct rrset ours_of(
		const struct owned *owned, const struct rrset *live, struct arena *arena)
{
	struct rrset ours = {
		.name = owned->wanted.set.name,
		.type = owned->wanted.set.type,
		.ttl = live->ttl,
		.values = arena_array(arena, live->count, sizeof(struct view)),
	};

	for (size_t i = 0; i < live->count; i++)
		if (is_ours(owned, live->values[i]) ||
				is_altered(owned, live, live->values[i]))
			ours.values[ours.count++] = live->values[i];
	if (ours.count < live->count || !owned->wanted.managed)
		ours.ttl = owned->wanted.set.ttl;
	return ours;
}

struct view owned_live(
		const struct owned *owned, const struct rrset *live, struct arena *arena)
{
	struct owned_text text = owned->wanted;

	text.set = ours_of(owned, live, arena);
	if (!text.set.count)
		return VIEW_NULL;
	if (is_same(&text.set, &owned->wanted.set))
		return owned->json;
	for (size_t i = owned->former_count; i-- > 0;)
		if (is_same(&text.set, &owned->formers[i].text.set))
			return owned->formers[i].json;
	return owned_print(arena, &text);
}

struct rrset owned_missing(
		const struct owned *owned, const struct rrset *live, struct arena *arena)
{
	return rrset_without(arena, &owned->wanted.set, live);
}

/* -- what it has to become -- */

/* Somebody else has what a name has once. */
static bool is_in_the_way(
		const struct owned *owned, const struct rrset *before, struct view value)
{
	struct view kind = singular_of(owned, value);

	return kind.len && !is_ours(owned, value) && !is_altered(owned, before, value) &&
	       has_kind(owned, &owned->wanted.set, kind);
}

static bool stays(
		const struct owned *owned, const struct rrset *before, struct view value)
{
	if (owned->removes)
		return !is_ours(owned, value);
	return rrset_has(&owned->wanted.set, value) ||
	       (!was_ours(owned, value) && !is_altered(owned, before, value));
}

static bool has_foreign(const struct owned *owned, const struct rrset *set)
{
	for (size_t i = 0; i < set->count; i++)
		if (!rrset_has(&owned->wanted.set, set->values[i]))
			return true;
	return false;
}

int owned_change(const struct owned *owned, const struct rrset *before,
		struct arena *arena, struct rrset *after_out, struct view *foreign_out)
{
	const struct rrset *wanted = &owned->wanted.set;
	struct rrset after = *before;

	for (size_t i = 0; i < before->count && !owned->removes; i++)
		if (is_in_the_way(owned, before, before->values[i])) {
			*foreign_out = before->values[i];
			return OWNED_E_FOREIGN;
		}
	after.name = wanted->name;
	after.type = wanted->type;
	after.values = arena_array(arena, before->count, sizeof(struct view));
	after.count = 0;
	for (size_t i = 0; i < before->count; i++)
		if (stays(owned, before, before->values[i]))
			after.values[after.count++] = before->values[i];
	if (!owned->removes)
		after = rrset_with(arena, &after, wanted);
	if (!owned->removes && !has_foreign(owned, &after))
		after.ttl = wanted->ttl;
	*after_out = after;
	return OWNED_OK;
}
