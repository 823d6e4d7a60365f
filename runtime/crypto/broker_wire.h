/* What passes between the broker's two sides: one packet a request, one a reply. Both are
 * the same program, so these are plain structs, sent as far as they are filled. */
#ifndef CRYPTO_BROKER_WIRE_H
#define CRYPTO_BROKER_WIRE_H

#include "runtime/crypto/broker.h"

#include <stdint.h>

enum {
	BROKER_BATCH = 256, /* new keys a packet */
};

enum broker_op {
	BROKER_OP_PURPOSE, /* argument: enum purpose; reply: key */
	BROKER_OP_WRAP,    /* argument: how many uids; reply: as many wrapped keys */
	BROKER_OP_UNWRAP,  /* reply: key */
};

struct broker_request {
	uint32_t op;
	uint32_t argument;
	union {
		unsigned char uids[BROKER_BATCH][BROKER_UID];
		struct {
			unsigned char uid[BROKER_UID];
			struct broker_wrapped wrapped;
		} unwrap;
	};
};

struct broker_reply {
	uint32_t outcome;
	union {
		struct key key;
		struct broker_wrapped wrapped[BROKER_BATCH];
	};
};

#define BROKER_REQUEST_HEAD offsetof(struct broker_request, uids)
#define BROKER_REPLY_HEAD   offsetof(struct broker_reply, key)

/* The child's whole life; `fd` is its end of the socket pair, `with` the master key's struct
 * secret. */
void broker_child(int fd, pid_t parent, void *with);

#endif
