/* What the files of a connection share; private to this folder. */
#ifndef NET_CONNECTION_INSIDE_H
#define NET_CONNECTION_INSIDE_H

#include "runtime/net/shard.h"

struct bufferevent;
struct event;
struct ssl_st; /* OpenSSL's SSL */

enum state {
	STARTING,  /* on its way to its loop */
	HANDSHAKE, /* implicit TLS; no engine yet */
	OPEN,
	SWITCHING, /* STARTTLS: the handshake under a living engine */
	LINGERING, /* said all; reads the peer's rest, so that no reset eats the last
		      reply */
	ENDED,     /* no socket; operations may be out */
};

struct connection {
	struct list link;
	struct shard *shard;
	const struct port *port;
	struct engine *engine;
	void *data;
	uint64_t session;
	enum state state;
	unsigned outstanding; /* operations */
	int fd;
	struct bufferevent *stream;
	struct ssl_st *ssl;
	struct tls_facts *tls;
	struct event *linger;
	size_t lingered;
	struct timer timer;
	nstime handshake_due; /* also: when lingering ends, or who is shed must be gone */
	nstime stall_due;
	uint64_t written; /* bytes given to the stream */
	uint64_t gone;    /* of them, those that had left it when stall_due was set */
	bool eof, eof_told;
	bool shed;
	atomic_bool known;
	nstime heard; /* its last byte */
	size_t weight;
	const char *reason; /* of the end, for the log */
	struct job begin;
	struct peer peer;
};

/* -- connection.c -- */

void connection_enter(struct connection *c, enum state state);
/* What it weighs has changed. */
void connection_weigh(struct connection *c);
/* The socket has failed, or is to be closed where it stands. `c` may be gone on return. */
void connection_break_off(struct connection *c, const char *reason);
/* All is said and sent. `c` may be gone on return. */
void connection_hang_up(struct connection *c);

/* -- connection_stream.c -- */

void connection_start_plain(struct connection *c);
/* HANDSHAKE or SWITCHING. */
void connection_start_tls(struct connection *c, enum state state);
/* The round of base/engine.h, until nothing moves. `c` may be gone on return. */
void connection_drive(struct connection *c, nstime now);
/* The peer has read nothing for too long. */
bool connection_is_stalled(const struct connection *c, nstime now);
void connection_drop_stream(struct connection *c);

#endif
