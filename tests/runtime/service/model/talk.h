/* Sessions: engines that are driven by hand, a command at a time, and checked as they
 * speak. While one waits for the server another may run whole commands. */
#ifndef TESTS_MODEL_TALK_H
#define TESTS_MODEL_TALK_H

#include "tests/runtime/service/model/server.h"
#include "tests/runtime/service/model/truth.h"

enum {
	TALKS = 5, /* the last is of the second account */
};

/* Opens all sessions. `truths`: the accounts'. */
void talks_begin(struct truth *truths);
/* Every session is cut off where it is. */
void talks_end(void);
/* Some session sends a command, or ends its IDLE, or is cut off. */
void talks_move(void);
/* Others changed mailboxes of the accounts. */
void talks_changed(const struct server_changes changes[SERVER_ACCOUNTS]);

#endif
