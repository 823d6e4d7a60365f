/* The repository that the state is taken from. */
#include "agent/control/call.h"

#include "agent/database/text.h"
#include "agent/git/follow.h"
#include "runtime/base/buf.h"

static int no_source(struct call *call)
{
	return call_refuse(call, 404, EXIT_ERROR,
			VIEW("error: this agent takes its state from no "
			     "repository\nhelp: "
			     "`state: {git: {url: …}}` in agent.yaml names one\n"));
}

static enum exit_code how_it_stands(const json_t *status)
{
	if (json_is_object(json_object_get(status, "failure")))
		return EXIT_ERROR;
	return json_is_object(json_object_get(status, "refused")) ? EXIT_UNTRUSTED
								  : EXIT_FINE;
}

int serve_git(struct call *call)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(MOST_TEXT);
	json_t *status = NULL;
	int r;

	if (!call->follow)
		return no_source(call);
	r = follow_json(call->follow, &status);
	if (r)
		return call_fault(call, r);
	follow_print(status, &text);
	call->answer = status;
	return call_answer(call, how_it_stands(status), buf_view(&text));
}

int serve_git_sync(struct call *call)
{
	if (!call->follow)
		return no_source(call);
	if (follow_is_detached(call->follow))
		return call_refuse(call, 409, EXIT_CONFLICT,
				VIEW("error: a state was applied by hand, and nothing is "
				     "taken "
				     "from the repository since\nhelp: `posthus git "
				     "attach` "
				     "takes its commits again\n"));
	follow_hint(call->follow);
	return serve_git(call);
}

int serve_git_attach(struct call *call)
{
	int r;

	if (!call->follow)
		return no_source(call);
	r = follow_detach(call->follow, false, call_actor(call));
	if (r)
		return call_fault(call, r);
	return call_answer(call, EXIT_FINE,
			VIEW("Its commits are taken again; what was applied by hand is "
			     "undone "
			     "by the next one that is.\n"));
}

int serve_git_accept(struct call *call)
{
	struct view text = call_body(call, "commit");
	struct object_id tip;
	int r;

	if (!call->follow)
		return no_source(call);
	if (!object_id_read(text, &tip))
		return call_refuse(call, 400, EXIT_INVALID,
				VIEW("error: a commit is named by its 40 hexadecimal "
				     "digits\n"
				     "help: `posthus git status` shows the one that was "
				     "not "
				     "taken\n"));
	r = follow_accept(call->follow, &tip, call_actor(call));
	if (r)
		return call_fault(call, r);
	return call_answer(call, EXIT_FINE,
			VIEW("It is taken though it does not stand on what was applied; "
			     "it has to be signed all the same.\n"));
}

static int answer_trust(struct call *call, int r, struct view text)
{
	if (r == AGENT_E_ABSENT)
		return call_refuse(call, 404, EXIT_ERROR,
				VIEW("error: there is nobody of that name\nhelp: a "
				     "person of "
				     "`trust` in agent.yaml, or a key's fingerprint, "
				     "SHA256:…, as `posthus git status` prints it\n"));
	if (r)
		return call_fault(call, r);
	follow_forget_verdict(call->follow);
	return call_answer(call, EXIT_FINE, text);
}

int serve_git_revoke(struct call *call)
{
	int r = agent_revoke(call->agent, call_body(call, "name"), call_actor(call));

	return answer_trust(call, r,
			VIEW("From now on nothing counts that is signed so. What was "
			     "applied stays: `posthus history` names who asked for "
			     "what.\n"));
}

int serve_git_reinstate(struct call *call)
{
	int r = agent_reinstate(call->agent, call_body(call, "name"), call_actor(call));

	return answer_trust(
			call, r, VIEW("It counts again, as far as `trust` lets it.\n"));
}
