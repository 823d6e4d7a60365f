#include "agent/backup/uploads.h"

#include "agent/backup/records.h"
#include "runtime/base/error.h"

#include <signal.h>
#include <stdlib.h>

enum pack_state {
	PACK_EMPTY,
	PACK_WRITERS,
	PACK_WAITING, /* full */
	PACK_GOING,
	PACK_ARRIVED,
};

struct uploads {
	const struct target_place *place;
	const struct vault_keys *keys;
	struct pace *pace;
	struct vault_progress *progress;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	bool stopping;
	int outcome; /* the first that was not TARGET_OK */
	struct target_trouble trouble;
	struct {
		struct pack pack;
		enum pack_state state;
	} packs[PACKS];
	pthread_t threads[UPLOADS];
	size_t thread_count;
};

/* -- the threads -- */

static int find(const struct uploads *u, enum pack_state state)
{
	for (int i = 0; i < PACKS; i++)
		if (u->packs[i].state == state)
			return i;
	return -1;
}

static void fail(struct uploads *u, int r, const struct target_trouble *trouble)
{
	pthread_mutex_lock(&u->mutex);
	if (u->outcome == TARGET_OK) {
		u->outcome = r;
		u->trouble = *trouble;
	}
	pthread_cond_broadcast(&u->changed);
	pthread_mutex_unlock(&u->mutex);
}

static int send_pack(struct uploads *u, struct target *target, struct pack *pack,
		nstime *cpu, struct target_trouble *trouble)
{
	CLEANUP(buf_free) struct buf name = BUF_NULL(TARGET_NAME_MAX);
	int r;

	pack_seal(pack, u->keys);
	pace_cpu(u->pace, cpu);
	pace_bytes(u->pace, pack->bytes.len);
	digest_name("packs/", pack->id.bytes, &name);
	r = target_put(target, buf_view(&name), buf_view(&pack->bytes), trouble);
	if (r == TARGET_OK) {
		atomic_fetch_add(&u->progress->sent, pack->bytes.len);
		atomic_fetch_add(&u->progress->packs, 1);
	}
	return r;
}

/* The number of a pack that is to be sent; -1: this is over. */
static int wait_for_one(struct uploads *u)
{
	int i = -1;

	pthread_mutex_lock(&u->mutex);
	while (!u->stopping && u->outcome == TARGET_OK && (i = find(u, PACK_WAITING)) < 0)
		pthread_cond_wait(&u->changed, &u->mutex);
	if (u->stopping || u->outcome)
		i = -1;
	else
		u->packs[i].state = PACK_GOING;
	pthread_mutex_unlock(&u->mutex);
	return i;
}

static void *upload(void *arg)
{
	CLEANUP(target_freep) struct target *target = NULL;
	struct target_trouble trouble = { 0 };
	struct uploads *u = arg;
	nstime cpu = 0;
	int i, r = target_open(u->place, &target, &trouble);

	while (r == TARGET_OK && (i = wait_for_one(u)) >= 0) {
		r = send_pack(u, target, &u->packs[i].pack, &cpu, &trouble);
		if (r)
			break;
		pthread_mutex_lock(&u->mutex);
		u->packs[i].state = PACK_ARRIVED;
		pthread_cond_broadcast(&u->changed);
		pthread_mutex_unlock(&u->mutex);
	}
	if (r)
		fail(u, r, &trouble);
	return NULL;
}

struct uploads *uploads_start(const struct target_place *place,
		const struct vault_keys *keys, struct pace *pace,
		struct vault_progress *progress)
{
	struct uploads *u = xcalloc(1, sizeof(*u));
	struct target_trouble trouble = { 0 };
	sigset_t all, before;

	u->place = place;
	u->keys = keys;
	u->pace = pace;
	u->progress = progress;
	pthread_mutex_init(&u->mutex, NULL);
	pthread_cond_init(&u->changed, NULL);
	for (size_t i = 0; i < PACKS; i++)
		u->packs[i].pack = PACK_NULL;
	sigfillset(&all); /* signals are others' */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (u->thread_count < UPLOADS && pthread_create(&u->threads[u->thread_count],
							    NULL, upload, u) == 0)
		u->thread_count++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (u->thread_count == 0)
		fail(u,
				target_failed(&trouble, "InternalError",
						"no thread could be made"),
				&trouble);
	return u;
}

void uploads_stop(struct uploads *u)
{
	if (!u)
		return;
	pthread_mutex_lock(&u->mutex);
	u->stopping = true;
	pthread_cond_broadcast(&u->changed);
	pthread_mutex_unlock(&u->mutex);
	for (size_t i = 0; i < u->thread_count; i++)
		pthread_join(u->threads[i], NULL);
	for (size_t i = 0; i < PACKS; i++)
		pack_deinit(&u->packs[i].pack);
	pthread_cond_destroy(&u->changed);
	pthread_mutex_destroy(&u->mutex);
	free(u);
}

/* -- the writer -- */

static bool on_the_way(const struct uploads *u)
{
	return find(u, PACK_WAITING) >= 0 || find(u, PACK_GOING) >= 0;
}

struct pack *uploads_next(struct uploads *u, bool *arrived_out)
{
	struct pack *pack = NULL;
	int i = -1;

	pthread_mutex_lock(&u->mutex);
	while (u->outcome == TARGET_OK && (i = find(u, PACK_ARRIVED)) < 0 &&
			(i = find(u, PACK_EMPTY)) < 0)
		pthread_cond_wait(&u->changed, &u->mutex);
	if (u->outcome == TARGET_OK) {
		pack = &u->packs[i].pack;
		*arrived_out = u->packs[i].state == PACK_ARRIVED;
		u->packs[i].state = PACK_WRITERS;
	}
	pthread_mutex_unlock(&u->mutex);
	return pack;
}

struct pack *uploads_arrived(struct uploads *u)
{
	struct pack *pack = NULL;
	int i = -1;

	pthread_mutex_lock(&u->mutex);
	while (u->outcome == TARGET_OK && (i = find(u, PACK_ARRIVED)) < 0 &&
			on_the_way(u))
		pthread_cond_wait(&u->changed, &u->mutex);
	if (u->outcome == TARGET_OK && i >= 0) {
		pack = &u->packs[i].pack;
		u->packs[i].state = PACK_WRITERS;
	}
	pthread_mutex_unlock(&u->mutex);
	return pack;
}

static void set_state(struct uploads *u, const struct pack *pack, enum pack_state state)
{
	pthread_mutex_lock(&u->mutex);
	for (size_t i = 0; i < PACKS; i++)
		if (&u->packs[i].pack == pack)
			u->packs[i].state = state;
	pthread_cond_broadcast(&u->changed);
	pthread_mutex_unlock(&u->mutex);
}

void uploads_send(struct uploads *u, struct pack *pack)
{
	set_state(u, pack, PACK_WAITING);
}

void uploads_return(struct uploads *u, struct pack *pack)
{
	set_state(u, pack, PACK_EMPTY);
}

int uploads_outcome(struct uploads *u, struct target_trouble *trouble)
{
	int r;

	pthread_mutex_lock(&u->mutex);
	r = u->outcome;
	if (r)
		*trouble = u->trouble;
	pthread_mutex_unlock(&u->mutex);
	return r;
}
