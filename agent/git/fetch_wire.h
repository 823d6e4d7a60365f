/* What the agent and the child that fetches say to each other: frames over a socket.
 *
 *   agent → child  REQUEST  what to fetch, once
 *   child → agent  TIP      the id of what was fetched, or FAILED with a reason
 *   agent → child  READ     the id of an object
 *   child → agent  OBJECT   its type and bytes, or ABSENT, or TOO_LARGE
 *
 * The child is not trusted: what it says of an object is hashed by who asked. */
#ifndef AGENT_GIT_FETCH_WIRE_H
#define AGENT_GIT_FETCH_WIRE_H

#include "runtime/base/buf.h"
#include "runtime/base/clock.h"

#include <stdatomic.h>

enum fetch_frame {
	FRAME_REQUEST = 'R',
	FRAME_TIP = 'T',
	FRAME_FAILED = 'F', /* a reason of reason.c, a line feed, a message */
	FRAME_READ = 'O',
	FRAME_OBJECT = 'o', /* a byte: enum git_type; then its bytes */
	FRAME_ABSENT = 'a',
	FRAME_TOO_LARGE = 'l',
};

enum {
	FRAME_MAX = 5 * 1024 * 1024,
};

enum {
	FRAME_OK = 0,
	FRAME_E_ENDED = 1, /* the other side is gone */
	FRAME_E_LATE,      /* the deadline has passed, or it is to stop */
	FRAME_E_FORM,      /* longer than FRAME_MAX */
};

/* Both wait until `deadline`, and look at `stopping` (which may be NULL) a few times a
 * second. The frame's bytes replace what is in `out`. */
MUST_USE int frame_send(int fd, enum fetch_frame frame, struct view bytes,
		nstime deadline, const atomic_bool *stopping);
MUST_USE int frame_receive(int fd, enum fetch_frame *frame_out, struct buf *out,
		nstime deadline, const atomic_bool *stopping);

/* -- the request's fields -- */

struct fetch_request {
	struct view url;      /* ssh:// or https:// */
	struct view ref;      /* "refs/heads/main" */
	struct view folder;   /* the child's own: a bare repository, and nothing else */
	struct view identity; /* a private key in OpenSSH's form, or a token; or empty */
	struct view known_hosts;
	struct view authority;   /* a file in PEM; empty: the system's */
	uint64_t objects, bytes; /* at most */
	uint64_t seconds;        /* that the child lives */
};

void fetch_request_write(const struct fetch_request *request, struct buf *out);
/* Views borrow `bytes`. */
MUST_USE bool fetch_request_read(struct view bytes, struct fetch_request *out);

#endif
