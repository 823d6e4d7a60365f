/* Records in the DNS: one object an RRset, derived from all that a state says. What of the
 * set is ours, among other people's values, is in agent/zone/owned.h; how it gets there, in
 * record_effects.c. */
#include "agent/driver/record.h"

#include "agent/apply/apply.h"
#include "agent/database/text.h"
#include "agent/provider/provider.h"
#include "agent/zone/owned.h"
#include "agent/zone/rrsets.h"
#include "agent/zone/web.h"
#include "runtime/base/error.h"
#include "schema/source.h"

#include <errno.h>
#include <stdlib.h>

enum {
	NOTE_MOST = 100, /* octets of a value in a plan */
	LONGEST_NOTE = 4096,
	MOST_NEEDS = 64,
};

/* -- what is wanted -- */

static struct view keeper_of(const struct desired_domain *zone)
{
	return zone_keeping(zone) == ZONE_MANAGED ? zone->dns_provider.items[0].address
						  : VIEW_NULL;
}

static struct view dump(struct arena *arena, json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	struct view copy = arena_copy(arena, view_z(text));

	free(text);
	json_decref(json);
	return copy;
}

/* A value that something makes is named by its maker: it is another in each life of that. */
static struct view spec_of(struct arena *arena, const struct zone_rrset *set)
{
	json_t *values = json_array();
	struct view keeper = keeper_of(set->zone);

	for (size_t i = 0; i < set->record_count; i++) {
		const struct zone_record *record = set->records[i];

		json_array_append_new(values,
				json_view(record->maker.len ? arena_printf(arena,
									      "as "
									      "dkim-key/"
									      "%.*s has "
									      "it",
									      VIEW_ARG(record->maker))
							    : record->value));
	}
	return dump(arena,
			json_pack("{s:o, s:I, s:o}", "keeper",
					json_view(keeper.len ? keeper : VIEW("a person")),
					"ttl", (json_int_t)set->set.ttl, "values",
					values));
}

static struct view provider_spec(
		const struct desired *desired, struct arena *arena, struct view name)
{
	const void *provider =
			name.len ? desired_find(desired, KIND_DNS_PROVIDER, name) : NULL;

	return provider ? dns_provider_spec(arena, provider) : VIEW_NULL;
}

static struct view text_of(const struct desired *desired, struct arena *arena,
		const struct zone_rrset *set, const struct rrset *values)
{
	struct view keeper = keeper_of(set->zone);
	const struct owned_text text = {
		.managed = keeper.len > 0,
		.keeper = keeper,
		.provider = provider_spec(desired, arena, keeper),
		.zone = set->zone->object.key,
		.set = *values,
	};

	return owned_print(arena, &text);
}

/* What will be there, for whoever reads the plan. */
static struct view note_of(struct arena *arena, const struct zone_rrset *set)
{
	CLEANUP(buf_free) struct buf note = BUF_NULL(LONGEST_NOTE);

	for (size_t i = 0; i < set->record_count && note.len < LONGEST_NOTE / 2; i++) {
		const struct zone_record *record = set->records[i];
		struct view value = zone_record_plain(record);

		buf_add_z(&note, i ? ", " : "");
		if (record->pending)
			buf_add_z(&note, "(known once the key is made)");
		else
			buf_add(&note, view_sub(value, 0, NOTE_MOST));
		if (!record->pending && value.len > NOTE_MOST)
			buf_add_z(&note, "...");
	}
	return arena_copy(arena, buf_view(&note));
}

/* -- what it needs -- */

struct needing {
	struct arena *arena;
	const struct desired *desired;
	const struct zone_facts *facts;
	const struct zone_rrsets *sets;
	struct wanted *wanted;
	struct span span;
};

static void add_need(struct needing *n, const struct driver *driver, struct view name)
{
	for (size_t i = 0; i < n->wanted->need_count; i++)
		if (n->wanted->needs[i].driver == driver &&
				view_eq(n->wanted->needs[i].name, name))
			return;
	if (!driver || n->wanted->need_count == MOST_NEEDS)
		return;
	n->wanted->needs[n->wanted->need_count++] = (struct need){
		.driver = driver,
		.name = name,
		.span = n->span,
	};
}

