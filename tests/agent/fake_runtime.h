/* A runtime that opens nothing: it keeps the configuration that it was given, and fails
 * when it is told to. Linked in the place of the real one. */
#ifndef TESTS_AGENT_FAKE_RUNTIME_H
#define TESTS_AGENT_FAKE_RUNTIME_H

#include "runtime/queue/queue.h"
#include "runtime/runtime.h"
#include "runtime/snapshot.h"

struct runtime {
	struct configuration *configuration; /* NULL: none was given yet */
	unsigned configured;                 /* how often */
	uint16_t taken_port;       /* a listener there fails with EADDRINUSE; 0: none */
	enum listener_kind closed; /* not seen as bound; LISTENER_KINDS: all are */
	unsigned destroyed;        /* accounts whose files were removed */
	bool busy;                 /* a session holds them */
	struct account_set_apart set_apart; /* until it is accepted; NONE: nobody is */
	int accept_outcome;
	unsigned accepted;              /* files that were taken up */
	unsigned rotations;             /* that were asked for */
	struct account_reached reached; /* what is to be remembered, where there is any */
	bool has_reached;
	int letter_outcome; /* of runtime_write_letter */
	unsigned letters;   /* that were written … */
	char letter_to[512], letter_subject[512],
			letter_text[8192]; /* … the last of them */
	unsigned char letter_account[ACCOUNT_UID_SIZE];
	uint64_t disk_free, disk_size;
	walltime queued_since; /* a message waits for another host; 0: none does */
};

#define FAKE_RUNTIME_NEW ((struct runtime){ .closed = LISTENER_KINDS })

void fake_runtime_deinit(struct runtime *rt);

#endif
