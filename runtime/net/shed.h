/* Which connections end where there is no room for all.
 *
 * Each loop has its share of the memory that the state gives to connections, and what a
 * connection takes of it is weighed after each of its rounds: its buffers, what its engine
 * holds, and a lump for TLS. Above the share connections are told so and closed, in the
 * order of their ranks, within a rank who was silent for longest: strangers until an eighth
 * of the share is free, those who have logged in until it is kept. Where no connection more is let in (the state's limit), one that is silent
 * before login makes room for whoever comes next. The control socket's are never shed.
 * Private to this folder. */
#ifndef NET_SHED_H
#define NET_SHED_H

#include "runtime/base/clock.h"

#include <stdbool.h>
#include <stddef.h>

struct shard;

/* Who ends first. */
enum rank {
	RANK_SILENT,   /* not logged in, and keeps us waiting */
	RANK_STRANGER, /* not logged in */
	RANK_BULK,     /* logged in, and holds much */
	RANK_KNOWN,    /* logged in */
	RANKS,
};

/* What a connection is like. */
struct standing {
	bool known;     /* logged in */
	bool waited_on; /* an operation of its is out */
	nstime silent;  /* since its last byte */
	size_t weight;
};

enum rank shed_rank(const struct standing *standing);

/* On the shard's loop: a connection's weight changed. Sheds later, if at all. */
void shed_weighed(struct shard *shard, size_t before, size_t after);
void shed_init(struct shard *shard);
/* From any thread. */
void shed_set_share(struct shard *shard, size_t bytes);
/* From any thread: somebody was refused for want of places. */
void shed_for_newcomers(struct shard *shard);

#endif
