/* Outgoing connections: they drive an engine as accepted ones do (net/connection.h), with
 * the peer's address chosen here and this end the client of TLS.
 *
 *   connection_dial() ──► CONNECTING ──► HANDSHAKE ──► open() … ended(), closed()
 *                             │       (implicit TLS)
 *                             └──────────────┴──► dial_failed(), and nothing else
 *
 * Each dial leads to open(), or to dial_failed(): exactly one of them, later, on a loop.
 * From open() on all is as with an accepted connection, but for the end: an engine that
 * was open is told ENGINE_EOF however its socket went, and its operations and their
 * answers go on, without a socket and behind ended(), until it asks no more. So an engine
 * can always say what became of what it had in hand, and whoever performs for it answers
 * until net_wait() or net_free() has returned.
 *
 * Outgoing connections are in no cap and in no count of sessions, are told of a drain and
 * waited for (net_wait), weigh in the memory of connections, and are shed with those that
 * have logged in. */
#ifndef NET_DIAL_H
#define NET_DIAL_H

#include "runtime/base/clock.h"
#include "runtime/base/view.h"
#include "runtime/net/tls_trust.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct connection;
struct net;
struct port; /* net/connection.h */

struct dial_options {
	/* `class` with dial_failed(), `context`, `name` for the log, `implicit_tls`, `alpn`
	 * (offered); the rest is of listeners. It outlives the connection. */
	const struct port *port;
	void *data; /* connection_data() from the beginning */
	struct sockaddr_storage to;
	struct sockaddr_storage from; /* family 0: what the system chooses */
	nstime time_limit;            /* to connect; 0: DIAL_SECONDS */
	/* Of implicit TLS, or where the engine asks for it. NULL: never; an engine that asks
	 * is broken off. A reference is taken. */
	struct tls_trust *trust;
	enum tls_verify verify;
	const struct tls_pins *pins; /* of TLS_VERIFY_PINS; copied */
	struct view host; /* asked for by SNI, and looked for in the certificate; copied */
};

enum {
	DIAL_SECONDS = 30, /* to connect, and the same to shake hands */
	DIAL_HOST_MAX = 253
};

enum dial_stage {
	DIAL_CONNECT,
	DIAL_TLS,
	DIAL_STOPPED, /* the server stops, or makes room */
};

/* Why there is no connection, or no TLS. */
struct dial_failure {
	enum dial_stage stage;
	int error;        /* errno of DIAL_CONNECT: ECONNREFUSED, ETIMEDOUT …; else 0 */
	char reason[160]; /* in plain words: "the certificate has expired" */
};

/* From any thread. Returns the session's number. */
uint64_t connection_dial(struct net *net, const struct dial_options *options);

/* Why TLS failed under an open engine (it was told ENGINE_EOF), or NULL: it did not. On the
 * loop; lives as long as the connection. */
const struct dial_failure *connection_failure(const struct connection *c);

#endif
