#include "agent/command/opening.h"

#include "runtime/crypto/broker.h"

#include <errno.h>
#include <string.h>

enum exit_code opening_broker(const struct setting *setting, struct broker **out)
{
	struct secret master_key = SECRET_NULL;
	enum exit_code code = setting_master_key(setting, &master_key);
	int r;

	if (code != EXIT_FINE)
		return code;
	r = broker_start(&master_key, out);
	if (r) {
		say_error(NULL, "the key broker does not start: %s", strerror(-r));
		return EXIT_ERROR;
	}
	return EXIT_FINE;
}

static enum exit_code say_why(const struct setting *setting, int r)
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
		say_error(NULL, "%s cannot be opened: %s", setting->data, strerror(-r));
		return EXIT_ERROR;
	}
}

enum exit_code opening_agent(
		const struct setting *setting, struct broker *broker, struct agent **out)
{
	struct agent_options options = {
		.data = setting->data, .file = &setting->file, .broker = broker
	};

	return say_why(setting, agent_open(&options, out));
}

enum exit_code opening_offline(const struct setting *setting, struct broker **broker_out,
		struct agent **out)
{
	struct agent_options options = {
		.data = setting->data, .file = &setting->file, .offline = true
	};
	enum exit_code code = opening_broker(setting, broker_out);

	if (code != EXIT_FINE)
		return code;
	options.broker = *broker_out;
	return say_why(setting, agent_open(&options, out));
}