/* Another set that we put there. */
static void add_set(struct needing *n, struct view name, const char *type)
{
	struct view key = arena_printf(n->arena, "%.*s/%s", VIEW_ARG(name), type);
	const struct zone_rrset *set = zone_rrset_of(n->sets, key);

	if (set && zone_keeping(set->zone) == ZONE_MANAGED)
		add_need(n, &driver_record, key);
}

static void add_target(struct needing *n, struct view value)
{
	struct view target = view_from(value, view_find_last(value, ' ') + 1);

	if (view_ends(target, VIEW(".")))
		target.len--;
	add_set(n, target, "A");
	add_set(n, target, "AAAA");
}

/* What leads to a host comes after the host's address, and goes before it; what asks others
 * to refuse mail comes after what says whose mail it is. A person does all of it at once. */
static void add_order(struct needing *n, const struct zone_rrset *set)
{
	if (zone_keeping(set->zone) != ZONE_MANAGED)
		return;
	for (size_t i = 0; i < set->record_count; i++) {
		const struct zone_record *record = set->records[i];

		if (view_eq(set->set.type, VIEW("MX")) ||
				view_eq(set->set.type, VIEW("SRV")) ||
				view_eq(set->set.type, VIEW("CNAME")))
			add_target(n, record->value);
		else if (record->part == DNS_PART_DMARC && !record->declared &&
				view_starts(record->name, VIEW("_dmarc.")))
			add_set(n, set->zone->object.key, "TXT");
	}
}

/* The id of a policy comes after the certificate that its file is served with. */
static void add_certificate(struct needing *n, const struct zone_rrset *set)
{
	struct view label = VIEW("_mta-sts.");

	if (view_eq(set->set.type, VIEW("TXT")) && view_starts(set->key, label) &&
			set->records[0]->part == DNS_PART_MTA_STS)
		add_need(n, &driver_certificate,
				web_certificate_key(n->arena, set->zone));
}

/* While senders hold mail to a policy, an exchanger that is none of its hosts gets none: the
 * policy that names it comes first. */
static void add_policy(struct needing *n, const struct zone_rrset *set)
{
	const struct zone_sts *sts = zone_sts_of(n->facts, n->desired, set->zone);

	if (view_eq(set->set.type, VIEW("MX")) && sts && sts->in_force &&
			view_eq(set->set.name, set->zone->object.key) &&
			web_names(n->desired, n->facts, set->zone) & 1u << WEB_MTA_STS)
		add_need(n, &driver_mta_sts, set->zone->object.key);
}

static void add_needs(struct needing *n, const struct zone_rrset *set)
{
	n->wanted->needs = arena_array(n->arena, MOST_NEEDS, sizeof(struct need));
	add_need(n, &driver_domain, set->zone->object.key);
	if (zone_keeping(set->zone) == ZONE_MANAGED)
		add_need(n, driver_of(VIEW("dns-provider")), keeper_of(set->zone));
	for (size_t i = 0; i < set->record_count; i++)
		if (set->records[i]->maker.len)
			add_need(n, driver_of(VIEW("dkim-key")), set->records[i]->maker);
	add_certificate(n, set);
	add_policy(n, set);
	add_order(n, set);
}

static void want_set(const struct driver *driver, const struct desired *desired,
		const struct zone_rrsets *sets, const struct zone_rrset *set,
		struct wanted_list *out)
{
	struct wanted *wanted = wanted_add(out, driver);
	struct needing n = { out->arena, desired, out->facts, sets, wanted,
		set->records[0]->span };

	wanted->key = set->key;
	wanted->span = n.span;
	wanted->desired = set;
	wanted->spec = spec_of(out->arena, set);
	digest_bytes(wanted->spec, wanted->hash);
	wanted->applied = text_of(desired, out->arena, set, &set->set);
	wanted->note = note_of(out->arena, set);
	add_needs(&n, set);
}

static void want(const struct driver *driver, const struct desired *desired,
		struct wanted_list *out)
{
	struct zone_records *records = ARENA_NEW(out->arena, struct zone_records);
	struct zone_rrsets *sets = ARENA_NEW(out->arena, struct zone_rrsets);

