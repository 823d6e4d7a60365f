/* An account's data key is changed for another: when somebody may have had the old one.
 *
 * Both keys are in the database before the file is touched, and the old one goes when the file
 * is under the new one: at any time one of the two opens it. What was cut off is begun again
 * at the next start. */
#include "agent/account_inside.h"
#include "agent/database/account.h"
#include "agent/database/deeds.h"
#include "agent/database/journal.h"
#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/os.h"
#include "runtime/crypto/broker.h"
#include "runtime/runtime.h"
#include "runtime/store/database.h"

#include <errno.h>
#include <stdlib.h>

static int outcome_of(int r)
{
	return r > 0 ? fault(r == DATABASE_E_FULL ? -ENOSPC : -EIO) : r;
}

/* -- beginning -- */

static int write_begun(struct agent *agent, const struct object *object,
		struct arena *arena, const struct broker_wrapped *next, struct view actor)
{
	int r = account_add_next_key(agent->db, object->uid,
			view_of(next->bytes, sizeof(next->bytes)),
			agent->os->wall(agent->os->state));

	if (r == 0)
		r = account_audit(agent, object, arena, actor, "key-rotation-begun");
	return r ? r : account_bump_serial(agent);
}

static int begin(struct agent *agent, const struct object *object, struct arena *arena,
		struct view actor)
{
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	struct broker_wrapped next;
	int r = broker_wrap_new(agent->broker, object->uid, 1, &next);

	if (r)
		return r > 0 ? AGENT_E_KEY : r;
	r = transaction_begin(agent->db, &t);
	if (r == 0)
		r = write_begun(agent, object, arena, &next, actor);
	return r ? outcome_of(r) : agent_commit(agent, &t);
}

int agent_key_rotate(struct agent *agent, struct view account, struct view actor)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct object object;
	bool rotating = false;
	int r = account_load(agent, account, true, arena, &object);

	if (r)
		return r;
	r = account_has_next_key(agent->db, object.uid, &rotating);
	if (r)
		return outcome_of(r);
	if (!rotating)
		r = begin(agent, &object, arena, actor);
	if (r)
		return r;
	r = runtime_rotate_account(agent->runtime, object.uid);
	return r == -ENOENT ? AGENT_E_ABSENT : r;
}

int agent_key_rotating(struct agent *agent, struct view account, bool *out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct object object;
	int r = account_load(agent, account, true, arena, &object);

	return r ? r : outcome_of(account_has_next_key(agent->db, object.uid, out));
}

void agent_key_rotations_resume(struct agent *agent)
{
	CLEANUP(freep) unsigned char *uids = NULL;
	size_t count = 0;
	int r = account_read_rotating(agent->db, &uids, &count);

	if (r)
		log_event(LOG_ERROR, "agent.key.rotation.fault",
				log_fault(outcome_of(r)));
	for (size_t i = 0; i < count; i++)
		if (runtime_rotate_account(agent->runtime, uids + UID_SIZE * i) < 0)
			return; /* nothing is configured yet, or it was purged */
}

/* -- ending -- */

static int take_next(struct agent *agent, const unsigned char *uid)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct audit_entry entry = { .at = agent->os->wall(agent->os->state),
		.actor = VIEW("agent"),
		.action = "key-rotated",
		.uid = uid };
	struct view wrapped;
	int r = account_take_next_key(agent->db, uid);

	if (r == 0)
		r = account_read_key(agent->db, uid, arena, &wrapped);
	if (r == 0)
		r = deeds_rekey(agent->deeds, uid, wrapped);
	if (r == 0)
		r = audit_add(agent->db, &entry);
	return r ? r : account_bump_serial(agent);
}

/* The old slot is in no file any more when this returns. */
static int finish(struct agent *agent, const unsigned char *uid)
{
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	bool rotating;
	int r = account_has_next_key(agent->db, uid, &rotating);

	if (r || !rotating)
		return outcome_of(r);
	r = transaction_begin(agent->db, &t);
	if (r == 0)
		r = take_next(agent, uid);
	if (r)
		return outcome_of(r);
	r = agent_commit(agent, &t);
	if (r)
		return r;
	r = database_checkpoint(agent->db);
	if (r == 0)
		r = database_checkpoint(agent->deeds);
	return r == DATABASE_E_BUSY ? 0 : outcome_of(r);
}

int agent_key_rotated(struct agent *agent, const unsigned char *account_uid,
		struct view why_not)
{
	CLEANUP(buf_free) struct buf name = BUF_NULL(2 * UID_SIZE);
	int r = 0;

	hex_add(&name, view_of(account_uid, UID_SIZE));
	if (why_not.len) {
		log_event(LOG_WARN, "agent.key.rotation.waits",
				log_view("account", buf_view(&name)),
				log_view("reason", why_not));
		return 0;
	}
	r = finish(agent, account_uid);
	if (r == 0)
		log_event(LOG_INFO, "agent.key.rotated",
				log_view("account", buf_view(&name)));
	return r;
}
