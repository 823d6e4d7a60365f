/* The pages behind an invitation's link: /invite/TOKEN. */
#include "agent/control/public.h"

#include "agent/control/form.h"
#include "agent/people/invite.h"
#include "agent/people/page.h"
#include "agent/people/profile.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/crypto/password.h"
#include "runtime/runtime.h"

#define PROFILE "settings.mobileconfig"

static int show(struct public_call *call, int status)
{
	call->type = "text/html; charset=utf-8";
	return status;
}

/* Opens no mailbox, but says why. */
static int refuse(struct public_call *call, int r)
{
	if (r < 0) {
		log_event(LOG_ERROR, "control.fault", log_text("target", "/invite/"),
				log_fault(r));
		return public_say(call, 500,
				"Something went wrong here. Please try again in a "
				"minute.\n");
	}
	log_event(LOG_INFO, "web.invite.refused", log_text("from", call->request->peer),
			log_text("reason", r == INVITE_E_ABSENT    ? "unknown-link"
					   : r == INVITE_E_USED    ? "used"
					   : r == INVITE_E_EXPIRED ? "expired"
								   : "disabled"));
	page_refusal(&call->body, (enum invite_outcome)r);
	return show(call, r == INVITE_E_ABSENT ? 404 : 410);
}

static struct mail_settings settings_of(const struct public_call *call)
{
	return agent_mail_settings(call->at->agent);
}

static int serve_style(struct public_call *call)
{
	call->type = "text/css; charset=utf-8";
	buf_add_z(&call->body, page_style);
	return 200;
}

/* It has no secret, so it may be fetched again once the link is used. */
static int serve_profile(struct public_call *call, struct view token)
{
	struct mail_settings settings = settings_of(call);
	struct invite invite;
	int r = agent_invite_look(call->at->agent, token, call->arena, &invite);

	if (r && r != INVITE_E_USED)
		return refuse(call, r);
	profile_write(&call->body, &settings, invite.uid, invite.address, invite.name);
	call->type = "application/x-apple-aspen-config";
	return 200;
}

int serve_invite(struct public_call *call)
{
	struct mail_settings settings = settings_of(call);
	struct view rest = call->rest, token = view_cut(&rest, '/');
	struct invite invite;
	int r;

	if (view_eq(call->rest, VIEW("style.css")))
		return serve_style(call);
	if (view_eq(rest, VIEW(PROFILE)))
		return serve_profile(call, token);
	r = rest.data ? INVITE_E_ABSENT
		      : agent_invite_look(call->at->agent, token, call->arena, &invite);
	if (r)
		return refuse(call, r);
	page_choose(&call->body, &invite, &settings, token, NULL);
	return show(call, 200);
}

static int choose_again(struct public_call *call, struct view token, const char *why)
{
	struct mail_settings settings = settings_of(call);
	struct invite invite;
	int r = agent_invite_look(call->at->agent, token, call->arena, &invite);

	if (r)
		return refuse(call, r);
	page_choose(&call->body, &invite, &settings, token, why);
	return show(call, 422);
}

int serve_invite_taking(struct public_call *call)
{
	CLEANUP(buf_wipe) struct buf first = BUF_NULL(PASSWORD_MAX + 1);
	CLEANUP(buf_wipe) struct buf again = BUF_NULL(PASSWORD_MAX + 1);
	CLEANUP(secret_free) struct secret password = SECRET_NULL;
	struct mail_settings settings;
	struct view body = call->request->body, token = call->rest;
	enum password_fault why = PASSWORD_FINE;
	struct invite invite;
	int r = agent_invite_look(call->at->agent, token, call->arena, &invite);

	if (r)
		return refuse(call, r);
	form_value(body, "password", &first);
	form_value(body, "again", &again);
	if (!view_eq_secret(buf_view(&first), buf_view(&again)))
		return choose_again(call, token,
				"The two are not the same. Type your password once "
				"more, twice.");
	password = secret_copy(buf_view(&first));
	r = agent_invite_take(
			call->at->agent, token, &password, call->request->peer, &why);
	if (r == INVITE_E_WEAK)
		return choose_again(call, token, password_fault_text(why));
	if (r)
		return refuse(call, r);
	settings = settings_of(
			call); /* those before have gone with their configuration */
	page_welcome(&call->body, &invite, &settings, token);
	return show(call, 200);
}
