#include "agent/inside.h"

#include "agent/database/data_directory.h"
#include "agent/database/deeds.h"
#include "agent/plan/drift.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/os.h"
#include "runtime/crypto/broker.h"
#include "runtime/runtime.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	KEYS = 8,
	INTERVAL_SECONDS = 5 * 60,
};

/* -- opening -- */

static int opened(int r)
{
	switch (r) {
	case DATABASE_E_WRONG_KEY:
		return AGENT_E_KEY;
	case DATABASE_E_NEWER:
		return AGENT_E_NEWER;
	case DATABASE_E_BUSY:
		return AGENT_E_LOCKED;
	case DATABASE_E_DAMAGED:
	case DATABASE_E_FOREIGN:
		return AGENT_E_DAMAGED;
	default:
		return r > 0 ? fault(r == DATABASE_E_FULL ? -ENOSPC : -EIO) : r;
	}
}

static int take_directory(struct agent *agent, bool offline, const char **failed)
{
	int r;

	*failed = "";
	if (!offline) {
		r = data_directory_make(agent->data);
		if (r)
			return r;
		*failed = "lock";
		r = data_directory_lock(agent->data, &agent->lock);
		return r == DATA_E_LOCKED ? AGENT_E_LOCKED : r;
	}
	*failed = "lock";
	r = data_directory_lock_unchanged(agent->data, &agent->lock);
	if (r)
		return r == DATA_E_LOCKED ? AGENT_E_LOCKED : r;
	*failed = "control.db";
	return data_directory_copy(agent->data, &agent->copy);
}

/* Without a broker there are no keys; a database that is made for one plan and thrown
 * away opens under any. */
static int take_keys(struct agent *agent, const char *path)
{
	int r = keyring_new(KEYS, &agent->keyring);

	if (r)
		return r;
	agent->control_key = keyring_take(agent->keyring);
	agent->tls_key = keyring_take(agent->keyring);
	agent->dkim_key = keyring_take(agent->keyring);
	agent->own.opener = agent->state_key = keyring_take(agent->keyring);
	if (!agent->broker && access(path, F_OK) == 0)
		return AGENT_E_KEY;
	if (!agent->broker) {
		key_random(agent->control_key);
		key_random(agent->tls_key);
		key_random(agent->dkim_key);
		key_random(agent->state_key);
		return 0;
	}
	r = broker_purpose_key(agent->broker, PURPOSE_CONTROL, agent->control_key);
	if (r == 0)
		r = broker_purpose_key(agent->broker, PURPOSE_TLS, agent->tls_key);
	if (r == 0)
		r = broker_purpose_key(agent->broker, PURPOSE_DKIM, agent->dkim_key);
	if (r == 0)
		r = broker_purpose_key(agent->broker, PURPOSE_STATE, agent->state_key);
	return r > 0 ? fault(-EPROTO) : r;
}

/* *failed: which of them it is about. */
static int open_databases(struct agent *agent, const char **failed)
{
	CLEANUP(freep)
	char *path = data_path(agent->copy ? agent->copy : agent->data, "control.db");
	int r;

	*failed = "control.db";
	r = take_keys(agent, path);
	if (r)
		return r;
	r = control_database_open(path, agent->control_key, &agent->db);
	if (r == 0)
		r = control_secret(agent->db, agent->secret);
	if (r)
		return opened(r);
	*failed = "accounts";
	if (agent->copy)
		r = deeds_open_copy(agent->copy, agent->control_key, &agent->deeds);
	else
		r = deeds_open(agent->data, agent->control_key, agent->db, &agent->deeds);
	return opened(r);
}

