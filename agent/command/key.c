/* Keys: the host's master key, and the data key of one account for other tools. */
#include "agent/command/ask_line.h"
#include "agent/command/connect.h"

#include "runtime/base/buf.h"
#include "runtime/base/os.h"
#include "runtime/crypto/age.h"
#include "runtime/crypto/master_key.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The folder of a file, made where it is missing. */
static int make_parent(const struct setting *setting, const char *path)
{
	size_t slash = view_find_last(view_z(path), '/');

	if (slash == 0 || slash == strlen(path))
		return 0;
	return os_make_dir(arena_copy_z(setting->arena, view_of(path, slash)));
}

/* False where one was asked for and none came, which was said. */
static bool read_passphrase(const struct words *words, struct secret *out)
{
	CLEANUP(buf_wipe) struct buf typed = BUF_NULL(MASTER_KEY_PASSPHRASE_MAX);

	if (!words_flag(words, "passphrase"))
		return true;
	if (!ask_line_twice("Passphrase of the master key: ", &typed) ||
			typed.len < MASTER_KEY_PASSPHRASE_MIN) {
		say_error("five or six words that nobody else would put together",
				"a passphrase has %d to %d bytes; nothing was written",
				MASTER_KEY_PASSPHRASE_MIN, MASTER_KEY_PASSPHRASE_MAX);
		return false;
	}
	*out = secret_copy(buf_view(&typed));
	return true;
}

static int init_key(const struct words *words, const struct setting *setting,
		const char *path)
{
	CLEANUP(secret_free) struct secret passphrase = SECRET_NULL;
	const struct agent_file *file = &setting->file;
	int r;

	if (!path && file->master_key_kind == MASTER_KEY_CREDENTIAL) {
		say_error("name the file that the service loads it from: `posthus key "
			  "init FILE`",
				"the agent's file takes the master key from the "
				"credential %.*s",
				VIEW_ARG(file->master_key));
		return EXIT_ERROR;
	}
	if (!path && file->master_key_kind == MASTER_KEY_HOST_FILE)
		path = arena_copy_z(setting->arena, file->master_key);
	if (!path)
		path = arena_printf(setting->arena, "%s/master.key", setting->data).data;
	if (!read_passphrase(words, &passphrase))
		return EXIT_ERROR;
	r = make_parent(setting, path);
	if (!r)
		r = master_key_make(path, passphrase.len ? &passphrase : NULL);
	if (r == MASTER_KEY_E_EXISTS) {
		say_error("what it locked opens with no other; remove it only where "
			  "nothing was locked",
				"%s is there already", path);
		return EXIT_CONFLICT;
	}
	if (r) {
		say_error(NULL, "%s cannot be written: %s", path, strerror(-r));
		return EXIT_ERROR;
	}
	printf("The master key is in %s.\n"
	       "It opens everything on this host. Keep a copy away from it: without the "
	       "key no backup and no\n"
	       "disk of this host can be read again.\n",
			path);
	return EXIT_FINE;
}

/* Whom a secret is sealed for that this host shall open. */
static void print_recipient(const struct secret *master)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(2 * AGE_RECIPIENT_TEXT);
	CLEANUP(key_wipe) struct key key, identity;
	struct age_recipient recipient;

	if (master->len != KEY_SIZE)
		return;
	memcpy(key.bytes, secret_expose(master).data, KEY_SIZE);
	key_derive(&key, PURPOSE_STATE, &identity);
	age_recipient_of(&identity, &recipient);
	age_recipient_write(&recipient, &text);
	printf("recipient %.*s\n", VIEW_ARG(buf_view(&text)));
}

static int show_key(const struct setting *setting)
{
	CLEANUP(secret_free) struct secret key = SECRET_NULL;
	enum exit_code code = setting_master_key(setting, &key);

	if (code != EXIT_FINE)
		return (int)code;
	puts("The master key is there, has the right form, and only its owner can read "
	     "it.");
	print_recipient(&key);
	return EXIT_FINE;
}

/* Prints what other tools need to open the account's file. */
static int account_key(const struct words *words, const struct setting *setting,
		const char *account)
{
	json_t *body = json_object();
	struct control_reply reply;
	enum exit_code code;

	json_object_set_new(body, "account", json_string(account));
	code = connect_call(setting, "POST", "/v1/account-key", body, &reply);
	json_decref(body);
	if (code != EXIT_FINE)
		return (int)code;
	if (json_object_get(reply.body, "key") && !words_json(words)) {
		printf("file %s/%s\nkey  raw:%s\n", setting->data,
				json_string_value(json_object_get(reply.body, "path")),
				json_string_value(json_object_get(reply.body, "key")));
		json_decref(reply.body);
		return EXIT_FINE;
	}
	return (int)connect_print(words, &reply);
}

static int run(const struct words *words)
{
	CLEANUP(setting_deinit) struct setting setting = { 0 };
	const char *verb = words_operand(words, 0);
	enum exit_code code = setting_load(words, &setting);

	if (code != EXIT_FINE)
		return (int)code;
	if (strcmp(verb, "init") == 0)
		return init_key(words, &setting, words_operand(words, 1));
	if (strcmp(verb, "show") == 0 && words_operand_count(words) == 1)
		return show_key(&setting);
	if (strcmp(verb, "account") == 0 && words_operand_count(words) == 2)
		return account_key(words, &setting, words_operand(words, 1));
	say_error("`posthus key --help` lists them",
			"these are no words of `posthus key`");
	return EXIT_ERROR;
}

static const struct option_row options[] = {
	{ "passphrase", NULL,
			"init: lock it by a passphrase, which each start asks for" },
	OPTION_OUTPUT, OPTION_CONFIG, OPTION_DATA, OPTION_CONTROL
};

const struct command command_key = {
	.name = "key",
	.operands = "init [FILE] | show | account ACCOUNT",
	.least_operands = 1,
	.most_operands = 2,
	.summary = "Make the master key, check it, or print an account's data key",
	.help = "init     makes a master key, mode 0600; it never overwrites one\n"
		"show     says whether the master key is there and safe\n"
		"account  prints the raw key that opens an account's file in other tools "
		"(docs/store-format.md);\n"
		"         whoever has it reads that account's mail. The audit keeps who "
		"asked.",
	OPTIONS(options),
	.run = run,
};
