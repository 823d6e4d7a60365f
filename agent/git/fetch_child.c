#include "agent/git/fetch_child.h"

#include "agent/git/fetch_https.h"
#include "agent/git/fetch_inside.h"
#include "agent/git/known_hosts.h"
#include "agent/git/object.h"
#include "runtime/base/error.h"
#include "runtime/base/sandbox.h"
#include "runtime/base/system_calls.h"

#include <dirent.h>
#include <fcntl.h>
#include <git2.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

enum {
	DEPTH = 8, /* of the repository's folders */
	URL_MAX = 4096,
	MEMORY = 1 << 30, /* of addresses: packs are mapped in windows */
	FILES = 64,
	FIRST_TRY = 1, /* of the credentials: libgit2 asks again after each refusal */
};

#define TIP "refs/posthus/tip"

/* -- why not -- */

int fetch_failed(struct fetch *f, const char *reason, const char *format, ...)
{
	va_list args;

	if (f->reason)
		return -1;
	f->reason = reason;
	va_start(args, format);
	vsnprintf(f->message, sizeof(f->message), format, args);
	va_end(args);
	return -1;
}

/* What libgit2 says, where nobody of ours knew better. */
static void say_error_of_git(struct fetch *f)
{
	const git_error *error = git_error_last();
	const char *text = error && error->message ? error->message : "no word of why";
	const char *reason = "ConnectionFailed";

	if (error && error->klass == GIT_ERROR_SSH && strstr(text, "uthenticat"))
		reason = "AuthFailed";
	else if (error && (error->klass == GIT_ERROR_INDEXER ||
					  error->klass == GIT_ERROR_ODB ||
					  error->klass == GIT_ERROR_ZLIB ||
					  error->klass == GIT_ERROR_OBJECT))
		reason = "SourceDamaged";
	else if (error && error->klass == GIT_ERROR_REFERENCE)
		reason = "RefNotFound";
	(void)fetch_failed(f, reason, "%s", text);
}

/* -- the host's key and ours -- */

static struct view host_of(struct view url, uint16_t *port_out)
{
	struct view rest = view_from(url, view_find_view(url, VIEW("://")) + 3);
	struct view authority = view_cut(&rest, '/');
	size_t at = view_find_last(authority, '@');
	size_t colon;
	uint64_t port = 22;

	if (at < authority.len)
		authority = view_from(authority, at + 1);
	colon = view_find_last(authority, ':');
	if (colon < authority.len && authority.data[authority.len - 1] != ']' &&
			view_to_u64(view_from(authority, colon + 1), &port) &&
			port <= UINT16_MAX)
		authority = view_sub(authority, 0, colon);
	if (authority.len > 1 && authority.data[0] == '[')
		authority = view_sub(authority, 1, authority.len - 2);
	*port_out = (uint16_t)port;
	return authority;
}

static int check_host_key(git_cert *cert, int valid, const char *host, void *with)
{
	struct fetch *f = with;
	const git_cert_hostkey *key = (const void *)cert;
	uint16_t port;
	struct view name = host_of(f->request->url, &port);

	(void)valid;
	(void)host;
	if (cert->cert_type != GIT_CERT_HOSTKEY_LIBSSH2 ||
			!(key->type & GIT_CERT_SSH_RAW))
		return fetch_failed(f, "PeerUntrusted", "it showed no key of SSH's");
	switch (known_hosts_find(f->request->known_hosts, name, port,
			view_of(key->hostkey, key->hostkey_len))) {
	case HOST_KNOWN:
		return 0;
	case HOST_CHANGED:
		return fetch_failed(f, "PeerUntrusted",
				"%.*s showed another key than known_hosts has of it: "
				"somebody may be in between",
				VIEW_ARG(name));
	case HOST_REVOKED:
		return fetch_failed(f, "PeerUntrusted",
				"%.*s showed a key that known_hosts revokes",
				VIEW_ARG(name));
	case HOST_UNKNOWN:
		break;
	}
	return fetch_failed(f, "PeerUntrusted",
			"known_hosts has no key of %.*s: `ssh-keyscan -p %u %.*s` shows "
			"them; compare them with what the forge publishes",
			VIEW_ARG(name), port, VIEW_ARG(name));
}

