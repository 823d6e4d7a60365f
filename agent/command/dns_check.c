#include "agent/command/dns_check.h"

#include "agent/command/dns_known.h"
#include "agent/command/offline.h"
#include "agent/command/setting.h"
#include "agent/control/client.h"
#include "agent/database/text.h"
#include "agent/zone/rrsets.h"
#include "agent/zone/sight.h"
#include "runtime/dns/name.h"

#include <arpa/inet.h>
#include <stdlib.h>

enum {
	LONGEST_SENTENCE = 8192,
	ADDRESS_MAX = 46, /* octets of an address as text, and the end */
};

enum verdict {
	IN_SYNC,
	MISSING,
	CHANGED,
	FOREIGN,
	NOT_EVERYWHERE,
	UNKNOWN,
};

static const char *const verdicts[] = {
	[IN_SYNC] = "in-sync",
	[MISSING] = "missing",
	[CHANGED] = "changed",
	[FOREIGN] = "foreign",
	[NOT_EVERYWHERE] = "not-everywhere",
	[UNKNOWN] = "unknown",
};

struct finding {
	struct view name, type;
	enum verdict verdict;
	struct view sentence;
	struct span span;
};

struct checking {
	struct arena *arena;
	const struct desired *desired;
	struct effect effect; /* what asking takes: the agent's file */
	const char *control;  /* where an agent may answer */
	struct zone_facts facts;
	const struct desired_domain *zone;
	struct zone_sight sight;
	int found;       /* of that zone's servers: an outcome of zone_find, … */
	struct view why; /* … and why there are none */
	struct finding *findings;
	size_t count;
};

/* -- records -- */

static void add_values(struct buf *out, const struct rrset *set)
{
	for (size_t i = 0; i < set->count; i++)
		buf_addf(out, "%s%.*s", i ? ", " : "", VIEW_ARG(set->values[i]));
}

static struct view say_missing(struct checking *c, const struct zone_rrset *set,
		const struct rrset *missing)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST_SENTENCE);

	buf_addf(&text, "put into the zone of %.*s:", VIEW_ARG(c->sight.servers.zone));
	for (size_t i = 0; i < missing->count; i++)
		buf_addf(&text, "%s %.*s. %u IN %.*s %.*s", i ? ";" : "",
				VIEW_ARG(set->set.name), (unsigned)set->set.ttl,
				VIEW_ARG(set->set.type), VIEW_ARG(missing->values[i]));
	return arena_copy(c->arena, buf_view(&text));
}

static struct view say_changed(
		struct checking *c, const struct zone_rrset *set, struct view live)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST_SENTENCE);
	struct owned_text there;

	if (!owned_read(c->arena, live, &there))
		return live;
	buf_addf(&text, "the zone says %u ", (unsigned)there.set.ttl);
	add_values(&text, &there.set);
	buf_addf(&text, "; the state %u ", (unsigned)set->set.ttl);
	add_values(&text, &set->set);
	return arena_copy(c->arena, buf_view(&text));
}

static void find_servers(struct checking *c, const struct zone_rrset *set)
{
	CLEANUP(effect_answer_deinit) struct effect_answer answer = EFFECT_ANSWER_NULL;

	if (c->zone == set->zone)
		return;
	c->zone = set->zone;
	c->found = zone_find(
			&c->effect, set->zone->object.key, c->arena, &c->sight, &answer);
	c->why = arena_copy(c->arena, buf_view(&answer.message));
}

/* A key stands in a signed zone alone (agent/driver/record_effects.c). */
static bool is_out_of_place(struct checking *c, const struct zone_rrset *set)
{
	CLEANUP(effect_answer_deinit) struct effect_answer answer = EFFECT_ANSWER_NULL;
	const struct ask ask = { .arena = c->arena, .file = c->effect.file };
	struct ask_replies replies;

	if (!view_eq(set->set.type, VIEW("TLSA")) || c->sight.live.len ||
			ask_all(&ask, &c->sight.servers, c->sight.servers.zone,
					VIEW("DNSKEY"), &replies, &answer))
		return false;
	for (size_t i = 0; i < replies.count; i++)
		if (replies.items[i].said == ASK_ANSWERED && replies.items[i].set.count)
			return false;
	return true;
}

