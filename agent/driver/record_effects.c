/* A record's way into the zone, and what the zone's servers say of it.
 *
 *   look:    every server of the zone ──► the same of ours on all of them, and at the
 *            provider, or NotVisible
 *   perform: the provider's set, before ──► after, if others' values let it ──► look
 *
 * Where a person keeps the zone, perform looks, and says what to put there. Others' values
 * are never touched (agent/zone/owned.h), a zone that is gone is never made. */
#include "agent/driver/record.h"

#include "agent/provider/ask.h"
#include "agent/provider/provider.h"
#include "agent/zone/owned.h"
#include "agent/zone/sight.h"
#include "runtime/base/error.h"

#include <errno.h>

enum {
	LONGEST_LINES = EFFECT_MESSAGE - 128, /* of what a person is to put there */
	MOST_POLL = 60,                       /* seconds between two looks */
	FIRST_LOOK = 2,                       /* seconds behind a change */
};

struct work {
	const struct effect *effect;
	struct effect_answer *answer;
	struct arena *arena;
	struct owned owned;
	struct zone_sight sight;
};

static bool removes(const struct work *w)
{
	return w->effect->operation == OPERATION_REMOVE;
}

/* Soon again where it comes and goes quickly. */
static nstime poll_time(const struct work *w)
{
	uint32_t ttl = w->owned.wanted.set.ttl;

	return nstime_seconds(ttl == 0 ? 1 : ttl < MOST_POLL ? ttl : MOST_POLL);
}

static int begin(struct work *w, const struct effect *effect,
		struct effect_answer *answer, struct arena *arena)
{
	*w = (struct work){ .effect = effect, .answer = answer, .arena = arena };
	if (!owned_load(arena, effect->text, effect->former, removes(w), &w->owned))
		return fault(-EPROTO);
	return 0;
}

static int see(struct work *w)
{
	int r = zone_look(w->effect, &w->owned, w->arena, &w->sight, w->answer);

	if (r == EFFECT_E_FAILED)
		w->answer->given = poll_time(w);
	return r;
}

static int find(struct work *w)
{
	return zone_find(w->effect, w->owned.wanted.zone, w->arena, &w->sight, w->answer);
}

static int untouched(struct work *w, int r)
{
	w->answer->untouched = r == EFFECT_E_FAILED;
	return r;
}

static bool is_done(const struct work *w)
{
	return view_eq(w->sight.live, removes(w) ? VIEW_NULL : w->owned.json);
}

/* -- somebody else's -- */

static int refuse_foreign(struct work *w, struct view type, struct view value)
{
	const struct rrset *set = &w->owned.wanted.set;

	return effect_failed(w->answer, "ForeignOwner",
			"%.*s has %.*s %.*s, which is not ours: take it out of the zone, "
			"or `%.*s` out of the state",
			VIEW_ARG(set->name), VIEW_ARG(type), VIEW_ARG(value),
			VIEW_ARG(set->type));
}

/* Of what a name has once there may be one. */
static int check_foreign(struct work *w, const struct rrset *set)
{
	struct rrset after;
	struct view foreign;

	if (owned_change(&w->owned, set, w->arena, &after, &foreign))
		return refuse_foreign(w, set->type, foreign);
	return 0;
}

/* -- what only a signed zone can say -- */

/* A key in the DNS counts where the zone is signed: elsewhere nobody heeds it (RFC 7672, 2.2),
 * and it would be one more thing to be wrong. */
static bool needs_signing(const struct work *w)
{
	return view_eq(w->owned.wanted.set.type, VIEW("TLSA")) && !removes(w);
}

/* Whether every server of the zone that answers has keys of it. */
static int is_signed(struct work *w, bool *out)
{
	const struct ask ask = { .arena = w->arena,
		.file = w->effect->file,
		.stopping = w->effect->stopping };
	struct ask_replies replies;
	size_t keys = 0, answers = 0;
	int r = ask_all(&ask, &w->sight.servers, w->sight.servers.zone, VIEW("DNSKEY"),
			&replies, w->answer);

	for (size_t i = 0; r == 0 && i < replies.count; i++) {
		answers += replies.items[i].said == ASK_ANSWERED;
		keys += replies.items[i].said == ASK_ANSWERED &&
			replies.items[i].set.count > 0;
	}
	*out = answers > 0 && keys == answers;
	return r;
}

