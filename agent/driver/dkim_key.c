/* The keys that sign for a domain: one object a domain and algorithm, derived from `dkim` of
 * the domain, with a row for each key that it has had lately (agent/database/dkim_row.h).
 *
 *   apply makes a key ──► its record is wanted ──► Ready: it signs ──► old: a successor is made
 *
 * A key signs only once every authoritative server answers its record, which is what Ready
 * means of that record; until then the one before goes on, or mail goes unsigned. Plans make
 * no key: they name the selector that it will have, which says the algorithm and the day. */
#include "agent/driver/dkim_key.h"

#include "agent/apply/apply.h"
#include "agent/database/condition.h"
#include "agent/database/dkim_row.h"
#include "agent/database/standing.h"
#include "agent/database/text.h"
#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/store/database.h"

#include <errno.h>

enum {
	LONGEST_SPEC = 1024,
	SAME_DAY = 26, /* selectors of one day: "", "b" … "z" */
};

static struct view object_key(
		struct arena *arena, struct view domain, enum desired_dkim algorithm)
{
	return arena_printf(arena, "%.*s/%s", VIEW_ARG(domain),
			dkim_algorithm_name(algorithm));
}

/* -- selectors -- */

/* k= of its record (RFC 6376, 3.6.1; RFC 8463). */
static const char *record_algorithm(enum desired_dkim algorithm)
{
	return algorithm == DKIM_RSA2048 ? "rsa" : "ed25519";
}

/* Those of a domain that have rows, in a row: *end is behind the last. */
static size_t known_of(const struct zone_facts *facts, struct view domain, size_t *end)
{
	size_t first = 0, behind = facts->known_count;

	while (first < behind) {
		size_t middle = first + (behind - first) / 2;

		if (view_compare(facts->keys[middle].domain, domain) < 0)
			first = middle + 1;
		else
			behind = middle;
	}
	for (*end = first; *end < facts->known_count &&
			   view_eq(facts->keys[*end].domain, domain);)
		++*end;
	return first;
}

static bool is_used(
		const struct zone_facts *facts, struct view domain, struct view selector)
{
	size_t end;

	for (size_t i = known_of(facts, domain, &end); i < end; i++)
		if (view_eq(facts->keys[i].selector, selector))
			return true;
	return false;
}

/* One that none of the domain's keys has had: "rsa-20261124", a second one of that day
 * "rsa-20261124b". */
static struct view selector_new(const struct zone_facts *facts, struct arena *arena,
		struct view domain, enum desired_dkim algorithm)
{
	CLEANUP(buf_free) struct buf day = BUF_NULL(32);
	struct view digits[3], rest, selector = VIEW_NULL;

	text_add_day(&day, facts->now);
	rest = buf_view(&day);
	for (size_t i = 0; i < ARRAY_LEN(digits); i++)
		digits[i] = view_cut(&rest, '-');
	for (int n = 0; n < SAME_DAY; n++) {
		selector = arena_printf(arena, "%s-%.*s%.*s%.*s%c",
				record_algorithm(algorithm), VIEW_ARG(digits[0]),
				VIEW_ARG(digits[1]), VIEW_ARG(digits[2]), 'a' + n);
		if (n == 0)
			selector.len--; /* the first of a day has no letter */
		if (!is_used(facts, domain, selector))
			break;
	}
	return selector;
}

/* The apply that this plan leads to makes it. */
static void announce(struct zone_facts *facts, struct arena *arena, struct view domain,
		enum desired_dkim algorithm)
{
	const struct zone_key key = { .domain = domain,
		.selector = selector_new(facts, arena, domain, algorithm),
		.algorithm = view_z(record_algorithm(algorithm)),
		.object = object_key(arena, domain, algorithm) };

	zone_facts_add_key(facts, arena, &key);
}

static struct zone_key *announced(
		struct zone_facts *facts, struct view domain, enum desired_dkim algorithm)
{
	struct view wanted = view_z(record_algorithm(algorithm));

	for (size_t i = facts->known_count; i < facts->key_count; i++)
		if (facts->keys[i].public_key.len == 0 &&
				view_eq(facts->keys[i].domain, domain) &&
				view_eq(facts->keys[i].algorithm, wanted))
			return &facts->keys[i];
	return NULL;
}

static struct view public_text(struct arena *arena, struct view octets)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST_SPEC);

	base64_add(&text, octets);
	return arena_copy(arena, buf_view(&text));
}

/* -- what is there -- */

static enum zone_key_state zone_state(const struct dkim_row *row, walltime now)
{
	switch (dkim_row_state(row, now)) {
	case DKIM_LEAVING:
		return ZONE_KEY_LEAVING;
	case DKIM_HIDDEN:
		return ZONE_KEY_HIDDEN;
	default:
		return ZONE_KEY_CURRENT;
	}
}

