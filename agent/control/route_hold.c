/* What an operator does to the reconciler itself: hold still, go back, let go once, let go for good. */
#include "agent/control/call.h"

#include "agent/database/revocation.h"
#include "agent/database/text.h"
#include "agent/git/approval.h"
#include "runtime/base/buf.h"

int serve_suspend(struct call *call)
{
	const json_t *until = json_object_get(call->body, "until");
	CLEANUP(buf_free) struct buf time = BUF_NULL(64);
	const struct agent_suspension wanted = {
		.until = (walltime)json_integer_value(until),
		.reason = call_body(call, "reason"),
		.actor = call_actor(call),
	};
	int r = agent_suspend(call->agent, &wanted);

	if (r == AGENT_E_TIME)
		return call_refuse(call, 400, EXIT_INVALID,
				VIEW("error: a suspension needs a reason of at most 500 "
				     "bytes, and an end that lies ahead, at most a "
				     "year\n"));
	if (r)
		return call_fault(call, r);
	text_add_time(&time, wanted.until);
	return call_answer(call, EXIT_FINE,
			arena_printf(call->arena,
					"Nothing is applied until %.*s; mail flows as it "
					"did. `posthus resume` ends it.\n",
					VIEW_ARG(buf_view(&time))));
}

int serve_resume(struct call *call)
{
	int r = agent_resume(call->agent, call_actor(call));

	if (r)
		return call_fault(call, r);
	return call_answer(call, EXIT_FINE,
			VIEW("The reconciler goes on; what was missed is caught up "
			     "now.\n"));
}

int serve_rollback(struct call *call)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	const json_t *number = json_object_get(call->body, "generation");
	const struct agent_apply_options options = {
		.actor = call_actor(call),
		.approve = call_body(call, "approve"),
	};
	int r = agent_rollback(call->agent, (uint64_t)json_integer_value(number),
			&options, &result);

	if (r == AGENT_E_ABSENT)
		return call_refuse(call, 404, EXIT_ERROR,
				VIEW("error: there is no such earlier generation\nhelp: "
				     "`posthus history` lists them; the last 50 are "
				     "kept\n"));
	if (r)
		return call_fault(call, r);
	return call_result(call, &result);
}

static int refuse_signature(struct call *call, struct view why)
{
	return call_refuse(call, 409, EXIT_UNTRUSTED,
			arena_printf(call->arena,
					"error: this signature does not count: %.*s\n"
					"help: echo DIGEST | ssh-keygen -Y sign -f KEY "
					"-n " APPROVAL_NAMESPACE " > FILE\n",
					VIEW_ARG(why)));
}

/* Whose it is; 0, or the status that refuses it. */
static int judge_signature(
		struct call *call, struct view text, struct agent_approval *approval)
{
	const struct approval_claim claim = {
		.text = text,
		.signature = call_body(call, "signature"),
		.now = clock_wall(),
	};
	struct approval_verdict verdict;
	struct revocations revoked;
	int r = agent_revoked(call->agent, call->arena, &revoked);

	if (r)
		return call_fault(call, r);
	approval_judge(agent_own_file(call->agent), &revoked, &claim, call->arena,
			&verdict);
	if (!verdict.person)
		return refuse_signature(call, verdict.why);
	r = agent_use_signature(call->agent, verdict.fingerprint, text);
	if (r == AGENT_E_THERE)
		return refuse_signature(call,
				VIEW("it has counted once already; sign the digest and "
				     "another word behind a blank, and give that word, "
				     "too"));
	if (r)
		return call_fault(call, r);
	approval->way = verdict.way;
	approval->fingerprint = verdict.fingerprint;
	approval->actor = arena_printf(call->arena, "%.*s (key %.*s)",
			VIEW_ARG(verdict.person->name), VIEW_ARG(verdict.fingerprint));
	return 0;
}

int serve_approve(struct call *call)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	struct view text = call_body(call, "digest"), rest = text;
	struct agent_approval approval = { .digest = view_cut(&rest, ' '),
		.actor = call_actor(call) };
	int r = 0;

	if (call_body(call, "signature").len)
		r = judge_signature(call, text, &approval);
	if (r)
		return r;
	r = agent_approve(call->agent, &approval, &result);
	if (r)
		return call_fault(call, r);
	return call_result(call, &result);
}

int serve_purge(struct call *call)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	struct view name = call_body(call, "object");
	int r = agent_purge(call->agent, name, call_body(call, "uid"),
			json_is_true(json_object_get(call->body, "no_backup_needed")),
			call_actor(call), &result);

	if (r == AGENT_E_ABSENT)
		return call_absent(call, name);
	if (r)
		return call_fault(call, r);
	return call_result(call, &result);
}

int serve_confirm(struct call *call)
{
	int r = agent_confirm(call->agent, call_actor(call));

	if (r == AGENT_E_ABSENT)
		return call_refuse(call, 404, EXIT_ERROR,
				VIEW("error: nothing waits for a confirmation\n"));
	if (r)
		return call_fault(call, r);
	return call_answer(call, EXIT_FINE, VIEW("Confirmed: it stays.\n"));
}