static int give_identity(git_credential **out, const char *url, const char *user,
		unsigned allowed, void *with)
{
	struct fetch *f = with;

	(void)url;
	if (!user || !*user)
		user = "git";
	if (allowed & GIT_CREDENTIAL_USERNAME && !(allowed & GIT_CREDENTIAL_SSH_MEMORY))
		return git_credential_username_new(out, user);
	if (f->request->identity.len == 0)
		return fetch_failed(f, "AuthFailed",
				"it asks who we are, and there is no `identity`");
	if (f->tries++ >= FIRST_TRY)
		return fetch_failed(f, "AuthFailed",
				"it does not take our key as %s: is it a deploy key of "
				"this "
				"repository, and of type ed25519?",
				user);
	return git_credential_ssh_key_memory_new(out, user, NULL, f->identity, NULL);
}

/* -- bounds -- */

static int check_progress(const git_indexer_progress *progress, void *with)
{
	struct fetch *f = with;

	if (progress->total_objects > f->request->objects)
		return fetch_failed(f, "SourceTooLarge",
				"it sends %u objects; a fetch takes at most %llu",
				progress->total_objects,
				(unsigned long long)f->request->objects);
	if (progress->received_bytes > f->request->bytes)
		return fetch_failed(f, "SourceTooLarge", "it sends more than %llu bytes",
				(unsigned long long)f->request->bytes);
	return 0;
}

/* Nothing of this machine's configuration, and no more than a fetch needs. */
static int set_up_library(void)
{
	static const int levels[] = { GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_GLOBAL,
		GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_PROGRAMDATA };
	int r = git_libgit2_init();

	for (size_t i = 0; r >= 0 && i < ARRAY_LEN(levels); i++)
		r = git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "");
	if (r >= 0)
		r = git_libgit2_opts(GIT_OPT_SET_PACK_MAX_OBJECTS, (size_t)FETCH_OBJECTS);
	if (r >= 0)
		r = git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 1);
	if (r >= 0)
		r = git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, (size_t)256 << 20);
#ifdef HAVE_GIT_PACK_MAX_OBJECT_SIZE
	if (r >= 0)
		r = git_libgit2_opts(GIT_OPT_SET_PACK_MAX_OBJECT_SIZE,
				(size_t)FETCH_OBJECT_BYTES);
#endif
	return r < 0 ? r : 0;
}

static void confine_child(struct view folder)
{
	static const char *const read[] = { "/etc/resolv.conf", "/etc/hosts",
		"/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf", "/etc/services",
		"/etc/ssl", "/usr/lib/ssl", "/usr/share/ca-certificates",
		"/usr/local/share/ca-certificates", "/run/systemd/resolve", "/dev/null",
		"/dev/urandom", "/etc/localtime", "/usr/share/zoneinfo" };
	static const struct rlimit memory = { MEMORY, MEMORY }, files = { FILES, FILES },
				   size = { 2 * FETCH_BYTES, 2 * FETCH_BYTES },
				   time = { FETCH_SECONDS, FETCH_SECONDS };
	char path[PATH_MAX];
	const char *const write[] = { path };
	struct sandbox_options options = { .write = write,
		.write_count = 1,
		.read = read,
		.read_count = ARRAY_LEN(read) };
	struct sandbox_level level;

	snprintf(path, sizeof(path), "%.*s", VIEW_ARG(folder));
	if (!process_is_sanitized())
		(void)setrlimit(RLIMIT_AS, &memory);
	(void)setrlimit(RLIMIT_FSIZE, &size);
	(void)setrlimit(RLIMIT_CPU, &time);
	(void)setrlimit(RLIMIT_NOFILE, &files);
	if (sandbox_enter(&options, &level))
		_exit(1);
}

/* -- the repository -- */

static void closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* What cannot be opened is thrown away and fetched anew: all that counts stands in the
 * agent's database. */
