#include "agent/provider/ask_inside.h"

/* -- what each of them says -- */

const char *ask_said_text(enum ask_said said)
{
	/* clang-format off */
	static const char *const texts[] = {
		[ASK_ANSWERED]    = "answers",
		[ASK_LAME]        = "does not have the zone",
		[ASK_FAILED]      = "fails",
		[ASK_MALFORMED]   = "answers what makes no sense",
		[ASK_SILENT]      = "does not answer",
		[ASK_UNREACHABLE] = "cannot be reached",
		[ASK_NOT_ALLOWED] = "has an address that `allow.connect` of agent.yaml does not let us reach",
	};
	/* clang-format on */

	return texts[said];
}

static enum ask_said judge(const struct asking *a, const struct exchange *exchange,
		const struct question *question, struct view zone, struct rrset *out)
{
	static const enum ask_said said[] = {
		[REPLY_HOLDS] = ASK_ANSWERED,
		[REPLY_ELSEWHERE] = ASK_LAME,
		[REPLY_FAILS] = ASK_FAILED,
		[REPLY_UNUSABLE] = ASK_MALFORMED,
	};
	CLEANUP(reply_deinit) struct reply reply = { 0 };

	if (exchange->outcome == EXCHANGE_SILENT)
		return ASK_SILENT;
	if (exchange->outcome == EXCHANGE_UNREACHABLE)
		return ASK_UNREACHABLE;
	if (reply_read(exchange->reply, question, &reply))
		return ASK_MALFORMED;
	return said[reply_judge(&reply, question, zone, a->arena, out)];
}

static bool name_answers(const struct ask_replies *replies, struct view name)
{
	for (size_t i = 0; i < replies->count; i++)
		if (view_eq(replies->items[i].server->name, name) &&
				replies->items[i].said != ASK_UNREACHABLE)
			return true;
	return false;
}

/* A host without IPv6 reaches no address of that kind: nobody's fault. */
static void leave_out_unreachable(struct ask_replies *replies)
{
	struct ask_replies kept = { replies->items, 0 };

	for (size_t i = 0; i < replies->count; i++)
		if (replies->items[i].said != ASK_UNREACHABLE ||
				!name_answers(replies, replies->items[i].server->name))
			kept.items[kept.count++] = replies->items[i];
	replies->count = kept.count;
}

static bool all_are_lame(const struct ask_replies *replies)
{
	for (size_t i = 0; i < replies->count; i++)
		if (replies->items[i].said != ASK_LAME)
			return false;
	return true;
}

int ask_all(const struct ask *ask, const struct ask_servers *servers, struct view name,
		struct view type, struct ask_replies *out, struct effect_answer *answer)
{
	const struct asking a = asking_of(ask);
	struct question questions[ASK_SERVERS];
	struct exchange exchanges[ASK_SERVERS] = { 0 };
	struct ask_replies replies = { .count = servers->count };
	size_t asked = 0;

	replies.items = arena_array(a.arena, servers->count, sizeof(*replies.items));
	for (size_t i = 0; i < servers->count; i++) {
		questions[asked] = (struct question){ .name = name, .type = type };
		if (!servers->items[i].allowed)
			continue;
		if (!asking_question(&a, &questions[asked], &exchanges[asked].query))
			return effect_failed(answer, "Refused",
					"%.*s %.*s cannot be asked for", VIEW_ARG(name),
					VIEW_ARG(type));
		exchanges[asked++].to = servers->items[i].to;
	}
	asking_go(&a, exchanges, asked, ASK_ROUND);
	asked = 0;
	for (size_t i = 0; i < servers->count; i++) {
		struct ask_reply *reply = &replies.items[i];

		reply->server = &servers->items[i];
		reply->said = ASK_NOT_ALLOWED;
		if (!servers->items[i].allowed)
			continue;
		reply->said = judge(&a, &exchanges[asked], &questions[asked],
				servers->zone, &reply->set);
		asked++;
	}
	leave_out_unreachable(&replies);
	if (all_are_lame(&replies))
		return effect_failed(answer, "ZoneGone",
				"%.*s: none of its name servers has this zone any more",
				VIEW_ARG(servers->zone));
	*out = replies;
	return EFFECT_DONE;
}
