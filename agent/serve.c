#include "agent/serve.h"

#include "agent/control/routes.h"
#include "agent/git/follow.h"
#include "agent/metrics.h"
#include "agent/watch.h"
#include "runtime/base/arena.h"
#include "runtime/base/buf.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/systemd.h"
#include "runtime/runtime.h"
#include "schema/collect.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
	MOST_TEXT = 1024 * 1024,
	REMEMBER_SECONDS = 5, /* docs/store-format.md says what that means */
};

struct server {
	const struct serve_options *options;
	struct control *control;
	struct watch *watch; /* NULL: nothing is watched */
	int signals;
	nstime remember_due; /* NSTIME_NEVER: no account's file moved */
	bool stopping;
};

static void fill_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
}

void serve_block_signals(void)
{
	sigset_t set;

	fill_signals(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* A manager that cannot be told is no reason to end. */
static void tell_manager(int r)
{
	if (r < 0)
		log_event(LOG_WARN, "agent.notify.fault", log_fault(r));
}

/* One line for the log; what is wrong with a state is printed whole below it. */
static void log_result(const char *event, const struct agent_result *result)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(MOST_TEXT);

	log_event(result->code == EXIT_FINE ? LOG_INFO : LOG_WARN, event,
			log_text("reason", result->reason ? result->reason : "none"),
			log_number("generation", (int64_t)result->generation),
			log_number("took_us", result->took / 1000));
	if (result->code == EXIT_FINE)
		return;
	agent_result_print(result, &text);
	if (write(STDERR_FILENO, text.data, text.len) < 0)
		return; /* there is nowhere left to say so */
}

static void reconcile(struct server *server, enum reconcile_cause cause)
{
	static const char *const events[] = { "agent.reconcile.start",
		"agent.reconcile.timer", "agent.reconcile.signal" };
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	int r = agent_reconcile(server->options->agent, cause, &result);

	if (r)
		log_event(LOG_ERROR, "agent.reconcile.fault", log_fault(r));
	else if (cause != RECONCILE_TIMER || result.code != EXIT_FINE)
		log_result(events[cause], &result);
	agent_key_rotations_resume(server->options->agent);
}

static void apply_files(struct server *server)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	struct agent_apply_options options = { .actor = VIEW("watch") };
	struct collection files;
	struct agent_source source;
	int r = collect_files(arena, server->options->state, server->options->state_count,
			&files);

	if (r == COLLECT_E_PROBLEM) {
		log_event(LOG_WARN, "agent.watch.unreadable",
				log_view("problem", files.message));
		return;
	}
	source = (struct agent_source){ files.files, files.count,
		view_z(server->options->state[0]) };
	if (!r)
		r = agent_apply(server->options->agent, &source, &options, &result);
	if (r)
		log_event(LOG_ERROR, "agent.watch.fault", log_fault(r));
	else
		log_result("agent.watch.applied", &result);
}

static void take_signal(struct server *server)
{
	struct signalfd_siginfo info;

	while (read(server->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP) {
			tell_manager(systemd_notify_reloading(clock_now()));
			follow_hint(server->options->follow);
			reconcile(server, RECONCILE_SIGNAL);
			tell_manager(systemd_notify("READY=1"));
		} else {
			server->stopping = true;
		}
	}
}

static int take_notice(struct agent *agent, const struct runtime_notice *notice)
{
	switch (notice->kind) {
	case NOTICE_PASSWORD_UPGRADED:
		return agent_password_upgraded(agent, notice->account, notice->text);
	case NOTICE_APP_PASSWORD_USED:
		return agent_app_password_used(agent, notice->account, notice->text);
	case NOTICE_KEY_ROTATED:
		return agent_key_rotated(agent, notice->account, notice->text);
	case NOTICE_LIMIT_REACHED:
		agent_sending_frozen(agent, notice->account);
		return 0;
	}
	return 0;
}

static void take_notices(struct server *server)
{
	struct runtime_notice *notice;

	while ((notice = runtime_next_notice(server->options->runtime))) {
		int r = take_notice(server->options->agent, notice);

		if (r < 0)
			log_event(LOG_ERROR, "agent.upgrade.fault", log_fault(r));
		runtime_notice_free(notice);
	}
}

