#include "runtime/net/shed.h"

#include "runtime/base/log.h"
#include "runtime/net/shard.h"

enum {
	BULK = 64 * 1024
};

#define SILENCE nstime_seconds(2)

enum rank shed_rank(const struct standing *s)
{
	if (!s->known)
		return s->silent >= SILENCE && !s->waited_on ? RANK_SILENT
							     : RANK_STRANGER;
	return s->weight >= BULK ? RANK_BULK : RANK_KNOWN;
}

static size_t share_of(const struct shard *shard)
{
	return atomic_load_explicit(&shard->share, memory_order_relaxed);
}

/* Who was silent for longest stands first. True once it is enough. */
static bool shed_rank_to(struct shard *shard, enum rank rank, size_t most, nstime now)
{
	LIST_EACH (link, &shard->connections) {
		struct connection *c = connection_of(link);

		if (shard->weight <= most)
			return true;
		if (connection_rank(c, now) == rank)
			connection_shed(c, rank, now);
	}
	return shard->weight <= most;
}

static void make_places(struct shard *shard, unsigned wanted, nstime now)
{
	LIST_EACH (link, &shard->connections) {
		struct connection *c = connection_of(link);

		if (wanted == 0)
			return;
		if (connection_rank(c, now) != RANK_SILENT)
			continue;
		connection_shed(c, RANK_SILENT, now);
		wanted--;
	}
}

static void run_shed(struct job *job)
{
	struct shard *shard = CONTAINER_OF(job, struct shard, shed);
	size_t share = share_of(shard), most = share - share / 8;
	nstime now = clock_now();

	atomic_store(&shard->shed_is_posted, false);
	make_places(shard, atomic_exchange(&shard->places_wanted, 0), now);
	if (shard->weight <= share)
		return;
	for (enum rank rank = RANK_SILENT; rank < RANKS; rank++) {
		if (rank == RANK_BULK)
			most = share; /* nobody who has logged in goes for some slack */
		if (shed_rank_to(shard, rank, most, now))
			return;
	}
}

static void post(struct shard *shard)
{
	if (!atomic_exchange(&shard->shed_is_posted, true))
		loop_post(shard->loop, &shard->shed);
}

void shed_weighed(struct shard *shard, size_t before, size_t after)
{
	shard->weight += after - before;
	if (after > before && shard->weight > share_of(shard))
		post(shard);
}

void shed_for_newcomers(struct shard *shard)
{
	atomic_fetch_add(&shard->places_wanted, 1);
	post(shard);
}

void shed_init(struct shard *shard)
{
	shard->shed.run = run_shed;
	atomic_store(&shard->share, SIZE_MAX);
}

void shed_set_share(struct shard *shard, size_t bytes)
{
	atomic_store(&shard->share, bytes);
	post(shard);
}
