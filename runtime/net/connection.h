/* A connection: a socket, perhaps TLS, and the engine that speaks on it.
 *
 * It lives on one loop, its engine with it, and drives the round of base/engine.h. What
 * the engine asks for goes to the port's perform() and comes back, from any thread, by
 * connection_answer().
 *
 *   HANDSHAKE ──► OPEN ──STARTTLS──► SWITCHING ──► OPEN ──► LINGERING ──► ENDED
 *   (implicit TLS)                                          drains input   awaits the
 *                                                           of the peer    operations
 *
 * Before a STARTTLS switch, bytes that are there already are fed once more: the engine
 * rejects them (and then asks for CLOSE instead of TLS); what it leaves is discarded.
 * sent() means: taken into the bounded queue of this connection (256 KiB), which is what
 * FLUSH waits for; TLS and CLOSE wait until that queue has gone out, too. */
#ifndef NET_CONNECTION_H
#define NET_CONNECTION_H

#include "runtime/base/engine.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

struct connection;
struct net;
struct tls_facts;    /* net/tls_session.h */
struct dial_failure; /* net/dial.h */

/* What a service gives for the ports that it serves. Everything is called on the
 * connection's loop and must not block. */
struct port_class {
	/* Once a connection is ready to speak: after accept, or after the handshake where
	 * TLS is implicit. NULL turns it away. */
	struct engine *(*open)(void *context, struct connection *c);
	/* Must lead to exactly one connection_answer() for the operation, from any
	 * thread. It may be called at once: the answer reaches the engine later, never
	 * inside this call. */
	void (*perform)(void *context, struct connection *c, struct op *op);
	/* The socket is gone; operations may still be out, their answers go nowhere. May
	 * be NULL. */
	void (*ended)(void *context, struct connection *c);
	/* The last call: no operation is out, the engine is freed, `c` dies on return.
	 * Ends what the session left open. Comes for every connection that open()
	 * accepted. */
	void (*closed)(void *context, struct connection *c);
	/* In place of all of these: a dialled connection did not come to open(), `c` dies
	 * on return. NULL where nothing is dialled. */
	void (*dial_failed)(void *context, struct connection *c,
			const struct dial_failure *failure);
};

enum {
	PORT_HANDSHAKE_SECONDS = 30,
};

/* A kind of port. It outlives every connection that came through it. */
struct port {
	const struct port_class *class;
	void *context;
	const char *name;      /* for the log: "imaps" */
	unsigned label;        /* of the metrics by port; counted ports have it */
	const char *alpn;      /* the one protocol that ALPN may name; NULL: none may */
	bool implicit_tls;     /* handshake first */
	nstime handshake_time; /* that TLS may take; 0: PORT_HANDSHAKE_SECONDS */
	bool uncounted; /* outside caps, session count and drain: the control socket */
	struct view full_line; /* sent where the caps are reached, then closed; empty, or
				  with implicit TLS: just closed */
};

struct peer {
	struct sockaddr_storage address; /* AF_UNIX where it came by a UNIX socket */
	char text[INET6_ADDRSTRLEN];     /* "192.0.2.1", "2001:db8::1", "unix" */
	uint16_t port;
	bool proxy; /* a listed proxy, which speaks for itself */
	uid_t uid;  /* AF_UNIX: who connected (SO_PEERCRED) */
	pid_t pid;
};

/* -- for the service; on the loop, unless said otherwise -- */

/* Which session: 64 bits that look random and never come twice. Any thread. */
uint64_t connection_session(const struct connection *c);
/* Any thread, as long as the connection lives. */
const struct peer *connection_peer(const struct connection *c);
const struct port *connection_port(const struct connection *c);
/* NULL without TLS. Constant from ENGINE_TLS_STARTED on. */
const struct tls_facts *connection_tls(const struct connection *c);
/* True where STARTTLS can be offered: there are identities and no TLS yet. */
bool connection_can_start_tls(const struct connection *c);

/* Its peer has logged in: it is among the last to be shed. Any thread. */
void connection_set_known(struct connection *c);

/* What the service keeps with it. */
void connection_set_data(struct connection *c, void *data);
void *connection_data(const struct connection *c);

/* -- from any thread -- */

/* Brings a performed operation back to the session in op->session. Where its connection
 * has gone the operation is freed. */
void connection_answer(struct net *net, struct op *op);
/* Tells a session; one that has gone is not told. */
void connection_event(
		struct net *net, uint64_t session, enum engine_event event, uint64_t arg);

#endif
