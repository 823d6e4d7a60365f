/* A directory of another machine, by SFTP: OpenSSH's server, and others of protocol 3.
 *
 * The other side shows the key that known_hosts has of it before it learns anything of us; we
 * show ours, from memory. An object is written beside its place, flushed where the server can
 * (fsync@openssh.com), and renamed. The socket does not block: each call waits with `patience`,
 * and looks at `stopping`. */
#include "agent/backup/target_inside.h"

#include "agent/effect/reach.h"
#include "agent/git/known_hosts.h"
#include "runtime/base/error.h"
#include "schema/agent_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libssh2.h>
#include <libssh2_sftp.h>
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
	PATH_MAX_BYTES = 4096,
	PIECE = 128 * 1024, /* of an object, that is asked for at once */
	STALE_S = 86400,
	FILE_MODE = 0600,
	FOLDER_MODE = 0700,
};

struct place_there {
	int fd;
	LIBSSH2_SESSION *session;
	LIBSSH2_SFTP *sftp;
	nstime deadline; /* without a byte moving */
};

static struct place_there *own(struct target *target)
{
	return target->own;
}

/* -- waiting -- */

/* False where nothing moved for too long, or the agent stops. */
static bool wait_for_it(struct target *target)
{
	struct place_there *p = own(target);
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

/* Runs `call` until it says something else than that it has to wait. */
#define SSH(target, call)                                                                \
	__extension__({                                                                  \
		__typeof__(call) r_;                                                     \
		own(target)->deadline = clock_now() + target_patience(target);           \
		while ((r_ = (call)) == LIBSSH2_ERROR_EAGAIN && wait_for_it(target))     \
			;                                                                \
		r_;                                                                      \
	})

/* The same of a call that returns a handle. */
#define SSH_HANDLE(target, call)                                                         \
	__extension__({                                                                  \
		__typeof__(call) h_;                                                     \
		own(target)->deadline = clock_now() + target_patience(target);           \
		while (!(h_ = (call)) &&                                                 \
				libssh2_session_last_errno(own(target)->session) ==      \
						LIBSSH2_ERROR_EAGAIN &&                  \
				wait_for_it(target))                                     \
			;                                                                \
		h_;                                                                      \
	})

/* -- what went wrong -- */

static int say_lost(
		struct target *target, const char *doing, struct target_trouble *trouble)
{
	char *text = NULL;
	int code = libssh2_session_last_error(own(target)->session, &text, NULL, 0);

	target_failed(trouble,
			code == LIBSSH2_ERROR_EAGAIN ? "Timeout" : "ConnectionLost",
			"%.*s: %s: %s", VIEW_ARG(target->place->host), doing,
			code == LIBSSH2_ERROR_EAGAIN ? "no answer came in time"
			: text                       ? text
						     : "the connection ended");
	return TARGET_AGAIN;
}

/* What the SFTP server said; or the connection. */
static int say(struct target *target, const char *doing, struct target_trouble *trouble)
{
	const struct target_place *place = target->place;

	if (libssh2_session_last_errno(own(target)->session) !=
			LIBSSH2_ERROR_SFTP_PROTOCOL)
		return say_lost(target, doing, trouble);
	switch (libssh2_sftp_last_error(own(target)->sftp)) {
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
	for (const struct addrinfo *to = list; to && own(target)->fd < 0;
			to = to->ai_next) {
		if (may_reach(target, to))
			own(target)->fd = connect_to(target, to);
		else
			refused = true;
	}
	freeaddrinfo(list);
	if (own(target)->fd >= 0)
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
	const char *key = libssh2_session_hostkey(own(target)->session, &len, &type);

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
	r = SSH(target, libssh2_userauth_publickey_frommemory(own(target)->session, user,
					strlen(user), NULL, 0, identity.data,
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

static void add_path(
		const struct target *target, struct view name, char out[PATH_MAX_BYTES])
{
	snprintf(out, PATH_MAX_BYTES, "%.*s%s%.*s", VIEW_ARG(target->place->directory),
			name.len ? "/" : "", VIEW_ARG(name));
}

static int look_at_directory(struct target *target, struct target_trouble *trouble)
{
	LIBSSH2_SFTP_ATTRIBUTES attributes;
	char path[PATH_MAX_BYTES];
	int r;

	add_path(target, VIEW_NULL, path);
	r = SSH(target, libssh2_sftp_stat(own(target)->sftp, path, &attributes));
	if (r == 0)
		return TARGET_OK;
	r = say(target, "look at the directory", trouble);
	return r == TARGET_E_ABSENT ? TARGET_E_FAILED : r;
}

static void sftp_close(struct target *target)
{
	struct place_there *p = own(target);

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

static int sftp_open(struct target *target, struct target_trouble *trouble)
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

/* A connection that ended is made anew by the next try. */
static int alive(struct target *target, struct target_trouble *trouble)
{
	return own(target) && own(target)->sftp ? TARGET_OK : sftp_open(target, trouble);
}

static int again(struct target *target, int r)
{
	if (r == TARGET_AGAIN)
		sftp_close(target);
	return r;
}

/* -- objects -- */

static LIBSSH2_SFTP_HANDLE *open_file(
		struct target *target, const char *path, unsigned long flags)
{
	return SSH_HANDLE(target, libssh2_sftp_open_ex(own(target)->sftp, path,
						  (unsigned)strlen(path), flags,
						  FILE_MODE, LIBSSH2_SFTP_OPENFILE));
}

/* Makes the folder of a name; it may be there. */
static void make_folder(struct target *target, struct view name)
{
	char path[PATH_MAX_BYTES];

	add_path(target, view_sub(name, 0, view_find(name, '/')), path);
	SSH(target, libssh2_sftp_mkdir(own(target)->sftp, path, FOLDER_MODE));
}

static int write_part(struct target *target, LIBSSH2_SFTP_HANDLE *file, struct view bytes,
		struct target_trouble *trouble)
{
	int r;

	while (bytes.len) {
		ssize_t written = SSH(
				target, libssh2_sftp_write(file, bytes.data, bytes.len));

		if (written < 0)
			return say(target, "write", trouble);
		bytes = view_from(bytes, (size_t)written);
	}
	r = SSH(target, libssh2_sftp_fsync(file));
	/* A server without that word keeps what it is told to by its own rules. */
	if (r && libssh2_session_last_errno(own(target)->session) !=
					LIBSSH2_ERROR_SFTP_PROTOCOL)
		return say(target, "flush", trouble);
	if (r && libssh2_sftp_last_error(own(target)->sftp) != LIBSSH2_FX_OP_UNSUPPORTED)
		return say(target, "flush", trouble);
	return TARGET_OK;
}

static int put_part(struct target *target, const char *part, struct view name,
		struct view bytes, struct target_trouble *trouble)
{
	const unsigned long flags =
			LIBSSH2_FXF_WRITE | LIBSSH2_FXF_CREAT | LIBSSH2_FXF_EXCL;
	LIBSSH2_SFTP_HANDLE *file = open_file(target, part, flags);
	int r;

	if (!file) {
		r = say(target, "write", trouble);
		if (r != TARGET_E_ABSENT)
			return r;
		make_folder(target, name);
		file = open_file(target, part, flags);
	}
	if (!file)
		return say(target, "write", trouble);
	r = write_part(target, file, bytes, trouble);
	if (SSH(target, libssh2_sftp_close(file)) && r == TARGET_OK)
		r = say(target, "write", trouble);
	return r;
}

/* Protocol 3 renames onto nothing that is there. */
static int move_part(struct target *target, const char *part, const char *path,
		struct target_trouble *trouble)
{
	LIBSSH2_SFTP *sftp = own(target)->sftp;

	if (SSH(target, libssh2_sftp_rename(sftp, part, path)) == 0)
		return TARGET_OK;
	SSH(target, libssh2_sftp_unlink(sftp, path));
	if (SSH(target, libssh2_sftp_rename(sftp, part, path)) == 0)
		return TARGET_OK;
	return say(target, "rename", trouble);
}

static int sftp_put(struct target *target, struct view name, struct view bytes,
		struct target_trouble *trouble)
{
	CLEANUP(buf_free) struct buf part_name = BUF_NULL(2 * TARGET_NAME_MAX);
	char part[PATH_MAX_BYTES], path[PATH_MAX_BYTES];
	int r = alive(target, trouble);

	if (r)
		return again(target, r);
	target_part_name(name, &part_name);
	add_path(target, buf_view(&part_name), part);
	add_path(target, name, path);
	r = put_part(target, part, name, bytes, trouble);
	if (r == TARGET_OK)
		r = move_part(target, part, path, trouble);
	if (r && r != TARGET_AGAIN)
		SSH(target, libssh2_sftp_unlink(own(target)->sftp, part));
	return again(target, r == TARGET_E_ABSENT ? TARGET_E_FAILED : r);
}

static int read_file(struct target *target, LIBSSH2_SFTP_HANDLE *file, uint64_t at,
		size_t len, struct buf *out, struct target_trouble *trouble)
{
	libssh2_sftp_seek64(file, at);
	while (len) {
		size_t piece = len < PIECE ? len : PIECE;
		char *room = buf_room(out, piece);
		ssize_t got;

		if (!room && out->max > out->len) {
			/* the last piece of what is as large as it may be */
			piece = out->max - out->len;
			out->failed = false;
			room = buf_room(out, piece);
		}
		if (!room)
			return target_failed(trouble, "Refused",
					"an object is larger than it may be");
		got = SSH(target, libssh2_sftp_read(file, room, piece));
		if (got < 0)
			return say(target, "read", trouble);
		if (got == 0)
			break;
		buf_grown(out, (size_t)got);
		len -= (size_t)got;
	}
	return TARGET_OK;
}

static int sftp_get(struct target *target, struct view name, uint64_t at, size_t len,
		struct buf *out, struct target_trouble *trouble)
{
	LIBSSH2_SFTP_HANDLE *file;
	char path[PATH_MAX_BYTES];
	int r = alive(target, trouble);

	if (r)
		return again(target, r);
	add_path(target, name, path);
	file = open_file(target, path, LIBSSH2_FXF_READ);
	if (!file)
		return again(target, say(target, "open", trouble));
	r = read_file(target, file, at, len, out, trouble);
	SSH(target, libssh2_sftp_close(file));
	return again(target, r);
}

static int sftp_remove(
		struct target *target, struct view name, struct target_trouble *trouble)
{
	char path[PATH_MAX_BYTES];
	int r = alive(target, trouble);

	if (r)
		return again(target, r);
	add_path(target, name, path);
	if (SSH(target, libssh2_sftp_unlink(own(target)->sftp, path)) == 0)
		return TARGET_OK;
	return again(target, say(target, "remove", trouble));
}

/* -- listings -- */

static int list_file(struct target *target, struct view folder, struct view file,
		const LIBSSH2_SFTP_ATTRIBUTES *attributes, struct target_listing *out,
		struct target_trouble *trouble)
{
	CLEANUP(buf_free) struct buf name = BUF_NULL(2 * TARGET_NAME_MAX + 256);
	char path[PATH_MAX_BYTES];

	buf_add(&name, folder);
	buf_add(&name, file);
	if (target_is_part(file)) {
		add_path(target, buf_view(&name), path);
		if (attributes->flags & LIBSSH2_SFTP_ATTR_ACMODTIME &&
				(walltime)attributes->mtime < clock_wall() - STALE_S)
			SSH(target, libssh2_sftp_unlink(own(target)->sftp, path));
		return TARGET_OK;
	}
	if (view_starts(file, VIEW(".")) ||
			!(attributes->flags & LIBSSH2_SFTP_ATTR_SIZE) ||
			!LIBSSH2_SFTP_S_ISREG(attributes->permissions))
		return TARGET_OK;
	return target_listing_add(out, buf_view(&name), attributes->filesize, trouble);
}

static int sftp_list(struct target *target, struct view folder,
		struct target_listing *out, struct target_trouble *trouble)
{
	LIBSSH2_SFTP_ATTRIBUTES attributes;
	LIBSSH2_SFTP_HANDLE *dir;
	char path[PATH_MAX_BYTES], file[512];
	int r = alive(target, trouble), len;

	if (r)
		return again(target, r);
	add_path(target, view_sub(folder, 0, view_find(folder, '/')), path);
	dir = SSH_HANDLE(target, libssh2_sftp_opendir(own(target)->sftp, path));
	if (!dir) {
		r = say(target, "list", trouble);
		return r == TARGET_E_ABSENT ? TARGET_OK : again(target, r); /* none yet */
	}
	while (r == TARGET_OK &&
			(len = SSH(target, libssh2_sftp_readdir(dir, file, sizeof(file),
							   &attributes))) > 0)
		r = list_file(target, folder, view_of(file, (size_t)len), &attributes,
				out, trouble);
	if (r == TARGET_OK && len < 0)
		r = say(target, "list", trouble);
	SSH(target, libssh2_sftp_closedir(dir));
	return again(target, r);
}

const struct target_methods target_sftp_methods = {
	.open = sftp_open,
	.close = sftp_close,
	.put = sftp_put,
	.get = sftp_get,
	.remove = sftp_remove,
	.list = sftp_list,
};
