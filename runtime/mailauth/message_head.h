/* Parts a message that comes in pieces into its header, which is kept, and its body, which
 * is not. */
#ifndef MAILAUTH_MESSAGE_HEAD_H
#define MAILAUTH_MESSAGE_HEAD_H

#include "runtime/base/buf.h"

struct message_head {
	struct buf bytes; /* up to and with the empty line */
	bool complete;    /* the empty line has come */
	bool too_long;    /* for LIMIT_MAILAUTH_HEADER: what is kept is not all */
	size_t line;      /* octets of the line under way, but for a CR at its start */
};

void message_head_init(struct message_head *head);
/* Harmless twice. */
void message_head_deinit(struct message_head *head);
/* Takes what belongs to the header; returns the rest, which belongs to the body. */
struct view message_head_take(struct message_head *head, struct view bytes);

#endif
