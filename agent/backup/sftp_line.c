/* The other side shows the key that known_hosts has of it before it learns anything of us; we show
 * ours, from memory. The socket does not block: each call waits with `patience`, and looks at
 * `stopping`. */
#include "agent/backup/sftp_line.h"

#include "agent/effect/reach.h"
#include "agent/git/known_hosts.h"
#include "runtime/base/error.h"
#include "schema/agent_file.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	PORT = 22,
	SLICE_MS = 200, /* between two looks at `stopping` */
};

/* -- waiting -- */

/* False where nothing moved for too long, or the agent stops. */
bool sftp_wait(struct target *target)
{
	struct place_there *p = sftp_own(target);
	int wanted = libssh2_session_block_directions(p->session);
	struct pollfd poll_fd = { .fd = p->fd };

	if (wanted & LIBSSH2_SESSION_BLOCK_INBOUND)
		poll_fd.events |= POLLIN;
	if (wanted & LIBSSH2_SESSION_BLOCK_OUTBOUND)
		poll_fd.events |= POLLOUT;
	while (clock_now() < p->deadline && !target_stopping(target)) {
		if (poll(&poll_fd, 1, SLICE_MS) > 0) {
			p->deadline = clock_now() + target_patience(target);
			return true;
		}
	}
	return false;
}

/* -- what went wrong -- */

static int say_lost(
		struct target *target, const char *doing, struct target_trouble *trouble)
{
	char *text = NULL;
	int code = libssh2_session_last_error(sftp_own(target)->session, &text, NULL, 0);

	target_failed(trouble,
			code == LIBSSH2_ERROR_EAGAIN ? "Timeout" : "ConnectionLost",
			"%.*s: %s: %s", VIEW_ARG(target->place->host), doing,
			code == LIBSSH2_ERROR_EAGAIN ? "no answer came in time"
			: text                       ? text
						     : "the connection ended");
	return TARGET_AGAIN;
}

/* What the SFTP server said; or the connection. */
int sftp_say(struct target *target, const char *doing, struct target_trouble *trouble)
{
	const struct target_place *place = target->place;

	if (libssh2_session_last_errno(sftp_own(target)->session) !=
			LIBSSH2_ERROR_SFTP_PROTOCOL)
		return say_lost(target, doing, trouble);
	switch (libssh2_sftp_last_error(sftp_own(target)->sftp)) {
	case LIBSSH2_FX_NO_SUCH_FILE:
	case LIBSSH2_FX_NO_SUCH_PATH:
		target_failed(trouble, "PlaceMissing", "%.*s:%.*s: %s: it is not there",
				VIEW_ARG(place->host), VIEW_ARG(place->directory), doing);
		return TARGET_E_ABSENT;
	case LIBSSH2_FX_PERMISSION_DENIED:
	case LIBSSH2_FX_WRITE_PROTECT:
		target_failed(trouble, "Forbidden",
				"%.*s:%.*s: %s: %.*s may not do that there",
				VIEW_ARG(place->host), VIEW_ARG(place->directory), doing,
				VIEW_ARG(place->user));
		return TARGET_E_REFUSED;
	case LIBSSH2_FX_NO_SPACE_ON_FILESYSTEM:
	case LIBSSH2_FX_QUOTA_EXCEEDED:
		return target_failed(trouble, "DiskFull",
				"%.*s:%.*s has no room left: free some, or let fewer "
				"copies "
				"stay by `keep`",
				VIEW_ARG(place->host), VIEW_ARG(place->directory));
	case LIBSSH2_FX_CONNECTION_LOST:
	case LIBSSH2_FX_NO_CONNECTION:
		return say_lost(target, doing, trouble);
	default: /* protocol 3 has no word for a full disk */
		return target_failed(trouble, "ServerFailed",
				"%.*s:%.*s: %s failed there: look at its disk's room and "
				"at "
				"its log",
				VIEW_ARG(place->host), VIEW_ARG(place->directory), doing);
	}
}

/* -- connecting -- */

