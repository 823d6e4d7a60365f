#include "agent/backup/keeper.h"

#include "agent/backup/backup.h"
#include "agent/database/condition.h"
#include "agent/database/journal.h"
#include "agent/database/reason.h"
#include "agent/database/suspension.h"
#include "agent/driver.h"
#include "agent/inside.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/os.h"
#include "runtime/crypto/broker.h"

#include <errno.h>
#include <stdlib.h>

enum {
	LONGEST_TEXT = 1024,
};

struct keeper {
	struct keyring *keyring;
	struct key *host;
	bool has_key;
	nstime due;
	/* one work at a time */
	struct work *work; /* NULL: none */
	enum work_kind kind;
	unsigned char uid[UID_SIZE];
	char *name; /* backup/nightly */
	walltime begun;
	bool frozen;
	/* how the last one ended */
	unsigned char ended_uid[UID_SIZE];
	bool ended_well;
	struct buf ended;
};

int keeper_new(struct keeper **out)
{
	struct keeper *k = xcalloc(1, sizeof(*k));
	int r = keyring_new(1, &k->keyring);

	if (r) {
		free(k);
		return r;
	}
	k->host = keyring_take(k->keyring);
	k->ended = BUF_NULL(2 * LONGEST_TEXT);
	*out = k;
	return 0;
}

/* -- the databases of the agent, while they are copied -- */

static int freeze(struct agent *agent)
{
	int r = database_freeze(agent->db);

	if (r == 0 && agent->deeds) {
		r = database_freeze(agent->deeds);
		if (r)
			database_thaw(agent->db);
	}
	agent->keeper->frozen = r == 0;
	return r == DATABASE_E_FULL ? -ENOSPC : r > 0 ? fault(-EIO) : r;
}

static void thaw(struct agent *agent, struct keeper *k)
{
	if (!k->frozen)
		return;
	k->frozen = false;
	database_thaw(agent->db);
	if (agent->deeds)
		database_thaw(agent->deeds);
}

void keeper_free(struct agent *agent, struct keeper *k)
{
	struct work_result result;

	if (!k)
		return;
	if (k->work) {
		work_end(k->work, &result);
		work_result_deinit(&result);
		thaw(agent, k);
	}
	keyring_give(k->keyring, k->host);
	keyring_free(k->keyring);
	buf_free(&k->ended);
	free(k->name);
	free(k);
}

/* -- what is said of it -- */

static int write_conditions(
		struct agent *agent, const struct object *object, struct backup *b)
{
	json_t *conditions = conditions_parse(b->texts.conditions);
	struct keeper *k = agent->keeper;
	bool runs = k->work && memcmp(k->uid, object->uid, UID_SIZE) == 0;
	int r = 0;

	if (backup_say(b, runs, conditions, object->observed_generation,
			    agent->os->wall(agent->os->state))) {
		CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;

		b->texts.conditions = conditions_print(conditions, b->arena);
		r = transaction_begin(agent->db, &t);
		if (r == 0)
			r = object_write(agent->db, object, &b->texts);
		if (r == 0)
			r = transaction_commit(&t);
		agent->metrics_stale = true;
	}
	json_decref(conditions);
	return r;
}

/* -- beginning -- */

static int take_key(struct agent *agent)
{
	struct keeper *k = agent->keeper;
	int r = 0;

	if (!k->has_key)
		r = broker_purpose_key(agent->broker, PURPOSE_BACKUP, k->host);
	k->has_key = r == 0;
	return r > 0 ? fault(-EPROTO) : r;
}

static int begin(struct agent *agent, const struct object *object, struct backup *b,
		enum work_kind kind, const struct secret *identity, bool accepts_loss)
{
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	struct keeper *k = agent->keeper;
	const struct work_options options = {
		.kind = kind,
		.order = b->texts.last_applied,
		.data = agent->data,
		.runtime = agent->runtime,
		.file = agent->file,
		.host = k->host,
		.identity = identity,
		.control = agent->control_key,
		.broker = agent->broker,
		.accepts_loss = accepts_loss,
		.now = agent->os->wall(agent->os->state),
	};
	int r = take_key(agent);

	if (kind == WORK_TAKE)
		b->row.begun = options.now;
	if (r == 0)
		r = transaction_begin(agent->db, &t);
	if (r == 0)
		r = backup_row_write(agent->db, &b->row);
	if (r == 0)
		r = transaction_commit(&t);
	if (r == 0)
		r = work_begin(&options, &k->work);
	if (r)
		return r;
	k->kind = kind;
	k->begun = options.now;
	memcpy(k->uid, object->uid, UID_SIZE);
	free(k->name);
	k->name = xstrndup(b->name.data, b->name.len);
	return 0;
}

/* -- what came of it -- */

