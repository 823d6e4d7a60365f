/* Within the queue: what its parts share. */
#ifndef QUEUE_ROWS_H
#define QUEUE_ROWS_H

#include "runtime/queue/queue.h"

enum {
	PIECE_SHIFT = 20, /* pieces of a message: far more than message_size allows */
};

struct queue {
	struct database *db;
	struct transaction batch; /* of queue_begin */
};

/* A change is part of the batch that is open, or stands for itself. */
MUST_USE int change_begin(struct queue *queue, struct transaction *change);
/* Nothing where it is part of a batch. */
MUST_USE int change_commit(struct transaction *change);

/* Takes the message out where no recipient of it is left. */
MUST_USE int drop_if_empty(struct queue *queue, uint64_t message);
/* Ends what waits of a recipient: its sender is owed that action by that report, or with
 * report 0 it goes. */
MUST_USE int end_recipient(struct queue *queue, uint64_t recipient,
		enum queue_action action, uint64_t report);
/* A new report about a message. */
MUST_USE int owe_report(struct queue *queue, uint64_t message, uint64_t *report_out);

#endif