static void judge_seen(struct checking *c, const struct zone_rrset *set,
		const struct owned *owned, struct finding *out)
{
	struct rrset missing = owned_missing(owned, &c->sight.set, c->arena), after;
	struct view foreign;

	if (owned_change(owned, &c->sight.set, c->arena, &after, &foreign)) {
		out->verdict = FOREIGN;
		out->sentence = arena_printf(c->arena,
				"beside it stands %.*s, and there may be one",
				VIEW_ARG(foreign));
	} else if (view_eq(c->sight.live, owned->json)) {
		out->verdict = IN_SYNC;
		out->sentence = arena_printf(c->arena, "%zu of %zu servers say it",
				c->sight.servers.count, c->sight.servers.count);
	} else if (is_out_of_place(c, set)) {
		out->verdict = IN_SYNC;
		out->sentence = VIEW("the zone is not signed: none is put there");
	} else if (!c->sight.live.len || missing.count < set->set.count) {
		out->verdict = missing.count ? MISSING : CHANGED;
		out->sentence = missing.count ? say_missing(c, set, &missing)
					      : say_changed(c, set, c->sight.live);
	} else {
		out->verdict = CHANGED;
		out->sentence = say_changed(c, set, c->sight.live);
	}
}

static void judge(struct checking *c, const struct zone_rrset *set, struct finding *out)
{
	CLEANUP(effect_answer_deinit) struct effect_answer answer = EFFECT_ANSWER_NULL;
	const struct owned_text text = { .zone = set->zone->object.key, .set = set->set };
	struct view json = owned_print(c->arena, &text);
	struct owned owned;
	int r = EFFECT_E_FAILED;

	*out = (struct finding){
		.name = set->set.name,
		.type = set->set.type,
		.verdict = UNKNOWN,
		.span = set->records[0]->span,
	};
	find_servers(c, set);
	if (c->found) {
		out->sentence = c->why;
		return;
	}
	if (owned_load(c->arena, json, json, false, &owned))
		r = zone_look(&c->effect, &owned, c->arena, &c->sight, &answer);
	if (r == 0) {
		judge_seen(c, set, &owned, out);
		return;
	}
	if (answer.reason && view_eq(view_z(answer.reason), VIEW("NotVisible")))
		out->verdict = NOT_EVERYWHERE;
	out->sentence = arena_copy(c->arena, buf_view(&answer.message));
}

/* -- what leads from an address to its name, and back -- */

static struct view reverse_name(struct arena *arena, struct view address)
{
	CLEANUP(buf_free) struct buf name = BUF_NULL(128);
	char text[ADDRESS_MAX] = "";
	unsigned char bytes[16];

	if (address.len >= sizeof(text))
		return VIEW_NULL;
	memcpy(text, address.data, address.len);
	if (inet_pton(AF_INET, text, bytes) == 1)
		return arena_printf(arena, "%u.%u.%u.%u.in-addr.arpa", bytes[3], bytes[2],
				bytes[1], bytes[0]);
	if (inet_pton(AF_INET6, text, bytes) != 1)
		return VIEW_NULL;
	for (size_t i = sizeof(bytes); i-- > 0;)
		buf_addf(&name, "%x.%x.", bytes[i] & 15U, bytes[i] >> 4);
	buf_add_z(&name, "ip6.arpa");
	return arena_copy(arena, buf_view(&name));
}

