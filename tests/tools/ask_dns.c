/* Asks the resolver, one question after another, and prints what it says:
 *
 *   ask_dns [--sandbox] [--within SECONDS] ANCHORS [ZONE=ADDRESS[@PORT]…] -- TYPE NAME [TYPE NAME…]
 *
 *   a.example A answered secure 192.0.2.1 192.0.2.2
 *   b.example A bogus insecure (why)
 *
 * A TXT record is printed by its length. --sandbox: within what the agent's is made of,
 * with nothing but the anchors to read. */
#include "runtime/base/error.h"
#include "runtime/base/sandbox.h"
#include "runtime/net/resolver.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	MOST_STUBS = 16
};

/* clang-format off */
static const struct {
	const char *name;
	enum dns_type type;
} types[] = {
	{ "A", DNS_A }, { "AAAA", DNS_AAAA }, { "MX", DNS_MX }, { "TXT", DNS_TXT }, { "PTR", DNS_PTR },
};
/* clang-format on */

static const char *const statuses[] = {
	[DNS_FAILED] = "failed",
	[DNS_BOGUS] = "bogus",
	[DNS_ANSWERED] = "answered",
	[DNS_NODATA] = "nodata",
	[DNS_NXDOMAIN] = "nxdomain",
};

struct asked {
	struct resolver_question question;
	pthread_mutex_t lock;
	pthread_cond_t change;
	bool done;
};

static void answered(struct resolver_question *question)
{
	struct asked *asked = CONTAINER_OF(question, struct asked, question);

	pthread_mutex_lock(&asked->lock);
	asked->done = true;
	pthread_cond_signal(&asked->change);
	pthread_mutex_unlock(&asked->lock);
}

static void print_record(enum dns_type type, const struct dns_record *record)
{
	char text[INET6_ADDRSTRLEN];

	switch (type) {
	case DNS_A:
		printf(" %s", inet_ntop(AF_INET, record->address, text, sizeof(text)));
		break;
	case DNS_AAAA:
		printf(" %s", inet_ntop(AF_INET6, record->address, text, sizeof(text)));
		break;
	case DNS_MX:
		printf(" %u:%.*s", record->preference, VIEW_ARG(record->name));
		break;
	case DNS_PTR:
		printf(" %.*s", VIEW_ARG(record->name));
		break;
	case DNS_TXT:
		printf(" %zu", record->text.len);
		break;
	default:
		die("a type that nobody asked for");
	}
}

static enum dns_type type_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (strcmp(name, types[i].name) == 0)
			return types[i].type;
	die("no such type: %s", name);
}

static void ask(struct resolver *resolver, const char *type, const char *name,
		nstime time_limit)
{
	struct asked asked = { .question = { .answered = answered,
					       .time_limit = time_limit } };
	const struct dns_answer *answer;

	asked.question.lookup = dns_lookup_new(type_of(type), view_z(name));
	pthread_mutex_init(&asked.lock, NULL);
	pthread_cond_init(&asked.change, NULL);
	resolver_ask(resolver, &asked.question);
	pthread_mutex_lock(&asked.lock);
	while (!asked.done)
		pthread_cond_wait(&asked.change, &asked.lock);
	pthread_mutex_unlock(&asked.lock);
	answer = &asked.question.lookup->answer;
	printf("%s %s %s %s", name, type, statuses[answer->status],
			answer->secure ? "secure" : "insecure");
	for (size_t i = 0; i < answer->count; i++)
		print_record(asked.question.lookup->type, &answer->records[i]);
	if (asked.question.reason[0])
		printf(" (%s)", asked.question.reason);
	printf("\n");
	op_free(&asked.question.lookup->op);
	pthread_cond_destroy(&asked.change);
	pthread_mutex_destroy(&asked.lock);
}

static void enter_sandbox(const char *anchors)
{
	const char *const read[] = { anchors };
	const struct sandbox_options options = { .read = read, .read_count = 1 };
	struct sandbox_level level;

	if (sandbox_enter(&options, &level))
		die("no sandbox");
	fprintf(stderr, "sandbox: %s\n", sandbox_word(&level));
}

int main(int argc, char **argv)
{
	struct resolver_stub stubs[MOST_STUBS];
	struct resolver_options options = { .stubs = stubs, .on_loopback = true };
	struct resolver *resolver;
	bool sandboxed = false;
	nstime time_limit = 0;
	int at = 1, r;

	for (; at < argc && argv[at][0] == '-'; at++) {
		if (strcmp(argv[at], "--sandbox") == 0)
			sandboxed = true;
		else if (strcmp(argv[at], "--within") == 0 && at + 1 < argc)
			time_limit = nstime_seconds(atoi(argv[++at]));
		else
			die("no such option: %s", argv[at]);
	}
	if (at >= argc)
		die("ask_dns [--sandbox] [--within SECONDS] ANCHORS [ZONE=ADDRESS…] -- "
		    "TYPE NAME…");
	options.anchors = argv[at++];
	for (; at < argc && strcmp(argv[at], "--") != 0; at++) {
		char *address = strchr(argv[at], '=');

		if (!address || options.stub_count == MOST_STUBS)
			die("ZONE=ADDRESS, not %s", argv[at]);
		*address = '\0';
		stubs[options.stub_count++] =
				(struct resolver_stub){ argv[at], address + 1 };
	}
	if (sandboxed)
		enter_sandbox(options.anchors);
	r = resolver_new(&options, &resolver);
	if (r) {
		fprintf(stderr, "no resolver: %s\n",
				r < 0                     ? strerror(-r)
				: r == RESOLVER_E_ANCHORS ? "no trust anchor"
							  : "no address");
		return 1;
	}
	for (at++; at + 1 < argc; at += 2)
		ask(resolver, argv[at], argv[at + 1], time_limit);
	resolver_free(resolver);
	return 0;
}
