/* A toy protocol for tests of the net: an engine, the service that performs for it, and a
 * client that blocks. One line, one command:
 *
 *   say TEXT    answers TEXT, by way of a worker
 *   hold        answers "released" once the test says so
 *   facts       answers with the peer and what TLS agreed on
 *   take N      takes N raw bytes, then says their sum
 *   give N      gives N bytes
 *   tick N      says "tick" in N milliseconds
 *   keep N      says that it holds N bytes
 *   login       is known from now on
 *   starttls    "go", then TLS; bytes that came early are refused by "early"
 *   quit        "bye"
 *
 * Events are said as they come: "changed 7", "revoked", "drain", "secured", "shed". */
#ifndef TESTS_NET_TOY_H
#define TESTS_NET_TOY_H

#include "runtime/base/buf.h"
#include "runtime/net/connection.h"
#include "runtime/net/listener.h"
#include "runtime/net/net.h"
#include "runtime/net/tls_session.h"
#include "runtime/net/worker.h"

#include <openssl/ssl.h>

struct toy {
	struct net *net;
	struct workers *workers;
	struct listener *listener;
	struct port port;
	pthread_mutex_t lock;
	pthread_cond_t change;
	size_t opened, ended, closed, freed_ops;
	bool turn_away;
	struct op *held;
	size_t held_count;
	uint64_t sessions[2048]; /* in the order of their opening */
};

/* With one listener on 127.0.0.1 and two loops. */
struct toy *toy_new(bool implicit_tls, bool with_certificate);
/* Everything is closed and counted: each connection that opened was closed, once. */
void toy_free(struct toy *toy);

void toy_await_opened(struct toy *toy, size_t count);
void toy_await_ended(struct toy *toy, size_t count);
void toy_await_closed(struct toy *toy, size_t count);
void toy_await_held(struct toy *toy, size_t count);
/* Answers all that is held. */
void toy_release(struct toy *toy);

/* A self-signed identity for these names, added to `all`. */
void toy_add_identity(struct tls_identities *all, const char *name, const char *other);

/* -- the client: blocking, gives up after ten seconds -- */

struct client {
	int fd;
	SSL *ssl;
	char unread[512];
	size_t unread_len;
};

int client_socket(uint16_t number);
void client_connect(struct client *c, struct toy *toy);
/* The client's side of the handshake; false where it fails. */
bool client_secure(struct client *c, int version, const char *name, const char *alpn);
void client_send(struct client *c, const char *text);
void client_send_bytes(struct client *c, const void *bytes, size_t len);
/* The next line is this one. */
void client_expect(struct client *c, const char *line);
/* Reads up to `len` bytes; 0: the end, -1: an error. */
ssize_t client_read(struct client *c, void *bytes, size_t len);
/* The server has closed, and said nothing more. */
void client_expect_end(struct client *c);
void client_close(struct client *c);
/* Closes by a reset. */
void client_reset(struct client *c);

#endif
