/* What the world has to be told for a state: printed, for a form, a program or a zone. */
#include "agent/command/command.h"
#include "agent/command/dns_check.h"
#include "agent/command/offline.h"
#include "agent/command/setting.h"
#include "agent/zone/rrsets.h"

#include <jansson.h>
#include <string.h>

struct asked {
	const struct desired *desired;
	const struct desired_domain *only; /* NULL: every zone */
	struct zone_records records;
};

static bool is_asked(const struct asked *asked, const struct zone_record *record)
{
	return !asked->only || record->zone == asked->only;
}

/* -- for people -- */

static void print_place(const struct asked *asked, struct span span)
{
	struct place place = sources_place(asked->desired->sources, span);

	printf(" (%.*s:%u)", VIEW_ARG(place.path), place.line);
}

static size_t widest_name(const struct asked *asked)
{
	size_t widest = 0;

	for (size_t i = 0; i < asked->records.count; i++)
		if (is_asked(asked, &asked->records.items[i]) &&
				asked->records.items[i].name.len > widest)
			widest = asked->records.items[i].name.len;
	return widest;
}

static void print_zones(const struct asked *asked)
{
	const struct desired_domain *zone = NULL;
	int width = (int)widest_name(asked);

	for (size_t i = 0; i < asked->records.count; i++) {
		const struct zone_record *record = &asked->records.items[i];

		if (!is_asked(asked, record))
			continue;
		if (record->zone != zone)
			printf("%sThe zone of %.*s\n", zone ? "\n" : "",
					VIEW_ARG(record->zone->object.key));
		zone = record->zone;
		printf("\n%-*.*s  %-5s %.*s\n    %.*s", width, VIEW_ARG(record->name),
				record->type, VIEW_ARG(zone_record_plain(record)),
				VIEW_ARG(record->why));
		print_place(asked, record->span);
		putchar('\n');
	}
}

/* What a domain's zone cannot say, and somebody has to. */
static void print_pointers(const struct asked *asked)
{
	const struct zone_records *records = &asked->records;

	if (asked->only || !records->pointer_count)
		return;
	puts("\nNot in a zone of yours\n");
	for (size_t i = 0; i < records->pointer_count; i++) {
		const struct zone_pointer *pointer = &records->pointers[i];

		printf("ask your hoster to set the PTR of %.*s to %.*s",
				VIEW_ARG(pointer->address),
				VIEW_ARG(pointer->host->name));
		print_place(asked, pointer->span);
		putchar('\n');
	}
}

static void print_text(const struct asked *asked)
{
	print_zones(asked);
	print_pointers(asked);
	for (size_t i = 0; i < asked->desired->host_count; i++)
		if (!asked->desired->hosts[i].addresses.count)
			fprintf(stderr,
					"note: host %.*s says no `addresses`: its A, "
					"AAAA "
					"and PTR are not listed, and SPF is `mx`\n",
					VIEW_ARG(asked->desired->hosts[i].object.key));
}

/* -- for programs -- */

static void set_text(json_t *object, const char *key, struct view text)
{
	json_object_set_new(
			object, key, json_stringn(text.len ? text.data : "", text.len));
}

static void set_place(const struct asked *asked, json_t *object, struct span span)
{
	struct place place = sources_place(asked->desired->sources, span);

	set_text(object, "file", place.path);
	json_object_set_new(object, "line", json_integer(place.line));
}

static json_t *record_json(const struct asked *asked, const struct zone_record *record)
{
	json_t *json = json_object();

	set_text(json, "zone", record->zone->object.key);
	set_text(json, "name", record->name);
	json_object_set_new(json, "type", json_string(record->type));
	json_object_set_new(json, "ttl", json_integer(record->ttl));
	set_text(json, "value", record->value);
	if (record->text.len)
		set_text(json, "text", record->text);
	set_text(json, "why", record->why);
	set_place(asked, json, record->span);
	return json;
}

static json_t *pointer_json(const struct asked *asked, const struct zone_pointer *pointer)
{
	json_t *json = json_object();

	set_text(json, "address", pointer->address);
	set_text(json, "name", pointer->host->name);
	set_place(asked, json, pointer->span);
	return json;
}

static void print_json(const struct asked *asked)
{
	json_t *records = json_array(), *pointers = json_array(), *all;

	for (size_t i = 0; i < asked->records.count; i++)
		if (is_asked(asked, &asked->records.items[i]))
			json_array_append_new(records,
					record_json(asked, &asked->records.items[i]));
	for (size_t i = 0; i < asked->records.pointer_count && !asked->only; i++)
		json_array_append_new(pointers,
				pointer_json(asked, &asked->records.pointers[i]));
	all = json_pack("{s:o,s:o}", "records", records, "ptr", pointers);
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
}

