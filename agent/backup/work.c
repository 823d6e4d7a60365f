#include "agent/backup/work.h"

#include "agent/database/data_directory.h"
#include "runtime/base/error.h"
#include "runtime/base/os.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
	LONGEST_MESSAGE = 1024,
	LONGEST_ID = 80,
};

/* -- what the thread says -- */

static void enter(struct work *w, enum work_state state)
{
	uint64_t one = 1;

	pthread_mutex_lock(&w->lock);
	w->state = state;
	pthread_mutex_unlock(&w->lock);
	if (write(w->fd, &one, sizeof(one)) < 0)
		die("an eventfd takes no event: %s", strerror(errno));
}

int work_failed(struct work *w, const char *reason, const char *format, ...)
{
	char text[LONGEST_MESSAGE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	w->result.reason = reason;
	buf_clear(&w->result.message);
	buf_add_z(&w->result.message, text);
	return -ECANCELED;
}

int work_failed_vault(struct work *w, int r)
{
	const struct target_trouble *trouble = &w->trouble;

	if (r < 0)
		return work_fault(w, r);
	if (r == VAULT_E_STOPPED)
		return work_failed(w, "Stopped", "the agent ended meanwhile");
	return work_failed(w, trouble->reason ? trouble->reason : "BackupFailed", "%s",
			trouble->message);
}

int work_fault(struct work *w, int r)
{
	if (r == -ECANCELED)
		return r;
	if (r == -ENOSPC || r == -EDQUOT)
		return work_failed(
				w, "DiskFull", "the disk of the data directory is full");
	if (r == -EIO)
		return work_failed(w, "DiskFailed",
				"a file of the data directory does not read: look at "
				"the disk");
	return work_failed(w, "BackupFailed", "%s", strerror(-r));
}

void work_note(struct work *w, uint64_t files, uint64_t bytes, uint64_t sent)
{
	pthread_mutex_lock(&w->lock);
	w->progress = (struct work_progress){ files, bytes, sent };
	pthread_mutex_unlock(&w->lock);
}

int work_await_own(struct work *w)
{
	int r;

	enter(w, WORK_WANTS_OWN);
	pthread_mutex_lock(&w->lock);
	while (!w->own_given && !atomic_load(&w->stopping))
		pthread_cond_wait(&w->given, &w->lock);
	r = w->own_given ? w->own_r : -EINTR;
	pthread_mutex_unlock(&w->lock);
	return r ? work_fault(w, r) : 0;
}

int work_folder(struct work *w, const char **out)
{
	CLEANUP(freep) char *outer = data_path(w->data, "backup");
	struct view path = arena_printf(
			w->arena, "%s/%.*s%c", outer, VIEW_ARG(w->order.name), 0);
	int r = os_make_dir(outer);

	if (!r)
		r = os_make_dir(path.data);
	*out = path.data;
	return r ? work_fault(w, r) : 0;
}

/* -- the thread -- */

static int prepare(struct work *w)
{
	if (!w->json || !backup_order_read(w->json, &w->order))
		return fault(-EPROTO);
	w->order.place.stopping = &w->stopping;
	return 0;
}

static int do_kind(struct work *w)
{
	switch (w->options.kind) {
	case WORK_TAKE:
		return work_take(w);
	case WORK_VERIFY:
		return work_verify(w);
	case WORK_DRILL:
		return work_drill(w);
	}
	return fault(-EINVAL);
}

static int with_secrets(struct work *w)
{
	CLEANUP(effect_answer_deinit) struct effect_answer answer = EFFECT_ANSWER_NULL;
	struct backup_secrets secrets;
	int r = backup_secrets_read(&w->order, w->options.file, &secrets, &answer);

	if (r == EFFECT_E_FAILED)
		r = work_failed(w, answer.reason, "%.*s",
				VIEW_ARG(buf_view(&answer.message)));
	if (!r)
		r = do_kind(w);
	vault_free(w->vault);
	w->vault = NULL;
	backup_secrets_free(&secrets);
	return r;
}

static void *run(void *arg)
{
	struct work *w = arg;
	nstime began = clock_now();
	int r = prepare(w);

	if (!r)
		r = with_secrets(w);
	if (r && !w->result.reason)
		work_fault(w, r);
	w->result.took = clock_now() - began;
	enter(w, WORK_DONE);
	return NULL;
}

static int start_thread(struct work *w)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&w->thread, NULL, run, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r ? fault(-r) : 0;
}

static void free_work(struct work *w)
{
	if (w->fd >= 0)
		close(w->fd);
	pthread_cond_destroy(&w->given);
	pthread_mutex_destroy(&w->lock);
	secret_free(&w->identity);
	json_decref(w->json);
	arena_free(w->arena);
	free(w->data);
	free(w);
}

int work_begin(const struct work_options *options, struct work **out)
{
	struct work *w = xcalloc(1, sizeof(*w));
	int r;

	w->options = *options;
	w->data = xstrndup(options->data, strlen(options->data));
	w->json = json_loadb(options->order.data, options->order.len, 0, NULL);
	if (options->identity)
		w->identity = secret_copy(secret_expose(options->identity));
	w->arena = arena_new();
	w->result.message = BUF_NULL(LONGEST_MESSAGE);
	w->result.snapshot = BUF_NULL(LONGEST_ID);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->given, NULL);
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = w->fd < 0 ? fault_errno() : start_thread(w);
	if (r) {
		work_result_deinit(&w->result);
		free_work(w);
		return r;
	}
	*out = w;
	return 0;
}

/* -- the agent's side -- */

int work_fd(const struct work *w)
{
	return w->fd;
}

enum work_state work_state(struct work *w)
{
	enum work_state state;
	uint64_t count;

	if (read(w->fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		die("an eventfd does not read: %s", strerror(errno));
	pthread_mutex_lock(&w->lock);
	state = w->state == WORK_WANTS_OWN && w->own_given ? WORK_RUNNING : w->state;
	pthread_mutex_unlock(&w->lock);
	return state;
}

void work_give_own(struct work *w, int r)
{
	pthread_mutex_lock(&w->lock);
	w->own_given = true;
	w->own_r = r;
	pthread_cond_signal(&w->given);
	pthread_mutex_unlock(&w->lock);
}

struct work_progress work_look(struct work *w)
{
	struct work_progress progress;

	pthread_mutex_lock(&w->lock);
	progress = w->progress;
	pthread_mutex_unlock(&w->lock);
	return progress;
}

void work_end(struct work *w, struct work_result *out)
{
	pthread_mutex_lock(&w->lock);
	atomic_store(&w->stopping, w->state != WORK_DONE);
	pthread_cond_signal(&w->given);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	*out = w->result;
	free_work(w);
}

void work_result_deinit(struct work_result *result)
{
	buf_free(&result->message);
	buf_free(&result->snapshot);
}