/* True where it stays away, and is as good as there. */
static int stays_away(struct work *w, const struct rrset *there, bool *out)
{
	bool is = true;
	int r = 0;

	if (needs_signing(w) && !owned_live(&w->owned, there, w->arena).len)
		r = is_signed(w, &is);
	*out = !is;
	return r;
}

/* -- a person's zone -- */

static struct view lines_of(struct work *w, const struct rrset *set)
{
	CLEANUP(buf_free) struct buf lines = BUF_NULL(LONGEST_LINES);

	for (size_t i = 0; i < set->count; i++)
		buf_addf(&lines, "%s%.*s. %u IN %.*s %.*s", i ? "; " : "",
				VIEW_ARG(set->name), (unsigned)set->ttl,
				VIEW_ARG(set->type), VIEW_ARG(set->values[i]));
	if (buf_failed(&lines))
		return arena_printf(w->arena, "what `posthus dns records %.*s` prints",
				VIEW_ARG(w->owned.wanted.zone));
	return arena_copy(w->arena, buf_view(&lines));
}

static int ask_for(struct work *w, const struct rrset *there)
{
	struct rrset missing = owned_missing(&w->owned, there, w->arena);
	struct view lines = lines_of(w, missing.count ? &missing : &w->owned.wanted.set);

	w->answer->given = poll_time(w);
	return effect_failed(w->answer, "RecordMissing",
			"put into the zone of %.*s: %.*s",
			VIEW_ARG(w->sight.servers.zone), VIEW_ARG(lines));
}

/* Of what leaves nothing is waited for: the zone is the person's. */
static int await_person(struct work *w)
{
	bool away = false;
	int r;

	if (removes(w))
		return EFFECT_DONE;
	r = find(w);
	if (r == 0)
		r = see(w);
	if (r == 0)
		r = check_foreign(w, &w->sight.set);
	if (r == 0)
		r = stays_away(w, &w->sight.set, &away);
	if (r || away || is_done(w))
		return untouched(w, r);
	return untouched(w, ask_for(w, &w->sight.set));
}

/* -- a provider's zone -- */

struct at_provider {
	const struct dns_provider *provider;
	struct provider_call call;
};

static int open_provider(struct work *w, struct at_provider *out)
{
	struct view spec = w->owned.wanted.provider;

	out->provider = dns_provider_of_spec(spec);
	out->call = (struct provider_call){
		.spec = spec,
		.zone = w->sight.servers.zone,
		.arena = w->arena,
		.file = w->effect->file,
		.stopping = w->effect->stopping,
	};
	return out->provider ? 0 : fault(-EPROTO);
}

/* A name that stands for another has nothing else, and nothing else can be beside it (RFC
 * 1034, 3.6.2). */
static int check_alias(struct work *w, const struct at_provider *at)
{
	static const char *const others[] = { "A", "AAAA", "MX", "TXT", "SRV" };
	const struct rrset *wanted = &w->owned.wanted.set;
	bool is_alias = view_eq(wanted->type, VIEW("CNAME"));
	size_t count = is_alias ? ARRAY_LEN(others) : 1;
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		struct view type = is_alias ? view_z(others[i]) : VIEW("CNAME");
		struct rrset set;

		r = at->provider->read(&at->call, wanted->name, type, &set, w->answer);
		if (r == 0 && set.count)
			r = refuse_foreign(w, type, set.values[0]);
	}
	return r;
}

static int put(struct work *w, const struct at_provider *at, const struct rrset *before)
{
	struct rrset after;
	struct view foreign;

	if (owned_change(&w->owned, before, w->arena, &after, &foreign))
		return untouched(w, refuse_foreign(w, before->type, foreign));
	if (rrset_eq(before, &after) && (!after.count || before->ttl == after.ttl))
		return 0;
	return at->provider->change(&at->call, before, &after, w->answer);
}

