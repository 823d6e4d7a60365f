#include "runtime/crypto/master_key.h"

#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/base/os.h"
#include "runtime/crypto/key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "posthus-master-1:"

enum {
	TEXT_MAX = 256
};

static int parse(struct view text, struct secret *out)
{
	CLEANUP(buf_wipe) struct buf bytes = BUF_NULL(TEXT_MAX);

	text = view_trim(text);
	if (!view_starts(text, VIEW(PREFIX)))
		return MASTER_KEY_E_FORM;
	if (!base64_decode(&bytes, view_from(text, sizeof(PREFIX) - 1)) ||
			bytes.len != KEY_SIZE)
		return MASTER_KEY_E_FORM;
	*out = secret_copy(buf_view(&bytes));
	return MASTER_KEY_OK;
}

static int read_key(int fd, struct secret *out)
{
	const struct os *os = os_real();
	char text[TEXT_MAX];
	ssize_t len = os->read(os->state, fd, text, sizeof(text), 0);
	int r;

	if (len < 0)
		return fault((int)len);
	r = parse(view_of(text, (size_t)len), out);
	explicit_bzero(text, sizeof(text));
	return r;
}

/* Asked of the open file, so that nobody can put another in its place in between. */
static int check_private(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return fault(fault_errno());
	if (!S_ISREG(st.st_mode))
		return MASTER_KEY_E_FORM;
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return MASTER_KEY_E_READABLE;
	if ((st.st_mode & 07777) != 0600 && (st.st_mode & 07777) != 0400)
		return MASTER_KEY_E_READABLE;
	return MASTER_KEY_OK;
}

static int load(const char *path, bool check, struct secret *out)
{
	const struct os *os = os_real();
	int fd = os->open(os->state, path, O_RDONLY | O_NONBLOCK, 0);
	int r;

	if (fd == -ENOENT || fd == -ENOTDIR)
		return MASTER_KEY_E_ABSENT;
	if (fd == -ELOOP)
		return MASTER_KEY_E_FORM;
	if (fd < 0)
		return fault(fd);
	r = check ? check_private(fd) : MASTER_KEY_OK;
	if (!r)
		r = read_key(fd, out);
	close(fd);
	return r;
}

int master_key_load_file(const char *path, struct secret *out)
{
	return load(path, true, out);
}

/* systemd keeps the folder to us alone and lends the file by an access list, which shows
 * as a group's right: the mode says nothing there. */
int master_key_load_credential(const char *name, struct secret *out)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	CLEANUP(freep) char *path = NULL;

	if (!folder || !*folder || strchr(name, '/'))
		return MASTER_KEY_E_ABSENT;
	if (asprintf(&path, "%s/%s", folder, name) < 0)
		die("out of memory");
	return load(path, false, out);
}

static int write_new(const char *path, struct view text)
{
	const struct os *os = os_real();
	int fd = os->open(os->state, path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	int r;

	if (fd == -EEXIST)
		return MASTER_KEY_E_EXISTS;
	if (fd < 0)
		return fault(fd);
	r = fchmod(fd, 0600) ? fault_errno() : 0;
	if (!r)
		r = os->write(os->state, fd, text, 0);
	if (!r)
		r = os->sync_data(os->state, fd);
	close(fd);
	if (r) {
		unlink(path);
		return fault(r);
	}
	return 0;
}

int master_key_make(const char *path)
{
	const struct os *os = os_real();
	CLEANUP(buf_wipe) struct buf text = BUF_NULL(TEXT_MAX);
	CLEANUP(key_wipe) struct key key;
	size_t slash = view_find_last(view_z(path), '/');
	CLEANUP(freep) char *parent = NULL;
	int r;

	key_random(&key);
	buf_add_z(&text, PREFIX);
	base64_add(&text, view_of(key.bytes, KEY_SIZE));
	buf_add_byte(&text, '\n');
	r = write_new(path, buf_view(&text));
	if (r)
		return r;
	parent = slash == strlen(path) ? xstrndup(".", 1)
				       : xstrndup(path, slash ? slash : 1);
	r = os->sync_dir(os->state, parent);
	return r ? fault(r) : MASTER_KEY_OK;
}
