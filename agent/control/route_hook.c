/* A forge's hint that there is something new in the repository: POST /hooks/git. */
#include "agent/control/public.h"
#include "agent/effect/effect.h"
#include "agent/effect/secret_form.h"
#include "agent/git/follow.h"
#include "agent/git/hook.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/runtime.h"

/* clang-format off */
static const struct {
	int status;
	const char *text;
	const char *word; /* in the log */
} answers[] = {
	[HOOK_OK]          = { 202, "It is looked into.\n", "none" },
	[HOOK_E_SECRET]    = { 503, "This agent cannot check it: its log says why.\n", "secret" },
	[HOOK_E_UNSIGNED]  = { 401, "It is not signed.\n", "unsigned" },
	[HOOK_E_FORM]      = { 400, "Its signature is none.\n", "form" },
	[HOOK_E_STALE]     = { 401, "It was signed more than five minutes ago, or is yet to be: is the clock right?\n", "stale" },
	[HOOK_E_TOO_LARGE] = { 413, "That is more than is taken here.\n", "too-large" },
	[HOOK_E_WRONG]     = { 401, "Its signature is not by the secret of this agent.\n", "wrong" },
};
/* clang-format on */

static enum hook_outcome judge(const struct public_call *call, struct view secret)
{
	struct view fields[HOOK_FIELDS];
	enum hook_outcome outcome;
	struct hook hook;

	for (int i = 0; i < HOOK_FIELDS; i++)
		fields[i] = runtime_request_field(call->request, hook_field_names[i]);
	outcome = hook_begin(&hook, fields, secret, clock_wall());
	if (outcome == HOOK_OK)
		outcome = hook_add(&hook, call->request->body);
	return outcome ? outcome : hook_end(&hook);
}

/* Read each time: it may be another one by now. */
static enum hook_outcome judge_by(
		const struct public_call *call, const struct desired_secret *form)
{
	CLEANUP(secret_free) struct secret secret = SECRET_NULL;
	struct effect_answer answer = EFFECT_ANSWER_NULL;
	enum hook_outcome outcome = HOOK_E_SECRET;

	if (secret_form_read_own(form, &secret, &answer))
		log_event(LOG_ERROR, "agent.hint.unreadable",
				log_text("reason", answer.reason),
				log_view("message", buf_view(&answer.message)));
	else
		outcome = judge(call, secret_expose(&secret));
	effect_answer_deinit(&answer);
	return outcome;
}

int serve_hook(struct public_call *call)
{
	const struct desired_secret *form = follow_webhook(call->at->follow);
	enum hook_outcome outcome;

	if (!form)
		return public_say(call, 404, "There is nothing here.\n");
	outcome = judge_by(call, form);
	if (outcome == HOOK_OK) {
		log_event(LOG_INFO, "agent.hint.taken",
				log_text("from", call->request->peer));
		follow_hint(call->at->follow);
	} else {
		log_event(LOG_WARN, "agent.hint.refused",
				log_text("from", call->request->peer),
				log_text("reason", answers[outcome].word));
	}
	return public_say(call, answers[outcome].status, answers[outcome].text);
}
