/* Who has an account, and its key and file. */
#include "agent/control/call.h"

#include "agent/database/text.h"
#include "agent/people/invite.h"
#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/crypto/password.h"
#include "schema/name.h"

#include <stdlib.h>

int serve_password(struct call *call)
{
	struct view account = call_body(call, "account");
	CLEANUP(secret_free)
	struct secret password = secret_copy(call_body(call, "password"));
	int r = agent_password_set(call->agent, account, &password, call_actor(call));

	if (r == AGENT_E_ABSENT)
		return call_absent(call, arena_printf(call->arena, "user/%.*s",
							 VIEW_ARG(account)));
	if (r == AGENT_E_PASSWORD)
		return call_refuse(call, 400, EXIT_INVALID,
				arena_printf(call->arena,
						"error: a password has 1 to %d bytes\n",
						PASSWORD_MAX));
	if (r)
		return call_fault(call, r);
	return call_answer(call, EXIT_FINE,
			VIEW("The password is set; sessions under the old one have "
			     "ended.\n"));
}

int serve_account_key(struct call *call)
{
	struct view account = call_body(call, "account");
	CLEANUP(secret_free) struct secret key = SECRET_NULL;
	CLEANUP(freep) char *path = NULL;
	CLEANUP(buf_wipe) struct buf hex = BUF_NULL(128);
	int r = agent_account_key_export(
			call->agent, account, call_actor(call), &key, &path);

	if (r == AGENT_E_ABSENT)
		return call_absent(call, arena_printf(call->arena, "user/%.*s",
							 VIEW_ARG(account)));
	if (r)
		return call_fault(call, r);
	hex_add(&hex, secret_expose(&key));
	call_answer(call, EXIT_FINE, VIEW_NULL);
	json_object_set_new(call->answer, "path", json_string(path));
	json_object_set_new(call->answer, "key", json_stringn(hex.data, hex.len));
	return 200;
}

int serve_account_accept(struct call *call)
{
	struct view account = call_body(call, "account");
	bool empty = json_is_true(json_object_get(call->body, "empty"));
	int r = agent_account_accept(call->agent, account, empty, call_actor(call));

	switch (r) {
	case 0:
		return call_answer(call, EXIT_FINE,
				VIEW("Taken as it is: what waited for it comes in. Its "
				     "clients read it anew, since every mailbox has a "
				     "new "
				     "UIDVALIDITY.\n"));
	case AGENT_E_ABSENT:
		return call_absent(call, arena_printf(call->arena, "user/%.*s",
							 VIEW_ARG(account)));
	case AGENT_E_GONE:
		return call_refuse(call, 409, EXIT_ERROR,
				VIEW("error: the account has no file\nhelp: put it back "
				     "first; --empty begins anew, without its mail\n"));
	case AGENT_E_THERE:
		return call_refuse(call, 409, EXIT_ERROR,
				VIEW("error: the account has a file\nhelp: without "
				     "--empty it is taken as it is\n"));
	case AGENT_E_UNFIT:
		return call_refuse(call, 409, EXIT_ERROR,
				VIEW("error: its file does not open\nhelp: `posthus log` "
				     "says why; put back another copy, without the -wal "
				     "beside it\n"));
	case AGENT_E_BUSY:
		return call_refuse(call, 503, EXIT_CONFLICT,
				VIEW("error: a session is just putting something into "
				     "it\nhelp: ask again in a moment\n"));
	default:
		return call_fault(call, r);
	}
}

static struct view invited_text(
		struct call *call, const struct invite_link *link, struct view mail)
{
	CLEANUP(buf_wipe) struct buf text = BUF_NULL(4096);

	buf_addf(&text, "%.*s\n\nIt opens %.*s once, until ", VIEW_ARG(link->url),
			VIEW_ARG(link->address));
	text_add_time(&text, link->until);
	if (mail.len)
		buf_addf(&text, ", and is on its way to %.*s", VIEW_ARG(mail));
	buf_add_z(&text, ". A link that was made before does not work any more.\n");
	return arena_copy(call->arena, buf_view(&text));
}

int serve_account_invite(struct call *call)
{
	struct view account = call_body(call, "account"), mail = call_body(call, "mail");
	const char *why = NULL;
	struct invite_link link;
	int r;

	if (mail.len && address_check(call->arena, mail, &mail, &why))
		return call_refuse(call, 400, EXIT_INVALID,
				arena_printf(call->arena, "error: --mail: %s\n", why));
	r = agent_invite(
			call->agent, account, mail, call_actor(call), call->arena, &link);
	switch (r) {
	case 0:
		call_answer(call, EXIT_FINE, invited_text(call, &link, mail));
		json_object_set_new(call->answer, "url", json_view(link.url));
		json_object_set_new(call->answer, "until", json_time(link.until));
		return 200;
	case INVITE_E_ABSENT:
		return call_absent(call, arena_printf(call->arena, "user/%.*s",
							 VIEW_ARG(account)));
	case INVITE_E_USED:
		return call_refuse(call, 409, EXIT_CONFLICT,
				VIEW("error: the account has a password, and a link "
				     "would "
				     "let somebody else set another\nhelp: `posthus "
				     "account passwd` sets one\n"));
	case INVITE_E_GONE:
		return call_refuse(call, 409, EXIT_CONFLICT,
				VIEW("error: the account is disabled\nhelp: write it "
				     "into "
				     "the state again first\n"));
	case INVITE_E_UNSERVED:
		return call_refuse(call, 409, EXIT_CONFLICT,
				VIEW("error: nothing serves the page that the link would "
				     "open\nhelp: `listen: {https: 443}` of the host; or "
				     "`posthus account passwd`\n"));
	default:
		return call_fault(call, r);
	}
}
