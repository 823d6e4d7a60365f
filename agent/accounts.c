/* What is done to one account by name: its password, its data key, its file. */
#include "agent/account_inside.h"

#include "agent/database/account.h"
#include "agent/database/condition.h"
#include "agent/database/invitation.h"
#include "agent/database/journal.h"
#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/os.h"
#include "runtime/crypto/broker.h"
#include "runtime/crypto/password.h"
#include "runtime/runtime.h"

#include <errno.h>

enum {
	LONGEST_PATH = 128,
	LONGEST_NAME = 1024,
};

/* By id or address, in any case; NULL where there is none. */
static struct object *find_account(const struct object_set *objects,
		const struct driver *driver, struct arena *arena, struct view account)
{
	struct view copy = arena_copy(arena, account);
	char *text = (char *)copy.data;
	struct object *object;

	for (size_t i = 0; i < copy.len; i++)
		text[i] = byte_lower(text[i]);
	object = object_by_id(objects, driver, copy);
	return object ? object : object_by_key(objects, driver, copy);
}

int account_load(struct agent *agent, struct view account, bool shared,
		struct arena *arena, struct object *out)
{
	CLEANUP(object_set_deinit) struct object_set objects = OBJECT_SET_NULL;
	struct object *object;
	int r = object_set_load(agent->db, arena, &objects);

	if (r)
		return r > 0 ? fault(-EIO) : r;
	object = find_account(&objects, &driver_user, arena, account);
	if (!object && shared)
		object = find_account(&objects, &driver_shared, arena, account);
	if (!object)
		return AGENT_E_ABSENT;
	*out = *object;
	return 0;
}

int account_load_uid(struct agent *agent, const unsigned char uid[UID_SIZE],
		struct arena *arena, struct object *out)
{
	CLEANUP(object_set_deinit) struct object_set objects = OBJECT_SET_NULL;
	int r = object_set_load(agent->db, arena, &objects);

	if (r)
		return r > 0 ? fault(-EIO) : r;
	for (size_t i = 0; i < objects.count; i++) {
		*out = objects.items[i];
		if (memcmp(out->uid, uid, UID_SIZE) == 0)
			return 0;
	}
	return AGENT_E_ABSENT;
}

int account_audit(struct agent *agent, const struct object *object, struct arena *arena,
		struct view actor, const char *action)
{
	return audit_add(agent->db,
			&(const struct audit_entry){
					.at = agent->os->wall(agent->os->state),
					.actor = actor,
					.action = action,
					.object = object_name(object, arena),
					.uid = object->uid,
			});
}

int account_bump_serial(struct agent *agent)
{
	uint64_t serial;
	int r = control_serial(agent->db, &serial);

	return r ? r : control_set_serial(agent->db, serial + 1);
}

/* -- passwords -- */

int account_ready(struct agent *agent, const struct object *object, struct arena *arena,
		const char *reason, struct view message)
{
	struct object_texts texts;
	int r;

	if (object->state == OBJECT_DISABLED)
		return 0;
	r = object_read_texts(agent->db, object->uid, arena, &texts);
	if (r)
		return r;
	texts.conditions = condition_ready(arena,
			&(const struct condition){ .is = true,
					.reason = reason,
					.message = message },
			object->observed_generation, agent->os->wall(agent->os->state));
	return object_write(agent->db, object, &texts);
}

int account_tell(struct agent *agent, const struct object *object,
		enum notice_topic topic, const char *what, struct view actor)
{
	telling_stale(agent->telling);
	return notice_put(agent->db,
			&(const struct notice){
					.topic = topic,
					.account = object->uid,
					.address = object->key,
					.what = what,
					.actor = actor,
					.now = agent->os->wall(agent->os->state),
			});
}

static int write_password(struct agent *agent, const struct object *object,
		struct arena *arena, struct view hash, struct view actor)
{
	bool known;
	int r = account_has_password(agent->db, object->uid, &known);

	if (r == 0)
		r = account_set_password(agent->db, object->uid, hash, CREDENTIAL_PERSON,
				agent->os->wall(agent->os->state));
	if (r == 0 && known)
		r = account_tell(agent, object, TOPIC_RESET,
				"Your password is another one, and whoever was logged in "
				"by the old one is not any more.",
				actor);
	if (r == 0)
		r = account_revoke(agent->db, object->uid);
	if (r == 0)
		r = invitation_use(agent->db, object->uid,
				agent->os->wall(agent->os->state));
	if (r == 0)
		/* An invited account is Ready for its own reason until then. */
		r = account_ready(agent, object, arena, "Applied", VIEW_NULL);
	if (r == 0)
		r = account_audit(agent, object, arena, actor, "password-set");
	return r ? r : account_bump_serial(agent);
}

int account_commit_password(struct agent *agent, const struct object *object,
		struct arena *arena, struct view hash, struct view actor)
{
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	int r = transaction_begin(agent->db, &t);

	if (r == 0)
		r = write_password(agent, object, arena, hash, actor);
	if (r)
		return r > 0 ? fault(r == DATABASE_E_FULL ? -ENOSPC : -EIO) : r;
	return agent_commit(agent, &t);
}

