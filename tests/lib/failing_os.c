#include "tests/lib/failing_os.h"

static int fails(struct failing_os *f)
{
	int r = 0;

	pthread_mutex_lock(&f->lock);
	f->calls++;
	if (f->fail_at && (f->calls == f->fail_at ||
					  (f->from_then && f->calls > f->fail_at)))
		r = f->error;
	pthread_mutex_unlock(&f->lock);
	return r;
}

static int failing_open(void *state, const char *path, int flags, mode_t mode)
{
	int r = fails(state);

	return r ? r : os_real()->open(NULL, path, flags, mode);
}

/* Half of it is written before it fails. */
static int failing_write(void *state, int fd, struct view bytes, off_t at)
{
	int r = fails(state);

	if (r) {
		bytes.len /= 2;
		return os_real()->write(NULL, fd, bytes, at) ? r : r;
	}
	return os_real()->write(NULL, fd, bytes, at);
}

static int failing_sync_data(void *state, int fd)
{
	struct failing_os *f = state;
	int r;

	if (f->before_sync)
		f->before_sync(f->arg);
	r = fails(f);
	pthread_mutex_lock(&f->lock);
	f->syncs++;
	pthread_mutex_unlock(&f->lock);
	return r ? r : os_real()->sync_data(NULL, fd);
}

static int failing_truncate(void *state, int fd, off_t size)
{
	int r = fails(state);

	return r ? r : os_real()->truncate(NULL, fd, size);
}

static int failing_rename(void *state, const char *from, const char *to)
{
	int r = fails(state);

	return r ? r : os_real()->rename(NULL, from, to);
}

static int failing_unlink(void *state, const char *path)
{
	int r = fails(state);

	return r ? r : os_real()->unlink(NULL, path);
}

static int failing_sync_dir(void *state, const char *path)
{
	int r = fails(state);

	return r ? r : os_real()->sync_dir(NULL, path);
}

void failing_os_init(struct failing_os *f)
{
	*f = (struct failing_os){ .os = *os_real() };
	pthread_mutex_init(&f->lock, NULL);
	f->os.state = f;
	f->os.open = failing_open;
	f->os.write = failing_write;
	f->os.sync_data = failing_sync_data;
	f->os.truncate = failing_truncate;
	f->os.rename = failing_rename;
	f->os.unlink = failing_unlink;
	f->os.sync_dir = failing_sync_dir;
}

void failing_os_arm(struct failing_os *f, long fail_at, int error, bool from_then)
{
	pthread_mutex_lock(&f->lock);
	f->fail_at = fail_at;
	f->error = error;
	f->from_then = from_then;
	f->calls = 0;
	f->syncs = 0;
	pthread_mutex_unlock(&f->lock);
}
