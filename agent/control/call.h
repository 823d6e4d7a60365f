/* One request on its way through a route, and the ways to answer it. Not for other
 * folders. */
#ifndef AGENT_CONTROL_CALL_H
#define AGENT_CONTROL_CALL_H

#include "agent/agent.h"
#include "runtime/base/arena.h"
#include "runtime/base/buf.h"

enum {
	MOST_TEXT = 64 * 1024 * 1024, /* of one answer */
};

struct call {
	struct agent *agent;
	struct runtime *runtime;
	struct follow *follow; /* NULL: the state comes from no repository */
	struct runtime_request *request;
	struct waiting *waiting; /* those that stay open */
	struct arena *arena;
	struct view query;
	json_t *body; /* NULL where the route takes none */
	nstime now;
	/* the answer */
	json_t *answer;
	struct buf plan; /* `{"plan":` and the plan, to come before the rest; or empty */
	bool kept;       /* it waits: no answer yet */
};

/* A member of the body that is a text; empty where it is none. */
struct view call_body(const struct call *call, const char *name);
/* A value of the query. */
struct view call_query(const struct call *call, const char *name);
/* Who asks: "uid 0", "anna (uid 1000)". */
struct view call_actor(const struct call *call);

/* All of these return the status of HTTP. */
int call_answer(struct call *call, enum exit_code code, struct view text);
int call_refuse(struct call *call, int status, enum exit_code code, struct view text);
/* A fault of ours: said once, with what to look at. */
int call_fault(struct call *call, int r);
int call_absent(struct call *call, struct view name);
int call_result(struct call *call, struct agent_result *result);

/* route_hold.c: what is done to the reconciler itself. */
int serve_suspend(struct call *call);
int serve_resume(struct call *call);
int serve_rollback(struct call *call);
int serve_approve(struct call *call);
int serve_purge(struct call *call);
int serve_confirm(struct call *call);
/* route_account.c: one account. */
int serve_app_password(struct call *call);
int serve_app_password_revoke(struct call *call);
int serve_app_passwords(struct call *call);
int serve_key_rotate(struct call *call);
int serve_key_rotating(struct call *call);
/* route_people.c: who has an account, and its key and file. */
int serve_password(struct call *call);
int serve_account_invite(struct call *call);
int serve_account_key(struct call *call);
int serve_account_accept(struct call *call);
/* route_git.c: the repository that the state is taken from. */
int serve_git(struct call *call);
int serve_git_sync(struct call *call);
int serve_git_accept(struct call *call);
int serve_git_revoke(struct call *call);
int serve_git_reinstate(struct call *call);
int serve_git_attach(struct call *call);
/* route_queue.c: what waits for other hosts. */
int serve_queue(struct call *call);
int serve_queue_change(struct call *call);
int serve_send_test(struct call *call);
/* route_backup.c: copies of everything. */
int serve_backups(struct call *call);
int serve_backup(struct call *call);
/* route_records.c: what was recorded. */
int serve_history(struct call *call);
int serve_events(struct call *call);
int serve_log(struct call *call);
int serve_trace(struct call *call);
int serve_audit(struct call *call);

#endif
