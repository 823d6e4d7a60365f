#include "agent/command/account_app_password.h"

#include "agent/command/connect.h"
#include "runtime/base/clock.h"
#include "schema/unit.h"

#include <stdio.h>
#include <string.h>

static bool add_protocols(const struct words *words, json_t *body)
{
	const char *option = words_option(words, "for");
	struct view rest = view_z(option);
	json_t *all;

	if (!option)
		return true;
	all = json_array();
	while (rest.data) {
		struct view word = view_trim(view_cut(&rest, ','));

		json_array_append_new(all, json_stringn(word.data, word.len));
	}
	return json_object_set_new(body, "protocols", all) == 0;
}

static bool add_expiry(const struct words *words, json_t *body)
{
	const char *option = words_option(words, "expires");
	int64_t seconds;

	if (!option)
		return true;
	if (duration_parse(view_z(option), &seconds)) {
		say_error(NULL, "--expires takes a duration like 90d, not %s", option);
		return false;
	}
	return json_object_set_new(body, "expires",
			       json_integer(clock_wall() + seconds)) == 0;
}

static int create(const struct words *words, json_t *body)
{
	CLEANUP(setting_deinit) struct setting setting = { 0 };
	struct control_reply reply;
	const char *password;
	enum exit_code code;

	if (!add_protocols(words, body) || !add_expiry(words, body))
		return EXIT_ERROR;
	code = setting_load(words, &setting);
	if (code == EXIT_FINE)
		code = connect_call(&setting, "POST", "/v1/app-password", body, &reply);
	if (code != EXIT_FINE)
		return (int)code;
	password = json_string_value(json_object_get(reply.body, "password"));
	if (!password || words_json(words))
		return (int)connect_print(words, &reply);
	printf("%s\n", password);
	fputs("It is shown this once: type it into the program instead of the "
	      "password.\n",
			stderr);
	json_decref(reply.body);
	return EXIT_FINE;
}

static int list(const struct words *words, const char *account)
{
	CLEANUP(buf_free) struct buf target = BUF_NULL(4096);
	const char *text;

	buf_add_z(&target, "/v1/app-passwords");
	target_add(&target, "account", account);
	text = target_end(&target);
	return text ? (int)connect_ask(words, "GET", text, NULL) : EXIT_ERROR;
}

int account_app_password(const struct words *words)
{
	const char *verb = words_operand(words, 1), *account = words_operand(words, 2);
	const char *name = words_operand(words, 3);
	json_t *body;
	int code;

	if (account && !name && strcmp(verb, "list") == 0)
		return list(words, account);
	if (!name || (strcmp(verb, "create") != 0 && strcmp(verb, "revoke") != 0)) {
		say_error("posthus account app-password create|revoke ACCOUNT NAME\n"
			  "      posthus account app-password list ACCOUNT",
				"these are no words of `posthus account app-password`");
		return EXIT_ERROR;
	}
	body = json_pack("{s:s, s:s}", "account", account, "name", name);
	if (!body) {
		say_error(NULL, "names are text in UTF-8");
		return EXIT_ERROR;
	}
	code = strcmp(verb, "create") == 0
			       ? create(words, body)
			       : (int)connect_ask(words, "POST",
						 "/v1/app-password/revoke", body);
	json_decref(body);
	return code;
}
