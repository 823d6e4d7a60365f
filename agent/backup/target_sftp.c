/* A directory of another machine, by SFTP: OpenSSH's server, and others of protocol 3.
 *
 * An object is written beside its place, flushed where the server can (fsync@openssh.com), and
 * renamed. */
#include "agent/backup/sftp_line.h"

#include <string.h>

enum {
	PIECE = 128 * 1024, /* of an object, that is asked for at once */
	STALE_S = 86400,
	FILE_MODE = 0600,
	FOLDER_MODE = 0700,
};

/* A connection that ended is made anew by the next try. */
static int alive(struct target *target, struct target_trouble *trouble)
{
	return sftp_own(target) && sftp_own(target)->sftp ? TARGET_OK
							  : sftp_open(target, trouble);
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
	return SSH_HANDLE(target, libssh2_sftp_open_ex(sftp_own(target)->sftp, path,
						  (unsigned)strlen(path), flags,
						  FILE_MODE, LIBSSH2_SFTP_OPENFILE));
}

/* Makes the folder of a name; it may be there. */
static void make_folder(struct target *target, struct view name)
{
	char path[SFTP_PATH_MAX];

	sftp_path(target, view_sub(name, 0, view_find(name, '/')), path);
	SSH(target, libssh2_sftp_mkdir(sftp_own(target)->sftp, path, FOLDER_MODE));
}

static int write_part(struct target *target, LIBSSH2_SFTP_HANDLE *file, struct view bytes,
		struct target_trouble *trouble)
{
	int r;

	while (bytes.len) {
		ssize_t written = SSH(
				target, libssh2_sftp_write(file, bytes.data, bytes.len));

		if (written < 0)
			return sftp_say(target, "write", trouble);
		bytes = view_from(bytes, (size_t)written);
	}
	r = SSH(target, libssh2_sftp_fsync(file));
	/* A server without that word keeps what it is told to by its own rules. */
	if (r && libssh2_session_last_errno(sftp_own(target)->session) !=
					LIBSSH2_ERROR_SFTP_PROTOCOL)
		return sftp_say(target, "flush", trouble);
	if (r && libssh2_sftp_last_error(sftp_own(target)->sftp) !=
					LIBSSH2_FX_OP_UNSUPPORTED)
		return sftp_say(target, "flush", trouble);
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
		r = sftp_say(target, "write", trouble);
		if (r != TARGET_E_ABSENT)
			return r;
		make_folder(target, name);
		file = open_file(target, part, flags);
	}
	if (!file)
		return sftp_say(target, "write", trouble);
	r = write_part(target, file, bytes, trouble);
	if (SSH(target, libssh2_sftp_close(file)) && r == TARGET_OK)
		r = sftp_say(target, "write", trouble);
	return r;
}

/* Protocol 3 renames onto nothing that is there. */
static int move_part(struct target *target, const char *part, const char *path,
		struct target_trouble *trouble)
{
	LIBSSH2_SFTP *sftp = sftp_own(target)->sftp;

	if (SSH(target, libssh2_sftp_rename(sftp, part, path)) == 0)
		return TARGET_OK;
	SSH(target, libssh2_sftp_unlink(sftp, path));
	if (SSH(target, libssh2_sftp_rename(sftp, part, path)) == 0)
		return TARGET_OK;
	return sftp_say(target, "rename", trouble);
}

static int sftp_put(struct target *target, struct view name, struct view bytes,
		struct target_trouble *trouble)
{
	CLEANUP(buf_free) struct buf part_name = BUF_NULL(2 * TARGET_NAME_MAX);
	char part[SFTP_PATH_MAX], path[SFTP_PATH_MAX];
	int r = alive(target, trouble);

	if (r)
		return again(target, r);
	target_part_name(name, &part_name);
	sftp_path(target, buf_view(&part_name), part);
	sftp_path(target, name, path);
	r = put_part(target, part, name, bytes, trouble);
	if (r == TARGET_OK)
		r = move_part(target, part, path, trouble);
	if (r && r != TARGET_AGAIN)
		SSH(target, libssh2_sftp_unlink(sftp_own(target)->sftp, part));
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
			return sftp_say(target, "read", trouble);
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
	char path[SFTP_PATH_MAX];
	int r = alive(target, trouble);

	if (r)
		return again(target, r);
	sftp_path(target, name, path);
	file = open_file(target, path, LIBSSH2_FXF_READ);
	if (!file)
		return again(target, sftp_say(target, "open", trouble));
	r = read_file(target, file, at, len, out, trouble);
	SSH(target, libssh2_sftp_close(file));
	return again(target, r);
}

static int sftp_remove(
		struct target *target, struct view name, struct target_trouble *trouble)
{
	char path[SFTP_PATH_MAX];
	int r = alive(target, trouble);

	if (r)
		return again(target, r);
	sftp_path(target, name, path);
	if (SSH(target, libssh2_sftp_unlink(sftp_own(target)->sftp, path)) == 0)
		return TARGET_OK;
	return again(target, sftp_say(target, "remove", trouble));
}

/* -- listings -- */

static int list_file(struct target *target, struct view folder, struct view file,
		const LIBSSH2_SFTP_ATTRIBUTES *attributes, struct target_listing *out,
		struct target_trouble *trouble)
{
	CLEANUP(buf_free) struct buf name = BUF_NULL(2 * TARGET_NAME_MAX + 256);
	char path[SFTP_PATH_MAX];

	buf_add(&name, folder);
	buf_add(&name, file);
	if (target_is_part(file)) {
		sftp_path(target, buf_view(&name), path);
		if (attributes->flags & LIBSSH2_SFTP_ATTR_ACMODTIME &&
				(walltime)attributes->mtime < clock_wall() - STALE_S)
			SSH(target, libssh2_sftp_unlink(sftp_own(target)->sftp, path));
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
	char path[SFTP_PATH_MAX], file[512];
	int r = alive(target, trouble), len;

	if (r)
		return again(target, r);
	sftp_path(target, view_sub(folder, 0, view_find(folder, '/')), path);
	dir = SSH_HANDLE(target, libssh2_sftp_opendir(sftp_own(target)->sftp, path));
	if (!dir) {
		r = sftp_say(target, "list", trouble);
		return r == TARGET_E_ABSENT ? TARGET_OK : again(target, r); /* none yet */
	}
	while (r == TARGET_OK &&
			(len = SSH(target, libssh2_sftp_readdir(dir, file, sizeof(file),
							   &attributes))) > 0)
		r = list_file(target, folder, view_of(file, (size_t)len), &attributes,
				out, trouble);
	if (r == TARGET_OK && len < 0)
		r = sftp_say(target, "list", trouble);
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
