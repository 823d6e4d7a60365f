/* The recovery kit: made, proven, used. */
#include "agent/command/ask_line.h"
#include "agent/command/recovery_page.h"
#include "agent/database/text.h"
#include "runtime/base/buf.h"
#include "runtime/crypto/master_key.h"

#include <stdio.h>
#include <string.h>

/* -- the code -- */

static void say_why(int r, unsigned group)
{
	switch (r) {
	case RECOVERY_CODE_E_LENGTH:
		say_error("it has 13 groups of five letters",
				"letters are missing, or there are too many");
		break;
	case RECOVERY_CODE_E_LETTER:
		say_error("there is no U in a code; I and L are 1, O is 0",
				"group %u has a letter that is in no code", group);
		break;
	default:
		say_error("compare its five letters, and its place, with the page",
				"group %u is not right", group);
		break;
	}
}

static enum exit_code read_code(struct recovery_code *out)
{
	CLEANUP(buf_wipe) struct buf typed = BUF_NULL(RECOVERY_CODE_TYPED_MAX);
	unsigned group;
	int r;

	if (!ask_line("Recovery code: ", false, &typed)) {
		say_error(NULL, "no code was typed");
		return EXIT_ERROR;
	}
	r = recovery_code_read(buf_view(&typed), out, &group);
	if (r == RECOVERY_CODE_OK)
		return EXIT_FINE;
	say_why(r, group);
	return EXIT_INVALID;
}

static enum exit_code say_unopened(const struct setting *setting, int r)
{
	switch (r) {
	case RECOVERY_KIT_E_ABSENT:
		say_error("`posthus recovery kit --print` makes one",
				"there is no recovery kit in %s", setting->data);
		return EXIT_ERROR;
	case RECOVERY_KIT_E_OTHER:
		say_error("an older page is worth nothing for what came after it: "
			  "destroy "
			  "it",
				"this is a code, and not the one of the kit in %s",
				setting->data);
		return EXIT_INVALID;
	case RECOVERY_KIT_E_FORM:
		say_error("`posthus recovery kit --print --new` makes another",
				"%s/" RECOVERY_KIT_SEALED " or " RECOVERY_KIT_FACTS
				" is damaged",
				setting->data);
		return EXIT_ERROR;
	default:
		say_error(NULL, "the recovery kit in %s cannot be used: %s",
				setting->data, strerror(-r));
		return EXIT_ERROR;
	}
}

/* Asks for the code, and opens the kit with it. */
static enum exit_code open_kit(const struct setting *setting, struct recovery_code *code,
		struct secret *master_key)
{
	CLEANUP(key_wipe) struct key identity;
	struct recovery_kit kit;
	enum exit_code exit;
	int r = recovery_kit_read(setting->data, &kit);

	if (r)
		return say_unopened(setting, r);
	exit = read_code(code);
	if (exit != EXIT_FINE)
		return exit;
	recovery_code_identity(code, &identity);
	r = recovery_kit_open(setting->data, &identity, master_key);
	return r ? say_unopened(setting, r) : EXIT_FINE;
}

/* -- kit -- */

static void say_next(const struct recovery_kit *kit)
{
	fprintf(stderr,
			"Print it, and put the code's recipient into the state, so that "
			"it opens backups and\nsealed values, too:\n\n"
			"  secrets: {recipients: {recovery: %s}}\n\n"
			"Then prove it: posthus recovery check\n",
			kit->recipient);
}

/* Its code is seen here and nowhere else. */
static enum exit_code make_kit(const struct setting *setting)
{
	CLEANUP(recovery_code_wipe) struct recovery_code code;
	CLEANUP(secret_free) struct secret master_key = SECRET_NULL;
	struct age_recipient recipient;
	struct recovery_kit kit;
	enum exit_code exit = setting_master_key(setting, &master_key);
	int r;

	if (exit != EXIT_FINE)
		return exit;
	recovery_code_make(&code);
	recovery_code_recipient(&code, &recipient);
	r = recovery_kit_make(setting->data, &master_key, &recipient, 1, clock_wall());
	if (!r)
		r = recovery_kit_read(setting->data, &kit);
	if (r) {
		say_error(NULL, "the recovery kit cannot be written to %s: %s",
				setting->data, strerror(r < 0 ? -r : 0));
		return EXIT_ERROR;
	}
	recovery_page_print(&(const struct recovery_page){
			setting, &code, &kit, &master_key });
	say_next(&kit);
	return EXIT_FINE;
}

/* The page again, as things stand now, for who has its code. */
static enum exit_code print_again(const struct setting *setting)
{
	CLEANUP(recovery_code_wipe) struct recovery_code code = { { 0 } };
	CLEANUP(secret_free) struct secret master_key = SECRET_NULL;
	struct recovery_kit kit;
	enum exit_code exit;

	fputs("There is a kit: its page is printed again for who has its code. --new "
	      "makes "
	      "another.\n",
			stderr);
	exit = open_kit(setting, &code, &master_key);
	if (exit != EXIT_FINE)
		return exit;
	if (recovery_kit_read(setting->data, &kit))
		return EXIT_ERROR;
	recovery_page_print(&(const struct recovery_page){
			setting, &code, &kit, &master_key });
	return EXIT_FINE;
}

