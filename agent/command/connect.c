#include "agent/command/connect.h"

#include "runtime/base/buf.h"
#include "runtime/base/error.h"

#include <stdio.h>
#include <stdlib.h>

enum exit_code connect_failed(const struct setting *setting, int outcome)
{
	switch (outcome) {
	case CONTROL_E_ABSENT:
		say_error("start one with `posthus run`, or name its socket with "
			  "--control",
				"no agent answers at %s", setting->control);
		break;
	case CONTROL_E_DENIED:
		say_error("speak to it as root or as the user that it runs as",
				"the agent at %s does not take requests of this user",
				setting->control);
		break;
	default:
		say_error("its log says why", "the agent at %s ended the conversation",
				setting->control);
		break;
	}
	return EXIT_ERROR;
}

enum exit_code connect_unowned(const struct words *words, enum unowned_way *out)
{
	bool adopt = words_flag(words, "adopt"), abandon = words_flag(words, "abandon");

	if (adopt && abandon) {
		say_error(NULL, "--adopt and --abandon exclude each other");
		return EXIT_ERROR;
	}
	*out = adopt ? UNOWNED_ADOPTED : abandon ? UNOWNED_ABANDONED : UNOWNED_ASKED;
	return EXIT_FINE;
}

enum exit_code connect_call(const struct setting *setting, const char *method,
		const char *target, const json_t *body, struct control_reply *out)
{
	int r = control_call(setting->control, method, target, body, out);

	return r ? connect_failed(setting, r) : EXIT_FINE;
}

enum exit_code connect_print(const struct words *words, struct control_reply *reply)
{
	const json_t *text = json_object_get(reply->body, "text");
	enum exit_code code = (enum exit_code)json_integer_value(
			json_object_get(reply->body, "exit"));

	if (words_json(words)) {
		CLEANUP(freep) char *dump = NULL;

		json_object_del(reply->body, "text");
		dump = json_dumps(reply->body, JSON_INDENT(2) | JSON_SORT_KEYS);
		puts(dump);
	} else {
		fwrite(json_string_value(text), 1, json_string_length(text),
				reply->status < 400 ? stdout : stderr);
	}
	json_decref(reply->body);
	reply->body = NULL;
	return code;
}

enum exit_code connect_ask(const struct words *words, const char *method,
		const char *target, const json_t *body)
{
	CLEANUP(setting_deinit) struct setting setting = { 0 };
	struct control_reply reply;
	enum exit_code code = setting_load(words, &setting);

	if (code == EXIT_FINE)
		code = connect_call(&setting, method, target, body, &reply);
	return code == EXIT_FINE ? connect_print(words, &reply) : code;
}

void target_add(struct buf *target, const char *name, const char *value)
{
	if (!value)
		return;
	buf_add_byte(target, view_find(buf_view(target), '?') < target->len ? '&' : '?');
	buf_add_z(target, name);
	buf_add_byte(target, '=');
	for (; *value; value++) {
		if (byte_is_alpha(*value) || byte_is_digit(*value) ||
				strchr("-._~/@", *value))
			buf_add_byte(target, *value);
		else
			buf_addf(target, "%%%02X", (unsigned char)*value);
	}
}

const char *target_end(struct buf *target)
{
	buf_add_byte(target, '\0');
	if (!buf_failed(target))
		return target->data;
	say_error(NULL, "these words are too long for a request");
	return NULL;
}
