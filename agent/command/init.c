/* At most four questions, then the files of a server and a look at its host. */
#include "agent/command/command.h"

#include "agent/setup/host_checks.h"
#include "agent/setup/init.h"
#include "runtime/base/arena.h"
#include "runtime/dns/name.h"
#include "schema/name.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char system_dir[] = "/etc/posthus";
static const char system_data[] = "/var/lib/posthus";

/* Asks on a terminal; else, and for an empty line, takes what was offered. */
static const char *ask(struct arena *arena, const char *question, const char *offered)
{
	char line[512];
	struct view answer;

	if (!isatty(STDIN_FILENO))
		return offered;
	printf("%s%s%s%s ", question, offered ? " [" : "", offered ? offered : "",
			offered ? "]" : "");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return offered;
	answer = view_trim(view_z(line));
	return answer.len ? arena_copy_z(arena, answer) : offered;
}

static bool check_answers(const struct init_answers *answers)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct view user;
	const char *why;

	if (!name_is_domain(view_z(answers->domain))) {
		say_error("a domain is like example.org", "%s is not a domain",
				answers->domain);
		return false;
	}
	if (!name_is_domain(view_z(answers->host_name))) {
		say_error("a host name is like mail.example.org", "%s is not a host name",
				answers->host_name);
		return false;
	}
	if (address_check(arena, view_z(answers->user), &user, &why)) {
		say_error("an address is like anna@example.org", "%s is no address: %s",
				answers->user, why);
		return false;
	}
	(void)view_cut(&user, '@');
	if (!view_eq_nocase(user, view_z(answers->domain))) {
		say_error(NULL, "the first user %s is not an address in %s",
				answers->user, answers->domain);
		return false;
	}
	return true;
}

static bool gather(const struct words *words, struct arena *arena,
		struct init_answers *answers)
{
	const char *domain = words_option(words, "domain");
	const char *user = words_option(words, "user");
	const char *name = words_option(words, "host");
	bool standard;

	if (!domain)
		domain = ask(arena, "Which domain is the mail for?", NULL);
	if (!domain) {
		say_error(NULL, "which domain? Say --domain example.org");
		return false;
	}
	if (!name)
		name = ask(arena, "What is this host called?",
				arena_printf(arena, "mail.%s", domain).data);
	if (!user)
		user = ask(arena, "The first user's address?",
				arena_printf(arena, "postbox@%s", domain).data);
	answers->domain = domain;
	answers->host_name = name;
	answers->user = user;
	answers->dir = words_option(words, "dir");
	if (!answers->dir)
		answers->dir = ask(arena, "Where shall the files go?",
				geteuid() == 0 ? system_dir : "posthus");
	standard = strcmp(answers->dir, system_dir) == 0;
	answers->credential = standard;
	answers->data = standard ? system_data : "data";
	return check_answers(answers);
}

static void print_next(const struct init_answers *answers)
{
	bool standard = answers->credential;
	const char *config = standard ? "" : " --config agent.yaml";

	printf("\nNext:\n");
	if (!standard)
		printf("  cd %s\n", answers->dir);
	printf("  print recovery-kit.txt, then delete it\n");
	if (standard)
		printf("  systemctl enable --now posthus\n");
	else
		printf("  posthus run%s &\n  posthus wait%s\n", config, config);
	printf("  posthus plan%s\n", config);
	printf("  posthus apply%s --wait\n", config);
	printf("  posthus account passwd %s%s\n", answers->user, config);
}

static int run(const struct words *words)
{
	static const uint16_t ports[] = { 25, 465, 587, 993 };
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct init_answers answers = { 0 };
	struct init_failure failure;
	struct host_facts facts = { .ports = ports,
		.port_count = ARRAY_LEN(ports),
		.offline = words_flag(words, "offline") };
	int r;

	if (!gather(words, arena, &answers))
		return EXIT_ERROR;
	r = init_write(&answers, &failure);
	if (r == INIT_E_EXISTS) {
		say_error("choose another --dir, or edit what is there; nothing is "
			  "overwritten",
				"%s is there already", failure.path);
		return EXIT_CONFLICT;
	}
	if (r) {
		say_error(NULL, "%s cannot be written: %s", failure.path, strerror(-r));
		return EXIT_ERROR;
	}
	printf("Written to %s:\n"
	       "  agent.yaml        this machine's own file\n"
	       "  state/mail.yaml   the state: domains, users, aliases\n"
	       "  master.key        opens everything here; never part of the state\n"
	       "  recovery-kit.txt  the same key on a page for your safe\n\nThe host:\n",
			answers.dir);
	facts.host_name = answers.host_name;
	facts.data = answers.dir;
	host_checks_print(&facts);
	print_next(&answers);
	return EXIT_FINE;
}

static const struct option_row options[] = {
	{ "domain", "D", "the domain that the mail is for" },
	{ "host", "NAME", "the name of this host; default mail.D" },
	{ "user", "ADDRESS", "the first user, an admin; default postbox@D" },
	{ "dir", "DIR",
			"where the files go; default /etc/posthus, ./posthus where not "
			"root" },
	{ "offline", NULL, "ask no name server and no other host" },
};

const struct command command_init = {
	.name = "init",
	.operands = "",
	.summary = "Begin a server: write a first state, look at the host",
	.help = "Asks for what the options do not say, at most four questions; without a "
		"terminal it takes the\n"
		"defaults. Nothing that is there is overwritten.",
	OPTIONS(options),
	.run = run,
};
