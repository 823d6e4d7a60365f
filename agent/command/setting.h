/* What a command knows of its agent: the agent's file, and the words that override it.
 *
 *   --config FILE   the agent's file; /etc/posthus/agent.yaml where that exists
 *   --data DIR      the data directory
 *   --state PATH    the state: a file or a directory
 *   --control PATH  the control socket; else $POSTHUS_CONTROL, the agent's file, DATA/control.sock
 */
#ifndef AGENT_COMMAND_SETTING_H
#define AGENT_COMMAND_SETTING_H

#include "agent/command/command.h"
#include "runtime/base/arena.h"
#include "runtime/base/secret.h"
#include "schema/agent_file.h"
#include "schema/collect.h"

/* Rows for the options that a command takes of these. */
#define OPTION_CONFIG                                                                    \
	{                                                                                \
		"config", "FILE", "the agent's file; default /etc/posthus/agent.yaml"    \
	}
#define OPTION_DATA                                                                      \
	{                                                                                \
		"data", "DIR", "the data directory, over what the agent's file says"     \
	}
#define OPTION_STATE                                                                     \
	{                                                                                \
		"state", "PATH", "the state, over what the agent's file says"            \
	}
#define OPTION_CONTROL                                                                   \
	{                                                                                \
		"control", "PATH", "the agent's socket; default DATA/control.sock"       \
	}
#define OPTION_OUTPUT                                                                    \
	{                                                                                \
		"o", "text|json", "the form of what is printed"                          \
	}

/* --timeout of the words, "90", "90s", "5m", "1h"; without it `out` stays. False: it is none
 * of these, or over a day, and that was said. */
MUST_USE bool setting_timeout(const struct words *words, uint64_t *out);

struct setting {
	struct arena *arena; /* all that is below lives in it */
	struct agent_file file;
	const char *data;
	const char *control;
	const char *const *state; /* paths; none where nobody said */
	size_t state_count;
};

/* EXIT_FINE, or what is wrong was printed and is the command's end. `out` begins zeroed and
 * ends by setting_deinit, whatever came of it. */
MUST_USE enum exit_code setting_load(const struct words *words, struct setting *out);
void setting_deinit(struct setting *setting);

/* The master key that the agent's file names; else the credential posthus-master, else
 * DATA/master.key. Prints what is wrong. */
MUST_USE enum exit_code setting_master_key(
		const struct setting *setting, struct secret *out);

/* The same without a word: an outcome of runtime/crypto/master_key.h. `name_out` is the path, or
 * the credential's name, and lives in the setting. */
MUST_USE int setting_find_master_key(
		const struct setting *setting, const char **name_out, struct secret *out);

/* The files of the state at `path`, or of the setting's own where that is NULL. Prints what
 * is wrong. `origin_out` names it for the history. */
MUST_USE enum exit_code setting_collect(const struct setting *setting, const char *path,
		struct collection *out, struct view *origin_out);

#endif