static void look_again(struct observation *o, walltime at)
{
	if (at > o->now && (o->rests_until == 0 || at < o->rests_until))
		o->rests_until = at;
}

static struct zone_key zone_key_of(
		const struct dkim_row *row, struct arena *arena, walltime now)
{
	return (struct zone_key){ .domain = row->domain,
		.selector = row->selector,
		.algorithm = view_z(record_algorithm(row->algorithm)),
		.public_key = public_text(arena, row->public_key),
		.state = zone_state(row, now) };
}

/* Who keeps the zone's DKIM records elsewhere signs elsewhere, too. */
static bool signs_for(const struct desired_domain *domain, enum desired_dkim algorithm)
{
	return domain->dns_mode != DNS_NONE &&
	       !(domain->dns_except & UINT64_C(1) << DNS_PART_DKIM) &&
	       domain->dkim_algorithms & UINT64_C(1) << algorithm;
}

/* The key of its object, where that is there and stays. */
static struct view owner(const struct observation *o, const struct dkim_row *row)
{
	const struct desired_domain *domain =
			o->desired ? desired_domain_of(o->desired, row->domain) : NULL;
	struct view key = object_key(o->arena, row->domain, row->algorithm);

	if (!domain || !signs_for(domain, row->algorithm) || row->retired_at)
		return VIEW_NULL;
	return object_by_key(&o->objects, &driver_dkim_key, key) ? key : VIEW_NULL;
}

static int know(struct observation *o)
{
	struct dkim_row *rows;
	size_t count;
	int r = dkim_rows_read(o->db, o->arena, &rows, &count);

	for (size_t i = 0; r == 0 && i < count; i++) {
		struct zone_key key = zone_key_of(&rows[i], o->arena, o->now);

		key.object = owner(o, &rows[i]);
		zone_facts_add_key(&o->facts, o->arena, &key);
		look_again(o, dkim_row_changes(&rows[i], o->now));
	}
	o->facts.known_count = o->facts.key_count;
	return r;
}

/* -- what is wanted -- */

static bool has_current(const struct zone_facts *facts, struct view domain,
		enum desired_dkim algorithm)
{
	struct view wanted = view_z(record_algorithm(algorithm));
	size_t end;

	for (size_t i = known_of(facts, domain, &end); i < end; i++)
		if (facts->keys[i].state == ZONE_KEY_CURRENT &&
				view_eq(facts->keys[i].algorithm, wanted))
			return true;
	return false;
}

static int64_t rotate_seconds(const struct desired_domain *domain)
{
	return domain->dkim_rotate / NS_PER_S;
}

static void want_one(const struct driver *driver, const struct desired_domain *domain,
		enum desired_dkim algorithm, struct wanted_list *out)
{
	CLEANUP(buf_free) struct buf spec = BUF_NULL(LONGEST_SPEC);
	struct view name = domain->object.key;
	struct wanted *wanted = wanted_add(out, driver);

	buf_addf(&spec, "{\"algorithm\":\"%s\",\"domain\":",
			dkim_algorithm_name(algorithm));
	text_add_json(&spec, name);
	buf_addf(&spec, ",\"rotate\":%lld}", (long long)rotate_seconds(domain));
	wanted->key = object_key(out->arena, name, algorithm);
	wanted->spec = wanted->applied = arena_copy(out->arena, buf_view(&spec));
	wanted->span = domain->object.key_span;
	digest_bytes(wanted->spec, wanted->hash);
	if (out->facts && !has_current(out->facts, name, algorithm))
		announce(out->facts, out->arena, name, algorithm);
}

static void want(const struct driver *driver, const struct desired *desired,
		struct wanted_list *out)
{
	for (size_t i = 0; i < desired->domain_count; i++) {
		const struct desired_domain *domain = &desired->domains[i];

		for (int a = 0; a < DKIM_ALGORITHMS; a++)
			if (signs_for(domain, (enum desired_dkim)a))
				want_one(driver, domain, (enum desired_dkim)a, out);
	}
}

/* -- what is to be done -- */

enum due {
	DUE_NOTHING,
	DUE_KEY,       /* there is none */
	DUE_TAKE_OVER, /* the one that waited is seen by all */
	DUE_SUCCESSOR, /* the one that signs is old */
};

struct judgement {
	enum due due;
	const struct dkim_row *active, *waiting; /* NULL: none */
};

/* True where all authoritative servers answer the record of that key. */
static int is_seen(struct observation *o, const struct dkim_row *row, bool *out)
{
	const struct driver *record = driver_of(VIEW("record"));
	struct view name = dkim_record_name(o->arena, row->domain, row->selector);
	const struct object *object;
	struct object_texts texts;
	json_t *conditions;
	int r;

	*out = false;
	object = record ? object_by_key(&o->objects, record,
					  arena_printf(o->arena, "%.*s/TXT",
							  VIEW_ARG(name)))
			: NULL;
	if (!object || object->leaving)
		return 0;
	r = object_read_texts(o->db, object->uid, o->arena, &texts);
	if (r)
		return r;
	conditions = conditions_parse(texts.conditions);
	*out = condition_is(conditions, CONDITION_READY) &&
	       object->observed_generation == object->generation;
	json_decref(conditions);
	return 0;
}