static int read_there(struct work *w, struct at_provider *at, struct rrset *out)
{
	const struct rrset *wanted = &w->owned.wanted.set;
	int r = open_provider(w, at);

	return r ? r
		 : at->provider->read(
				   &at->call, wanted->name, wanted->type, out, w->answer);
}

/* What the servers show may be what was there before, and they have not heard yet. */
static int check_provider(struct work *w)
{
	struct at_provider at;
	struct rrset there;
	int r = read_there(w, &at, &there);

	if (r || view_eq(owned_live(&w->owned, &there, w->arena), w->sight.live))
		return r;
	w->answer->given = poll_time(w);
	return effect_failed(w->answer, "NotVisible",
			"the servers of %.*s do not show yet what %.*s has",
			VIEW_ARG(w->sight.servers.zone),
			VIEW_ARG(w->owned.wanted.keeper));
}

static int put_there(struct work *w, bool *away_out)
{
	struct at_provider at;
	struct rrset before;
	int r = read_there(w, &at, &before);

	if (r == 0 && !before.count && !removes(w))
		r = check_alias(w, &at);
	if (r == 0)
		r = stays_away(w, &before, away_out);
	if (r)
		return untouched(w, r);
	return *away_out ? 0 : put(w, &at, &before);
}

/* What leaves a zone that is gone is gone, too. */
static bool left_with_its_zone(const struct work *w, int r)
{
	return r == EFFECT_E_FAILED && removes(w) &&
	       view_eq(view_z(w->answer->reason), VIEW("ZoneGone"));
}

/* Servers that are told of a change have it within moments. */
static nstime first_look(const struct work *w)
{
	return nstime_min(poll_time(w), nstime_seconds(FIRST_LOOK));
}

static int reconcile(struct work *w)
{
	bool away = false;
	int r = untouched(w, find(w));

	if (r == 0)
		r = put_there(w, &away);
	if (left_with_its_zone(w, r) || (r == 0 && away))
		return EFFECT_DONE;
	if (r)
		return r;
	r = see(w);
	if (r == EFFECT_E_FAILED)
		w->answer->given = first_look(w);
	if (r || is_done(w))
		return r;
	w->answer->given = first_look(w);
	return effect_failed(w->answer, "NotVisible",
			"%.*s has it, and none of the %zu servers of %.*s shows it yet",
			VIEW_ARG(w->owned.wanted.keeper), w->sight.servers.count,
			VIEW_ARG(w->sight.servers.zone));
}

/* -- effects -- */

static struct view provider(struct view text, struct arena *arena)
{
	struct owned_text record;

	if (!owned_read(arena, text, &record))
		return VIEW("dns");
	return record.managed ? arena_printf(arena, "dns/%.*s", VIEW_ARG(record.keeper))
			      : arena_printf(arena, "zone/%.*s", VIEW_ARG(record.zone));
}

static int look(const struct effect *effect, struct effect_answer *out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	bool away = false;
	struct work w;
	int r = begin(&w, effect, out, arena);

	if (r == 0)
		r = find(&w);
	if (r == 0)
		r = see(&w);
	if (r == 0 && w.owned.wanted.managed)
		r = check_provider(&w);
	if (left_with_its_zone(&w, r))
		return EFFECT_DONE;
	if (r == 0)
		r = check_foreign(&w, &w.sight.set);
	if (r == 0)
		r = stays_away(&w, &w.sight.set, &away);
	if (r == 0)
		buf_add(&out->live, away ? w.owned.json : w.sight.live);
	return r;
}

static int perform(const struct effect *effect, struct effect_answer *out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct work w;
	int r = begin(&w, effect, out, arena);

	if (r)
		return r;
	return w.owned.wanted.managed ? reconcile(&w) : await_person(&w);
}

const struct effects record_effects = {
	.provider = provider,
	.look = look,
	.perform = perform,
};