static void remove_folder(int parent, const char *name, unsigned depth)
{
	CLEANUP(closedirp) DIR *dir = NULL;
	struct dirent *entry;
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || depth == DEPTH) {
		(void)unlinkat(parent, name, 0);
		return;
	}
	dir = fdopendir(fd);
	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			remove_folder(fd, entry->d_name, depth + 1);
	(void)unlinkat(parent, name, AT_REMOVEDIR);
}

/* Others name programs and files of this machine. */
static int check_url(struct fetch *f)
{
	if (view_starts(f->request->url, VIEW("ssh://")) ||
			view_starts(f->request->url, VIEW("https://")))
		return 0;
	return fetch_failed(f, "Refused", "only ssh:// and https:// are fetched from");
}

static int open_repository(struct fetch *f, git_repository **out)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%.*s/repository", VIEW_ARG(f->request->folder));
	if (git_repository_open_bare(out, path) == 0)
		return 0;
	remove_folder(AT_FDCWD, path, 0);
	if (git_repository_init(out, path, true) == 0)
		return 0;
	say_error_of_git(f);
	return -1;
}

/* What the other side says that the branch or tag is. */
static int find_tip(struct fetch *f, git_remote *remote, git_oid *out)
{
	const git_remote_head **heads = NULL;
	size_t count = 0;

	if (git_remote_ls(&heads, &count, remote)) {
		say_error_of_git(f);
		return -1;
	}
	for (size_t i = 0; i < count; i++)
		if (view_eq(view_z(heads[i]->name), f->request->ref)) {
			*out = heads[i]->oid;
			return 0;
		}
	return fetch_failed(
			f, "RefNotFound", "it has no %.*s", VIEW_ARG(f->request->ref));
}

static int fetch(struct fetch *f, git_repository *repository, git_oid *tip_out)
{
	git_fetch_options options = GIT_FETCH_OPTIONS_INIT;
	git_remote *remote = NULL;
	char url[URL_MAX], spec[URL_MAX];
	char *specs[] = { spec };
	const git_strarray refs = { specs, 1 };
	int r;

	snprintf(url, sizeof(url), "%.*s", VIEW_ARG(f->request->url));
	snprintf(spec, sizeof(spec), "+%.*s:" TIP, VIEW_ARG(f->request->ref));
	options.callbacks.credentials = give_identity;
	options.callbacks.certificate_check = check_host_key;
	options.callbacks.transfer_progress = check_progress;
	options.callbacks.payload = f;
	options.prune = GIT_FETCH_NO_PRUNE;
	options.update_fetchhead = 0;
	options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
	options.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
	options.proxy_opts.type = GIT_PROXY_NONE;
	r = git_remote_create_anonymous(&remote, repository, url);
	if (r == 0)
		r = git_remote_connect(remote, GIT_DIRECTION_FETCH, &options.callbacks,
				&options.proxy_opts, NULL);
	if (r == 0)
		r = find_tip(f, remote, tip_out);
	if (r == 0)
		r = git_remote_fetch(remote, &refs, &options, NULL);
	if (r)
		say_error_of_git(f);
	git_remote_free(remote);
	return r;
}

/* -- objects -- */

static void answer_object(int fd, git_odb *odb, struct view asked, nstime deadline)
{
	git_odb_object *object = NULL;
	git_oid id;
	size_t len = 0;
	git_object_t type;
	CLEANUP(buf_free) struct buf out = BUF_NULL(FRAME_MAX);
	enum fetch_frame frame = FRAME_ABSENT;

	if (asked.len != OBJECT_ID_SIZE)
		_exit(1);
	memcpy(id.id, asked.data, OBJECT_ID_SIZE);
	if (git_odb_read_header(&len, &type, odb, &id) == 0) {
		frame = FRAME_TOO_LARGE;
		if (len <= FETCH_BLOB_MAX && git_odb_read(&object, odb, &id) == 0) {
			frame = FRAME_OBJECT;
			buf_add_byte(&out, (char)(type == GIT_OBJECT_COMMIT ? GIT_COMMIT
							   : type == GIT_OBJECT_TREE
									   ? GIT_TREE
							   : type == GIT_OBJECT_TAG
									   ? GIT_TAG
									   : GIT_BLOB));
			buf_add(&out, view_of(git_odb_object_data(object), len));
		}
	}
	if (frame_send(fd, frame, buf_view(&out), deadline, NULL))
		_exit(1);
	git_odb_object_free(object);
}

