/* Policies of MTA-STS: one object a domain that has one (agent/zone/policy.h), Ready once every
 * server of the zone names it and nobody can know of the one before only. Everything that it
 * takes stands in this order, and goes the other way:
 *
 *   alias of the host ──► certificate ──► id in the DNS ──► Ready ──► a change of MX
 *
 * The file is served from the moment that the plan is carried out, so it is always there
 * before its id is. */
#include "agent/apply/apply.h"
#include "agent/database/condition.h"
#include "agent/database/text.h"
#include "agent/zone/sight.h"
#include "agent/zone/sts_row.h"
#include "agent/zone/web.h"
#include "runtime/base/error.h"
#include "schema/desired.h"

#include <errno.h>
#include <jansson.h>

enum {
	LONGEST_TEXT = 64 * 1024,
	MOST_POLL = 60, /* seconds between two looks */
};

/* -- what is known -- */

static struct view record_key(struct arena *arena, struct view domain)
{
	return arena_printf(arena, "_mta-sts.%.*s/TXT", VIEW_ARG(domain));
}

static bool has_word(struct view words, struct view word)
{
	while (words.len)
		if (view_eq(view_cut(&words, ' '), word))
			return true;
	return false;
}

/* Whether of the hosts that a policy names these, and no others, are exchangers in what was
 * applied: values as zone files have them, in JSON. */
static bool names_only(struct arena *arena, struct view applied, struct view named,
		struct view hosts)
{
	while (named.len) {
		struct view host = view_cut(&named, ' ');
		struct view value = arena_printf(arena, " %.*s.\"", VIEW_ARG(host));
		bool is = view_find_view(applied, value) < applied.len;

		if (is != has_word(hosts, host))
			return false;
	}
	return true;
}

/* Whether all servers of the zone have the exchangers that the state says, and of those that
 * the policy names no others. */
static int exchangers_live(struct observation *o, const struct desired_domain *domain,
		struct view named, struct view hosts, bool *out)
{
	const struct object *object = object_by_key(&o->objects, &driver_record,
			arena_printf(o->arena, "%.*s/MX", VIEW_ARG(domain->object.key)));
	struct object_texts texts;
	json_t *conditions;
	int r;

	*out = domain->dns_except & UINT64_C(1) << DNS_PART_MX;
	if (*out || !object || object->leaving ||
			object->observed_generation != object->generation)
		return 0;
	r = object_read_texts(o->db, object->uid, o->arena, &texts);
	if (r)
		return r;
	conditions = conditions_parse(texts.conditions);
	*out = condition_is(conditions, CONDITION_READY) &&
	       names_only(o->arena, texts.last_applied, named, hosts);
	json_decref(conditions);
	return 0;
}

static void look_again(struct observation *o, walltime at)
{
	if (at > o->now && (o->rests_until == 0 || at < o->rests_until))
		o->rests_until = at;
}

static walltime ttl_of(const struct observation *o, const struct desired_domain *domain)
{
	return zone_ttl(o->desired, domain);
}

static bool has_policy_of_before(const struct sts_row *row)
{
	return row && !row->gone && row->past.mode != DESIRED_STS_NONE;
}

static int know_one(struct observation *o, const struct desired_domain *domain,
		const struct sts_row *row, struct view hosts, struct zone_sts *out)
{
	struct sts_question question = {
		.said = domain->has_sts,
		.mode = (enum desired_sts)domain->sts_mode,
		.ramp = domain->sts_ramp,
		.hosts = hosts,
		.past = row && !row->gone ? &row->past : NULL,
		.settled = true,
		.now = o->now,
	};
	walltime changes_at, until;
	int r = 0;

	if (has_policy_of_before(row) && !view_eq(row->past.hosts, hosts)) {
		r = exchangers_live(o, domain, row->past.hosts, hosts, &question.settled);
		until = row->exchangers_at + ttl_of(o, domain);
		question.settled &= row->exchangers_at && o->now >= until;
		if (row->exchangers_at)
			look_again(o, until);
	}
	*out = sts_policy(o->arena, &question, &changes_at);
	look_again(o, changes_at);
	return r;
}

static int know(struct observation *o)
{
	const struct desired *desired = o->desired;
	struct zone_sts *all;
	struct sts_row *rows;
	size_t count;
	struct view hosts;
	int r;

	if (!desired)
		return 0;
	r = sts_rows_read(o->db, o->arena, &rows, &count);
	if (r)
		return r;
	hosts = sts_hosts(o->arena, desired);
	all = arena_array(o->arena, desired->domain_count, sizeof(*all));
	for (size_t i = 0; i < desired->domain_count && r == 0; i++)
		r = know_one(o, &desired->domains[i],
				sts_row_of(rows, count, desired->domains[i].object.key),
				hosts, &all[i]);
	o->facts.sts = all;
	o->facts.policies_of = desired;
	return r;
}

