/* Following a repository: when it is asked, what becomes of the answer, and what people are
 * told of it.
 *
 *   IDLE ──the poll is due, or a hint──► RUNS ──nothing new──► IDLE
 *                                         ├─ a state ─► it is applied, or refused
 *                                         └─ refused, or not reached: said once, and asked
 *                                            again, later each time while it is not reached
 *
 * What was applied last stays in force whatever comes. */
#ifndef AGENT_GIT_FOLLOW_H
#define AGENT_GIT_FOLLOW_H

#include "agent/agent.h"
#include "agent/git/object.h"

struct agent_file;
struct desired_secret; /* schema/desired.h */
struct follow;
struct helper;

/* `folder` is the child's. All is borrowed until follow_free. */
MUST_USE int follow_new(struct agent *agent, const struct agent_file *file,
		const struct helper *fetcher, const char *folder, struct follow **out);
/* NULL is fine, here and below. */
void follow_free(struct follow *follow);
void follow_freep(struct follow **follow);
int follow_fd(const struct follow *follow);
nstime follow_deadline(const struct follow *follow);
void follow_turn(struct follow *follow);
/* There may be something new: asked at once; those that come within two seconds of one that
 * was asked are one. */
void follow_hint(struct follow *follow);
/* What hints are signed with; NULL: none are taken. */
const struct desired_secret *follow_webhook(const struct follow *follow);
/* A tip, though it does not stand on what was applied: the next sync takes it, once. */
MUST_USE int follow_accept(
		struct follow *follow, const struct object_id *tip, struct view actor);

/* Nothing is taken from the repository any more, since somebody applied a state of his own; or
 * it is again. */
MUST_USE int follow_detach(struct follow *follow, bool detached, struct view actor);
bool follow_is_detached(const struct follow *follow);
/* Who is trusted has changed: what was refused is judged again. */
void follow_forget_verdict(struct follow *follow);

/* {"url", "ref", "running", "applied": {"commit", "signer", …}, "refused", "failure",
 * "revoked", "detached"}. */
MUST_USE int follow_json(struct follow *follow, json_t **out);
/* The same for people, a line or more. */
void follow_print(const json_t *status, struct buf *out);

#endif
