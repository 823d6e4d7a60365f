#include "runtime/net/net.h"

#include "runtime/base/error.h"
#include "runtime/base/metric.h"
#include "runtime/base/network.h"
#include "runtime/net/arrival.h"
#include "runtime/net/guests.h"
#include "runtime/net/shard.h"
#include "runtime/net/tls_session.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	MOST_LOOPS = 64,
	SHARD_BITS = 8 /* of a session's number, before it is scrambled */
};

struct net {
	struct shard *shards;
	unsigned shard_count;
	atomic_uint turn;
	_Atomic uint64_t sessions_made;

	pthread_mutex_t lock;
	pthread_cond_t change; /* on the monotonic clock */
	struct net_caps caps;
	struct tls_identities *identities;
	struct guests guests;
	struct network *proxies;
	size_t proxy_count;
	size_t open;               /* sockets that the caps count */
	size_t counted, uncounted; /* connections that are not forgotten yet */
};

/* -- session numbers -- */

/* A Feistel network over the process's keyed hash: every number once, in no order that
 * an outsider can tell. */
static uint32_t round_of(uint32_t half, uint32_t round)
{
	uint32_t input[2] = { half, round };

	return (uint32_t)bytes_hash(view_of(input, sizeof(input)));
}

static uint64_t scramble(uint64_t number)
{
	uint32_t left = (uint32_t)(number >> 32), right = (uint32_t)number;

	for (uint32_t round = 0; round < 4; round++) {
		uint32_t next = left ^ round_of(right, round);

		left = right;
		right = next;
	}
	return (uint64_t)left << 32 | right;
}

static uint64_t unscramble(uint64_t number)
{
	uint32_t left = (uint32_t)(number >> 32), right = (uint32_t)number;

	for (uint32_t round = 4; round-- > 0;) {
		uint32_t before = right ^ round_of(left, round);

		right = left;
		left = before;
	}
	return (uint64_t)left << 32 | right;
}

uint64_t net_new_session(struct net *net, const struct shard *shard)
{
	uint64_t index = (uint64_t)(shard - net->shards), session;

	do
		session = scramble(
				atomic_fetch_add(&net->sessions_made, 1) << SHARD_BITS |
				index);
	while (session == 0);
	return session;
}

struct shard *net_shard_of(struct net *net, uint64_t session)
{
	uint64_t index = unscramble(session) & ((1u << SHARD_BITS) - 1);

	return index < net->shard_count ? &net->shards[index] : NULL;
}

/* -- life -- */

static void run_answers(struct job *job)
{
	struct shard *shard = CONTAINER_OF(job, struct shard, answers);
	struct op *op, *next;

	pthread_mutex_lock(&shard->lock);
	op = shard->first_answer;
	shard->first_answer = shard->last_answer = NULL;
	pthread_mutex_unlock(&shard->lock);
	for (; op; op = next) {
		struct connection *c = shard_find(shard, op->session);

		next = op->next;
		op->next = NULL;
		if (c)
			connection_take_answer(c, op);
		else
			op_free(op);
	}
}

static unsigned count_cores(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	return cores > 0 ? (unsigned)cores : 1;
}

static void init_shard(struct net *net, struct shard *shard, unsigned number)
{
	char name[16];

	snprintf(name, sizeof(name), "loop-%u", number % 1000);
	shard->net = net;
	list_init(&shard->connections);
	list_init(&shard->arrivals);
	pthread_mutex_init(&shard->lock, NULL);
	shard->answers.run = run_answers;
	shed_init(shard);
	shard->loop = loop_new(name);
}

struct net *net_new(unsigned loops)
{
	struct net *net = xcalloc(1, sizeof(*net));
	pthread_condattr_t monotonic;

	if (!loops)
		loops = count_cores();
	if (loops > MOST_LOOPS)
		loops = MOST_LOOPS;
	net->caps = (struct net_caps){ SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX };
	pthread_mutex_init(&net->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&net->change, &monotonic);
	pthread_condattr_destroy(&monotonic);
	net->shard_count = loops;
	net->shards = xcalloc(loops, sizeof(*net->shards));
	for (unsigned i = 0; i < loops; i++)
		init_shard(net, &net->shards[i], i);
	return net;
}

static void abort_shard(void *arg)
{
	struct shard *shard = arg;

	LIST_EACH (link, &shard->arrivals)
		arrival_abort(link);
	LIST_EACH (link, &shard->connections)
		connection_abort(connection_of(link));
}

