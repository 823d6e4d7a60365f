/* DNS messages to several servers at once, and what each of them sends back.
 *
 *   UDP, again where nothing comes ──truncated──► TCP ──► the answer
 *
 * Each question leaves from a port of its own, drawn by the system; what comes from
 * elsewhere, with another number or another question, is not seen (RFC 5452). It blocks, for
 * `patience` at most, and comes back within a moment when the agent stops. */
#ifndef AGENT_PROVIDER_EXCHANGE_H
#define AGENT_PROVIDER_EXCHANGE_H

#include "runtime/base/arena.h"
#include "runtime/base/clock.h"

#include <stdatomic.h>
#include <sys/socket.h>

enum {
	EXCHANGES = 64,           /* at once */
	EXCHANGE_DATAGRAM = 4096, /* bytes of one; what is longer is not read */
};

enum exchange_outcome {
	EXCHANGE_SILENT, /* no answer came in time */
	EXCHANGE_ANSWERED,
	EXCHANGE_UNREACHABLE, /* there is no way there, nobody listens, or it hung up */
};

struct exchange {
	struct sockaddr_storage to;
	struct view query; /* a whole message, with one question */
	bool stream;       /* TCP from the beginning: what is signed, or long */
	enum exchange_outcome outcome;
	struct view reply; /* of EXCHANGE_ANSWERED: a whole message, in the arena */
};

struct exchange_options {
	struct arena *arena;
	nstime patience;
	const atomic_bool *stopping; /* or NULL */
};

void exchange_all(struct exchange *exchanges, size_t count,
		const struct exchange_options *options);

#endif
