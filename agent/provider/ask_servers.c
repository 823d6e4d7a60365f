#include "agent/provider/ask_inside.h"

/* -- the servers of a zone -- */

static void add_addresses(const struct asking *a, struct view name,
		const struct rrset *set, struct ask_servers *out)
{
	for (size_t i = 0; i < set->count && out->count < ASK_SERVERS; i++)
		out->count += asking_server(
				a, name, set->values[i], &out->items[out->count]);
}

/* Addresses as the delegation has them (glue), else as the resolvers find them. */
static void add_server(const struct asking *a, struct view name,
		const struct reply *delegation, struct ask_servers *out)
{
	const struct view types[] = { VIEW("A"), VIEW("AAAA") };
	size_t before = out->count;
	struct rrset set;
	bool glued;

	for (size_t i = 0; delegation && i < ARRAY_LEN(types); i++)
		if (!reply_set(delegation, REPLY_ADDITIONAL, a->arena, name, types[i],
				    &set))
			add_addresses(a, name, &set, out);
	glued = out->count > before;
	for (size_t i = 0; !glued && i < ARRAY_LEN(types); i++)
		if (asking_find(a, name, types[i], &set) == FOUND)
			add_addresses(a, name, &set, out);
}

static void add_servers(const struct asking *a, const struct rrset *names,
		const struct reply *delegation, struct ask_servers *out)
{
	out->items = arena_array(a->arena, ASK_SERVERS, sizeof(*out->items));
	out->count = 0;
	for (size_t i = 0; i < names->count; i++) {
		struct rrset name;

		if (!rrset_make(a->arena, names->values[i], VIEW("NS"), 0, NULL, 0,
				    &name))
			add_server(a, name.name, delegation, out);
	}
}

/* The nearest zone above whose servers the resolvers know. */
static bool find_parent(const struct asking *a, struct view zone, struct ask_servers *out)
{
	enum finding finding = FOUND_NOTHING;
	struct rrset names;

	view_cut(&zone, '.');
	while (zone.len && finding == FOUND_NOTHING) {
		finding = asking_find(a, zone, VIEW("NS"), &names);
		view_cut(&zone, '.');
	}
	if (finding != FOUND)
		return false;
	add_servers(a, &names, NULL, out);
	return out->count > 0;
}

/* What one of the parent's servers says of the delegation. */
static enum finding read_delegation(const struct asking *a, const struct reply *reply,
		const struct question *question, struct ask_servers *out)
{
	struct rrset names;
	enum finding finding = asking_read(a, reply, question, &names);

	if (finding == FOUND)
		add_servers(a, &names, reply, out);
	return finding == FOUND_NOTHING && !reply->authoritative ? NOT_FOUND : finding;
}

/* Asks all that the parent has; the first that knows the delegation gives it. */
static enum finding ask_parent(const struct asking *a, const struct ask_servers *parent,
		struct view zone, struct ask_servers *out)
{
	struct question questions[ASK_SERVERS];
	struct exchange exchanges[ASK_SERVERS] = { 0 };
	const struct ask_server *item = parent->items;
	enum finding finding = NOT_FOUND;
	size_t count = 0;

	for (size_t i = 0; i < parent->count; i++) {
		questions[count] = (struct question){ .name = zone, .type = VIEW("NS") };
		exchanges[count].to = item[i].to;
		count += item[i].allowed &&
			 asking_question(a, &questions[count], &exchanges[count].query);
	}
	asking_go(a, exchanges, count, ASK_ROUND);
	for (size_t i = 0; i < count && finding != FOUND; i++) {
		CLEANUP(reply_deinit) struct reply reply = { 0 };
		enum finding one;

		if (exchanges[i].outcome != EXCHANGE_ANSWERED ||
				reply_read(exchanges[i].reply, &questions[i], &reply))
			continue;
		one = read_delegation(a, &reply, &questions[i], out);
		if (one != NOT_FOUND)
			finding = one;
	}
	return finding;
}

static enum finding find_servers(
		const struct asking *a, struct view zone, struct ask_servers *out)
{
	enum finding finding = NOT_FOUND;
	struct ask_servers parent;
	struct rrset names;

	if (find_parent(a, zone, &parent))
		finding = ask_parent(a, &parent, zone, out);
	if (finding != NOT_FOUND)
		return finding;
	finding = asking_find(a, zone, VIEW("NS"), &names);
	if (finding == FOUND)
		add_servers(a, &names, NULL, out);
	return finding;
}

int ask_servers(const struct ask *ask, struct view zone, struct ask_servers *out,
		struct effect_answer *answer)
{
	const struct asking a = asking_of(ask);
	struct ask_servers found = { .zone = zone };

	switch (find_servers(&a, zone, &found)) {
	case FOUND_NOTHING:
		return effect_failed(answer, "ZoneGone",
				"%.*s: nobody delegates this zone: see at its registrar "
				"which name servers it has",
				VIEW_ARG(zone));
	case NOT_FOUND:
		return effect_failed(answer, "Timeout",
				"%.*s: no resolver says which name servers it has",
				VIEW_ARG(zone));
	case FOUND:
		break;
	}
	if (!found.count)
		return effect_failed(answer, "NameNotFound",
				"%.*s: none of its name servers has an address",
				VIEW_ARG(zone));
	*out = found;
	return EFFECT_DONE;
}
