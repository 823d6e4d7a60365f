/* What the files of a connection share; private to this folder. */
#ifndef NET_CONNECTION_INSIDE_H
#define NET_CONNECTION_INSIDE_H

#include "runtime/net/dial.h"
#include "runtime/net/shard.h"

struct bufferevent;
struct event;
struct ssl_st; /* OpenSSL's SSL */

enum state {
	STARTING,   /* on its way to its loop */
	CONNECTING, /* dialled */
	HANDSHAKE,  /* implicit TLS; no engine yet */
	OPEN,
	SWITCHING, /* STARTTLS: the handshake under a living engine */
	LINGERING, /* said all; reads the peer's rest, so that no reset eats the last
		      reply */
	ENDED,     /* no socket; operations may be out */
};

/* What a dialled connection has beyond the others. */
struct dialled {
	struct sockaddr_storage from;
	nstime time_limit;
	struct tls_trust *trust;
	enum tls_verify verify;
	struct tls_pins pins; /* in `arena`, NULL where there are none */
	struct arena *arena;
	char host[DIAL_HOST_MAX + 1];
	struct event *knock; /* while it connects */
	bool failed;
	struct dial_failure failure;
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
	struct dialled *dialled; /* NULL: it was accepted */
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

/* The log's word for where its peer is. */
const char *connection_side(const struct connection *c);
/* Its life begins, on its loop. */
void connection_set_off(struct connection *c);
/* A connection that nobody knows of yet; `run` is what its job does. */
MUST_USE struct connection *connection_new(struct shard *shard, const struct port *port,
		const struct peer *peer, void (*run)(struct job *job));
/* Once the socket is there. */
void connection_take_socket(struct connection *c, int fd);
/* The peer can be spoken to: TLS first where it is implicit. */
void connection_speak(struct connection *c);

/* -- dial.c -- */

/* Why there is no connection or no TLS; the first one counts. */
void dial_note(struct connection *c, enum dial_stage stage, int error,
		const char *reason);
/* It ends before it was ready: in general words, where nothing was noted. */
void dial_note_end(struct connection *c);
void dial_stop_knocking(struct connection *c);
/* Tells the one who dialled. */
void dial_tell_failure(struct connection *c);
void dial_free(struct dialled *dialled);

/* -- connection_stream.c -- */

void connection_start_plain(struct connection *c);
/* HANDSHAKE or SWITCHING. */
void connection_start_tls(struct connection *c, enum state state);
/* The round of base/engine.h, until nothing moves. `c` may be gone on return. */
void connection_drive(struct connection *c, nstime now);
/* The peer has read nothing for too long. */
bool connection_is_stalled(const struct connection *c, nstime now);
void connection_drop_stream(struct connection *c);
/* Hands out one operation of the engine, if it has one. */
bool connection_hand_out(struct connection *c);

#endif