static void serve_objects(int fd, git_odb *odb, nstime deadline)
{
	CLEANUP(buf_free) struct buf in = BUF_NULL(FRAME_MAX);
	enum fetch_frame frame;

	while (frame_receive(fd, &frame, &in, deadline, NULL) == FRAME_OK &&
			frame == FRAME_READ)
		answer_object(fd, odb, buf_view(&in), deadline);
}

static void answer_failed(int fd, const struct fetch *f, nstime deadline)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(FRAME_MAX);

	buf_addf(&out, "%s\n%s", f->reason ? f->reason : "InternalError", f->message);
	if (frame_send(fd, FRAME_FAILED, buf_view(&out), deadline, NULL))
		_exit(1);
}

static void run(int fd, struct fetch *f, nstime deadline)
{
	git_repository *repository = NULL;
	git_odb *odb = NULL;
	git_oid tip;
	int r = set_up_library();

	if (r == 0)
		r = fetch_https_register(f);
	if (r)
		(void)fetch_failed(f, "InternalError", "libgit2 does not start");
	if (r == 0)
		r = check_url(f);
	if (r == 0)
		r = open_repository(f, &repository);
	if (r == 0)
		r = fetch(f, repository, &tip);
	if (r == 0 && git_repository_odb(&odb, repository)) {
		say_error_of_git(f);
		r = -1;
	}
	if (r) {
		answer_failed(fd, f, deadline);
		return;
	}
	if (frame_send(fd, FRAME_TIP, view_of(tip.id, OBJECT_ID_SIZE), deadline, NULL))
		return;
	serve_objects(fd, odb, deadline);
}

/* libgit2 looks for a list of hosts of its own at home, and wants to find one; it vouches for
 * nothing: check_host_key() alone does. */
static void set_home(struct view folder)
{
	char path[PATH_MAX];
	int fd;

	(void)clearenv();
	snprintf(path, sizeof(path), "%.*s", VIEW_ARG(folder));
	(void)setenv("HOME", path, 1);
	snprintf(path, sizeof(path), "%.*s/.ssh", VIEW_ARG(folder));
	(void)mkdir(path, 0700);
	snprintf(path, sizeof(path), "%.*s/.ssh/known_hosts", VIEW_ARG(folder));
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		close(fd);
}

/* Blocked in a library or not: its time is over then. */
static void set_alarm(uint64_t seconds)
{
	const struct itimerval life = { .it_value = { .tv_sec = (time_t)seconds } };

	signal(SIGALRM, SIG_DFL);
	(void)setitimer(ITIMER_REAL, &life, NULL);
}

void fetch_child(int fd)
{
	CLEANUP(buf_wipe)
	struct buf in = BUF_NULL(FRAME_MAX), identity = BUF_NULL(FRAME_MAX);
	struct fetch_request request;
	struct fetch f = { .request = &request };
	nstime deadline = clock_now() + nstime_seconds(FETCH_SECONDS);
	enum fetch_frame frame;

	set_alarm(FETCH_SECONDS);
	if (frame_receive(fd, &frame, &in, deadline, NULL) || frame != FRAME_REQUEST ||
			!fetch_request_read(buf_view(&in), &request))
		return;
	buf_add(&identity, request.identity);
	buf_add_byte(&identity, '\0');
	f.identity = identity.data;
	if (request.seconds == 0 || request.seconds > FETCH_SECONDS)
		return;
	set_alarm(request.seconds);
	set_home(request.folder);
	confine_child(request.folder);
	run(fd, &f, deadline);
}