/* Of the key "a.example/rsa2048". */
static struct view domain_of(struct view key)
{
	return view_sub(key, 0, view_find_last(key, '/'));
}

static int judge(struct observation *o, const struct object *object,
		const struct dkim_row *rows, size_t count, struct judgement *out)
{
	bool seen = false;
	int r = 0;

	*out = (struct judgement){ .due = DUE_NOTHING };
	rows = dkim_rows_of(rows, &count, domain_of(object->key));
	for (size_t i = 0; i < count; i++) {
		enum dkim_state state = dkim_row_state(&rows[i], o->now);

		if (memcmp(rows[i].object, object->uid, UID_SIZE) != 0)
			continue;
		if (state == DKIM_ACTIVE)
			out->active = &rows[i];
		else if (state == DKIM_WAITING)
			out->waiting = &rows[i];
	}
	if (out->waiting)
		r = is_seen(o, out->waiting, &seen);
	if (seen)
		out->due = DUE_TAKE_OVER;
	else if (!out->active && !out->waiting)
		out->due = DUE_KEY;
	else if (out->active && !out->waiting &&
			o->now >= out->active->made_at + out->active->rotate)
		out->due = DUE_SUCCESSOR;
	return r;
}

static bool is_wanted(const struct observation *o, const struct object *object)
{
	for (size_t i = 0; i < o->wanted.count; i++)
		if (o->wanted.items[i].driver == object->driver &&
				view_eq(o->wanted.items[i].key, object->key))
			return true;
	return false;
}

static void note(struct observation *o, struct object *object,
		const struct judgement *found)
{
	switch (found->due) {
	case DUE_NOTHING:
		o->awaits_ready |= found->waiting != NULL;
		break;
	case DUE_KEY:
		observe_drift(object, DRIFT_STEP, "Missing", VIEW("its key is gone"));
		break;
	case DUE_TAKE_OVER:
		observe_drift(object, DRIFT_STEP, "RecordSeen",
				arena_printf(o->arena, "all servers answer %.*s",
						VIEW_ARG(found->waiting->selector)));
		break;
	case DUE_SUCCESSOR:
		observe_drift(object, DRIFT_STEP, "RotationDue",
				arena_printf(o->arena, "%.*s is old",
						VIEW_ARG(found->active->selector)));
		if (is_wanted(o, object))
			announce(&o->facts, o->arena, found->active->domain,
					found->active->algorithm);
		break;
	}
}

static int observe_all(const struct driver *driver, struct observation *o)
{
	struct dkim_row *rows;
	size_t count;
	int r = dkim_rows_read(o->db, o->arena, &rows, &count);

	for (size_t i = 0; i < o->objects.count && r == 0; i++) {
		struct object *object = &o->objects.items[i];
		struct judgement found;

		if (object->driver != driver)
			continue;
		r = judge(o, object, rows, count, &found);
		if (r == 0)
			note(o, object, &found);
	}
	/* what this very plan leads to waits, too */
	o->awaits_ready |= o->facts.key_count > o->facts.known_count;
	return r;
}

/* -- changing -- */

static int say(struct application *a, const struct object *object, const char *reason,
		struct view message)
{
	CLEANUP(standing_deinit) struct standing standing = { 0 };
	int r = standing_read(application_db(a), object->uid, a->o->now, &standing);

	if (r)
		return r > 0 ? fault(-EPROTO) : r;
	standing_set(&standing, CONDITION_READY, true, reason, message);
	return standing_write(application_db(a), &standing);
}

static enum desired_dkim algorithm_of(const struct object *object)
{
	return view_ends(object->key, VIEW("/rsa2048")) ? DKIM_RSA2048 : DKIM_ED25519;
}

/* The record's `bind` finds the public half where the plan announced it. */
static int make(struct application *a, const struct object *object, int64_t rotate,
		struct view *selector_out)
{
	struct observation *o = a->o;
	struct view domain = domain_of(object->key);
	struct zone_key *key = announced(&o->facts, domain, algorithm_of(object));
	struct dkim_row row = { .domain = domain,
		.algorithm = algorithm_of(object),
		.rotate = rotate,
		.made_at = o->now };
	int r;

	if (!key)
		return fault(-EPROTO);
	row.selector = *selector_out = key->selector;
	memcpy(row.object, object->uid, UID_SIZE);
	r = dkim_row_make(application_db(a), o->dkim_key, o->arena, &row);
	if (r)
		return r;
	key->public_key = public_text(o->arena, row.public_key);
	a->plan->awaits_ready = true; /* it takes over once its record is */
	return 0;
}