int agent_password_set(struct agent *agent, struct view account,
		const struct secret *password, struct view actor)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	char hash[PASSWORD_HASH_TEXT];
	struct object object;
	int r = account_load(agent, account, false, arena, &object);

	if (r)
		return r;
	if (password->len == 0 || password->len > PASSWORD_MAX)
		return AGENT_E_PASSWORD;
	password_hash(password, hash);
	r = account_commit_password(agent, &object, arena, view_z(hash), actor);
	explicit_bzero(hash, sizeof(hash));
	if (r == 0)
		log_event(LOG_INFO, "agent.password.set", log_view("account", object.key),
				log_view("actor", actor));
	return r;
}

int agent_password_upgraded(
		struct agent *agent, const unsigned char *account_uid, struct view hash)
{
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	int r = transaction_begin(agent->db, &t);

	if (r == 0)
		r = account_set_password(agent->db, account_uid, hash, CREDENTIAL_UPGRADE,
				agent->os->wall(agent->os->state));
	if (r == 0)
		r = account_bump_serial(agent);
	if (r)
		return r > 0 ? fault(-EIO) : r;
	return agent_commit(agent, &t);
}

/* -- keys -- */

static int unwrap(struct agent *agent, const struct object *object, struct arena *arena,
		struct secret *out)
{
	struct view wrapped;
	struct key key;
	int r = account_read_key(agent->db, object->uid, arena, &wrapped);

	if (r)
		return r > 0 ? fault(-EIO) : r;
	if (wrapped.len == 0)
		return AGENT_E_ABSENT;
	r = broker_unwrap(agent->broker, object->uid, wrapped, &key);
	if (r)
		return r > 0 ? AGENT_E_KEY : r;
	*out = secret_copy(view_of(key.bytes, KEY_SIZE));
	key_wipe(&key);
	return 0;
}

/* `told`: what its user hears of it; NULL: nothing. */
static int commit_audit(struct agent *agent, const struct object *object,
		struct arena *arena, struct view actor, const char *action,
		const char *told)
{
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	int r = transaction_begin(agent->db, &t);

	if (r == 0)
		r = account_audit(agent, object, arena, actor, action);
	if (r == 0 && told)
		r = account_tell(agent, object, TOPIC_ACCESS, told, actor);
	if (r == 0)
		r = transaction_commit(&t);
	return r > 0 ? fault(-EIO) : r;
}

int agent_account_key_export(struct agent *agent, struct view account, struct view actor,
		struct secret *key_out, char **path_out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(secret_free) struct secret key = SECRET_NULL;
	CLEANUP(buf_free) struct buf path = BUF_NULL(LONGEST_PATH);
	struct object object;
	int r = account_load(agent, account, true, arena, &object);

	if (r == 0)
		r = unwrap(agent, &object, arena, &key);
	if (r == 0)
		r = commit_audit(agent, &object, arena, actor, "key-exported",
				"The key of your mailbox was taken out: whoever has it "
				"and the file can read your mail.");
	if (r)
		return r;
	log_event(LOG_WARN, "agent.key.exported", log_view("account", object.key),
			log_view("actor", actor));
	buf_add_z(&path, "accounts/");
	hex_add(&path, view_of(object.uid, 1));
	buf_add_byte(&path, '/');
	hex_add(&path, view_of(object.uid, UID_SIZE));
	buf_add_z(&path, ".db");
	*key_out = secret_take(&key);
	*path_out = buf_take_z(&path);
	return 0;
}

/* -- files -- */

/* What they have selected will not be true any more. */
static int end_sessions(struct agent *agent, const struct object *object)
{
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	int r = transaction_begin(agent->db, &t);

	if (r == 0)
		r = account_revoke(agent->db, object->uid);
	if (r == 0)
		r = account_bump_serial(agent);
	if (r)
		return r > 0 ? fault(-EIO) : r;
	return agent_commit(agent, &t);
}

static int accepted(int r)
{
	switch (r) {
	case RUNTIME_E_GONE:
		return AGENT_E_GONE;
	case RUNTIME_E_THERE:
		return AGENT_E_THERE;
	case RUNTIME_E_UNFIT:
		return AGENT_E_UNFIT;
	case -EBUSY:
		return AGENT_E_BUSY;
	case -ENOENT: /* of a state that does not live yet */
		return AGENT_E_ABSENT;
	default:
		return r;
	}
}

int agent_account_accept(
		struct agent *agent, struct view account, bool empty, struct view actor)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	const char *action = empty ? "loss-accepted" : "restore-accepted";
	struct object object;
	int r = account_load(agent, account, true, arena, &object);

	if (r == 0)
		r = end_sessions(agent, &object);
	if (r == 0)
		r = accepted(runtime_accept_account(agent->runtime, object.uid, empty));
	if (r == 0)
		r = commit_audit(agent, &object, arena, actor, action, NULL);
	if (r == 0)
		log_event(LOG_WARN, "agent.account.accepted",
				log_view("account", object.key), log_text("as", action),
				log_view("actor", actor));
	return r;
}