/* -- what is wanted -- */

static struct view applied(struct arena *arena, const struct desired *desired,
		const struct desired_domain *domain, const struct zone_sts *sts)
{
	CLEANUP(buf_free) struct buf json = BUF_NULL(LONGEST_TEXT);

	buf_add_z(&json, "{\"domain\":");
	text_add_json(&json, domain->object.key);
	buf_add_z(&json, ",\"id\":");
	text_add_json(&json, sts->id);
	buf_addf(&json, ",\"ttl\":%u}", (unsigned)zone_ttl(desired, domain));
	return arena_copy(arena, buf_view(&json));
}

static struct view spec_of(struct arena *arena, const struct zone_sts *sts)
{
	CLEANUP(buf_free) struct buf json = BUF_NULL(LONGEST_TEXT);

	buf_add_z(&json, "{\"hosts\":");
	text_add_json(&json, sts->hosts);
	buf_addf(&json, ",\"max_age\":%lld,\"mode\":\"%s\"}", (long long)sts->max_age,
			sts_word(sts->mode));
	return arena_copy(arena, buf_view(&json));
}

static void want(const struct driver *driver, const struct desired *desired,
		struct wanted_list *out)
{
	for (size_t i = 0; i < desired->domain_count; i++) {
		const struct desired_domain *domain = &desired->domains[i];
		const struct zone_sts *sts = zone_sts_of(out->facts, desired, domain);
		struct wanted *wanted;

		if (!sts || !(web_names(desired, out->facts, domain) & 1u << WEB_MTA_STS))
			continue;
		wanted = wanted_add(out, driver);
		wanted->key = domain->object.key;
		wanted->span = domain->object.key_span;
		wanted->desired = sts;
		wanted->spec = spec_of(out->arena, sts);
		digest_bytes(wanted->spec, wanted->hash);
		wanted->applied = applied(out->arena, desired, domain, sts);
		wanted->needs = ARENA_NEW(out->arena, struct need);
		wanted->needs[wanted->need_count++] = (struct need){
			.driver = &driver_record,
			.name = record_key(out->arena, domain->object.key),
			.span = wanted->span,
		};
	}
}

/* Senders that know of the new hosts alone may come from now on, and in a while all do. */
static int observe_all(const struct driver *driver, struct observation *o)
{
	struct sts_row *rows;
	size_t count;
	struct view hosts;
	int r;

	if (!o->desired)
		return 0;
	hosts = sts_hosts(o->arena, o->desired);
	r = sts_rows_read(o->db, o->arena, &rows, &count);
	for (size_t i = 0; i < o->desired->domain_count && r == 0; i++) {
		const struct desired_domain *domain = &o->desired->domains[i];
		struct object *object =
				object_by_key(&o->objects, driver, domain->object.key);
		const struct sts_row *row = sts_row_of(rows, count, domain->object.key);
		bool live = false;

		if (!object || object->leaving || !has_policy_of_before(row) ||
				row->exchangers_at || view_eq(row->past.hosts, hosts))
			continue;
		r = exchangers_live(o, domain, row->past.hosts, hosts, &live);
		o->awaits_ready |= !live;
		if (live)
			observe_drift(object, DRIFT_STEP, "ExchangersSeen",
					VIEW("all servers answer the new exchangers: the "
					     "former ones leave the policy soon"));
	}
	return r;
}

/* -- changing -- */

/* Once nobody remembers the exchangers of before, the policy need not name them. */
static int note_exchangers(struct application *a, const struct change *change)
{
	const struct desired_domain *domain =
			desired_domain_of(a->o->desired, change->key);
	walltime until = a->o->now + (domain ? ttl_of(a->o, domain) : 0);

	if (a->plan->rests_until == 0 || until < a->plan->rests_until)
		a->plan->rests_until = until;
	return sts_row_set_exchangers(application_db(a), change->key, a->o->now);
}

static int apply(struct application *a, const struct change *change)
{
	struct database *db = application_db(a);
	struct sts_row *rows;
	size_t count;
	int r;

	if (change->action == ACTION_ROTATE)
		return note_exchangers(a, change);
	a->plan->awaits_ready = true;
	r = sts_rows_read(db, a->o->arena, &rows, &count);
	if (r)
		return r;
	return sts_row_serve(db, change->key, change->wanted->desired,
			sts_row_of(rows, count, change->key));
}

static int retire(struct application *a, const struct change *change)
{
	return sts_row_leave(application_db(a), change->key);
}

/* -- that all can see it -- */

struct sight {
	struct view domain, id;
	walltime ttl;
};

static struct view text_at(struct arena *arena, const json_t *json, const char *name)
{
	const json_t *value = json_object_get(json, name);

	return arena_copy(arena,
			view_of(json_string_value(value), json_string_length(value)));
}

