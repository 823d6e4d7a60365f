/* The server without sockets: accounts with their queues and files, the intake log, the
 * delivery; and the operations of IMAP sessions on them, one at a time. */
#ifndef TESTS_MODEL_SERVER_H
#define TESTS_MODEL_SERVER_H

#include "runtime/service/imap_perform.h"

enum {
	SERVER_ACCOUNTS = 2,
	SERVER_CHANGES = 64,
};

/* Mailboxes whose sessions are to be told, in order. */
struct server_changes {
	uint64_t ids[SERVER_CHANGES];
	size_t count;
	uint64_t modseq; /* the account's afterwards */
};

/* On an empty folder in memory, where there is one. */
void server_make(void);
void server_remove(void);
/* At most so many account files are open at once. */
void server_begin(size_t open_max);
void server_end(void);

/* As service/imap.c does it: on the queue of the account. Waits for it. */
void server_perform(int account, struct imap_performer *p, struct imap_op *op,
		struct server_changes *changes);
/* The session is over. */
void server_leave(int account, struct imap_performer *p);

/* Texts `first` … `last` of the model come by SMTP for the accounts of a set of bits; waits
 * until they are filed. */
void server_deliver(unsigned first, unsigned last, unsigned to,
		struct server_changes changes[SERVER_ACCOUNTS]);
/* The header lines that the delivery puts above a text. */
const char *server_above(int account);
int64_t server_received(void);
/* The account's file passes its own check. */
void server_check(int account);

#endif
