#include "agent/command/opening.h"

#include "runtime/base/log.h"
#include "runtime/base/privileges.h"
#include "runtime/crypto/broker.h"

#include <errno.h>
#include <string.h>

static enum exit_code give_up_root(const struct setting *setting)
{
	const char *user = arena_copy_z(setting->arena, setting->file.user);
	int r;

	if (!privileges_are_root())
		return EXIT_FINE;
	if (!user[0]) {
		log_event(LOG_WARN, "agent.root", log_text("reason", "no-user-named"),
				log_text("next", "write `user: posthus` into agent.yaml, "
						 "or start it as that user"));
		return EXIT_FINE;
	}
	r = privileges_drop(user);
	switch (r) {
	case PRIVILEGES_OK:
		log_event(LOG_INFO, "agent.user", log_text("user", user));
		return EXIT_FINE;
	case PRIVILEGES_E_NO_USER:
		say_error("make one: useradd --system --home-dir /var/lib/posthus "
			  "posthus",
				"agent.yaml names the user %s, and this host has none of "
				"that name",
				user);
		return EXIT_INVALID;
	case PRIVILEGES_E_ROOT:
		say_error("name one that owns nothing but the mail",
				"agent.yaml names the user %s, who is root", user);
		return EXIT_INVALID;
	case PRIVILEGES_E_KEPT:
		say_error(NULL, "root could be had back after becoming %s", user);
		return EXIT_ERROR;
	default:
		say_error(NULL, "root cannot be given up: %s", strerror(-r));
		return EXIT_ERROR;
	}
}

enum exit_code opening_broker(
		const struct setting *setting, bool serves, struct broker **out)
{
	struct secret master_key = SECRET_NULL;
	enum exit_code code = setting_master_key(setting, &master_key);
	int r;

	if (code == EXIT_FINE && serves)
		code = give_up_root(setting);
	if (code != EXIT_FINE) {
		secret_free(&master_key);
		return code;
	}
	r = broker_start(&master_key, out);
	if (r) {
		say_error(NULL, "the key broker does not start: %s", strerror(-r));
		return EXIT_ERROR;
	}
	return EXIT_FINE;
}

static enum exit_code say_why(const struct setting *setting, const char *failed, int r)
{
	switch (r) {
	case 0:
		return EXIT_FINE;
	case AGENT_E_LOCKED:
		say_error("stop it first, or give this one another --data",
				"another agent has %s", setting->data);
		return EXIT_CONFLICT;
	case AGENT_E_KEY:
		say_error("put back the master key that it was made with",
				"%s/control.db does not open under this master key",
				setting->data);
		return EXIT_INVALID;
	case AGENT_E_NEWER:
		say_error("run that version, or restore a backup from before it",
				"a newer posthus wrote %s", setting->data);
		return EXIT_ERROR;
	case AGENT_E_DAMAGED:
		say_error("restore it from a backup; the accounts' own files are not "
			  "touched",
				"%s/control.db is damaged", setting->data);
		return EXIT_ERROR;
	case -ENOSPC:
	case -EDQUOT:
		say_error("free some space and start again; nothing was changed",
				"the disk of %s is full", setting->data);
		return EXIT_ERROR;
	default:
		say_error(r == -EACCES || r == -EPERM
						? "start it as the user that owns it"
						: NULL,
				"%s%s%s cannot be opened: %s", setting->data,
				*failed ? "/" : "", failed, strerror(-r));
		return EXIT_ERROR;
	}
}

enum exit_code opening_agent(
		const struct setting *setting, struct broker *broker, struct agent **out)
{
	const char *failed = "";
	struct agent_options options = {
		.data = setting->data,
		.file = &setting->file,
		.broker = broker,
		.failed = &failed,
	};
	int r = agent_open(&options, out);

	return say_why(setting, failed, r);
}

enum exit_code opening_offline(const struct setting *setting, struct broker **broker_out,
		struct agent **out)
{
	const char *failed = "";
	struct agent_options options = {
		.data = setting->data,
		.file = &setting->file,
		.offline = true,
		.failed = &failed,
	};
	enum exit_code code = opening_broker(setting, false, broker_out);
	int r;

	if (code != EXIT_FINE)
		return code;
	options.broker = *broker_out;
	r = agent_open(&options, out);
	return say_why(setting, failed, r);
}
