/* What the agent asks of name servers and does at DNS providers, from the command line:
 *
 *   dns_provider ask AGENT.YAML ZONE NAME TYPE
 *   dns_provider probe AGENT.YAML SPEC ZONE
 *   dns_provider read AGENT.YAML SPEC ZONE NAME TYPE
 *   dns_provider change AGENT.YAML SPEC ZONE NAME TYPE BEFORE [TTL/]TTL AFTER
 *
 * ask prints for each server of the zone its name, its address, what it said and the values,
 * parted by `|` as in BEFORE and AFTER. SPEC is a provider's as an effect carries it. What
 * fails prints the reason, `untouched` where it is certain, and what is said to people. */
#include "agent/provider/ask.h"
#include "agent/provider/provider.h"
#include "runtime/base/limit.h"
#include "runtime/base/os.h"
#include "schema/agent_file.h"

#include <stdio.h>
#include <stdlib.h>

static struct agent_file read_agent_file(struct arena *arena, const char *path)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(1024 * 1024);
	struct source_file source = { .path = view_z(path) };
	struct agent_file file;
	struct diagnostics d;
	char *bytes = NULL;
	size_t len;

	if (os_read_file(os_real(), path, limit_value(LIMIT_STATE_FILE), &bytes, &len)) {
		fprintf(stderr, "%s cannot be read\n", path);
		exit(2);
	}
	source.bytes = arena_copy(arena, view_of(bytes, len));
	free(bytes);
	diagnostics_init(&d, arena, sources_new(arena, &source, 1));
	if (agent_file_read(&d, &file)) {
		diagnostics_print(&d, &text);
		fprintf(stderr, "%.*s\n", VIEW_ARG(buf_view(&text)));
		exit(2);
	}
	diagnostics_deinit(&d);
	return file;
}

static void print_set(const struct rrset *set)
{
	printf("%u", (unsigned)set->ttl);
	for (size_t i = 0; i < set->count; i++)
		printf("%s%.*s", i ? "|" : " ", VIEW_ARG(set->values[i]));
}

static int print_failure(const struct effect_answer *answer)
{
	printf("%s%s: %.*s\n", answer->reason, answer->untouched ? " untouched" : "",
			VIEW_ARG(buf_view(&answer->message)));
	return 1;
}

static int do_ask(struct arena *arena, char **words, struct effect_answer *answer)
{
	const struct agent_file file = read_agent_file(arena, words[0]);
	const struct ask ask = { .arena = arena, .file = &file };
	struct ask_servers servers;
	struct ask_replies replies;

	if (ask_servers(&ask, view_z(words[1]), &servers, answer) ||
			ask_all(&ask, &servers, view_z(words[2]), view_z(words[3]),
					&replies, answer))
		return print_failure(answer);
	for (size_t i = 0; i < replies.count; i++) {
		const struct ask_reply *reply = &replies.items[i];

		printf("%.*s %.*s %s", VIEW_ARG(reply->server->name),
				VIEW_ARG(reply->server->address),
				ask_said_text(reply->said));
		if (reply->said == ASK_ANSWERED) {
			printf(": ");
			print_set(&reply->set);
		}
		printf("\n");
	}
	return 0;
}

static const struct dns_provider *open_provider(
		struct arena *arena, char **words, struct provider_call *call)
{
	struct agent_file *file = ARENA_NEW(arena, struct agent_file);
	const struct dns_provider *provider = dns_provider_of_spec(view_z(words[1]));

	if (!provider) {
		fprintf(stderr, "%s is no provider\n", words[1]);
		exit(2);
	}
	*file = read_agent_file(arena, words[0]);
	*call = (struct provider_call){ .spec = view_z(words[1]),
		.zone = view_z(words[2]),
		.arena = arena,
		.file = file };
	return provider;
}

static int do_probe(struct arena *arena, char **words, struct effect_answer *answer)
{
	struct provider_call call;
	const struct dns_provider *provider = open_provider(arena, words, &call);

	if (provider->probe(&call, answer))
		return print_failure(answer);
	printf("fine\n");
	return 0;
}

static int do_read(struct arena *arena, char **words, struct effect_answer *answer)
{
	struct provider_call call;
	const struct dns_provider *provider = open_provider(arena, words, &call);
	struct rrset set;

	if (provider->read(&call, view_z(words[3]), view_z(words[4]), &set, answer))
		return print_failure(answer);
	print_set(&set);
	printf("\n");
	return 0;
}

static struct rrset read_set(
		struct arena *arena, char **words, const char *ttl, const char *text)
{
	struct view rest = view_z(text), *values;
	struct rrset set;
	size_t count = 0;

	values = arena_array(arena, rest.len + 1, sizeof(*values));
	while (rest.len)
		values[count++] = view_cut(&rest, '|');
	if (rrset_make(arena, view_z(words[3]), view_z(words[4]), (uint32_t)atoi(ttl),
			    values, count, &set)) {
		fprintf(stderr, "%s is no set\n", text);
		exit(2);
	}
	return set;
}

static int do_change(struct arena *arena, char **words, struct effect_answer *answer)
{
	struct provider_call call;
	const struct dns_provider *provider = open_provider(arena, words, &call);
	const char *ttl = strchr(words[6], '/');
	struct rrset before = read_set(arena, words, words[6], words[5]);
	struct rrset after = read_set(arena, words, ttl ? ttl + 1 : words[6], words[7]);

	if (provider->change(&call, &before, &after, answer))
		return print_failure(answer);
	printf("done\n");
	return 0;
}

/* clang-format off */
static const struct {
	const char *word;
	int arguments;
	int (*run)(struct arena *, char **, struct effect_answer *);
} verbs[] = {
	{ "ask",    4, do_ask },
	{ "probe",  3, do_probe },
	{ "read",   5, do_read },
	{ "change", 8, do_change },
};
/* clang-format on */

int main(int argc, char **argv)
{
	CLEANUP(effect_answer_deinit) struct effect_answer answer = EFFECT_ANSWER_NULL;
	CLEANUP(arena_freep) struct arena *arena = arena_new();

	for (size_t i = 0; argc > 1 && i < ARRAY_LEN(verbs); i++)
		if (view_eq(view_z(argv[1]), view_z(verbs[i].word)) &&
				argc == verbs[i].arguments + 2)
			return verbs[i].run(arena, argv + 2, &answer);
	fprintf(stderr, "usage: dns_provider ask|probe|read|change AGENT.YAML WORD...\n");
	return 2;
}