static nstime next_deadline(const struct server *server)
{
	nstime deadline = nstime_min(agent_next_deadline(server->options->agent),
			control_deadline(server->control));

	deadline = nstime_min(deadline, agent_outbox_deadline(server->options->agent));
	deadline = nstime_min(deadline, follow_deadline(server->options->follow));
	deadline = nstime_min(deadline, agent_alerts_deadline(server->options->agent));
	deadline = nstime_min(deadline, agent_backups_deadline(server->options->agent));
	deadline = nstime_min(deadline, server->remember_due);
	return server->watch ? nstime_min(deadline, watch_deadline(server->watch))
			     : deadline;
}

static int timeout_ms(nstime deadline, nstime now)
{
	nstime left = deadline - now;

	if (deadline == NSTIME_NEVER)
		return -1;
	if (left <= 0)
		return 0;
	return left > nstime_seconds(3600) ? 3600 * 1000 : (int)(left / NS_PER_MS) + 1;
}

static void show_metrics(struct server *server)
{
	int r = agent_show_metrics(server->options->agent);

	if (r)
		log_event(LOG_ERROR, "agent.metrics.fault", log_fault(r));
}

/* A while after the first that moved, with all that moved until then. */
static void remember(struct server *server, nstime now)
{
	bool moved = runtime_has_reached(server->options->runtime);
	int r = 0;

	if (now >= server->remember_due) {
		r = agent_remember(server->options->agent);
		server->remember_due = NSTIME_NEVER;
		moved = runtime_has_reached(server->options->runtime);
	}
	if (r)
		log_event(LOG_ERROR, "agent.remember.fault", log_fault(r));
	if (!moved)
		server->remember_due = NSTIME_NEVER;
	else if (server->remember_due == NSTIME_NEVER)
		server->remember_due = now + nstime_seconds(REMEMBER_SECONDS);
}

static int serve_round(struct server *server)
{
	struct pollfd fds[] = {
		{ .fd = runtime_event_fd(server->options->runtime), .events = POLLIN },
		{ .fd = server->signals, .events = POLLIN },
		{ .fd = server->watch ? watch_fd(server->watch) : -1, .events = POLLIN },
		{ .fd = control_fd(server->control), .events = POLLIN },
		{ .fd = agent_outbox_fd(server->options->agent), .events = POLLIN },
		{ .fd = follow_fd(server->options->follow), .events = POLLIN },
		{ .fd = agent_alerts_fd(server->options->agent), .events = POLLIN },
		{ .fd = agent_backups_fd(server->options->agent), .events = POLLIN },
	};
	nstime now = clock_now();

	if (poll(fds, ARRAY_LEN(fds), timeout_ms(next_deadline(server), now)) < 0 &&
			errno != EINTR)
		return fault_errno();
	now = clock_now();
	take_signal(server);
	take_notices(server);
	if (fds[2].revents)
		watch_read(server->watch, now);
	if (server->watch && watch_settled(server->watch, now))
		apply_files(server);
	if (now >= agent_next_deadline(server->options->agent))
		reconcile(server, RECONCILE_TIMER);
	agent_outbox_turn(server->options->agent);
	follow_turn(server->options->follow);
	agent_alerts_turn(server->options->agent);
	agent_backups_turn(server->options->agent);
	control_serve(server->control, now);
	remember(server, now);
	show_metrics(server);
	agent_rest(server->options->agent);
	return 0;
}

static int open_watch(struct server *server)
{
	const struct serve_options *options = server->options;

	if (options->state_count == 0)
		return 0;
	return watch_open(options->state, options->state_count, &server->watch);
}

int serve(const struct serve_options *options)
{
	struct server server = { .options = options, .remember_due = NSTIME_NEVER };
	sigset_t set;
	int r;

	fill_signals(&set);
	server.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (server.signals < 0)
		return fault_errno();
	server.control = control_new(options->agent, options->runtime);
	control_follow(server.control, options->follow);
	reconcile(&server, RECONCILE_START);
	r = open_watch(&server);
	if (!r && server.watch)
		apply_files(&server);
	if (!r)
		tell_manager(systemd_notify("READY=1"));
	show_metrics(&server);
	while (!r && !server.stopping)
		r = serve_round(&server);
	tell_manager(systemd_notify("STOPPING=1"));
	control_free(server.control);
	watch_free(server.watch);
	close(server.signals);
	return r;
}
