/* A listener: one address and port (or a UNIX socket) where connections arrive.
 *
 * Opening binds and listens, starting accepts; so all of a new configuration can be bound
 * before any of it is served. Connections outlive their listener. Connections are spread
 * over the loops in turn. Where the caps of net.h are reached, the newcomer gets its
 * port's full_line (421, BYE) and is closed. Where descriptors run out, a reserve one is
 * spent to accept and close, so that the loop does not spin. */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include "runtime/base/view.h"

struct listener;
struct net;
struct port; /* net/connection.h */

/* `address` is an IP address, or empty for all addresses of both families. `number` 0:
 * any free port (the same one for both families). Sockets that the service manager
 * handed over (base/systemd.h) are taken where address and port match. -EADDRINUSE,
 * -EACCES, -EADDRNOTAVAIL, -EINVAL where it is no address … */
MUST_USE int listener_open(struct net *net, const struct port *port, struct view address,
		uint16_t number, struct listener **out);
/* A UNIX socket with mode 0660. A file left behind by a dead process is replaced;
 * -EADDRINUSE where somebody answers there. */
MUST_USE int listener_open_unix(struct net *net, const struct port *port,
		const char *path, struct listener **out);

/* Begins to accept. */
void listener_start(struct listener *listener);
/* The port that it is bound to; 0 for a UNIX socket. */
uint16_t listener_number(const struct listener *listener);
/* No connection comes from it any more when this returns. Not from a loop. NULL is fine.
 */
void listener_close(struct listener *listener);

#endif
