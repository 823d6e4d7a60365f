/* Starts an agent in the foreground. The order matters: helpers are forked before threads and
 * keys exist, the lock is taken before anything is written, the stores recover before a port
 * is open. */
#include "agent/command/confine.h"
#include "agent/command/opening.h"

#include "agent/git/fetcher.h"
#include "agent/git/follow.h"
#include "agent/serve.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/metric.h"
#include "runtime/crypto/broker.h"
#include "runtime/dns/suffix.h"
#include "runtime/runtime.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum {
	GRACE_SECONDS = 10
};

/* No core, no ptrace by others, and as many files as we are allowed. */
static void harden_process(void)
{
	struct rlimit none = { 0, 0 }, files;

	umask(0077);
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

/* ADDRESS@PORT, as the resolver reads them. */
static const char *const *name_servers(const struct setting *setting)
{
	const struct agent_file *file = &setting->file;
	const char **all = arena_array(
			setting->arena, file->name_server_count, sizeof(*all));

	for (size_t i = 0; i < file->name_server_count; i++)
		all[i] = arena_printf(setting->arena, "%.*s@%llu",
				VIEW_ARG(file->name_servers[i]),
				(unsigned long long)file->name_server_port)
					 .data;
	return all;
}

/* What was made or read before the sandbox closed. */
struct held {
	struct broker *broker;
	struct helper *fetcher; /* NULL: the state comes from no repository */
	struct suffix_list *suffixes;
};

static enum exit_code start_runtime(const struct setting *setting,
		const struct held *held, struct runtime **out)
{
	CLEANUP(freep) char *failed = NULL;
	const struct agent_file *file = &setting->file;
	uint32_t *operators = arena_array(
			setting->arena, file->operator_count, sizeof(*operators));
	struct runtime_options options = {
		.name_servers = name_servers(setting),
		.name_server_count = file->name_server_count,
		.anchors = file->anchors.len ? arena_copy_z(setting->arena, file->anchors)
					     : NULL,
		.data = setting->data,
		.control = setting->control,
		.broker = held->broker,
		.suffixes = held->suffixes,
		.failed = &failed,
		.operators = operators,
	};
	int r;

	for (size_t i = 0; i < file->operator_count; i++)
		if (file->operators[i].uid)
			operators[options.operator_count++] = file->operators[i].uid;
	r = runtime_start(&options, out);

	if (r == 0)
		return EXIT_FINE;
	if (r == -EADDRINUSE) {
		say_error("stop it first, or choose another --control",
				"another agent answers at %s", setting->control);
		return EXIT_CONFLICT;
	}
	if (r == -ENOSPC || r == -EDQUOT) {
		say_error("free some space and start again; no accepted message is lost",
				"the disk of %s is full", setting->data);
		return EXIT_ERROR;
	}
	say_error(failed ? NULL : "the log above says more",
			"the mail server does not start: %s%s%s", failed ? failed : "",
			failed ? ": " : "", strerror(-r));
	return EXIT_ERROR;
}

/* Nothing moves any more: what is remembered now is exact. */
static void remember_last(struct agent *agent)
{
	int r = agent_remember(agent);

	if (r)
		log_event(LOG_ERROR, "agent.remember.fault", log_fault(r));
}

static void say_keys(struct agent *agent)
{
	struct agent_keys keys = agent_keys(agent);

	metric_set(METRIC_KEYS_LOCKED, 0, 0, keys.locked);
	if (keys.locked)
		log_event(LOG_INFO, "agent.keys", log_text("locked", "yes"),
				log_number("bytes", (int64_t)keys.bytes));
	else
		log_event(LOG_WARN, "agent.keys", log_text("locked", "no"),
				log_number("bytes", (int64_t)keys.bytes),
				log_text("next", "raise LimitMEMLOCK= of the unit, or "
						 "`ulimit -l`: keys may reach the swap"));
}

/* The child's folder lies in the data directory, and nothing else does that it may touch. */
static int start_following(const struct setting *setting, const struct held *held,
		struct agent *agent, struct follow **out)
{
	if (!held->fetcher)
		return 0;
	return follow_new(agent, &setting->file, held->fetcher,
			arena_printf(setting->arena, "%s/git%c", setting->data, 0).data,
			out);
}

static enum exit_code serve_until_stopped(const struct setting *setting,
		const struct held *held, struct agent *agent, nstime started)
{
	struct serve_options options = { .agent = agent };
	struct runtime *runtime = NULL;
	enum exit_code code = start_runtime(setting, held, &runtime);
	int r;

	if (code != EXIT_FINE)
		return code;
	agent_attach(agent, runtime);
	say_keys(agent);
	options.runtime = runtime;
	if (setting->file.watch) {
		options.state = setting->state;
		options.state_count = setting->state_count;
	}
	log_event(LOG_INFO, "agent.start", log_text("data", setting->data),
			log_text("control", setting->control),
			log_number("took_us", (clock_now() - started) / 1000));
	r = start_following(setting, held, agent, &options.follow);
	if (r == 0)
		r = serve(&options);
	follow_free(options.follow);
	log_event(LOG_INFO, "agent.stop", log_number("grace_s", GRACE_SECONDS));
	runtime_stop(runtime, nstime_seconds(GRACE_SECONDS));
	remember_last(agent);
	agent_attach(agent, NULL);
	runtime_free(runtime);
	if (r) {
		say_error(NULL, "the agent ends: %s", strerror(-r));
		return EXIT_ERROR;
	}
	return EXIT_FINE;
}

static enum exit_code start_fetcher(const struct setting *setting, struct helper *out)
{
	int r = fetcher_start(arena_copy_z(setting->arena, setting->file.user), out);

	if (r == 0)
		return EXIT_FINE;
	say_error(NULL, "no helper can be made to fetch: %s", strerror(-r));
	return EXIT_ERROR;
}

static int run(const struct words *words)
{
	CLEANUP(setting_deinit) struct setting setting = { 0 };
	CLEANUP(broker_stopp) struct broker *broker = NULL;
	CLEANUP(suffix_list_freep) struct suffix_list *suffixes = NULL;
	CLEANUP(agent_closep) struct agent *agent = NULL;
	struct helper fetcher = { 0 };
	nstime started = clock_now();
	enum exit_code code = setting_load(words, &setting);

	harden_process();
	serve_block_signals();
	if (code == EXIT_FINE && setting.file.git.url.len)
		code = start_fetcher(&setting, &fetcher);
	if (code == EXIT_FINE)
		code = opening_broker(&setting, true, &broker);
	if (code == EXIT_FINE)
		code = opening_agent(&setting, broker, &agent);
	suffixes = suffix_list_load();
	if (code == EXIT_FINE)
		code = confine(&setting, agent);
	if (code == EXIT_FINE)
		code = serve_until_stopped(&setting,
				&(const struct held){ broker,
						fetcher.pid ? &fetcher : NULL, suffixes },
				agent, started);
	if (fetcher.pid)
		helper_stop(&fetcher);
	return (int)code;
}

static const struct option_row options[] = { OPTION_CONFIG, OPTION_DATA, OPTION_STATE,
	OPTION_CONTROL };

const struct command command_run = {
	.name = "run",
	.operands = "",
	.summary = "Run the agent and the mail server in the foreground",
	.help = "Serves the state that was applied last; with `watch: true` in the "
		"agent's file, also what is\n"
		"saved there later. SIGHUP reconciles, SIGTERM drains and stops. Ends "
		"with 3 where the master\n"
		"key cannot be used, with 5 where another agent has the data directory.",
	OPTIONS(options),
	.run = run,
};
