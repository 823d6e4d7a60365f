/* What is done to one account by its name. */
#include "agent/control/call.h"
#include "agent/database/app_password.h"
#include "agent/database/text.h"
#include "runtime/configuration.h"

enum {
	SHOWN_NAME = 24 /* columns */
};

static int no_user(struct call *call, struct view account)
{
	return call_absent(
			call, arena_printf(call->arena, "user/%.*s", VIEW_ARG(account)));
}

static int refuse(struct call *call, int r, struct view account, struct view name)
{
	switch (r) {
	case AGENT_E_ABSENT:
		return no_user(call, account);
	case AGENT_E_FIELD:
		return call_refuse(call, 400, EXIT_INVALID,
				VIEW("error: an app password needs a name of 1 to 64 "
				     "bytes on one line, and at least one of imap and "
				     "smtp\n"));
	case AGENT_E_TIME:
		return call_refuse(call, 400, EXIT_INVALID,
				VIEW("error: it would expire before it begins\n"));
	case AGENT_E_TAKEN:
		return call_refuse(call, 409, EXIT_CONFLICT,
				arena_printf(call->arena,
						"error: there is an app password "
						"\"%.*s\" "
						"already\nhelp: take another name, or "
						"revoke that one\n",
						VIEW_ARG(name)));
	case AGENT_E_MANY:
		return call_refuse(call, 409, EXIT_CONFLICT,
				arena_printf(call->arena,
						"error: an account has at most %d app "
						"passwords\nhelp: `posthus account "
						"app-password list` shows which are not "
						"used\n",
						APP_PASSWORDS_MAX));
	case AGENT_E_GONE:
		return call_refuse(call, 404, EXIT_ERROR,
				arena_printf(call->arena,
						"error: there is no app password "
						"\"%.*s\"\nhelp: `posthus account "
						"app-password list %.*s`\n",
						VIEW_ARG(name), VIEW_ARG(account)));
	default:
		return call_fault(call, r);
	}
}

/* False where one of them is none. */
static bool read_protocols(const json_t *words, unsigned *out)
{
	const json_t *word;
	size_t i;

	*out = words ? 0 : PROTOCOL_IMAP | PROTOCOL_SMTP;
	json_array_foreach (words, i, word) {
		struct view text = view_z(json_string_value(word));

		if (view_eq(text, VIEW("imap")))
			*out |= PROTOCOL_IMAP;
		else if (view_eq(text, VIEW("smtp")))
			*out |= PROTOCOL_SMTP;
		else
			return false;
	}
	return true;
}

int serve_app_password(struct call *call)
{
	struct view account = call_body(call, "account");
	struct agent_app_password wanted = { .name = call_body(call, "name"),
		.expires = json_integer_value(json_object_get(call->body, "expires")) };
	CLEANUP(secret_free) struct secret password = SECRET_NULL;
	struct view text;
	int r;

	if (!read_protocols(json_object_get(call->body, "protocols"), &wanted.protocols))
		return call_refuse(call, 400, EXIT_INVALID,
				VIEW("error: an app password is for imap, smtp or "
				     "both\n"));
	r = agent_app_password_create(
			call->agent, account, &wanted, call_actor(call), &password);
	if (r)
		return refuse(call, r, account, wanted.name);
	text = secret_expose(&password);
	call_answer(call, EXIT_FINE, VIEW_NULL);
	json_object_set_new(call->answer, "password", json_stringn(text.data, text.len));
	return 200;
}

int serve_app_password_revoke(struct call *call)
{
	struct view account = call_body(call, "account");
	struct view name = call_body(call, "name");
	int r = agent_app_password_revoke(call->agent, account, name, call_actor(call));

	if (r)
		return refuse(call, r, account, name);
	return call_answer(call, EXIT_FINE,
			VIEW("It opens nothing any more; the account's sessions have "
			     "ended.\n"));
}

static void add_time(struct buf *text, const char *what, const json_t *time)
{
	if (json_is_string(time))
		buf_addf(text, "  %s %.10s", what, json_string_value(time));
}

static void print(const json_t *all, struct buf *text)
{
	const json_t *one, *protocol;
	size_t i, k;

	if (json_array_size(all) == 0)
		buf_add_z(text, "It has no app passwords.\n");
	json_array_foreach (all, i, one) {
		buf_addf(text, "%-*s", SHOWN_NAME,
				json_string_value(json_object_get(one, "name")));
		json_array_foreach (json_object_get(one, "protocols"), k, protocol)
			buf_addf(text, " %s", json_string_value(protocol));
		add_time(text, "made", json_object_get(one, "made_at"));
		add_time(text, "expires", json_object_get(one, "expires_at"));
		if (json_is_null(json_object_get(one, "used_at")))
			buf_add_z(text, "  never used");
		else
			add_time(text, "used", json_object_get(one, "used_at"));
		buf_add_byte(text, '\n');
	}
}

int serve_app_passwords(struct call *call)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(MOST_TEXT);
	struct view account = call_query(call, "account");
	json_t *all;
	int r = agent_app_passwords(call->agent, account, &all);

	if (r)
		return refuse(call, r, account, VIEW_NULL);
	print(all, &text);
	call_answer(call, EXIT_FINE, buf_view(&text));
	json_object_set_new(call->answer, "items", all);
	return 200;
}

/* -- the data key -- */

int serve_key_rotate(struct call *call)
{
	struct view account = call_body(call, "account");
	int r = agent_key_rotate(call->agent, account, call_actor(call));

	if (r)
		return refuse(call, r, account, VIEW_NULL);
	return call_answer(call, EXIT_FINE,
			VIEW("Its file is being put under another key.\n"));
}

int serve_key_rotating(struct call *call)
{
	struct view account = call_query(call, "account");
	bool rotating = false;
	int r = agent_key_rotating(call->agent, account, &rotating);

	if (r)
		return refuse(call, r, account, VIEW_NULL);
	call_answer(call, EXIT_FINE,
			rotating ? VIEW("Its file is being put under another key.\n")
				 : VIEW("Its file is under one key.\n"));
	json_object_set_new(call->answer, "rotating", json_boolean(rotating));
	return 200;
}