static bool read_text(struct arena *arena, struct view text, struct sight *out)
{
	json_t *json = json_loadb(text.len ? text.data : "", text.len, 0, NULL);

	*out = (struct sight){
		.domain = text_at(arena, json, "domain"),
		.id = text_at(arena, json, "id"),
		.ttl = json_integer_value(json_object_get(json, "ttl")),
	};
	json_decref(json);
	return out->domain.len && out->id.len;
}

static bool shows(const struct ask_reply *reply, struct view id)
{
	if (reply->said != ASK_ANSWERED)
		return false;
	for (size_t i = 0; i < reply->set.count; i++)
		if (view_find_view(reply->set.values[i], id) < reply->set.values[i].len)
			return true;
	return false;
}

/* Every server of the zone says this id. */
static int look_everywhere(const struct effect *effect, const struct sight *sight,
		struct arena *arena, struct effect_answer *answer)
{
	const struct ask ask = {
		.arena = arena, .file = effect->file, .stopping = effect->stopping
	};
	struct zone_sight zone;
	struct ask_replies replies;
	int r = zone_find(effect, sight->domain, arena, &zone, answer);

	if (r == 0)
		r = ask_all(&ask, &zone.servers,
				arena_printf(arena, "_mta-sts.%.*s",
						VIEW_ARG(sight->domain)),
				VIEW("TXT"), &replies, answer);
	for (size_t i = 0; r == 0 && i < replies.count; i++)
		if (!shows(&replies.items[i], sight->id))
			r = effect_failed(answer, "NotVisible",
					"%.*s does not say id=%.*s of _mta-sts.%.*s yet",
					VIEW_ARG(replies.items[i].server->name),
					VIEW_ARG(sight->id), VIEW_ARG(sight->domain));
	if (r == EFFECT_E_FAILED) {
		answer->untouched = true;
		answer->given = nstime_seconds(
				sight->ttl < MOST_POLL ? sight->ttl : MOST_POLL);
	}
	return r;
}

static walltime seen_before(const struct effect *effect)
{
	json_t *json = json_loadb(effect->progress.len ? effect->progress.data : "",
			effect->progress.len, 0, NULL);
	walltime at = json_integer_value(json_object_get(json, "seen"));

	json_decref(json);
	return at;
}

/* Whether another one was there, which some remember until its TTL is over. */
static bool follows_another(const struct effect *effect)
{
	struct view former = effect->former;

	while (former.len) {
		struct view one = view_cut(&former, '\n');

		if (one.len && !view_eq(one, effect->text))
			return true;
	}
	return false;
}

static int perform(const struct effect *effect, struct effect_answer *answer)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	walltime seen = seen_before(effect);
	struct sight sight;
	int r;

	if (effect->operation == OPERATION_REMOVE)
		return EFFECT_DONE;
	if (!read_text(arena, effect->text, &sight))
		return fault(-EPROTO);
	r = look_everywhere(effect, &sight, arena, answer);
	if (r)
		return r;
	seen = seen ? seen : effect->now;
	buf_addf(&answer->progress, "{\"seen\":%lld}", (long long)seen);
	if (!follows_another(effect) || effect->now >= seen + sight.ttl)
		return EFFECT_DONE;
	answer->given = nstime_seconds(seen + sight.ttl - effect->now);
	return effect_failed(answer, "InProgress",
			"all servers say id=%.*s; some may remember the one before for "
			"%lld s",
			VIEW_ARG(sight.id), (long long)(seen + sight.ttl - effect->now));
}

/* What the zone says is the record's to look after. */
static int look(const struct effect *effect, struct effect_answer *out)
{
	if (effect->operation != OPERATION_REMOVE)
		buf_add(&out->live, effect->text);
	return EFFECT_DONE;
}

static int keep(const struct effect_desk *desk, const struct effect *effect, int outcome,
		const struct effect_answer *answer, bool *serves_out)
{
	struct sight sight;

	(void)answer;
	(void)serves_out;
	if (outcome != EFFECT_DONE || effect->looks ||
			effect->operation == OPERATION_REMOVE)
		return 0;
	if (!read_text(desk->arena, effect->text, &sight))
		return fault(-EPROTO);
	return sts_row_settle(desk->db, sight.domain, sight.id, desk->now);
}

static struct view provider(struct view text, struct arena *arena)
{
	struct sight sight;

	if (!read_text(arena, text, &sight))
		return VIEW("zone");
	return arena_printf(arena, "zone/%.*s", VIEW_ARG(sight.domain));
}

static const struct effects effects = {
	.resumes = true,
	.provider = provider,
	.look = look,
	.perform = perform,
	.keep = keep,
};

const struct driver driver_mta_sts = {
	.kind = "mta-sts",
	.schema = KIND_NONE,
	.absence = ABSENCE_REMOVES,
	.risk = RISK_SERVICE,
	.follows = true,
	.know = know,
	.want = want,
	.observe = observe_all,
	.apply = apply,
	.retire = retire,
	.effects = &effects,
};
