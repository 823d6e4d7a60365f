/* The control API: routes of HTTP/1.1 and JSON, for the command line, the web admin and other
 * programs. `docs/control-api.md` lists them for people.
 *
 * Every answer is an object: {"exit": N, "text": "as a person reads it", …}; "exit" is what a
 * command ends with (agent/exit.h). A request that waits for a condition is kept open and
 * answered by the change that makes it true, or when its time is up. */
#ifndef AGENT_CONTROL_ROUTES_H
#define AGENT_CONTROL_ROUTES_H

#include "agent/agent.h"

struct control;
struct follow; /* agent/git/follow.h */

/* Both are borrowed and outlive it. */
MUST_USE struct control *control_new(struct agent *agent, struct runtime *runtime);
/* The state comes from there; borrowed. */
void control_follow(struct control *control, struct follow *follow);
/* Answers what still waits, then frees. NULL is fine. */
void control_free(struct control *control);

/* Takes every request that has come and answers it, or keeps it waiting. */
void control_serve(struct control *control, nstime now);
/* Looks again at what waits: after every apply and reconcile, and at the deadline. */
void control_look(struct control *control, nstime now);
/* When the next waiting request runs out of time; NSTIME_NEVER where none waits. */
nstime control_deadline(const struct control *control);
/* Readable once something came that a request waits for; control_serve is next. */
int control_fd(const struct control *control);

#endif
