#include "agent/people/invite.h"

#include "agent/account_inside.h"
#include "agent/apply/letter.h"
#include "agent/database/account.h"
#include "agent/database/invitation.h"
#include "agent/database/text.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/os.h"
#include "runtime/crypto/password.h"
#include "runtime/store/database.h"

#include <errno.h>

enum {
	AT_ONCE = 32,
	HTTPS_PORT = 443,
	LONGEST_LETTER = 16 * 1024,
};

static walltime wall(struct agent *agent)
{
	return agent->os->wall(agent->os->state);
}

static int from_database(int r)
{
	return r > 0 ? fault(r == DATABASE_E_FULL ? -ENOSPC : -EIO) : r;
}

/* -- links -- */

static const struct listener_spec *listener_of(
		const struct host_spec *host, enum listener_kind kind)
{
	for (size_t i = 0; i < host->listener_count; i++)
		if (host->listeners[i].kind == kind)
			return &host->listeners[i];
	return NULL;
}

/* NULL: https is closed, or nothing is served yet. */
static const struct listener_spec *https_of(const struct agent *agent)
{
	return agent->configuration
			       ? listener_of(configuration_host(agent->configuration),
						 LISTENER_HTTPS)
			       : NULL;
}

static struct view link_of(
		const struct agent *agent, struct arena *arena, struct view token)
{
	struct view host = configuration_host(agent->configuration)->name;
	uint16_t port = https_of(agent)->port;

	if (port == HTTPS_PORT)
		return arena_printf(arena, "https://%.*s/invite/%.*s", VIEW_ARG(host),
				VIEW_ARG(token));
	return arena_printf(arena, "https://%.*s:%u/invite/%.*s", VIEW_ARG(host), port,
			VIEW_ARG(token));
}

/* -- the letter -- */

static void write_text(const struct object *object, struct view name,
		const struct invite_link *link, struct buf *text)
{
	struct view domain = object->key;

	view_cut(&domain, '@');
	buf_addf(text, "Hello%s%.*s,\n\n", name.len ? " " : "", VIEW_ARG(name));
	buf_addf(text,
			"a mailbox was made for you:\n\n  %.*s\n\n"
			"Open this page to take it. There you choose your password and "
			"see how to set\nup your phone and your mail program:\n\n  "
			"%.*s\n\n",
			VIEW_ARG(object->key), VIEW_ARG(link->url));
	buf_add_z(text, "The link works once, and until ");
	text_add_time(text, link->until);
	buf_addf(text,
			" (UTC). Keep it to\nyourself: whoever opens it first has the "
			"mailbox.\n\n"
			"If it does not work any more, or if you did not expect this, "
			"ask the people who\nrun this server: "
			"postmaster@%.*s.\n",
			VIEW_ARG(domain));
}

static int put_letter(struct agent *agent, const struct object *object, struct view name,
		struct view to, const struct invite_link *link, struct arena *arena)
{
	CLEANUP(buf_wipe) struct buf text = BUF_NULL(LONGEST_LETTER);

	write_text(object, name, link, &text);
	return letter_put(
			agent->db, &(const struct letter_draft){
						   .to = &to,
						   .to_count = 1,
						   .subject = arena_printf(arena,
								   "Your mailbox %.*s",
								   VIEW_ARG(object->key)),
						   .text = buf_view(&text),
				   });
}

/* -- making a link -- */

/* Within a transaction. */
static int make(struct agent *agent, const struct object *object, struct view mail,
		struct view actor, struct arena *arena, struct invite_link *out)
{
	struct invitation invitation = { .address = mail, .made = wall(agent) };
	struct view token, name = VIEW_NULL;
	int r = invitation_make(
			agent->db, object->uid, mail, invitation.made, arena, &token);

	if (r)
		return r;
	*out = (struct invite_link){ link_of(agent, arena, token), object->key,
		invitation_end(&invitation) };
	r = account_read_name(agent->db, object->uid, arena, &name);
	if (r == 0 && mail.len)
		r = put_letter(agent, object, name, mail, out, arena);
	if (r == 0)
		r = account_ready(agent, object, arena, "Invited",
				invitation_say(arena, &invitation,
						object->named ? object->id : object->key,
						invitation.made));
	if (r == 0)
		r = account_audit(agent, object, arena, actor, "invited");
	return r ? r : account_bump_serial(agent);
}