static void print_facts(const struct recovery_kit *kit)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(256);

	buf_add_z(&text, "made ");
	text_add_day(&text, kit->made_at);
	if (kit->checked_at) {
		buf_add_z(&text, ", proven ");
		text_add_day(&text, kit->checked_at);
	} else {
		buf_add_z(&text, ", never proven: `posthus recovery check`");
	}
	printf("%.*s\nfor %s\n", VIEW_ARG(buf_view(&text)), kit->recipient);
}

static enum exit_code kit(const struct words *words, const struct setting *setting)
{
	struct recovery_kit there;
	int r = recovery_kit_read(setting->data, &there);

	if (words_flag(words, "new") || (r && words_flag(words, "print"))) {
		if (!words_flag(words, "print")) {
			say_error("add --print: its code is shown once",
					"a new kit is made where it can be printed");
			return EXIT_ERROR;
		}
		if (r < 0)
			return say_unopened(setting, r);
		return make_kit(setting);
	}
	if (r)
		return say_unopened(setting, r);
	if (words_flag(words, "print"))
		return print_again(setting);
	print_facts(&there);
	return EXIT_FINE;
}

/* -- check, open -- */

static enum exit_code check(const struct setting *setting)
{
	CLEANUP(recovery_code_wipe) struct recovery_code code = { { 0 } };
	CLEANUP(secret_free) struct secret in_kit = SECRET_NULL, own = SECRET_NULL;
	const char *name;
	enum exit_code exit = open_kit(setting, &code, &in_kit);
	int r;

	if (exit != EXIT_FINE)
		return exit;
	if (setting_find_master_key(setting, &name, &own) == MASTER_KEY_OK &&
			!view_eq_secret(secret_expose(&own), secret_expose(&in_kit))) {
		say_error("`posthus recovery kit --print --new` makes one that is good",
				"the code opens the kit, and the master key in it is not "
				"this host's");
		return EXIT_ERROR;
	}
	r = recovery_kit_checked(setting->data, clock_wall());
	if (r)
		return say_unopened(setting, r);
	puts(own.len ? "The code opens the kit, and the master key in it is this host's."
		     : "The code opens the kit; the host's master key is not to be seen "
		       "from "
		       "here to compare.");
	return EXIT_FINE;
}

static enum exit_code open_to(const struct setting *setting, const char *path)
{
	CLEANUP(recovery_code_wipe) struct recovery_code code = { { 0 } };
	CLEANUP(secret_free) struct secret master_key = SECRET_NULL;
	enum exit_code exit = open_kit(setting, &code, &master_key);
	int r;

	if (exit != EXIT_FINE)
		return exit;
	r = master_key_keep(path, &master_key, NULL);
	if (r == MASTER_KEY_E_EXISTS) {
		say_error("name a file that is not there, and look at both",
				"%s is there already; it was not touched", path);
		return EXIT_CONFLICT;
	}
	if (r) {
		say_error(NULL, "%s cannot be written: %s", path, strerror(-r));
		return EXIT_ERROR;
	}
	printf("The master key is in %s; agent.yaml names it as master_key: {host_file: "
	       "PATH}.\n",
			path);
	return EXIT_FINE;
}

static int run(const struct words *words)
{
	CLEANUP(setting_deinit) struct setting setting = { 0 };
	const char *verb = words_operand(words, 0), *path = words_operand(words, 1);
	enum exit_code code = setting_load(words, &setting);

	if (code != EXIT_FINE)
		return (int)code;
	if (strcmp(verb, "kit") == 0 && !path)
		return (int)kit(words, &setting);
	if (strcmp(verb, "check") == 0 && !path)
		return (int)check(&setting);
	if (strcmp(verb, "open") == 0 && path)
		return (int)open_to(&setting, path);
	say_error("`posthus recovery --help` lists them",
			"these are no words of `posthus recovery`");
	return EXIT_ERROR;
}

static const struct option_row options[] = {
	{ "print", NULL,
			"kit: make it and print its page; of one that is there, the "
			"page" },
	{ "new", NULL, "kit: make another; the code before opens no newer backup" },
	OPTION_CONFIG,
	OPTION_DATA,
	OPTION_CONTROL,
};

const struct command command_recovery = {
	.name = "recovery",
	.operands = "kit | check | open FILE",
	.least_operands = 1,
	.most_operands = 2,
	.summary = "Print the page that brings a lost host back, and prove it",
	.help = "kit    says when the kit was made and proven; with --print it makes one "
		"and "
		"prints its page:\n"
		"       the recovery code, where backups and the state are, and the "
		"commands. "
		"The code is\n"
		"       shown once and is kept nowhere.\n"
		"check  asks for the code and proves that it opens this host's master "
		"key\n"
		"open   asks for the code and writes the master key to FILE, where that "
		"was "
		"lost",
	OPTIONS(options),
	.run = run,
};
