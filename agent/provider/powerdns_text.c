#include "agent/provider/powerdns_inside.h"

#include "agent/database/text.h"
#include "runtime/base/error.h"
#include "runtime/base/limit.h"

void powerdns_zone_deinit(struct powerdns_zone *zone)
{
	json_decref(zone->records);
	zone->records = NULL;
}

/* -- what it says -- */

static struct view text_at(const json_t *object, const char *name)
{
	const json_t *text = json_object_get(object, name);

	return view_of(json_string_value(text), json_string_length(text));
}

/* Absolute, as names are there; case does not matter. */
static bool is_name(struct view absolute, struct view name)
{
	return absolute.len == name.len + 1 && view_ends(absolute, VIEW(".")) &&
	       view_eq_nocase(view_sub(absolute, 0, name.len), name);
}

static bool is_set(const json_t *rrset, struct view name, struct view type)
{
	return is_name(text_at(rrset, "name"), name) &&
	       view_eq(text_at(rrset, "type"), type);
}

/* Those that are switched off are not served. */
static bool is_served(const json_t *record)
{
	return !json_is_true(json_object_get(record, "disabled"));
}

static int read_values(const json_t *rrset, struct view name, struct view type,
		struct arena *arena, struct powerdns_zone *out, const char **why_out)
{
	json_t *records = json_object_get(rrset, "records"), *record;
	json_int_t ttl = json_integer_value(json_object_get(rrset, "ttl"));
	struct view *values =
			arena_array(arena, json_array_size(records), sizeof(*values));
	size_t count = 0, i;
	int r;

	if (!json_is_array(records) || ttl < 0 || ttl > INT32_MAX) {
		*why_out = "a set of its answer has no records, or no TTL";
		return 1;
	}
	json_array_foreach (records, i, record) {
		struct view content = text_at(record, "content");

		if (!content.data) {
			*why_out = "a record of its answer has no content";
			return 1;
		}
		if (is_served(record))
			values[count++] = content;
	}
	r = rrset_make(arena, name, type, (uint32_t)ttl, values, count, &out->set);
	if (r) {
		*why_out = rrset_outcome_text((enum rrset_outcome)r);
		return 1;
	}
	json_decref(out->records);
	out->records = json_incref(records);
	return 0;
}

static int read_sets(const json_t *json, struct view zone, struct view name,
		struct view type, struct arena *arena, struct powerdns_zone *out,
		const char **why_out)
{
	json_t *rrsets = json_object_get(json, "rrsets"), *rrset;
	size_t i;
	int r = 0;

	if (!is_name(text_at(json, "name"), zone) || !json_is_array(rrsets)) {
		*why_out = "its answer is about something else";
		return 1;
	}
	json_array_foreach (rrsets, i, rrset) {
		bool is_soa = is_set(rrset, zone, VIEW("SOA"));

		if ((is_soa && out->has_soa) ||
				(is_set(rrset, name, type) && out->records)) {
			*why_out = "it lists a set twice";
			return 1;
		}
		out->has_soa |= is_soa &&
				json_array_size(json_object_get(rrset, "records")) == 1;
		if (is_set(rrset, name, type))
			r = read_values(rrset, name, type, arena, out, why_out);
		if (r)
			return r;
	}
	return 0;
}

int powerdns_read(struct view text, struct view zone, struct view name, struct view type,
		struct arena *arena, struct powerdns_zone *out, const char **why_out)
{
	struct powerdns_zone read = { 0 };
	json_t *json = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
	int r = rrset_make(arena, name, type, 0, NULL, 0, &read.set);

	if (r)
		*why_out = rrset_outcome_text((enum rrset_outcome)r);
	else if (!json_is_object(json))
		r = 1, *why_out = "its answer is no JSON, or ends too soon";
	else
		r = read_sets(json, zone, name, type, arena, &read, why_out);
	json_decref(json);
	if (r) {
		powerdns_zone_deinit(&read);
		return 1;
	}
	*out = read;
	return 0;
}

/* -- what is said to it -- */

static bool is_value(struct arena *arena, const json_t *record, const struct rrset *set,
		struct view value)
{
	struct view own;

	return is_served(record) &&
	       rrset_value(arena, set->type, text_at(record, "content"), &own) == 0 &&
	       rrset_value_eq(set->type, own, value);
}

/* As the server wrote it, where it has it. */
static json_t *record_of(struct arena *arena, const struct powerdns_zone *zone,
		const struct rrset *set, struct view value)
{
	json_t *record;
	size_t i;

	json_array_foreach (zone->records, i, record)
		if (is_value(arena, record, set, value))
			return json_incref(record);
	return json_pack("{s:o, s:b}", "content", json_view(value), "disabled", 0);
}

char *powerdns_change(const struct powerdns_zone *zone, const struct rrset *after)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	json_t *records = json_array(), *record, *change;
	size_t i;
	char *text;

	json_array_foreach (zone->records, i, record)
		if (!is_served(record))
			json_array_append(records, record);
	for (i = 0; i < after->count; i++)
		json_array_append_new(
				records, record_of(arena, zone, after, after->values[i]));
	change = json_pack("{s:[{s:o, s:o, s:s, s:I, s:o}]}", "rrsets", "name",
			json_view(arena_printf(arena, "%.*s.", VIEW_ARG(after->name))),
			"type", json_view(after->type), "changetype",
			json_array_size(records) ? "REPLACE" : "DELETE", "ttl",
			(json_int_t)after->ttl, "records", records);
	text = json_dumps(change, JSON_COMPACT);
	json_decref(change);
	if (!text)
		die("out of memory");
	return text;
}