int agent_open(const struct agent_options *options, struct agent **out)
{
	CLEANUP(agent_closep) struct agent *agent = xcalloc(1, sizeof(*agent));
	const char *nobody_asks;
	const char **failed = options->failed ? options->failed : &nobody_asks;
	int r;

	agent->lock = -1;
	agent_file_defaults(&agent->own);
	if (options->file)
		agent->own = *options->file;
	agent->file = &agent->own;
	agent->anywhere = options->anywhere;
	agent->broker = options->broker;
	agent->os = options->os ? options->os : os_real();
	agent->data = xstrndup(options->data, strlen(options->data));
	agent->interval = nstime_seconds(INTERVAL_SECONDS);
	agent->full_due =
			agent_now(agent) + agent_jittered(nstime_seconds(AUDIT_SECONDS));
	r = take_directory(agent, options->offline, failed);
	if (r == 0)
		r = open_databases(agent, failed);
	if (r == 0 && !options->offline)
		r = dispatch_new(agent->db, agent->tls_key, agent->os, agent->file,
				&agent->dispatch);
	if (r == 0 && !options->offline)
		r = telling_new(&agent->telling);
	if (r == 0 && !options->offline)
		r = keeper_new(&agent->keeper);
	if (r)
		return r;
	*out = TAKE(agent);
	return 0;
}

void agent_attach(struct agent *agent, struct runtime *runtime)
{
	agent->runtime = runtime;
}

void agent_confined(struct agent *agent, const char *level, const char *without)
{
	agent->sandbox = level;
	agent->sandbox_without = without;
}

struct agent_keys agent_keys(struct agent *agent)
{
	struct keyring_report keys = { .locked = true };
	struct runtime_observed live = { .keys_locked = true };

	keyring_observe_too(agent->keyring, &keys);
	if (agent->runtime)
		runtime_observe(agent->runtime, &live);
	return (struct agent_keys){ keys.bytes + live.key_bytes,
		keys.locked && live.keys_locked };
}

nstime agent_now(const struct agent *agent)
{
	return agent->os->now(agent->os->state);
}

void agent_source_trouble(struct agent *agent, const char *reason, struct view message,
		int64_t patience)
{
	free(agent->source.message);
	agent->source = (struct source_trouble){ .reason = reason, .patience = patience };
	if (reason)
		agent->source.message = xstrndup(message.data, message.len);
}

const struct agent_file *agent_own_file(const struct agent *agent)
{
	return &agent->own;
}

const struct trusted *agent_operator(const struct agent *agent, uint32_t uid)
{
	for (size_t i = 0; i < agent->file->operator_count; i++)
		if (uid && agent->file->operators[i].uid == uid)
			return &agent->file->operators[i];
	return NULL;
}

void agent_close(struct agent *agent)
{
	if (!agent)
		return;
	agent_forget_desired(agent);
	telling_free(agent->telling);
	keeper_free(agent, agent->keeper);
	dispatch_free(agent->dispatch);
	configuration_unref(agent->configuration);
	database_close(agent->deeds);
	database_close(agent->db);
	if (agent->keyring) {
		keyring_give(agent->keyring, agent->control_key);
		keyring_give(agent->keyring, agent->tls_key);
		keyring_give(agent->keyring, agent->dkim_key);
		keyring_give(agent->keyring, agent->state_key);
	}
	keyring_free(agent->keyring);
	data_directory_copy_remove(agent->copy);
	if (agent->lock >= 0)
		close(agent->lock);
	last_run_deinit(&agent->last);
	cooling_deinit(&agent->cooling);
	free(agent->source.message);
	free(agent->data);
	free(agent);
}

void agent_closep(struct agent **agent)
{
	agent_close(*agent);
}
/* -- the desired generation -- */

void agent_forget_desired(struct agent *agent)
{
	if (!agent->desired.arena)
		return;
	checked_deinit(&agent->desired.checked);
	arena_free(agent->desired.arena);
	agent->desired = (struct desired_state){ 0 };
}

static int check(struct agent *agent, const struct source_file *files, size_t count,
		const struct overlay *overlay, bool origins, struct checked *out)
{
	const struct check_options options = {
		.agent = agent->anywhere ? NULL : agent->file,
		.secret_key = agent->secret,
		.overlay = overlay,
		.forget_origins = !origins,
	};

	return checker_check(files, count, &options, out);
}

int agent_check(struct agent *agent, const struct source_file *files, size_t count,
		bool origins, struct checked *out)
{
	return check(agent, files, count, NULL, origins, out);
}

int agent_check_overlaid(struct agent *agent, const struct source_file *files,
		size_t count, const struct overlay *overlay, struct checked *out)
{
	return check(agent, files, count, overlay, false, out);
}

