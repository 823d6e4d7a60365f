/* What a person's mail programs log in with: made, listed and taken away by name. */
#include "agent/account_inside.h"
#include "agent/database/account.h"
#include "agent/database/app_password.h"
#include "agent/database/text.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/os.h"
#include "runtime/base/utf8.h"

#include <errno.h>
#include <stdlib.h>

enum {
	LONGEST_NOTICE = 512
};

/* A name that can be shown on one line. */
static bool is_name(struct view name)
{
	if (name.len == 0 || name.len > APP_PASSWORD_NAME_MAX || !utf8_valid(name))
		return false;
	for (size_t i = 0; i < name.len; i++)
		if ((unsigned char)name.data[i] < ' ' || name.data[i] == 0x7f)
			return false;
	return true;
}

static int outcome_of(int r)
{
	switch (r) {
	case APP_PASSWORD_E_TAKEN:
		return AGENT_E_TAKEN;
	case APP_PASSWORD_E_MANY:
		return AGENT_E_MANY;
	default:
		return r > 0 ? fault(r == DATABASE_E_FULL ? -ENOSPC : -EIO) : r;
	}
}

static int tell(struct agent *agent, const struct object *object, struct view name,
		const char *what, struct view actor)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST_NOTICE);

	buf_addf(&text, "The app password \"%.*s\" %s", VIEW_ARG(name), what);
	buf_add_byte(&text, '\0');
	return account_tell(agent, object, TOPIC_ACCESS, text.data, actor);
}

/* -- making -- */

static int write_new(struct agent *agent, const struct object *object,
		struct arena *arena, struct app_password_row *row,
		const struct secret *password, struct view actor)
{
	int r = app_password_salt(agent->db, object->uid, row->spec.salt);

	if (r)
		return r;
	app_password_verifier(password, row->spec.salt, &row->spec.verifier);
	r = app_password_add(agent->db, row);
	if (r == 0)
		r = tell(agent, object, row->spec.name, "opens your mailbox from now on.",
				actor);
	if (r == 0)
		r = account_audit(agent, object, arena, actor, "app-password-created");
	return r ? r : account_bump_serial(agent);
}

int agent_app_password_create(struct agent *agent, struct view account,
		const struct agent_app_password *wanted, struct view actor,
		struct secret *out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	CLEANUP(secret_free) struct secret password = SECRET_NULL;
	struct app_password_row row = { .spec = { .name = wanted->name,
							.protocols = wanted->protocols,
							.expires = wanted->expires } };
	struct object object;
	int r = account_load(agent, account, false, arena, &object);

	if (r)
		return r;
	row.made_at = agent->os->wall(agent->os->state);
	if (!is_name(wanted->name) || wanted->protocols == 0)
		return AGENT_E_FIELD;
	if (wanted->expires && wanted->expires <= row.made_at)
		return AGENT_E_TIME;
	memcpy(row.uid, object.uid, UID_SIZE);
	app_password_make(&password);
	r = transaction_begin(agent->db, &t);
	if (r == 0)
		r = write_new(agent, &object, arena, &row, &password, actor);
	if (r)
		return outcome_of(r);
	r = agent_commit(agent, &t);
	if (r)
		return r;
	log_event(LOG_INFO, "agent.app_password.created", log_view("account", object.key),
			log_view("name", wanted->name), log_view("actor", actor));
	*out = secret_take(&password);
	return 0;
}

/* -- taking away -- */

static int write_revoked(struct agent *agent, const struct object *object,
		struct arena *arena, struct view name, struct view actor)
{
	bool removed;
	int r = app_password_remove(agent->db, object->uid, name, &removed);

	if (r == 0 && !removed)
		return AGENT_E_GONE;
	if (r == 0)
		r = tell(agent, object, name, "opens your mailbox no more.", actor);
	if (r == 0)
		r = account_revoke(agent->db, object->uid);
	if (r == 0)
		r = account_audit(agent, object, arena, actor, "app-password-revoked");
	return r ? outcome_of(r) : account_bump_serial(agent);
}

int agent_app_password_revoke(struct agent *agent, struct view account, struct view name,
		struct view actor)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	struct object object;
	int r = account_load(agent, account, false, arena, &object);

	if (r)
		return r;
	r = transaction_begin(agent->db, &t);
	if (r)
		return outcome_of(r);
	r = write_revoked(agent, &object, arena, name, actor);
	if (r == 0)
		r = agent_commit(agent, &t);
	if (r == 0)
		log_event(LOG_INFO, "agent.app_password.revoked",
				log_view("account", object.key), log_view("name", name),
				log_view("actor", actor));
	return r;
}

int agent_app_password_used(
		struct agent *agent, const unsigned char *account_uid, struct view name)
{
	int r = app_password_used(
			agent->db, account_uid, name, agent->os->wall(agent->os->state));

	return r > 0 ? fault(-EIO) : r;
}

/* -- listing -- */

static json_t *protocols_json(unsigned protocols)
{
	json_t *all = json_array();

	if (protocols & PROTOCOL_IMAP)
		json_array_append_new(all, json_string("imap"));
	if (protocols & PROTOCOL_SMTP)
		json_array_append_new(all, json_string("smtp"));
	return all;
}

static json_t *row_json(const struct app_password_row *row)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "name", json_view(row->spec.name),
			"protocols", protocols_json(row->spec.protocols), "made_at",
			json_time(row->made_at), "expires_at",
			row->spec.expires ? json_time(row->spec.expires) : json_null(),
			"used_at", row->used_at ? json_time(row->used_at) : json_null());
}

int agent_app_passwords(struct agent *agent, struct view account, json_t **out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(freep) struct app_password_row *rows = NULL;
	struct object object;
	size_t count = 0;
	json_t *all;
	int r = account_load(agent, account, false, arena, &object);

	if (r)
		return r;
	r = app_password_read_all(agent->db, arena, object.uid, &rows, &count);
	if (r)
		return outcome_of(r);
	all = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(all, row_json(&rows[i]));
	*out = all;
	return 0;
}
