#include "agent/command/dns_known.h"

#include "agent/control/client.h"
#include "agent/zone/owned.h"

#include <jansson.h>
#include <stdlib.h>

struct knowing {
	const struct desired *desired;
	struct arena *arena;
	struct zone_rrsets *sets;
	size_t capacity;
};

/* Of which the files do not tell all. */
static bool is_known_better(const struct rrset *set)
{
	return view_eq(set->type, VIEW("CAA")) || view_eq(set->type, VIEW("TLSA")) ||
	       view_starts(set->name, VIEW("_mta-sts.")) ||
	       view_starts(set->name, VIEW("_dmarc."));
}

static struct zone_rrset *place_of(struct knowing *k, struct view key)
{
	struct zone_rrset *before = k->sets->items;

	for (size_t i = 0; i < k->sets->count; i++)
		if (view_eq(before[i].key, key))
			return &before[i];
	if (k->sets->count == k->capacity) {
		k->capacity = 2 * k->capacity + 8;
		k->sets->items = arena_array(
				k->arena, k->capacity, sizeof(*k->sets->items));
		if (k->sets->count)
			memcpy(k->sets->items, before, k->sets->count * sizeof(*before));
	}
	k->sets->items[k->sets->count] = (struct zone_rrset){ .key = key };
	return &k->sets->items[k->sets->count++];
}

/* The line that asks for it is the domain's where the files have none. */
static void take_record(struct knowing *k, const struct owned_text *text)
{
	const struct desired_domain *zone = desired_domain_of(k->desired, text->zone);
	struct zone_rrset *set;

	if (!zone || !is_known_better(&text->set))
		return;
	set = place_of(k, arena_printf(k->arena, "%.*s/%.*s", VIEW_ARG(text->set.name),
					  VIEW_ARG(text->set.type)));
	set->zone = zone;
	set->set = text->set;
	if (!set->record_count) {
		struct zone_record *record = ARENA_NEW(k->arena, struct zone_record);
		const struct zone_record **list = arena_array(k->arena, 1, sizeof(*list));

		*record = (struct zone_record){ .zone = zone,
			.span = zone->object.key_span };
		*list = record;
		set->records = list;
		set->record_count = 1;
	}
}

static void take_object(struct knowing *k, const json_t *object)
{
	const char *kind = json_string_value(json_object_get(object, "kind"));
	struct owned_text text;
	char *applied;

	if (!kind || strcmp(kind, "record") != 0)
		return;
	applied = json_dumps(json_object_get(object, "last_applied"),
			JSON_COMPACT | JSON_SORT_KEYS);
	if (applied && owned_read(k->arena, arena_copy(k->arena, view_z(applied)), &text))
		take_record(k, &text);
	free(applied);
}

void dns_known(const char *control, const struct desired *desired, struct arena *arena,
		struct zone_rrsets *sets)
{
	struct knowing k = { desired, arena, sets, sets->count };
	struct control_reply reply = { 0 };
	const json_t *object;
	size_t i;

	if (control_call(control, "GET", "/v1/objects?object=record", NULL, &reply))
		return;
	json_array_foreach (json_object_get(reply.body, "items"), i, object)
		take_object(&k, object);
	json_decref(reply.body);
}