	zone_records(desired, out->facts, out->arena, records);
	zone_rrsets(records, out->arena, sets);
	for (size_t i = 0; i < sets->count; i++)
		if (zone_keeping(sets->items[i].zone) >= ZONE_WATCHED)
			want_set(driver, desired, sets, &sets->items[i], out);
}

/* -- what cannot be -- */

static void refuse_beside(const struct change *change, struct observation *o,
		struct plan *plan, const struct zone_rrset *set)
{
	struct place other = sources_place(o->desired->sources, set->other->span);

	plan_add_problem(plan, &change->declared, "RecordsCollide",
			arena_printf(o->arena,
					"%.*s cannot have the %s %.*s beside the %s "
					"%.*s, which is from %.*s:%u:%u",
					VIEW_ARG(set->one->name), set->one->type,
					VIEW_ARG(zone_record_plain(set->one)),
					set->other->type,
					VIEW_ARG(zone_record_plain(set->other)),
					VIEW_ARG(other.path), other.line, other.column),
			VIEW("take one of them away; `dns: {except: [...]}` of the "
			     "domain leaves a part of the zone to its `records`"));
}

static int check(const struct change *change, struct observation *o, struct plan *plan)
{
	const struct zone_rrset *set = change->wanted ? change->wanted->desired : NULL;

	if (!set)
		return 0;
	if (set->one)
		refuse_beside(change, o, plan, set);
	else if (set->outcome)
		plan_add_problem(plan, &change->declared, "RecordInvalid",
				arena_printf(o->arena, "no zone can have it: %s",
						rrset_outcome_text(
								(enum rrset_outcome)set
										->outcome)),
				VIEW("shorten it, or spread it over several names"));
	return 0;
}

/* -- what an apply makes -- */

/* The one that the record is of: a key and its successor have one maker. */
static const struct zone_key *key_of(
		struct application *a, const struct zone_record *record)
{
	const struct zone_facts *facts = &a->o->facts;

	for (size_t i = 0; i < facts->key_count; i++) {
		const struct zone_key *key = &facts->keys[i];
		struct view name = arena_printf(a->plan->arena, "%.*s._domainkey.%.*s",
				VIEW_ARG(key->selector), VIEW_ARG(key->domain));

		if (key->public_key.len && view_eq(name, record->name))
			return key;
	}
	return NULL;
}

static int fill_value(
		struct application *a, const struct zone_record *record, struct view *out)
{
	const struct zone_key *key = key_of(a, record);
	struct arena *arena = a->plan->arena;

	*out = record->value;
	if (!record->pending)
		return 0;
	if (!key)
		return fault(-ENOKEY);
	*out = zone_text(arena, zone_key_text(arena, key));
	return 0;
}

static int bind_values(struct application *a, struct wanted *wanted)
{
	const struct zone_rrset *set = wanted->desired;
	struct arena *arena = a->plan->arena;
	struct view *values;
	struct rrset whole;
	int r = 0;

	if (!set->pending)
		return 0;
	values = arena_array(arena, set->record_count, sizeof(*values));
	for (size_t i = 0; i < set->record_count && r == 0; i++)
		r = fill_value(a, set->records[i], &values[i]);
	if (r)
		return r;
	if (rrset_make(arena, set->set.name, set->set.type, set->set.ttl, values,
			    set->record_count, &whole))
		return fault(-EPROTO);
	wanted->applied = text_of(a->o->desired, arena, set, &whole);
	return 0;
}

/* -- what somebody else keeps from now on -- */

static bool lets_go(struct application *a, struct view applied)
{
	struct arena *arena = a->plan->arena;
	struct zone_records records;
	struct owned_text text;

	if (!a->o->desired || !owned_read(arena, applied, &text))
		return false;
	zone_records_whole(a->o->desired, &a->o->facts, arena, &records);
	for (size_t i = 0; i < records.count; i++)
		if (view_eq(records.items[i].name, text.set.name) &&
				view_eq(view_z(records.items[i].type), text.set.type))
			return true;
	return false;
}

const struct driver driver_record = {
	.kind = "record",
	.schema = KIND_NONE,
	.absence = ABSENCE_REMOVES,
	.risk = RISK_SERVICE,
	.follows = true,
	.policy_word = "dns",
	.want = want,
	.check = check,
	.bind = bind_values,
	.lets_go = lets_go,
	.effects = &record_effects,
};
