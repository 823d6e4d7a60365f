/* What asking is made of: questions, and who answers them. Not for other floors. */
#ifndef AGENT_PROVIDER_ASK_INSIDE_H
#define AGENT_PROVIDER_ASK_INSIDE_H

#include "agent/provider/ask.h"
#include "agent/provider/exchange.h"
#include "agent/provider/packet.h"

/* How long one round of authoritative servers may take. */
#define ASK_ROUND (5 * NS_PER_S)

/* One call. */
struct asking {
	const struct ask *ask;
	struct arena *arena;
	nstime deadline;
};

struct asking asking_of(const struct ask *ask);
/* Fills in a number for it, and *out. False where nobody can be asked for that. */
MUST_USE bool asking_question(
		const struct asking *a, struct question *question, struct view *out);
void asking_go(const struct asking *a, struct exchange *exchanges, size_t count,
		nstime patience);

enum finding {
	FOUND,
	FOUND_NOTHING, /* somebody knows: there is no such thing */
	NOT_FOUND,     /* nobody says */
};

/* What a reply says of what was asked for; names of servers from a delegation, too. */
enum finding asking_read(const struct asking *a, const struct reply *reply,
		const struct question *question, struct rrset *out);
/* One resolver after the other, until one of them knows. */
enum finding asking_find(const struct asking *a, struct view name, struct view type,
		struct rrset *out);
/* A server at an address, with the port that servers have and whether it may be asked.
 * False: it is no address. */
MUST_USE bool asking_server(const struct asking *a, struct view name, struct view address,
		struct ask_server *out);

#endif