static int connect_to(struct target *target, const struct addrinfo *to)
{
	struct pollfd poll_fd = { .events = POLLOUT };
	nstime deadline = clock_now() + target_patience(target);
	socklen_t len = sizeof(int);
	int error = 0;

	poll_fd.fd = socket(
			to->ai_family, to->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (poll_fd.fd < 0)
		return -1;
	if (connect(poll_fd.fd, to->ai_addr, to->ai_addrlen) && errno == EINPROGRESS) {
		while (poll(&poll_fd, 1, SLICE_MS) <= 0 && clock_now() < deadline &&
				!target_stopping(target))
			;
		if (!(poll_fd.revents & POLLOUT))
			error = ETIMEDOUT;
	} else if (errno && errno != EINPROGRESS) {
		error = errno;
	}
	if (!error && getsockopt(poll_fd.fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 &&
			!error)
		return poll_fd.fd;
	close(poll_fd.fd);
	errno = error;
	return -1;
}

static bool may_reach(const struct target *target, const struct addrinfo *to)
{
	struct sockaddr_storage address = { 0 };

	memcpy(&address, to->ai_addr, to->ai_addrlen);
	return !target->place->file || reach_allowed(target->place->file, &address);
}

static int reach_host(struct target *target, struct target_trouble *trouble)
{
	const struct target_place *place = target->place;
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list = NULL;
	bool refused = false;
	char host[256], port[8];

	snprintf(host, sizeof(host), "%.*s", VIEW_ARG(place->host));
	snprintf(port, sizeof(port), "%u", place->port ? place->port : PORT);
	if (getaddrinfo(host, port, &hints, &list)) {
		target_failed(trouble, "NameNotFound", "%s: its name leads nowhere",
				host);
		return TARGET_AGAIN;
	}
	for (const struct addrinfo *to = list; to && sftp_own(target)->fd < 0;
			to = to->ai_next) {
		if (may_reach(target, to))
			sftp_own(target)->fd = connect_to(target, to);
		else
			refused = true;
	}
	freeaddrinfo(list);
	if (sftp_own(target)->fd >= 0)
		return TARGET_OK;
	if (refused)
		return target_failed(trouble, "NotAllowed",
				"%s: `allow.connect` of agent.yaml does not let a state "
				"reach "
				"its address",
				host);
	target_failed(trouble, "ConnectionFailed", "%s port %s: nobody answers: %s", host,
			port, strerror(errno));
	return TARGET_AGAIN;
}

static int judge_host(struct target *target, struct target_trouble *trouble)
{
	const struct target_place *place = target->place;
	uint16_t port = place->port ? place->port : PORT;
	size_t len = 0;
	int type;
	const char *key = libssh2_session_hostkey(sftp_own(target)->session, &len, &type);

	switch (key ? known_hosts_find(place->known_hosts, place->host, port,
				      view_of(key, len))
		    : HOST_UNKNOWN) {
	case HOST_KNOWN:
		return TARGET_OK;
	case HOST_CHANGED:
		return target_failed(trouble, "PeerUntrusted",
				"%.*s showed another key than known_hosts has of it: "
				"somebody "
				"may be in between",
				VIEW_ARG(place->host));
	case HOST_REVOKED:
		return target_failed(trouble, "PeerUntrusted",
				"%.*s showed a key that known_hosts revokes",
				VIEW_ARG(place->host));
	case HOST_UNKNOWN:
		break;
	}
	return target_failed(trouble, "PeerUntrusted",
			"known_hosts has no key of %.*s: `ssh-keyscan -p %u %.*s` shows "
			"them; "
			"compare them with what its owner says",
			VIEW_ARG(place->host), port, VIEW_ARG(place->host));
}

static int log_in(struct target *target, struct target_trouble *trouble)
{
	const struct target_place *place = target->place;
	struct view identity =
			place->identity ? secret_expose(place->identity) : VIEW_NULL;
	char user[256];
	int r;

	snprintf(user, sizeof(user), "%.*s", VIEW_ARG(place->user));
	r = SSH(target, libssh2_userauth_publickey_frommemory(sftp_own(target)->session,
					user, strlen(user), NULL, 0, identity.data,
					identity.len, NULL));
	if (r == 0)
		return TARGET_OK;
	if (r == LIBSSH2_ERROR_EAGAIN || r == LIBSSH2_ERROR_SOCKET_DISCONNECT ||
			r == LIBSSH2_ERROR_SOCKET_RECV || r == LIBSSH2_ERROR_SOCKET_SEND)
		return say_lost(target, "login", trouble);
	return target_failed(trouble, "AuthFailed",
			"%.*s does not take our key as %s: is it of type ed25519, "
			"without a "
			"passphrase, and in authorized_keys there?",
			VIEW_ARG(place->host), user);
}

static pthread_once_t library_once = PTHREAD_ONCE_INIT;

static void start_library(void)
{
	if (libssh2_init(0))
		die("libssh2 does not start");
}

void sftp_path(const struct target *target, struct view name, char out[SFTP_PATH_MAX])
{
	snprintf(out, SFTP_PATH_MAX, "%.*s%s%.*s", VIEW_ARG(target->place->directory),
			name.len ? "/" : "", VIEW_ARG(name));
}

static int look_at_directory(struct target *target, struct target_trouble *trouble)
{
	LIBSSH2_SFTP_ATTRIBUTES attributes;
	char path[SFTP_PATH_MAX];
	int r;

	sftp_path(target, VIEW_NULL, path);
	r = SSH(target, libssh2_sftp_stat(sftp_own(target)->sftp, path, &attributes));
	if (r == 0)
		return TARGET_OK;
	r = sftp_say(target, "look at the directory", trouble);
	return r == TARGET_E_ABSENT ? TARGET_E_FAILED : r;
}

void sftp_close(struct target *target)
{
	struct place_there *p = sftp_own(target);

	if (!p)
		return;
	if (p->session)
		libssh2_session_set_blocking(p->session, 0);
	if (p->sftp)
		SSH(target, libssh2_sftp_shutdown(p->sftp));
	if (p->session) {
		SSH(target, libssh2_session_disconnect(p->session, "done"));
		SSH(target, libssh2_session_free(p->session));
	}
	if (p->fd >= 0)
		close(p->fd);
	free(p);
	target->own = NULL;
}

int sftp_open(struct target *target, struct target_trouble *trouble)
{
	struct place_there *p;
	int r;

	pthread_once(&library_once, start_library);
	sftp_close(target); /* of a try before */
	p = target->own = xcalloc(1, sizeof(*p));
	p->fd = -1;
	r = reach_host(target, trouble);
	if (r)
		return r;
	p->session = libssh2_session_init();
	if (!p->session)
		die("out of memory");
	libssh2_session_set_blocking(p->session, 0);
	if (SSH(target, libssh2_session_handshake(p->session, p->fd)))
		return say_lost(target, "handshake", trouble);
	r = judge_host(target, trouble);
	if (r == TARGET_OK)
		r = log_in(target, trouble);
	if (r)
		return r;
	p->sftp = SSH_HANDLE(target, libssh2_sftp_init(p->session));
	if (!p->sftp)
		return say_lost(target, "sftp", trouble);
	return look_at_directory(target, trouble);
}