/* The set under a name, from the servers of the nearest zone from `zone` upward. */
static int ask_in(struct checking *c, struct view zone, struct view name,
		const char *type, struct rrset *out, struct effect_answer *answer)
{
	const struct ask ask = { .arena = c->arena, .file = c->effect.file };
	struct ask_servers servers;
	struct ask_replies replies;
	int r = ask_servers(&ask, zone, &servers, answer);

	while (r == EFFECT_E_FAILED &&
			view_eq(view_z(answer->reason), VIEW("ZoneGone")) &&
			view_find(zone, '.') < zone.len) {
		view_cut(&zone, '.');
		r = ask_servers(&ask, zone, &servers, answer);
	}
	if (r == 0)
		r = ask_all(&ask, &servers, name, view_z(type), &replies, answer);
	for (size_t i = 0; r == 0 && i < replies.count; i++)
		if (replies.items[i].said == ASK_ANSWERED) {
			*out = replies.items[i].set;
			return 0;
		}
	return r ? r : effect_failed(answer, "Timeout", "no server of it answers");
}

/* The domain of ours that a host lies in, else its own name. */
static struct view zone_of(const struct checking *c, struct view host)
{
	struct view zone = VIEW_NULL;

	for (size_t i = 0; i < c->desired->domain_count; i++) {
		struct view key = c->desired->domains[i].object.key;

		if ((view_eq(host, key) || name_is_under(host, key)) &&
				key.len > zone.len)
			zone = key;
	}
	return zone.len ? zone : host;
}

static bool leads_back(struct checking *c, const struct zone_pointer *pointer)
{
	CLEANUP(effect_answer_deinit) struct effect_answer answer = EFFECT_ANSWER_NULL;
	bool is_ipv6 = view_find(pointer->address, ':') < pointer->address.len;
	struct view value;
	struct rrset set;

	return !ask_in(c, zone_of(c, pointer->host->name), pointer->host->name,
			       is_ipv6 ? "AAAA" : "A", &set, &answer) &&
	       !rrset_value(c->arena, set.type, pointer->address, &value) &&
	       rrset_has(&set, value);
}

static void judge_pointer(struct checking *c, const struct zone_pointer *pointer,
		struct finding *out)
{
	CLEANUP(effect_answer_deinit) struct effect_answer answer = EFFECT_ANSWER_NULL;
	struct view host = pointer->host->name;
	struct view wanted = arena_printf(c->arena, "%.*s.", VIEW_ARG(host));
	struct rrset set;

	*out = (struct finding){
		.name = reverse_name(c->arena, pointer->address),
		.type = VIEW("PTR"),
		.verdict = UNKNOWN,
		.span = pointer->span,
	};
	if (ask_in(c, out->name, out->name, "PTR", &set, &answer)) {
		out->sentence = arena_copy(c->arena, buf_view(&answer.message));
	} else if (!set.count) {
		out->verdict = MISSING;
		out->sentence = arena_printf(c->arena,
				"ask your hoster to set the PTR of %.*s to %.*s",
				VIEW_ARG(pointer->address), VIEW_ARG(host));
	} else if (!rrset_has(&set, wanted)) {
		out->verdict = CHANGED;
		out->sentence = arena_printf(c->arena,
				"%.*s is %.*s there: ask your hoster to set it to %.*s",
				VIEW_ARG(pointer->address), VIEW_ARG(set.values[0]),
				VIEW_ARG(host));
	} else if (!leads_back(c, pointer)) {
		out->verdict = MISSING;
		out->sentence = arena_printf(c->arena,
				"%.*s does not lead back to %.*s: receivers take "
				"neither for true",
				VIEW_ARG(host), VIEW_ARG(pointer->address));
	} else {
		out->verdict = IN_SYNC;
		out->sentence = VIEW("leads to the name, and the name back");
	}
}

/* -- what an agent knows, where one runs: keys are in no file of the state -- */

static struct view text_in(struct checking *c, const json_t *object, const char *name)
{
	const json_t *text = json_object_get(object, name);

	return arena_copy(c->arena,
			view_of(json_string_value(text), json_string_length(text)));
}

static void know_key(struct checking *c, const json_t *object)
{
	struct view text = text_in(c, object, "text");
	size_t at = view_find_view(text, VIEW("p="));
	const struct zone_key key = {
		.domain = text_in(c, object, "domain"),
		.selector = text_in(c, object, "selector"),
		.algorithm = view_starts(text_in(c, object, "algorithm"), VIEW("rsa"))
					     ? VIEW("rsa")
					     : VIEW("ed25519"),
		.public_key = view_from(text, at + 2),
	};

	if (at < text.len && key.domain.len)
		zone_facts_add_key(&c->facts, c->arena, &key);
}