void net_free(struct net *net)
{
	if (!net)
		return;
	for (unsigned i = 0; i < net->shard_count; i++)
		loop_call(net->shards[i].loop, abort_shard, &net->shards[i]);
	pthread_mutex_lock(&net->lock);
	while (net->counted + net->uncounted)
		pthread_cond_wait(&net->change, &net->lock);
	pthread_mutex_unlock(&net->lock);
	for (unsigned i = 0; i < net->shard_count; i++) {
		loop_free(net->shards[i].loop);
		assert(list_empty(&net->shards[i].connections) &&
				list_empty(&net->shards[i].arrivals));
		map_free(&net->shards[i].by_session);
		pthread_mutex_destroy(&net->shards[i].lock);
	}
	guests_deinit(&net->guests);
	free(net->proxies);
	tls_identities_unref(net->identities);
	pthread_cond_destroy(&net->change);
	pthread_mutex_destroy(&net->lock);
	free(net->shards);
	free(net);
}

struct shard *net_next_shard(struct net *net)
{
	return &net->shards[atomic_fetch_add(&net->turn, 1) % net->shard_count];
}

struct loop *net_loop(struct net *net)
{
	return net_next_shard(net)->loop;
}

/* -- caps -- */

void net_set_caps(struct net *net, struct net_caps caps)
{
	pthread_mutex_lock(&net->lock);
	net->caps = caps;
	pthread_mutex_unlock(&net->lock);
	for (unsigned i = 0; i < net->shard_count; i++)
		shed_set_share(&net->shards[i], caps.memory / net->shard_count);
}

bool net_set_proxies(struct net *net, const struct view *proxies, size_t count)
{
	CLEANUP(freep) struct network *parsed = xcalloc(count, sizeof(*parsed));

	for (size_t i = 0; i < count; i++)
		if (!network_parse(proxies[i], &parsed[i]))
			return false;
	pthread_mutex_lock(&net->lock);
	free(net->proxies);
	net->proxies = TAKE(parsed);
	net->proxy_count = count;
	pthread_mutex_unlock(&net->lock);
	return true;
}

bool net_is_proxy(struct net *net, const struct peer *peer)
{
	bool listed = false;

	pthread_mutex_lock(&net->lock);
	for (size_t i = 0; i < net->proxy_count && !listed; i++)
		listed = network_has(&net->proxies[i], &peer->address);
	pthread_mutex_unlock(&net->lock);
	return listed;
}

/* Locked. Counts it by its place; the cap that is reached, or NULL. */
static const char *enter(struct net *net, const struct peer *peer)
{
	if (peer->proxy)
		return NULL;
	switch (guests_enter(&net->guests, &peer->address, net->caps.connections_per_ip,
			net->caps.connections_per_network)) {
	case GUESTS_E_ADDRESS:
		return "connections_per_ip";
	case GUESTS_E_NETWORK:
		return "connections_per_network";
	}
	return NULL;
}

/* Locked. */
static const char *refusal(struct net *net, const struct peer *peer)
{
	if (net->open < net->caps.connections)
		return enter(net, peer);
	shed_for_newcomers(net_next_shard(net));
	return "connections";
}

const char *net_rename(struct net *net, const struct peer *proxy, const struct peer *peer)
{
	const char *refused;

	assert(proxy->proxy && !peer->proxy);
	pthread_mutex_lock(&net->lock);
	refused = enter(net, peer);
	pthread_mutex_unlock(&net->lock);
	return refused;
}

const char *net_admit(struct net *net, const struct port *port, const struct peer *peer)
{
	const char *refused = NULL;

	pthread_mutex_lock(&net->lock);
	if (port->uncounted) {
		net->uncounted++;
	} else if (!(refused = refusal(net, peer))) {
		metric_add(METRIC_CONNECTIONS_ACCEPTED, port->label, 0, 1);
		net->open++;
		net->counted++;
	}
	pthread_mutex_unlock(&net->lock);
	return refused;
}

void net_await(struct net *net)
{
	pthread_mutex_lock(&net->lock);
	net->counted++;
	pthread_mutex_unlock(&net->lock);
}

void net_dismiss(struct net *net, const struct port *port, const struct peer *peer)
{
	if (port->uncounted)
		return;
	pthread_mutex_lock(&net->lock);
	net->open--;
	if (!peer->proxy)
		guests_leave(&net->guests, &peer->address);
	pthread_mutex_unlock(&net->lock);
}

