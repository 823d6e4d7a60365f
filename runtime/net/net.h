/* The network side as a whole: loops, caps, TLS identities, and the table of sessions. */
#ifndef NET_NET_H
#define NET_NET_H

#include "runtime/base/clock.h"
#include "runtime/base/engine.h"

#include <stdbool.h>

struct loop;
struct net;
struct tls_identities; /* net/tls_session.h */

/* What is beyond a cap is refused; what is beyond `memory` is shed (net/shed.h). */
struct net_caps {
	size_t connections; /* in all; what the control socket carries not counted */
	size_t connections_per_ip;      /* from one IPv4 address or one IPv6 /64 */
	size_t connections_per_network; /* from one IPv4 /24 or one IPv6 /48 */
	size_t memory;                  /* bytes for all of them */
};

/* Starts `loops` threads; 0: one a core. */
MUST_USE struct net *net_new(unsigned loops);
/* Closes what is still open, waits for its operations, ends the loops. Listeners were
 * closed before. NULL is fine. */
void net_free(struct net *net);

/* From any thread. They hold for connections that come from now on. */
void net_set_caps(struct net *net, struct net_caps caps);
/* The networks whose connections begin by a PROXY header (net/arrival.h), as texts; false
 * where one is none, and nothing has changed. */
MUST_USE bool net_set_proxies(struct net *net, const struct view *proxies, size_t count);
/* What later handshakes serve; takes a reference of its own. NULL: no TLS is offered. */
void net_set_identities(struct net *net, struct tls_identities *identities);
bool net_has_identities(struct net *net);

/* Connections that are open, those of uncounted ports left out. */
size_t net_sessions(struct net *net);

/* The next loop in turn, for work that has none of its own. */
struct loop *net_loop(struct net *net);

/* Tells every session but those of uncounted ports (ENGINE_DRAIN). */
void net_drain(struct net *net);
/* Waits until the last of them has ended, at most until `until`; then closes the rest
 * where they stand. Returns how many those were. Not from a loop. */
size_t net_wait(struct net *net, nstime until);

#endif
