#include "agent/command/connect.h"
#include "agent/command/git_verify.h"

#include <string.h>
#include <time.h>

enum {
	LOOK_MS = 100,
	PATIENCE_SECONDS = 70, /* a fetch takes a minute at most */
};

/* -- a sync is over when the agent has counted it -- */

static json_int_t number_of(const struct control_reply *reply, const char *name)
{
	return json_integer_value(json_object_get(reply->body, name));
}

static void rest(void)
{
	const struct timespec a_while = { .tv_nsec = LOOK_MS * 1000000L };

	nanosleep(&a_while, NULL);
}

static enum exit_code await_round(const struct words *words,
		const struct setting *setting, json_int_t before)
{
	for (int i = 0; i < PATIENCE_SECONDS * 1000 / LOOK_MS; i++) {
		struct control_reply reply = { 0 };
		enum exit_code code =
				connect_call(setting, "GET", "/v1/git", NULL, &reply);

		if (code != EXIT_FINE)
			return code;
		if (number_of(&reply, "rounds") > before)
			return connect_print(words, &reply);
		json_decref(reply.body);
		rest();
	}
	say_error("`posthus git status` shows what it does",
			"the repository did not answer within %d seconds",
			PATIENCE_SECONDS);
	return EXIT_TIMEOUT;
}

static enum exit_code sync(const struct words *words)
{
	CLEANUP(setting_deinit) struct setting setting = { 0 };
	struct control_reply reply = { 0 };
	enum exit_code code = setting_load(words, &setting);
	json_t *body = json_object();
	json_int_t before;

	if (code == EXIT_FINE)
		code = connect_call(&setting, "POST", "/v1/git/sync", body, &reply);
	json_decref(body);
	if (code != EXIT_FINE)
		return code;
	if (!json_object_get(reply.body, "rounds"))
		return connect_print(words, &reply);
	before = number_of(&reply, "rounds");
	json_decref(reply.body);
	return await_round(words, &setting, before);
}

static enum exit_code accept(const struct words *words)
{
	const char *commit = words_operand(words, 1);
	enum exit_code code;
	json_t *body;

	if (!commit) {
		say_error("`posthus git status` shows the one that was not taken",
				"which commit is to be taken?");
		return EXIT_ERROR;
	}
	body = json_pack("{s:s}", "commit", commit);
	code = connect_ask(words, "POST", "/v1/git/accept-rewind", body);
	json_decref(body);
	return code;
}

static enum exit_code change_trust(const struct words *words, const char *path)
{
	const char *name = words_operand(words, 1);
	enum exit_code code;
	json_t *body;

	if (!name) {
		say_error("a person of `trust` in agent.yaml, or the fingerprint of a "
			  "key, "
			  "SHA256:…",
				"whom?");
		return EXIT_ERROR;
	}
	body = json_pack("{s:s}", "name", name);
	code = connect_ask(words, "POST", path, body);
	json_decref(body);
	return code;
}

static int run(const struct words *words)
{
	const char *verb = words_operand(words, 0);

	if (!verb || strcmp(verb, "status") == 0)
		return (int)connect_ask(words, "GET", "/v1/git", NULL);
	if (strcmp(verb, "sync") == 0)
		return (int)sync(words);
	if (strcmp(verb, "accept-rewind") == 0)
		return (int)accept(words);
	if (strcmp(verb, "verify") == 0)
		return (int)git_verify(words);
	if (strcmp(verb, "attach") == 0)
		return (int)connect_ask(words, "POST", "/v1/git/attach", NULL);
	if (strcmp(verb, "revoke") == 0)
		return (int)change_trust(words, "/v1/git/revoke");
	if (strcmp(verb, "reinstate") == 0)
		return (int)change_trust(words, "/v1/git/reinstate");
	say_error("`posthus git --help` lists the verbs", "there is no `posthus git %s`",
			verb);
	return EXIT_ERROR;
}

static const struct option_row options[] = {
	{ "repo", "DIR", "verify: the repository; default: the one of this folder" },
	{ "since", "COMMIT", "verify: what was applied before; default: nothing" },
	OPTION_OUTPUT,
	OPTION_CONFIG,
	OPTION_DATA,
	OPTION_CONTROL,
};

const struct command command_git = {
	.name = "git",
	.operands = "[ACTION [COMMIT|WHO]]",
	.most_operands = 2,
	.summary = "Show which commit is applied; fetch now; say whose signature counts",
	.help = "ACTION is one of these:\n"
		"  status                which commit is applied and who signed it, and "
		"which one\n"
		"                        was not taken and why: exit 7 then, 1 where the "
		"repository\n"
		"                        was not reached. The same as no word\n"
		"  sync                  fetches now, and waits for what comes of it\n"
		"  verify [COMMIT]       who signed a commit of a repository here "
		"(HEAD), and whether\n"
		"                        that would do: exit 7 where not. Needs no "
		"agent\n"
		"  accept-rewind COMMIT  takes, once, a commit that does not stand on "
		"the one that\n"
		"                        was applied; it has to be signed all the same\n"
		"  attach                takes commits again, after `apply "
		"--detach-source`\n"
		"  revoke WHO            takes all trust on this host from a person, or "
		"from a key by\n"
		"                        its fingerprint; what was applied stays\n"
		"  reinstate WHO         takes that back",
	OPTIONS(options),
	.run = run,
};