/* -- for name servers -- */

/* Every name is absolute, so it can be taken in anywhere by $INCLUDE. */
static void print_zone(const struct asked *asked)
{
	const struct desired_domain *zone = NULL;

	for (size_t i = 0; i < asked->records.count; i++) {
		const struct zone_record *record = &asked->records.items[i];

		if (!is_asked(asked, record))
			continue;
		if (record->zone != zone)
			printf("; for the zone of %.*s, beside its SOA and NS\n",
					VIEW_ARG(record->zone->object.key));
		zone = record->zone;
		printf("%.*s. %u IN %s %.*s\n", VIEW_ARG(record->name),
				(unsigned)record->ttl, record->type,
				VIEW_ARG(record->value));
	}
}

/* -- the words -- */

static bool choose_zone(struct asked *asked, const char *name)
{
	if (!name)
		return true;
	asked->only = desired_domain_of(asked->desired, view_z(name));
	if (!asked->only)
		say_error("name a key of `domains`", "the state has no domain %s", name);
	return asked->only;
}

/* What excludes each other is printed for nobody to type in. */
static bool are_apart(struct asked *asked, struct arena *arena)
{
	struct zone_rrsets sets;
	bool apart = true;

	zone_rrsets(&asked->records, arena, &sets);
	for (size_t i = 0; i < sets.count && apart; i++) {
		const struct zone_record *one = sets.items[i].one;
		const struct zone_record *other = sets.items[i].other;

		if (!one)
			continue;
		apart = false;
		say_error("take one of them away, or leave the part to `records` by "
			  "`dns: {except: [...]}`",
				"%.*s cannot have the %s %.*s beside the %s %.*s",
				VIEW_ARG(one->name), one->type,
				VIEW_ARG(zone_record_plain(one)), other->type,
				VIEW_ARG(zone_record_plain(other)));
	}
	return apart;
}

static int print_records(const struct words *words, struct offline_state *state)
{
	struct asked asked = { .desired = state->checked.desired };
	const char *form = words_form(words);

	if (!choose_zone(&asked, words_operand(words, 1)))
		return EXIT_INVALID;
	zone_records(asked.desired, NULL, state->arena, &asked.records);
	if (!are_apart(&asked, state->arena))
		return EXIT_INVALID;
	if (strcmp(form, "json") == 0)
		print_json(&asked);
	else if (strcmp(form, "zone") == 0)
		print_zone(&asked);
	else
		print_text(&asked);
	return EXIT_FINE;
}

static int run(const struct words *words)
{
	CLEANUP(offline_deinit) struct offline_state state = { 0 };
	const char *where = words_option(words, "state");

	if (strcmp(words_operand(words, 0), "check") == 0)
		return dns_check(words);
	if (strcmp(words_operand(words, 0), "records") != 0) {
		say_error("`posthus dns --help` lists the verbs",
				"there is no `posthus dns %s`", words_operand(words, 0));
		return EXIT_ERROR;
	}
	if (!where) {
		say_error("add --state PATH, the file or directory of the state",
				"which state is asked?");
		return EXIT_INVALID;
	}
	if (!offline_read(&where, 1, &state)) {
		offline_print(&state.checked.diagnostics, stderr);
		return EXIT_INVALID;
	}
	return print_records(words, &state);
}

static const struct option_row options[] = {
	OPTION_STATE,
	OPTION_CONFIG,
	{ "o", "text|json|zone", "the form of the output" },
};

const struct command command_dns = {
	.name = "dns",
	.operands = "records|check [DOMAIN]",
	.least_operands = 1,
	.most_operands = 2,
	.summary = "Print the DNS records that a state calls for, or ask whether they "
		   "are there",
	.help = "records prints each record with its reason and the line of the state "
		"that "
		"asks for it: as a\n"
		"table to type from, as JSON, or as lines of a zone file. With a DOMAIN, "
		"those of its zone.\n"
		"Nothing is asked and nothing is changed; --state is needed.\n"
		"check asks every name server of each zone, never a cache, and the PTR "
		"of "
		"each address: one\n"
		"sentence a record. 0: all is in sync, 2: some is not. Without --state "
		"the "
		"state is that of\n"
		"the agent's file.",
	OPTIONS(options),
	.run = run,
};