static int make_and_commit(struct agent *agent, const struct object *object,
		struct view mail, struct view actor, struct arena *arena,
		struct invite_link *out)
{
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	int r = transaction_begin(agent->db, &t);

	if (r == 0)
		r = make(agent, object, mail, actor, arena, out);
	if (r == 0)
		r = transaction_commit(&t);
	if (r)
		return from_database(r);
	telling_stale(agent->telling);
	log_event(LOG_INFO, "agent.invite.made", log_view("account", object->key),
			log_view("to", mail.len ? mail : VIEW("nobody")),
			log_view("actor", actor));
	return 0;
}

int agent_invite(struct agent *agent, struct view account, struct view mail,
		struct view actor, struct arena *arena, struct invite_link *out)
{
	struct object object;
	bool known;
	int r = account_load(agent, account, false, arena, &object);

	if (r)
		return r == AGENT_E_ABSENT ? INVITE_E_ABSENT : r;
	if (object.state == OBJECT_DISABLED)
		return INVITE_E_GONE;
	if (!https_of(agent))
		return INVITE_E_UNSERVED;
	r = account_has_password(agent->db, object.uid, &known);
	if (r || known)
		return r ? from_database(r) : INVITE_E_USED;
	return make_and_commit(agent, &object, mail, actor, arena, out);
}

/* Of one who has left meanwhile nothing is to be done. */
static int write_due(struct agent *agent, const struct invitation *due)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct invite_link link;
	struct object object;
	int r = account_load_uid(agent, due->account, arena, &object);

	if (r == AGENT_E_ABSENT || (r == 0 && object.state == OBJECT_DISABLED))
		return from_database(
				invitation_use(agent->db, due->account, wall(agent)));
	return r ? r
		 : make_and_commit(agent, &object, due->address, VIEW("the state"), arena,
				   &link);
}

int invitations_write(struct agent *agent)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct invitation due[AT_ONCE];
	size_t count = 0;
	int r = 0;

	if (!https_of(agent))
		return 0;
	r = from_database(invitation_read_due(agent->db, arena, due, AT_ONCE, &count));
	for (size_t i = 0; i < count && r == 0; i++)
		r = write_due(agent, &due[i]);
	if (count == AT_ONCE)
		telling_stale(agent->telling);
	return r;
}

/* -- the page -- */

struct mail_settings agent_mail_settings(const struct agent *agent)
{
	return mail_settings_of(configuration_host(agent->configuration));
}

static int look(struct agent *agent, struct view token, struct arena *arena,
		struct invite *out, struct object *object)
{
	struct invitation invitation;
	int r = invitation_find(agent->db, token, arena, &invitation);

	if (r == INVITATION_E_ABSENT)
		return INVITE_E_ABSENT;
	if (r == 0)
		r = account_load_uid(agent, invitation.account, arena, object);
	if (r == AGENT_E_ABSENT)
		return INVITE_E_ABSENT;
	if (r)
		return from_database(r);
	*out = (struct invite){ .address = object->key,
		.until = invitation_end(&invitation) };
	memcpy(out->uid, object->uid, sizeof(out->uid));
	r = account_read_name(agent->db, object->uid, arena, &out->name);
	if (r)
		return from_database(r);
	if (object->state == OBJECT_DISABLED)
		return INVITE_E_GONE;
	if (invitation.used)
		return INVITE_E_USED;
	return wall(agent) >= out->until ? INVITE_E_EXPIRED : INVITE_OK;
}

int agent_invite_look(struct agent *agent, struct view token, struct arena *arena,
		struct invite *out)
{
	struct object object;

	return look(agent, token, arena, out, &object);
}

int agent_invite_take(struct agent *agent, struct view token,
		const struct secret *password, const char *from,
		enum password_fault *why_out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	char hash[PASSWORD_HASH_TEXT];
	struct invite invite;
	struct object object;
	int r = look(agent, token, arena, &invite, &object);

	if (r)
		return r;
	*why_out = password_judge(password, invite.address, invite.name);
	if (*why_out)
		return INVITE_E_WEAK;
	password_hash(password, hash);
	r = account_commit_password(agent, &object, arena, view_z(hash),
			arena_printf(arena, "%.*s, by a link", VIEW_ARG(object.key)));
	explicit_bzero(hash, sizeof(hash));
	if (r == 0)
		log_event(LOG_INFO, "agent.invite.taken", log_view("account", object.key),
				log_text("from", from));
	return r;
}
