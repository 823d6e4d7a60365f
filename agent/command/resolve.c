#include "schema/resolve.h"
#include "agent/command/command.h"
#include "agent/command/offline.h"

struct sentence {
	const char *before; /* the text of the hop */
	const char *behind;
};

/* clang-format off */
static const struct sentence sentences[] = {
	[HOP_TWIN]       = { "its domain is a twin of ", "" },
	[HOP_USER]       = { "delivered to user/", "" },
	[HOP_SHARED]     = { "delivered to shared/", "" },
	[HOP_SERVICE]    = { "refused: nobody gets the mail of service/", "" },
	[HOP_ALIAS]      = { "alias ", "" },
	[HOP_CONTACT]    = { "goes to the contact of the domain", "" },
	[HOP_SUBADDRESS] = { "a detail of ", "" },
	[HOP_GROUP]      = { "members of group/", "" },
	[HOP_CATCH_ALL]  = { "no such address; the catch-all is ", "" },
	[HOP_REJECTED]   = { "refused: \"", "\"" },
	[HOP_DISCARDED]  = { "taken and thrown away", "" },
	[HOP_REMOTE]     = { "no domain of this state", "" },
	[HOP_UNKNOWN]    = { "no such address: refused", "" },
	[HOP_AGAIN]      = { "has it already: ", "" },
};
/* clang-format on */

static void print_hop(const struct desired *desired, const struct hop *hop)
{
	const struct sentence *sentence = &sentences[hop->kind];

	printf("%*s%.*s: %s%.*s%s", (int)(2 * hop->depth), "", VIEW_ARG(hop->address),
			sentence->before, VIEW_ARG(hop->text), sentence->behind);
	if (hop->placed) {
		struct place place = sources_place(desired->sources, hop->span);

		printf("  (%.*s:%u)", VIEW_ARG(place.path), place.line);
	}
	putchar('\n');
}

static json_t *hop_json(const struct desired *desired, const struct hop *hop)
{
	json_t *json = json_pack("{s:s,s:s%,s:i}", "kind", hop_name(hop->kind), "address",
			hop->address.data, hop->address.len, "depth", (int)hop->depth);

	if (hop->text.len)
		json_object_set_new(json, "text",
				json_stringn(hop->text.data, hop->text.len));
	if (hop->placed) {
		struct place place = sources_place(desired->sources, hop->span);

		json_object_set_new(json, "file",
				json_stringn(place.path.data, place.path.len));
		json_object_set_new(json, "line", json_integer(place.line));
	}
	return json;
}

static void print_json(const struct desired *desired, const struct resolution_path *path)
{
	json_t *list = json_array();

	for (size_t i = 0; i < path->count; i++)
		json_array_append_new(list, hop_json(desired, &path->hops[i]));
	json_dumpf(list, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(list);
}

static int print_path(const struct words *words, const struct desired *desired,
		struct arena *arena, const char *address)
{
	struct resolution_path path;
	const char *why;

	if (resolve_address(desired, arena, view_z(address), &path, &why)) {
		say_error("write it as local@domain", "%s is no address: %s", address,
				why);
		return EXIT_INVALID;
	}
	if (words_json(words)) {
		print_json(desired, &path);
		return EXIT_FINE;
	}
	for (size_t i = 0; i < path.count; i++)
		print_hop(desired, &path.hops[i]);
	if (path.cut)
		printf("… more than %d hops\n", HOPS_MAX);
	return EXIT_FINE;
}

static int run(const struct words *words)
{
	CLEANUP(offline_deinit) struct offline_state state = { 0 };
	const char *where = words_option(words, "state");

	if (!where) {
		say_error("add --state PATH, the file or directory of the state",
				"which state is asked?");
		return EXIT_INVALID;
	}
	if (!offline_read(&where, 1, &state)) {
		offline_print(&state.checked.diagnostics, stderr);
		return EXIT_INVALID;
	}
	return print_path(words, state.checked.desired, state.arena,
			words_operand(words, 0));
}

static const struct option_row options[] = {
	{ "state", "PATH", "the file or directory of the state; needed" },
	{ "o", "text|json", "the form of the output" },
};

const struct command command_resolve = {
	.name = "resolve",
	.operands = "ADDRESS",
	.least_operands = 1,
	.most_operands = 1,
	.summary = "Show where mail to an address goes, hop by hop, without an agent",
	.help = "Prints every hop with the line of the state that decides it. Nothing is "
		"sent.",
	OPTIONS(options),
	.run = run,
};
