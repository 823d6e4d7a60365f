/* What is done to one account by name, apart from the state. */
#include "agent/command/account_app_password.h"
#include "agent/command/ask_line.h"
#include "agent/command/connect.h"

#include "runtime/base/buf.h"
#include "runtime/crypto/password.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static bool read_password(struct buf *out)
{
	if (ask_line_twice("New password: ", out))
		return true;
	if (buf_failed(out) || out->len == 0)
		say_error(NULL, "a password has 1 to %d bytes", PASSWORD_MAX);
	return false;
}

static int set_password(const struct words *words, const char *account)
{
	CLEANUP(buf_wipe) struct buf password = BUF_NULL(PASSWORD_MAX);
	enum exit_code code;
	json_t *body;

	if (!read_password(&password))
		return EXIT_ERROR;
	body = json_object();
	json_object_set_new(body, "account", json_string(account));
	json_object_set_new(body, "password", json_stringn(password.data, password.len));
	if (!json_is_string(json_object_get(body, "password"))) {
		json_decref(body);
		say_error(NULL, "a password is text in UTF-8");
		return EXIT_ERROR;
	}
	code = connect_ask(words, "POST", "/v1/password", body);
	json_decref(body);
	return (int)code;
}

static int accept_restore(const struct words *words, const char *account)
{
	json_t *body = json_object();
	enum exit_code code;

	json_object_set_new(body, "account", json_string(account));
	json_object_set_new(body, "empty", json_boolean(words_flag(words, "empty")));
	if (!json_is_string(json_object_get(body, "account"))) {
		json_decref(body);
		say_error(NULL, "an account's name is text in UTF-8");
		return EXIT_ERROR;
	}
	code = connect_ask(words, "POST", "/v1/account-accept", body);
	json_decref(body);
	return (int)code;
}

enum {
	LOOK_EVERY_NS = 200 * 1000 * 1000
};

/* EXIT_FINE, or what came instead was printed. */
static enum exit_code is_rotating(
		const struct words *words, const char *account, bool *out)
{
	CLEANUP(setting_deinit) struct setting setting = { 0 };
	CLEANUP(buf_free) struct buf target = BUF_NULL(4096);
	struct control_reply reply;
	enum exit_code code = setting_load(words, &setting);
	const char *text;

	buf_add_z(&target, "/v1/key-rotation");
	target_add(&target, "account", account);
	text = target_end(&target);
	if (code == EXIT_FINE && !text)
		code = EXIT_ERROR;
	if (code == EXIT_FINE)
		code = connect_call(&setting, "GET", text, NULL, &reply);
	if (code != EXIT_FINE)
		return code;
	if (reply.status != 200)
		return connect_print(words, &reply);
	*out = json_is_true(json_object_get(reply.body, "rotating"));
	json_decref(reply.body);
	return EXIT_FINE;
}

static int rotate_key(const struct words *words, const char *account)
{
	json_t *body = json_pack("{s:s}", "account", account);
	bool rotating = true;
	enum exit_code code;

	if (!body) {
		say_error(NULL, "an account's name is text in UTF-8");
		return EXIT_ERROR;
	}
	code = connect_ask(words, "POST", "/v1/key-rotation", body);
	json_decref(body);
	while (code == EXIT_FINE && rotating) {
		nanosleep(&(const struct timespec){ .tv_nsec = LOOK_EVERY_NS }, NULL);
		code = is_rotating(words, account, &rotating);
	}
	if (code != EXIT_FINE)
		return (int)code;
	puts("It is, and the old key is destroyed.");
	return EXIT_FINE;
}

static int invite(const struct words *words, const char *account)
{
	const char *mail = words_option(words, "mail");
	json_t *body = json_object();
	enum exit_code code;

	json_object_set_new(body, "account", json_string(account));
	if (mail)
		json_object_set_new(body, "mail", json_string(mail));
	if (!json_is_string(json_object_get(body, "account")) ||
			(mail && !json_is_string(json_object_get(body, "mail")))) {
		json_decref(body);
		say_error(NULL, "a name or an address is text in UTF-8");
		return EXIT_ERROR;
	}
	code = connect_ask(words, "POST", "/v1/account-invite", body);
	json_decref(body);
	return (int)code;
}

static int run(const struct words *words)
{
	const char *verb = words_operand(words, 0);

	if (strcmp(verb, "app-password") == 0)
		return account_app_password(words);
	if (words_operand_count(words) > 2 || words_option(words, "for") ||
			words_option(words, "expires")) {
		say_error("`posthus account --help` shows what each verb takes",
				"those words belong to `posthus account app-password`");
		return EXIT_ERROR;
	}
	if (strcmp(verb, "accept-restore") == 0)
		return accept_restore(words, words_operand(words, 1));
	if (words_flag(words, "empty")) {
		say_error(NULL, "--empty belongs to `posthus account accept-restore`");
		return EXIT_ERROR;
	}
	if (strcmp(verb, "invite") == 0)
		return invite(words, words_operand(words, 1));
	if (words_option(words, "mail")) {
		say_error(NULL, "--mail belongs to `posthus account invite`");
		return EXIT_ERROR;
	}
	if (strcmp(verb, "rotate-key") == 0)
		return rotate_key(words, words_operand(words, 1));
	if (strcmp(verb, "passwd") == 0)
		return set_password(words, words_operand(words, 1));
	say_error("`posthus account --help` lists the verbs",
			"there is no `posthus account %s`", verb);
	return EXIT_ERROR;
}

static const struct option_row options[] = {
	{ "empty", NULL,
			"accept-restore: its file is gone for good; begin without its "
			"mail" },
	OPTION_FOR,
	OPTION_EXPIRES,
	{ "mail", "ADDRESS", "invite: the link goes there by letter, too" },
	OPTION_OUTPUT,
	OPTION_CONFIG,
	OPTION_DATA,
	OPTION_CONTROL,
};

const struct command command_account = {
	.name = "account",
	.operands = "ACTION ACCOUNT [NAME]",
	.least_operands = 2,
	.most_operands = 4,
	.summary = "Act on one account: invite its person, passwords, a restored file",
	.help = "ACCOUNT is an id (anna) or an address. ACTION is one of these:\n"
		"  passwd ACCOUNT                      reads the new password twice from "
		"the terminal, or one\n"
		"                                      line from stdin. It is the "
		"person's "
		"own: no apply sets it\n"
		"                                      back. Sessions begun under the "
		"old "
		"one end.\n"
		"  invite ACCOUNT                      prints a link by which the person "
		"takes the account: it opens\n"
		"                                      a page where she chooses the "
		"password, once, for three days,\n"
		"                                      and ends the link before. Whoever "
		"has it has the mailbox\n"
		"  app-password create ACCOUNT [NAME]  makes one for a mail program: "
		"shown "
		"once, good for what\n"
		"                                      --for says\n"
		"  app-password list ACCOUNT           when each was made and used\n"
		"  app-password revoke ACCOUNT NAME    ends it, and the account's "
		"sessions "
		"with it\n"
		"  accept-restore ACCOUNT              takes a file that was put back "
		"from a "
		"copy, though it is\n"
		"                                      older than is remembered, and "
		"serves "
		"the account again:\n"
		"                                      with new UIDVALIDITYs, so that no "
		"UID is used twice\n"
		"  rotate-key ACCOUNT                  puts its file under another data "
		"key and destroys the\n"
		"                                      old one; its mail waits meanwhile",
	OPTIONS(options),
	.run = run,
};
