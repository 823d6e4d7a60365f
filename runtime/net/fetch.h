/* One file of a web server, by https, for a thread that may block. Nothing is looked up, no
 * redirection is followed, no proxy is asked, and the certificate is verified. */
#ifndef NET_FETCH_H
#define NET_FETCH_H

#include "runtime/base/buf.h"
#include "runtime/base/clock.h"

#include <stdatomic.h>
#include <sys/socket.h>

struct fetch_order {
	struct view host;                         /* its name; port 443 */
	struct view path;                         /* "/.well-known/mta-sts.txt" */
	const struct sockaddr_storage *addresses; /* where it is */
	size_t address_count;
	const char *roots; /* a file of those who are trusted */
	nstime patience;   /* for all of it */
	const atomic_bool *stopping;
};

enum {
	FETCH_OK = 0,
	FETCH_E_FAILED = 1, /* the reason says why */
	FETCH_REASON = 160
};

/* Adds the file's bytes; more than fit into `out` is a failure. It has to be text/plain. */
MUST_USE int fetch(const struct fetch_order *order, struct buf *out,
		char reason[FETCH_REASON]);

#endif
