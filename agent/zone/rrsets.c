#include "agent/zone/rrsets.h"

#include "runtime/base/map.h"

enum {
	RDATA_MAX = 65535
};

/* -- what a name has once -- */

/* clang-format off */
static const char *const versions[] = {
	"v=spf1",     /* RFC 7208, 3.2 */
	"v=DMARC1",   /* RFC 7489, 6.6.3 */
	"v=TLSRPTv1", /* RFC 8460, 3 */
	"v=STSv1",    /* RFC 8461, 3.1 */
	"v=DKIM1",    /* RFC 6376, 3.6.2.2 */
};
/* clang-format on */

static bool says_version(struct view text, struct view version)
{
	struct view rest;

	if (!view_starts_nocase(text, version))
		return false;
	rest = view_from(text, version.len);
	return !rest.len || rest.data[0] == ' ' || rest.data[0] == ';';
}

struct view zone_singular(struct view name, struct view type, struct view value)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(RDATA_MAX);

	if (view_eq(type, VIEW("CNAME")))
		return type;
	if (!view_eq(type, VIEW("TXT")))
		return VIEW_NULL;
	/* A key may come without its version. */
	if (view_find_view(name, VIEW("._domainkey.")) < name.len)
		return VIEW("v=DKIM1");
	rrset_text(value, &text);
	for (size_t i = 0; i < ARRAY_LEN(versions); i++)
		if (says_version(buf_view(&text), view_z(versions[i])))
			return view_z(versions[i]);
	return VIEW_NULL;
}

/* -- gathering -- */

static struct view key_of(struct arena *arena, const struct zone_record *record)
{
	return arena_printf(arena, "%.*s/%s", VIEW_ARG(record->name), record->type);
}

static size_t count_of(const struct zone_records *records, struct arena *arena,
		struct map *counts, struct zone_rrset *sets)
{
	size_t count = 0;

	for (size_t i = 0; i < records->count; i++) {
		const struct zone_record *record = &records->items[i];
		struct view key = key_of(arena, record);
		struct zone_rrset *set = map_get(counts, key);

		if (!set) {
			set = &sets[count++];
			*set = (struct zone_rrset){ .key = key, .zone = record->zone };
			map_set(counts, set->key, set);
		}
		set->record_count++;
	}
	return count;
}

static void put(const struct zone_records *records, struct arena *arena,
		const struct map *by_key)
{
	for (size_t i = 0; i < records->count; i++) {
		const struct zone_record *record = &records->items[i];
		struct zone_rrset *set = map_get(by_key, key_of(arena, record));

		if (!set->records) {
			set->records = arena_array(arena, set->record_count,
					sizeof(struct zone_record *));
			set->record_count = 0;
		}
		set->records[set->record_count++] = record;
	}
}

/* All of an RRset have one TTL (RFC 2181, 5.2): the shortest that is asked for. */
static void make(struct arena *arena, struct zone_rrset *set)
{
	const struct zone_record *first = set->records[0];
	struct view *values = arena_array(arena, set->record_count, sizeof(struct view));
	uint32_t ttl = first->ttl;
	size_t count = 0;

	for (size_t i = 0; i < set->record_count; i++) {
		const struct zone_record *record = set->records[i];

		ttl = record->ttl < ttl ? record->ttl : ttl;
		set->pending |= record->pending;
		if (!record->pending)
			values[count++] = record->value;
	}
	set->set = (struct rrset){
		.name = first->name, .type = view_z(first->type), .ttl = ttl
	};
	if (count)
		set->outcome = rrset_make(arena, first->name, view_z(first->type), ttl,
				values, count, &set->set);
}

/* -- what cannot stand side by side -- */

static bool exclude(const struct zone_record *a, const struct zone_record *b)
{
	struct view type = view_z(a->type), kind;

	if (a->pending || b->pending || rrset_value_eq(type, a->value, b->value))
		return false;
	kind = zone_singular(a->name, type, a->value);
	if (kind.len && view_eq(kind, zone_singular(b->name, type, b->value)))
		return true;
	return a->declared != b->declared && !view_eq(type, VIEW("TXT"));
}

static void find_within(struct zone_rrset *set)
{
	for (size_t i = 0; i < set->record_count; i++)
		for (size_t j = 0; j < i && !set->one; j++)
			if (exclude(set->records[i], set->records[j])) {
				set->one = set->records[i];
				set->other = set->records[j];
			}
}

/* A name that stands for another one has nothing else (RFC 1034, 3.6.2). */
static void find_beside(struct zone_rrset *a, struct zone_rrset *b)
{
	const struct zone_record *one = a->records[0], *other = b->records[0];

	if (a->one || !view_eq(one->name, other->name) ||
			view_eq(a->set.type, VIEW("CNAME")) ==
					view_eq(b->set.type, VIEW("CNAME")))
		return;
	a->one = one;
	a->other = other;
	if (!b->one) {
		b->one = other;
		b->other = one;
	}
}

static void find_aliases(struct zone_rrsets *sets)
{
	for (size_t i = 0; i < sets->count; i++)
		for (size_t j = 0; view_eq(sets->items[i].set.type, VIEW("CNAME")) &&
				   j < sets->count;
				j++)
			find_beside(&sets->items[i], &sets->items[j]);
}

void zone_rrsets(const struct zone_records *records, struct arena *arena,
		struct zone_rrsets *out)
{
	struct map by_key = MAP_NULL;

	out->items = arena_array(arena, records->count, sizeof(*out->items));
	out->count = count_of(records, arena, &by_key, out->items);
	put(records, arena, &by_key);
	map_free(&by_key);
	for (size_t i = 0; i < out->count; i++) {
		make(arena, &out->items[i]);
		find_within(&out->items[i]);
	}
	find_aliases(out);
}

const struct zone_rrset *zone_rrset_of(const struct zone_rrsets *sets, struct view key)
{
	for (size_t i = 0; i < sets->count; i++)
		if (view_eq(sets->items[i].key, key))
			return &sets->items[i];
	return NULL;
}
