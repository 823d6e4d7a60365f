#include "agent/effect/courier.h"

#include "runtime/base/error.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct courier {
	pthread_mutex_t lock;
	pthread_cond_t change;
	struct list waiting, back;
	size_t out; /* sent and not taken back */
	unsigned threads, idle, queued;
	atomic_bool stopping;
	int fd;
	pthread_t ids[COURIER_THREADS];
};

/* -- errands -- */

struct errand *errand_new(enum errand_kind kind, struct outbox_id id)
{
	struct errand *errand = xcalloc(1, sizeof(*errand));

	errand->kind = kind;
	errand->id = id;
	errand->arena = arena_new();
	errand->answer = EFFECT_ANSWER_NULL;
	list_init(&errand->link);
	return errand;
}

void errand_free(struct errand *errand)
{
	if (!errand)
		return;
	effect_answer_deinit(&errand->answer);
	secret_free(&errand->progress);
	secret_free(&errand->brief);
	arena_free(errand->arena);
	free(errand);
}

void errand_freep(struct errand **errand)
{
	errand_free(*errand);
}

static void run(struct errand *errand)
{
	if (errand->kind == ERRAND_LOOK)
		errand->outcome = errand->effects->look(&errand->effect, &errand->answer);
	else
		errand->outcome = errand->effects->perform(
				&errand->effect, &errand->answer);
}

/* -- threads -- */

static void announce(struct courier *c)
{
	uint64_t one = 1;

	/* The counter cannot overflow, and a full one can be read already. */
	if (write(c->fd, &one, sizeof(one)) < 0)
		return;
}

/* Locked. NULL where the courier stops. */
static struct errand *await(struct courier *c)
{
	c->idle++;
	while (list_empty(&c->waiting) && !c->stopping)
		pthread_cond_wait(&c->change, &c->lock);
	c->idle--;
	if (c->stopping)
		return NULL;
	c->queued--;
	return LIST_ITEM(list_pop(&c->waiting), struct errand, link);
}

static void *work(void *arg)
{
	struct courier *c = arg;
	struct errand *errand;

	pthread_mutex_lock(&c->lock);
	while ((errand = await(c))) {
		pthread_mutex_unlock(&c->lock);
		run(errand);
		pthread_mutex_lock(&c->lock);
		list_push(&c->back, &errand->link);
		announce(c);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

/* Every signal is the main thread's. */
static void start_thread(struct courier *c)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&c->ids[c->threads], NULL, work, c);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r)
		die("cannot start a thread: raise the limit of tasks");
	pthread_setname_np(c->ids[c->threads++], "courier");
}

/* -- the agent's side -- */

int courier_new(struct courier **out)
{
	struct courier *c = xcalloc(1, sizeof(*c));

	c->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->fd < 0) {
		free(c);
		return fault_errno();
	}
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->change, NULL);
	list_init(&c->waiting);
	list_init(&c->back);
	*out = c;
	return 0;
}

static void drop_all(struct list *errands)
{
	struct list *link;

	while ((link = list_pop(errands)))
		errand_free(LIST_ITEM(link, struct errand, link));
}

void courier_free(struct courier *c)
{
	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	c->stopping = true;
	pthread_cond_broadcast(&c->change);
	pthread_mutex_unlock(&c->lock);
	for (unsigned i = 0; i < c->threads; i++)
		pthread_join(c->ids[i], NULL);
	drop_all(&c->waiting);
	drop_all(&c->back);
	pthread_cond_destroy(&c->change);
	pthread_mutex_destroy(&c->lock);
	close(c->fd);
	free(c);
}

int courier_fd(const struct courier *c)
{
	return c->fd;
}

void courier_send(struct courier *c, struct errand *errand)
{
	assert(c->out < COURIER_THREADS);
	errand->effect.stopping = &c->stopping;
	pthread_mutex_lock(&c->lock);
	list_push(&c->waiting, &errand->link);
	c->out++;
	c->queued++;
	if (c->queued > c->idle && c->threads < COURIER_THREADS)
		start_thread(c);
	pthread_cond_signal(&c->change);
	pthread_mutex_unlock(&c->lock);
}

struct errand *courier_next(struct courier *c)
{
	struct list *link;
	uint64_t count;

	pthread_mutex_lock(&c->lock);
	link = list_pop(&c->back);
	if (link)
		c->out--;
	else if (read(c->fd, &count, sizeof(count)) < 0)
		assert(errno == EAGAIN);
	pthread_mutex_unlock(&c->lock);
	return link ? LIST_ITEM(link, struct errand, link) : NULL;
}

size_t courier_room(struct courier *c)
{
	return COURIER_THREADS - c->out;
}