static void log_work(const struct keeper *k, const struct work_result *result)
{
	static const char *const done[] = { "agent.backup.taken", "agent.backup.verified",
		"agent.backup.drilled" };

	if (result->reason)
		log_event(LOG_ERROR, "agent.backup.failed", log_text("backup", k->name),
				log_text("reason", result->reason),
				log_view("message", buf_view(&result->message)));
	else
		log_event(LOG_INFO, done[k->kind], log_text("backup", k->name),
				log_view("snapshot", buf_view(&result->snapshot)),
				log_number("files", (int64_t)result->files),
				log_number("bytes", (int64_t)result->bytes),
				log_number("sent", (int64_t)result->sent),
				log_number("took_us", result->took / 1000));
}

static void note_result(const struct keeper *k, const struct work_result *result,
		struct backup_row *row)
{
	if (result->reason) {
		row->reason = view_z(result->reason);
		row->message = buf_view(&result->message);
		row->failures += k->kind == WORK_TAKE;
		if (k->kind == WORK_VERIFY)
			row->verified = 0;
		if (k->kind == WORK_DRILL)
			row->proven = 0;
		return;
	}
	if (k->kind != WORK_TAKE) {
		*(k->kind == WORK_VERIFY ? &row->verified : &row->proven) = k->begun;
		return;
	}
	row->good = k->begun;
	row->failures = 0;
	row->reason = row->message = VIEW_NULL;
	row->bytes = result->bytes;
	row->sent = result->sent;
	row->files = result->files;
	row->snapshot = buf_view(&result->snapshot);
}

static int record(struct agent *agent, const struct work_result *result)
{
	static const char *const reasons[] = { "BackupTaken", "BackupVerified",
		"RestoreTried" };
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	struct keeper *k = agent->keeper;
	struct backup_row row;
	int r = transaction_begin(agent->db, &t);

	if (r == 0)
		r = backup_row_read(agent->db, k->uid, arena, &row);
	if (r)
		return r;
	note_result(k, result, &row);
	r = backup_row_write(agent->db, &row);
	if (r == 0)
		r = journal_event(agent->db, view_z(k->name),
				result->reason ? result->reason : reasons[k->kind],
				buf_view(&result->message),
				agent->os->wall(agent->os->state));
	return r ? r : transaction_commit(&t);
}

static int take_result(struct agent *agent)
{
	struct keeper *k = agent->keeper;
	struct work_result result;
	int r;

	work_end(k->work, &result);
	k->work = NULL;
	thaw(agent, k);
	log_work(k, &result);
	memcpy(k->ended_uid, k->uid, UID_SIZE);
	k->ended_well = !result.reason;
	buf_clear(&k->ended);
	if (result.reason)
		buf_addf(&k->ended, "%s: ", result.reason);
	buf_add(&k->ended, buf_view(&result.message));
	r = record(agent, &result);
	work_result_deinit(&result);
	k->due = 0;
	return r;
}

/* -- turns -- */

/* A host that was restored writes nothing to its backups before somebody has looked: the one
 * that it comes from may still be there. */
static int is_suspended(struct agent *agent, bool *out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct suspension suspension;
	int r = suspension_read(
			agent->db, agent->os->wall(agent->os->state), arena, &suspension);

	*out = r == 0 && suspension.until;
	return r;
}

static int have_any(struct database *db, bool *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"SELECT 1 FROM object WHERE kind = 'backup'"
			" AND state = 'active' LIMIT 1",
			&s);

	if (r == 0)
		r = statement_step(s);
	*out = r == DATABASE_ROW;
	return r == DATABASE_ROW ? 0 : r;
}

static int look_at(struct agent *agent, const struct object *object)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	walltime now = agent->os->wall(agent->os->state);
	struct backup b = { 0 };
	bool suspended = true;
	int r = backup_load(agent->db, object, arena, &b);

	if (r == 0)
		r = is_suspended(agent, &suspended);
	if (r == 0 && !agent->keeper->work && !suspended) {
		if (backup_is_due(&b, now))
			r = begin(agent, object, &b, WORK_TAKE, NULL, false);
		else if (backup_is_verify_due(&b, now))
			r = begin(agent, object, &b, WORK_VERIFY, NULL, false);
	}
	if (r == 0)
		r = write_conditions(agent, object, &b);
	json_decref(b.json);
	return r;
}

static int look(struct agent *agent)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(object_set_deinit) struct object_set all = OBJECT_SET_NULL;
	bool any = false;
	int r = have_any(agent->db, &any);

	if (r || !any)
		return r;
	r = object_set_load(agent->db, arena, &all);
	for (size_t i = 0; i < all.count && r == 0; i++)
		if (all.items[i].driver == &driver_backup &&
				all.items[i].state == OBJECT_ACTIVE)
			r = look_at(agent, &all.items[i]);
	return r;
}

int agent_backups_fd(const struct agent *agent)
{
	const struct keeper *k = agent->keeper;

	return k && k->work ? work_fd(k->work) : -1;
}

