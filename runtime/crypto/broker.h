/* The key broker: a child process that alone holds the master key.
 *
 * It derives the purpose keys that the server needs and wraps and unwraps the accounts'
 * data keys, so that code execution in a parser does not open accounts that nobody has
 * open. It is forked before threads and other keys exist, talks over a socket pair, and
 * ends with its parent. Any thread may ask; requests take turns. */
#ifndef CRYPTO_BROKER_H
#define CRYPTO_BROKER_H

#include "runtime/base/secret.h"
#include "runtime/crypto/key.h"
#include "runtime/crypto/seal.h"

#include <sys/types.h>

enum {
	BROKER_UID = 16,                           /* bytes of an account's uid */
	BROKER_WRAPPED = KEY_SIZE + SEAL_OVERHEAD, /* bytes of a wrapped data key */
};

struct broker;

/* Takes the 32 bytes of the master key: they are wiped here whatever happens. Only while
 * the process has one thread. */
MUST_USE int broker_start(struct secret *master_key, struct broker **out);
/* Ends the child and waits for it. NULL is fine. */
void broker_stop(struct broker *broker);
void broker_stopp(struct broker **broker);
pid_t broker_pid(const struct broker *broker);

enum {
	BROKER_OK = 0,
	BROKER_E_REFUSED = 1, /* this purpose key never leaves the broker */
	BROKER_E_FORGED,      /* the wrapped key is not this account's, nor this host's */
};

/* All return -EPIPE where the child is gone. */

MUST_USE int broker_purpose_key(
		struct broker *broker, enum purpose purpose, struct key *out);

struct broker_wrapped {
	unsigned char bytes[BROKER_WRAPPED];
};

/* Makes `count` new data keys, each bound to its account: `uids` is count * BROKER_UID
 * bytes. The keys themselves come out
 * only through broker_unwrap(). */
MUST_USE int broker_wrap_new(struct broker *broker, const unsigned char *uids,
		size_t count, struct broker_wrapped *out);
MUST_USE int broker_unwrap(struct broker *broker, const unsigned char uid[BROKER_UID],
		struct view wrapped, struct key *out);

#endif