static int load_desired(struct agent *agent, uint64_t number, bool origins)
{
	struct source_file *files;
	size_t count;
	int r = generation_read_files(
			agent->db, number, agent->desired.arena, &files, &count);

	if (r)
		return r;
	r = agent_check(agent, files, count, origins, &agent->desired.checked);
	agent->desired.origins = origins;
	return r == CHECK_E_INVALID ? 0 : r;
}

static int desired_state(struct agent *agent, bool origins, const struct desired **out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct generation newest;
	int r = 0;

	if (!agent->desired.arena) {
		r = generation_newest(agent->db, arena, &newest);
		if (r)
			return r;
		if (newest.number == 0) {
			*out = NULL;
			return 0;
		}
		agent->desired.arena = TAKE(arena);
		r = load_desired(agent, newest.number, origins);
	}
	if (r) {
		arena_free(TAKE(agent->desired.arena));
		return r;
	}
	*out = agent->desired.checked.desired;
	if (*out && (*out)->not_served.count)
		*out = NULL;
	return 0;
}

int agent_desired(struct agent *agent, const struct desired **out)
{
	return desired_state(agent, false, out);
}

int agent_origins(struct agent *agent, const struct desired **out)
{
	if (!agent->desired.origins)
		agent_forget_desired(agent);
	return desired_state(agent, true, out);
}

/* -- what is -- */

void agent_observation(struct agent *agent, const struct desired *desired,
		struct runtime_observed *live, struct plan *plan, struct observation *out)
{
	/* Before the first configuration nothing is open, and that is no drift. */
	bool sees = agent->runtime && agent->configuration;

	if (sees)
		runtime_observe(agent->runtime, live);
	*out = (struct observation){
		.db = agent->db,
		.arena = plan->arena,
		.os = agent->os,
		.now = agent->os->wall(agent->os->state),
		.file = agent->file,
		.live = sees ? live : NULL,
		.assumed = agent->anywhere,
		.desired = desired,
		.data = agent->data,
		.deeds = agent->deeds,
		.dkim_key = agent->dkim_key,
		.broker = agent->broker,
	};
}

nstime agent_next_deadline(const struct agent *agent)
{
	return agent->confirm_due ? nstime_min(agent->deadline, agent->confirm_due)
				  : agent->deadline;
}

int agent_outbox_fd(const struct agent *agent)
{
	return dispatch_fd(agent->dispatch);
}

nstime agent_outbox_deadline(const struct agent *agent)
{
	return dispatch_deadline(agent->dispatch);
}

/* What was awaited may be Ready: one look for all that comes together. */
static void look_soon(struct agent *agent)
{
	agent->settled_serial = 0;
	agent->deadline = nstime_min(agent->deadline, agent_now(agent) + NS_PER_S);
}

/* An effect brought something that is served. What cannot be served now is at the next
 * change; until then the effect's next steps fail, and are tried again. */
static void serve_what_is_kept(struct agent *agent)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	CLEANUP(configured_deinit) struct configured done = { 0 };
	int r = 0;

	dispatch_served(agent->dispatch);
	agent->settled_serial = 0; /* what follows from it in the state, too */
	if (agent->configuration)
		r = agent_configure(agent, NULL, &done, &result);
	if (r || result.code != EXIT_FINE)
		log_event(LOG_ERROR, "agent.effect.unserved", log_number("outcome", r),
				log_text("reason",
						result.reason ? result.reason : "none"));
}

void agent_outbox_turn(struct agent *agent)
{
	bool served = false;

	dispatch_turn(agent->dispatch);
	/* Who waits for it to be Ready is told behind this, and finds it served. */
	while (dispatch_serves(agent->dispatch)) {
		serve_what_is_kept(agent);
		served = true;
		dispatch_turn(agent->dispatch);
	}
	/* What is served is said in the DNS, too. */
	if ((dispatch_brought(agent->dispatch) && agent->awaits_ready) || served)
		look_soon(agent);
}

int agent_history(struct agent *agent, size_t most, struct history **out)
{
	return opened(history_read(agent->db, most, out));
}
