/* Backups, by hand. */
#include "agent/command/connect.h"

#include "runtime/base/buf.h"
#include "runtime/crypto/recovery_code.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	LOOK_MS = 300,
};

/* What opens backups: a recovery code or an age identity, one line of stdin. */
static bool read_identity(struct buf *out)
{
	char c;

	if (isatty(STDIN_FILENO))
		fputs("Recovery code: ", stderr);
	while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
		buf_add_byte(out, c);
	if (!buf_failed(out) && out->len)
		return true;
	say_error("the recovery kit has it", "a recovery code is wanted");
	return false;
}

static const json_t *item_of(const json_t *answer, const char *name)
{
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(answer, "items"), i, item)
		if (strcmp(json_string_value(json_object_get(item, "name")), name) == 0)
			return item;
	return NULL;
}

static enum exit_code say_end(const json_t *item)
{
	const char *said = json_string_value(json_object_get(item, "ended"));
	bool well = json_is_true(json_object_get(item, "ended_well"));

	if (well && said && *said)
		printf("%s\n", said);
	else if (well)
		puts("Done.");
	else
		say_error(NULL, "%s", said ? said : "the agent was restarted meanwhile");
	return well ? EXIT_FINE : EXIT_ERROR;
}

/* Asks until nothing of it is under way any more. */
static int follow(const struct setting *setting, const char *name)
{
	const struct timespec pause = { .tv_nsec = LOOK_MS * 1000000L };

	for (;;) {
		struct control_reply reply = { 0 };
		enum exit_code code =
				connect_call(setting, "GET", "/v1/backups", NULL, &reply);
		const json_t *item;

		if (code != EXIT_FINE)
			return (int)code;
		item = item_of(reply.body, name);
		if (item && json_is_true(json_object_get(item, "running"))) {
			json_decref(reply.body);
			nanosleep(&pause, NULL);
			continue;
		}
		code = item ? say_end(item) : EXIT_ERROR;
		json_decref(reply.body);
		return (int)code;
	}
}

static int begin(const struct words *words, const char *verb, const char *name)
{
	CLEANUP(setting_deinit) struct setting setting = { 0 };
	CLEANUP(buf_wipe) struct buf identity = BUF_NULL(RECOVERY_CODE_TYPED_MAX);
	struct control_reply reply = { 0 };
	enum exit_code code = setting_load(words, &setting);
	json_t *body;

	if (code != EXIT_FINE)
		return (int)code;
	if (strcmp(verb, "drill") == 0 && !read_identity(&identity))
		return EXIT_ERROR;
	body = json_pack("{s:s, s:s}", "name", name, "action", verb);
	if (identity.len)
		json_object_set_new(body, "identity",
				json_stringn(identity.data, identity.len));
	code = connect_call(&setting, "POST", "/v1/backups", body, &reply);
	json_decref(body);
	if (code != EXIT_FINE)
		return (int)code;
	code = connect_print(words, &reply);
	if (code != EXIT_FINE || words_flag(words, "no-wait"))
		return (int)code;
	return follow(&setting, name);
}

static int run(const struct words *words)
{
	static const char *const verbs[] = { "run", "verify", "drill", "accept-loss" };
	const char *verb = words_operand(words, 0), *name = words_operand(words, 1);

	if (!verb || strcmp(verb, "list") == 0)
		return (int)connect_ask(words, "GET", "/v1/backups", NULL);
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		if (strcmp(verb, verbs[i]) != 0)
			continue;
		if (name)
			return begin(words, verb, name);
		say_error("`posthus backup list` shows them", "which backup?");
		return EXIT_ERROR;
	}
	say_error("`posthus backup --help` lists the verbs",
			"there is no `posthus backup %s`", verb);
	return EXIT_ERROR;
}

static const struct option_row options[] = {
	{ "no-wait", NULL, "return at once; `backup list` says what comes of it" },
	OPTION_OUTPUT,
	OPTION_CONFIG,
	OPTION_DATA,
	OPTION_CONTROL,
};

const struct command command_backup = {
	.name = "backup",
	.operands = "[list] | run|verify|drill|accept-loss NAME",
	.most_operands = 2,
	.summary = "Show the backups; take one now, read it all, try a restore of it",
	.help = "run takes one now. verify reads all that is there, and names what is "
		"not as it was written.\n"
		"drill restores the newest one to the side, opens every account that "
		"this host may open, and\n"
		"deletes it again: it reads the recovery code from stdin, since this "
		"host cannot open what it wrote.\n"
		"accept-loss takes one at a place that has not what was written last "
		"(another disk, emptied): look\n"
		"there first, as what stood there is not looked for any more.",
	OPTIONS(options),
	.run = run,
};
