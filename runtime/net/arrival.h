/* A newcomer's way in: from accept() to a connection, or to the door.
 *
 *   accepted ──► a listed proxy? ──no──────────► a cap reached? ──no──► connection
 *                     │ yes                           │ yes
 *                     ▼                               ▼
 *               its header (5 s) ──who is behind──►   the port's full_line, and closed
 *                     └── none, late, no good: closed
 *
 * From a listed source a header must come (net/proxy_header.h), and the address in it is
 * the peer for caps, log and all that follows. From anybody else the same bytes are
 * the engine's to refuse. A proxy that speaks for itself is its own peer, and the caps of
 * one address and one network do not count it. Private to this folder. */
#ifndef NET_ARRIVAL_H
#define NET_ARRIVAL_H

#include "runtime/base/list.h"

#include <sys/socket.h>

struct net;
struct port;

/* On any loop. Takes the descriptor. */
void arrival_begin(struct net *net, const struct port *port, int fd,
		const struct sockaddr_storage *from);
/* Closes one that waits for its header; on its loop. */
void arrival_abort(struct list *link);

#endif
