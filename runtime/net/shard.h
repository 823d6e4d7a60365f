/* What of the net lives on one loop, and what connection, listener and net tell each
 * other. Private to this folder. */
#ifndef NET_SHARD_H
#define NET_SHARD_H

#include "runtime/base/list.h"
#include "runtime/base/map.h"
#include "runtime/net/connection.h"
#include "runtime/net/loop.h"
#include "runtime/net/net.h"
#include "runtime/net/shed.h"

#include <stdatomic.h>

struct shard {
	struct net *net;
	struct loop *loop;
	struct list connections; /* who was silent for longest comes first */
	struct list arrivals;    /* proxies' connections whose header is to come */
	struct map by_session;   /* keys are in the connections */
	bool draining;

	size_t weight;        /* of its connections; shed.h */
	_Atomic size_t share; /* of the memory for all */
	atomic_uint places_wanted;
	atomic_bool shed_is_posted;
	struct job shed;

	pthread_mutex_t lock;
	struct op *first_answer, *last_answer; /* on their way to the loop */
	struct job answers;                    /* posted while there are some */
};

/* -- net.c -- */

struct shard *net_next_shard(struct net *net);
struct shard *net_shard_of(struct net *net, uint64_t session);
uint64_t net_new_session(struct net *net, const struct shard *shard);
/* Counts a newcomer; where a cap is reached, returns its name. Each NULL is followed by one
 * net_dismiss, when its socket is closed, and one net_forget, when nothing of it is left.
 */
const char *net_admit(struct net *net, const struct port *port, const struct peer *peer);
void net_dismiss(struct net *net, const struct port *port, const struct peer *peer);
void net_forget(struct net *net, const struct port *port);
/* Counts one that is dialled, in no cap; one net_forget follows. */
void net_await(struct net *net);
/* True where the state lists it: it says who is behind it. */
bool net_is_proxy(struct net *net, const struct peer *peer);
/* The proxy that was admitted turns out to be `peer`, who is counted in its place; where a
 * cap is reached, returns its name, and the proxy is still the one that is counted. */
const char *net_rename(
		struct net *net, const struct peer *proxy, const struct peer *peer);
/* The current set with a reference, or NULL. */
struct tls_identities *net_identities(struct net *net);

/* -- connection.c -- */

/* An admitted socket begins its life, on the next shard in turn. Takes the descriptor. */
void connection_begin(struct net *net, const struct port *port, int fd,
		const struct peer *peer);
/* The same at once, on that shard's loop. */
void connection_begin_on(struct shard *shard, const struct port *port, int fd,
		const struct peer *peer);
/* These on the loop. */
struct connection *connection_of(struct list *link);
struct connection *shard_find(struct shard *shard, uint64_t session);
void connection_take_answer(struct connection *c, struct op *op);
void connection_take_event(struct connection *c, enum engine_event event, uint64_t arg);
/* Closes it where it stands. */
void connection_abort(struct connection *c);
/* RANKS where it is never shed, or is ending already. */
enum rank connection_rank(const struct connection *c, nstime now);
/* Tells it that there is no room and closes; it weighs nothing from now on. */
void connection_shed(struct connection *c, enum rank rank, nstime now);

#endif