nstime agent_backups_deadline(const struct agent *agent)
{
	return agent->configuration ? agent->keeper->due : NSTIME_NEVER;
}

void agent_backups_turn(struct agent *agent)
{
	struct keeper *k = agent->keeper;
	nstime now = agent_now(agent);
	int r = 0;

	if (k->work) {
		switch (work_state(k->work)) {
		case WORK_RUNNING:
			break;
		case WORK_WANTS_OWN:
			work_give_own(k->work, freeze(agent));
			break;
		case WORK_DONE:
			r = take_result(agent);
			break;
		}
	}
	if (r == 0 && agent->configuration && now >= k->due) {
		k->due = now + nstime_seconds(KEEPER_LOOK);
		r = look(agent);
	}
	if (r)
		log_event(LOG_ERROR, "agent.backup.fault", log_number("outcome", r));
}

/* -- by hand -- */

static int find(struct agent *agent, struct view name, struct object_set *all,
		struct arena *arena, const struct object **out)
{
	struct view whole = arena_printf(arena, "backup/%.*s", VIEW_ARG(name));
	int r = object_set_load(agent->db, arena, all);

	if (r)
		return r > 0 ? fault(-EIO) : r;
	*out = object_find(all, whole);
	return *out && (*out)->state == OBJECT_ACTIVE ? 0 : AGENT_E_ABSENT;
}

int agent_backup_begin(struct agent *agent, struct view name, enum agent_backup_deed deed,
		const struct secret *identity)
{
	static const enum work_kind kinds[] = {
		[AGENT_BACKUP_RUN] = WORK_TAKE,
		[AGENT_BACKUP_VERIFY] = WORK_VERIFY,
		[AGENT_BACKUP_DRILL] = WORK_DRILL,
		[AGENT_BACKUP_ACCEPT_LOSS] = WORK_TAKE,
	};
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(object_set_deinit) struct object_set all = OBJECT_SET_NULL;
	const struct object *object = NULL;
	struct backup b = { 0 };
	int r = find(agent, name, &all, arena, &object);

	if (r)
		return r;
	if (agent->keeper->work)
		return AGENT_E_BUSY;
	r = backup_load(agent->db, object, arena, &b);
	if (r == 0)
		r = begin(agent, object, &b, kinds[deed], identity,
				deed == AGENT_BACKUP_ACCEPT_LOSS);
	json_decref(b.json);
	return r > 0 ? fault(-EIO) : r;
}

static json_t *text_json(struct view text)
{
	return json_stringn(text.data ? text.data : "", text.len);
}

static json_t *backup_json(struct agent *agent, const struct backup *b)
{
	static const char *const doing[] = { "backup", "verify", "drill" };
	struct keeper *k = agent->keeper;
	bool runs = k->work && memcmp(k->uid, b->row.uid, UID_SIZE) == 0;
	struct work_progress progress = { 0 };
	json_t *json = json_pack("{s:o, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
			"name", text_json(b->order.name), "running", (int)runs, "begun",
			(json_int_t)b->row.begun, "good", (json_int_t)b->row.good,
			"verified", (json_int_t)b->row.verified, "proven",
			(json_int_t)b->row.proven, "failures",
			(json_int_t)b->row.failures, "bytes", (json_int_t)b->row.bytes,
			"sent", (json_int_t)b->row.sent, "files",
			(json_int_t)b->row.files);

	json_object_set_new(json, "snapshot", text_json(b->row.snapshot));
	json_object_set_new(json, "reason", text_json(b->row.reason));
	json_object_set_new(json, "message", text_json(b->row.message));
	if (memcmp(k->ended_uid, b->row.uid, UID_SIZE) == 0) {
		json_object_set_new(json, "ended_well", json_boolean(k->ended_well));
		json_object_set_new(json, "ended", text_json(buf_view(&k->ended)));
	}
	if (!runs)
		return json;
	progress = work_look(k->work);
	json_object_set_new(json, "doing", json_string(doing[k->kind]));
	json_object_set_new(json, "done_files", json_integer((json_int_t)progress.files));
	json_object_set_new(json, "done_bytes", json_integer((json_int_t)progress.bytes));
	return json;
}

int agent_backups_json(struct agent *agent, json_t **out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(object_set_deinit) struct object_set all = OBJECT_SET_NULL;
	json_t *items = json_array();
	int r = object_set_load(agent->db, arena, &all);

	for (size_t i = 0; i < all.count && r == 0; i++) {
		struct backup b = { 0 };

		if (all.items[i].driver != &driver_backup ||
				all.items[i].state != OBJECT_ACTIVE)
			continue;
		r = backup_load(agent->db, &all.items[i], arena, &b);
		if (r == 0)
			json_array_append_new(items, backup_json(agent, &b));
		json_decref(b.json);
	}
	*out = json_pack("{s:o}", "items", items);
	return r > 0 ? fault(-EIO) : r;
}