static void know_keys(struct checking *c)
{
	struct control_reply reply = { 0 };
	const json_t *key;
	size_t i;

	if (control_call(c->control, "GET", "/v1/status", NULL, &reply))
		return;
	json_array_foreach (json_object_get(reply.body, "dkim_keys"), i, key)
		know_key(c, key);
	json_decref(reply.body);
}

/* -- all of it -- */

static void check_all(struct checking *c, const struct desired_domain *only)
{
	struct zone_records records;
	struct zone_rrsets sets;

	know_keys(c);
	zone_records(c->desired, &c->facts, c->arena, &records);
	zone_rrsets(&records, c->arena, &sets);
	dns_known(c->control, c->desired, c->arena, &sets);
	c->findings = arena_array(c->arena, sets.count + records.pointer_count,
			sizeof(*c->findings));
	for (size_t i = 0; i < sets.count; i++)
		if (!only || sets.items[i].zone == only)
			judge(c, &sets.items[i], &c->findings[c->count++]);
	for (size_t i = 0; i < records.pointer_count && !only; i++)
		judge_pointer(c, &records.pointers[i], &c->findings[c->count++]);
}

static void print_text(const struct checking *c)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct finding *f = &c->findings[i];
		struct place place = sources_place(c->desired->sources, f->span);

		printf("%-14s  %.*s %.*s: %.*s", verdicts[f->verdict], VIEW_ARG(f->name),
				VIEW_ARG(f->type), VIEW_ARG(f->sentence));
		if (f->verdict != IN_SYNC)
			printf(" (%.*s:%u)", VIEW_ARG(place.path), place.line);
		putchar('\n');
	}
}

static void print_json(const struct checking *c)
{
	json_t *records = json_array(), *all;

	for (size_t i = 0; i < c->count; i++) {
		const struct finding *f = &c->findings[i];
		struct place place = sources_place(c->desired->sources, f->span);

		json_array_append_new(records,
				json_pack("{s:o, s:o, s:s, s:o, s:o, s:i}", "name",
						json_view(f->name), "type",
						json_view(f->type), "verdict",
						verdicts[f->verdict], "message",
						json_view(f->sentence), "file",
						json_view(place.path), "line",
						(int)place.line));
	}
	all = json_pack("{s:i, s:o}", "format_version", 1, "records", records);
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
}

static int run_check(const struct words *words, const struct setting *setting,
		const struct desired *desired)
{
	const char *name = words_operand(words, 1);
	const struct desired_domain *only =
			name ? desired_domain_of(desired, view_z(name)) : NULL;
	struct checking c = {
		.arena = setting->arena,
		.desired = desired,
		.effect = { .file = &setting->file },
		.control = setting->control,
	};

	if (name && !only) {
		say_error("name a key of `domains`", "the state has no domain %s", name);
		return EXIT_INVALID;
	}
	check_all(&c, only);
	if (strcmp(words_form(words), "json") == 0)
		print_json(&c);
	else
		print_text(&c);
	for (size_t i = 0; i < c.count; i++)
		if (c.findings[i].verdict != IN_SYNC)
			return EXIT_CHANGES;
	return EXIT_FINE;
}

int dns_check(const struct words *words)
{
	CLEANUP(setting_deinit) struct setting setting = { 0 };
	CLEANUP(offline_deinit) struct offline_state state = { 0 };
	int code = (int)setting_load(words, &setting);

	if (code != EXIT_FINE)
		return code;
	if (!setting.state_count) {
		say_error("add --state PATH, the file or directory of the state",
				"which state is asked for?");
		return EXIT_INVALID;
	}
	if (!offline_read(setting.state, setting.state_count, &state)) {
		offline_print(&state.checked.diagnostics, stderr);
		return EXIT_INVALID;
	}
	return run_check(words, &setting, state.checked.desired);
}