/* Where nobody said who keeps the zone, nobody looks whether the record is there. */
static bool is_looked_for(const struct application *a, struct view name)
{
	const struct desired_domain *domain =
			a->o->desired ? desired_domain_of(a->o->desired, name) : NULL;

	return !domain || zone_keeping(domain) != ZONE_PRINTED;
}

static int make_first(struct application *a, const struct object *object, int64_t rotate)
{
	struct view domain = domain_of(object->key), selector, record;
	int r = make(a, object, rotate, &selector);

	if (r)
		return r;
	record = dkim_record_name(a->o->arena, domain, selector);
	return say(a, object, "RecordAwaited",
			arena_printf(a->o->arena,
					"mail goes unsigned until all servers answer "
					"%.*s%s",
					VIEW_ARG(record),
					is_looked_for(a, domain)
							? ""
							: ", and the state says who "
							  "keeps the zone: `dns: "
							  "manual`, "
							  "or a provider"));
}

static int take_over(struct application *a, const struct object *object,
		const struct judgement *found)
{
	int r = dkim_row_activate(application_db(a), found->waiting, a->o->now);

	if (r)
		return r;
	return say(a, object, "Signing",
			arena_printf(a->o->arena, "%.*s signs",
					VIEW_ARG(found->waiting->selector)));
}

static int make_successor(struct application *a, const struct object *object,
		const struct judgement *found)
{
	struct view selector;
	int r = make(a, object, found->active->rotate, &selector);

	if (r)
		return r;
	return say(a, object, "Signing",
			arena_printf(a->o->arena,
					"%.*s signs until all servers answer %.*s",
					VIEW_ARG(found->active->selector),
					VIEW_ARG(dkim_record_name(a->o->arena,
							found->active->domain,
							selector))));
}

static int64_t rotate_of(const struct change *change)
{
	json_t *spec = json_loadb(
			change->wanted->spec.data, change->wanted->spec.len, 0, NULL);
	int64_t rotate = json_integer_value(json_object_get(spec, "rotate"));

	json_decref(spec);
	return rotate;
}

static int apply(struct application *a, const struct change *change)
{
	const struct object *object = change->object;
	struct dkim_row *rows;
	struct judgement found;
	size_t count;
	int r = dkim_rows_set_rotate(application_db(a), object->uid, rotate_of(change));

	if (r == 0)
		r = dkim_rows_read(application_db(a), a->o->arena, &rows, &count);
	if (r == 0)
		r = judge(a->o, object, rows, count, &found);
	if (r)
		return r;
	switch (found.due) {
	case DUE_KEY:
		return make_first(a, object, rotate_of(change));
	case DUE_TAKE_OVER:
		return take_over(a, object, &found);
	case DUE_SUCCESSOR:
		return make_successor(a, object, &found);
	case DUE_NOTHING:
		break;
	}
	return 0;
}

static int retire(struct application *a, const struct change *change)
{
	return dkim_rows_retire(application_db(a), change->object->uid, a->o->now);
}

/* -- for the status -- */

static json_t *row_json(const struct dkim_row *row, struct arena *arena, walltime now)
{
	static const char *const states[] = {
		[DKIM_WAITING] = "waiting",
		[DKIM_ACTIVE] = "signing",
		[DKIM_LEAVING] = "leaving",
	};
	const struct zone_key key = zone_key_of(row, arena, now);

	return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:o}", "active_at",
			row->active_at ? json_time(row->active_at) : json_null(),
			"algorithm", dkim_algorithm_name(row->algorithm), "domain",
			json_view(row->domain), "made_at", json_time(row->made_at),
			"record",
			json_view(dkim_record_name(arena, row->domain, row->selector)),
			"retired_at",
			row->retired_at ? json_time(row->retired_at) : json_null(),
			"selector", json_view(row->selector), "state",
			states[dkim_row_state(row, now)], "text",
			json_view(zone_key_text(arena, &key)));
}

int dkim_keys_list(struct database *db, walltime now, json_t **out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct dkim_row *rows;
	size_t count;
	int r = dkim_rows_read(db, arena, &rows, &count);

	if (r)
		return r;
	*out = json_array();
	for (size_t i = 0; i < count; i++)
		if (dkim_row_state(&rows[i], now) != DKIM_HIDDEN)
			json_array_append_new(*out, row_json(&rows[i], arena, now));
	return 0;
}

const struct driver driver_dkim_key = {
	.kind = "dkim-key",
	.schema = KIND_NONE,
	.absence = ABSENCE_REMOVES,
	.risk = RISK_SERVICE,
	.know = know,
	.want = want,
	.observe = observe_all,
	.apply = apply,
	.retire = retire,
};