void net_forget(struct net *net, const struct port *port)
{
	pthread_mutex_lock(&net->lock);
	if (port->uncounted)
		net->uncounted--;
	else
		net->counted--;
	pthread_cond_broadcast(&net->change);
	pthread_mutex_unlock(&net->lock);
}

size_t net_sessions(struct net *net)
{
	size_t open;

	pthread_mutex_lock(&net->lock);
	open = net->open;
	pthread_mutex_unlock(&net->lock);
	return open;
}

/* -- identities -- */

void net_set_identities(struct net *net, struct tls_identities *identities)
{
	struct tls_identities *before;

	if (identities)
		tls_identities_ref(identities);
	pthread_mutex_lock(&net->lock);
	before = net->identities;
	net->identities = identities;
	pthread_mutex_unlock(&net->lock);
	tls_identities_unref(before);
}

struct tls_identities *net_identities(struct net *net)
{
	struct tls_identities *identities;

	pthread_mutex_lock(&net->lock);
	identities = net->identities;
	if (identities)
		tls_identities_ref(identities);
	pthread_mutex_unlock(&net->lock);
	return identities;
}

bool net_has_identities(struct net *net)
{
	bool has;

	pthread_mutex_lock(&net->lock);
	has = net->identities;
	pthread_mutex_unlock(&net->lock);
	return has;
}

/* -- answers and events -- */

void connection_answer(struct net *net, struct op *op)
{
	struct shard *shard = net_shard_of(net, op->session);
	bool post;

	assert(shard);
	op->next = NULL;
	pthread_mutex_lock(&shard->lock);
	post = !shard->first_answer;
	if (post)
		shard->first_answer = op;
	else
		shard->last_answer->next = op;
	shard->last_answer = op;
	/* Within the lock: the answer may be the last thing that keeps the loop. */
	if (post)
		loop_post(shard->loop, &shard->answers);
	pthread_mutex_unlock(&shard->lock);
}

struct told {
	struct job job;
	struct shard *shard;
	uint64_t session;
	enum engine_event event;
	uint64_t arg;
};

static void run_told(struct job *job)
{
	struct told *told = CONTAINER_OF(job, struct told, job);
	struct connection *c = shard_find(told->shard, told->session);

	if (c)
		connection_take_event(c, told->event, told->arg);
	free(told);
}

void connection_event(
		struct net *net, uint64_t session, enum engine_event event, uint64_t arg)
{
	struct shard *shard = net_shard_of(net, session);
	struct told *told;

	if (!shard)
		return;
	told = xmalloc(sizeof(*told));
	*told = (struct told){ { NULL, run_told }, shard, session, event, arg };
	loop_post(shard->loop, &told->job);
}

/* -- the end -- */

static void drain_shard(void *arg)
{
	struct shard *shard = arg;

	shard->draining = true;
	LIST_EACH (link, &shard->arrivals)
		arrival_abort(link);
	LIST_EACH (link, &shard->connections) {
		struct connection *c = connection_of(link);

		if (!connection_port(c)->uncounted)
			connection_take_event(c, ENGINE_DRAIN, 0);
	}
}

void net_drain(struct net *net)
{
	for (unsigned i = 0; i < net->shard_count; i++)
		loop_call(net->shards[i].loop, drain_shard, &net->shards[i]);
}

static void abort_counted(void *arg)
{
	struct shard *shard = arg;

	LIST_EACH (link, &shard->connections) {
		struct connection *c = connection_of(link);

		if (!connection_port(c)->uncounted)
			connection_abort(c);
	}
}

size_t net_wait(struct net *net, nstime until)
{
	const struct timespec limit = { until / NS_PER_S, until % NS_PER_S };
	size_t left;
	int r = 0;

	pthread_mutex_lock(&net->lock);
	while (net->counted && !r)
		r = pthread_cond_timedwait(&net->change, &net->lock, &limit);
	left = net->counted;
	pthread_mutex_unlock(&net->lock);
	if (!left)
		return 0;
	for (unsigned i = 0; i < net->shard_count; i++)
		loop_call(net->shards[i].loop, abort_counted, &net->shards[i]);
	pthread_mutex_lock(&net->lock);
	while (net->counted)
		pthread_cond_wait(&net->change, &net->lock);
	pthread_mutex_unlock(&net->lock);
	return left;
}
