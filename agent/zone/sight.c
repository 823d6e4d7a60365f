#include "agent/zone/sight.h"

#include "runtime/dns/name.h"
#include "runtime/dns/suffix.h"

static struct ask asking(const struct effect *effect, struct arena *arena)
{
	return (struct ask){
		.arena = arena,
		.file = effect->file,
		.stopping = effect->stopping,
	};
}

/* -- the zone -- */

static bool is_gone(const struct effect_answer *answer)
{
	return view_eq(view_z(answer->reason), VIEW("ZoneGone"));
}

/* Above it, names are given to other people, too. */
static struct view highest(struct view domain)
{
	CLEANUP(suffix_list_freep) struct suffix_list *list = suffix_list_load();

	return list ? suffix_organization(list, domain) : domain;
}

int zone_find(const struct effect *effect, struct view domain, struct arena *arena,
		struct zone_sight *out, struct effect_answer *answer)
{
	const struct ask ask = asking(effect, arena);
	struct view zone = domain, top = VIEW_NULL;
	int r = ask_servers(&ask, zone, &out->servers, answer);

	while (r == EFFECT_E_FAILED && is_gone(answer)) {
		if (!top.len)
			top = highest(domain);
		if (view_eq(zone, top) || !name_is_under(zone, top))
			return effect_failed(answer, "ZoneGone",
					"nobody has the zone of %.*s: it is not "
					"registered, or no server of it answers for it; "
					"nothing is made in its place",
					VIEW_ARG(domain));
		view_cut(&zone, '.');
		r = ask_servers(&ask, zone, &out->servers, answer);
	}
	return r;
}

/* -- what is seen there -- */

struct count {
	size_t answers, shows;
	bool agreed;
	const struct ask_reply *first, *dissenting;
};

static void count_reply(struct count *count, const struct owned *owned,
		struct arena *arena, const struct ask_reply *reply, struct view *live)
{
	struct view goal = owned->removes ? VIEW_NULL : owned->json, text;

	if (reply->said != ASK_ANSWERED) {
		count->agreed = false;
		count->dissenting = reply;
		return;
	}
	text = owned_live(owned, &reply->set, arena);
	count->answers++;
	if (!count->first) {
		count->first = reply;
		*live = text;
	}
	count->agreed &= view_eq(text, *live);
	if (view_eq(text, goal))
		count->shows++;
	else
		count->dissenting = reply;
}

static int say_dissent(const struct count *count, const struct owned *owned, size_t asked,
		struct effect_answer *answer)
{
	const struct ask_reply *reply = count->dissenting;
	const char *says = ask_said_text(reply->said);

	if (reply->said == ASK_ANSWERED)
		says = owned->removes ? "shows it yet" : "does not show it yet";
	return effect_failed(answer, count->answers ? "NotVisible" : "Timeout",
			"%.*s (%.*s) %s (%zu of %zu %s)", VIEW_ARG(reply->server->name),
			VIEW_ARG(reply->server->address), says, count->shows, asked,
			owned->removes ? "do not" : "do");
}

int zone_look(const struct effect *effect, const struct owned *owned, struct arena *arena,
		struct zone_sight *sight, struct effect_answer *answer)
{
	const struct ask ask = asking(effect, arena);
	struct count count = { .agreed = true };
	struct ask_replies replies;
	int r = ask_all(&ask, &sight->servers, owned->wanted.set.name,
			owned->wanted.set.type, &replies, answer);

	if (r)
		return r;
	sight->live = VIEW_NULL;
	for (size_t i = 0; i < replies.count; i++)
		count_reply(&count, owned, arena, &replies.items[i], &sight->live);
	if (!count.agreed)
		return say_dissent(&count, owned, replies.count, answer);
	sight->set = count.first->set;
	return 0;
}
