#include "tests/lib/fake_zone/fake_zone.h"

#include "agent/provider/ask.h"
#include "agent/provider/provider.h"
#include "runtime/base/error.h"
#include "tests/lib/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
	MOST_SETS = 256,
	KEY_MAX = 300,
	VALUES_MAX = 4096,
	MOST_VALUES = 32,
	PROVIDER = FAKE_SERVERS, /* the last of the places */
	PLACES,
};

/* A set, or that there is none any more. The newest of a key counts: it is complete once it
 * has its age, so that a process which is killed as it writes leaves the one before. */
struct set {
	atomic_ulong age; /* 0: free */
	uint32_t ttl;
	char key[KEY_MAX]; /* "name/type" */
	char values[VALUES_MAX];
};

struct fault {
	const char *on, *reason;
	bool after;
	unsigned left;
};

/* Shared with children that are killed. */
struct shared {
	struct set sets[PLACES][MOST_SETS];
	atomic_ulong age, changes;
	atomic_bool lags, silent[FAKE_SERVERS];
};

static struct shared *shared;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *gone;
static struct fault fault;

void (*fake_zone_boundary)(int after);

/* -- sets -- */

static struct set *find(int place, const char *key)
{
	struct set *newest = NULL;

	for (size_t i = 0; i < MOST_SETS; i++) {
		struct set *set = &shared->sets[place][i];

		if (set->age && strcmp(set->key, key) == 0 &&
				(!newest || newest->age < set->age))
			newest = set;
	}
	return newest;
}

static struct set *free_one(int place)
{
	for (size_t i = 0; i < MOST_SETS; i++)
		if (!shared->sets[place][i].age)
			return &shared->sets[place][i];
	fail_msg("more sets than there is room for");
	return NULL;
}

static void put(int place, const char *key, uint32_t ttl, const char *values)
{
	struct set *set = free_one(place), *before;

	assert_true(strlen(key) < KEY_MAX && strlen(values) < VALUES_MAX);
	strcpy(set->key, key);
	strcpy(set->values, values);
	set->ttl = ttl;
	set->age = ++shared->age;
	for (size_t i = 0; i < MOST_SETS; i++) {
		before = &shared->sets[place][i];
		if (before != set && before->age && strcmp(before->key, key) == 0)
			before->age = 0;
	}
	if (!values[0])
		set->age = 0;
}

static const char *key_of(struct arena *arena, const char *name, const char *type)
{
	return arena_copy_z(arena, arena_printf(arena, "%s/%s", name, type));
}

static void read_set(int place, struct view name, struct view type, struct arena *arena,
		struct rrset *out)
{
	const struct set *set =
			find(place, arena_copy_z(arena, arena_printf(arena, "%.*s/%.*s",
									VIEW_ARG(name),
									VIEW_ARG(type))));
	struct view rest = VIEW_NULL, values[MOST_VALUES];
	size_t count = 0;

	*out = (struct rrset){ .name = name, .type = type };
	if (set)
		rest = arena_copy(arena, view_z(set->values));
	while (rest.len && count < MOST_VALUES)
		values[count++] = view_cut(&rest, '|');
	if (count)
		assert_int_equal(rrset_make(arena, name, type, set->ttl, values, count,
						 out),
				0);
}

static void write_set(int place, const struct rrset *set)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(buf_free) struct buf values = BUF_NULL(FAKE_TEXT);

	for (size_t i = 0; i < set->count; i++)
		buf_addf(&values, "%s%.*s", i ? "|" : "", VIEW_ARG(set->values[i]));
	buf_add_byte(&values, '\0');
	put(place,
			arena_copy_z(arena, arena_printf(arena, "%.*s/%.*s",
							    VIEW_ARG(set->name),
							    VIEW_ARG(set->type))),
			set->ttl, values.data);
}

/* -- the world -- */

void fake_zone_reset(void)
{
	if (!shared) {
		shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		assert_true(shared != MAP_FAILED);
	}
	memset((void *)shared, 0, sizeof(*shared));
	gone = NULL;
	fault = (struct fault){ 0 };
	fake_zone_boundary = NULL;
}

void fake_zone_lag(bool lags)
{
	shared->lags = lags;
}

void fake_zone_follow(int server)
{
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < MOST_SETS; i++)
		shared->sets[server][i].age = 0;
	for (size_t i = 0; i < MOST_SETS; i++) {
		const struct set *set = &shared->sets[PROVIDER][i];

		if (set->age)
			put(server, set->key, set->ttl, set->values);
	}
	pthread_mutex_unlock(&lock);
}

void fake_zone_silence(int server, bool silent)
{
	shared->silent[server] = silent;
}

void fake_zone_put(const char *name, const char *type, uint32_t ttl, const char *values)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();

	pthread_mutex_lock(&lock);
	for (int place = 0; place < PLACES; place++)
		put(place, key_of(arena, name, type), ttl, values);
	pthread_mutex_unlock(&lock);
}

static void print_set(int place, const char *name, const char *type, struct buf *out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	const struct set *set;

	pthread_mutex_lock(&lock);
	set = find(place, key_of(arena, name, type));
	if (set)
		buf_addf(out, "%u %s", (unsigned)set->ttl, set->values);
	pthread_mutex_unlock(&lock);
}

void fake_zone_at_provider(const char *name, const char *type, struct buf *out)
{
	print_set(PROVIDER, name, type, out);
}

void fake_zone_at_server(int server, const char *name, const char *type, struct buf *out)
{
	print_set(server, name, type, out);
}

void fake_zone_gone(const char *zone)
{
	gone = zone;
}

void fake_zone_fault(const char *on, const char *reason, bool after, unsigned count)
{
	pthread_mutex_lock(&lock);
	fault = (struct fault){ on, reason, after, count };
	pthread_mutex_unlock(&lock);
}

size_t fake_zone_changes(void)
{
	return shared->changes;
}

static int by_text(const void *left, const void *right)
{
	const struct set *const *a = left, *const *b = right;

	return strcmp((*a)->key, (*b)->key);
}

void fake_zone_print(struct buf *out)
{
	const struct set *sorted[MOST_SETS];
	size_t count = 0;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < MOST_SETS; i++)
		if (shared->sets[PROVIDER][i].age)
			sorted[count++] = &shared->sets[PROVIDER][i];
	qsort(sorted, count, sizeof(struct set *), by_text);
	for (size_t i = 0; i < count; i++)
		buf_addf(out, "%s %u %s\n", sorted[i]->key, (unsigned)sorted[i]->ttl,
				sorted[i]->values);
	pthread_mutex_unlock(&lock);
}

/* -- calls -- */

static bool takes_fault(const char *on, bool after, struct effect_answer *answer)
{
	bool fails;

	pthread_mutex_lock(&lock);
	fails = fault.left && strcmp(fault.on, on) == 0 && fault.after == after;
	fault.left -= fails;
	pthread_mutex_unlock(&lock);
	if (fails)
		effect_failed(answer, fault.reason, "as the test says");
	return fails;
}

static bool is_gone(struct view zone)
{
	size_t dots = 0;

	for (size_t i = 0; i < zone.len; i++)
		dots += zone.data[i] == '.';
	return dots != 1 || (gone && view_eq(zone, view_z(gone)));
}

static int refuse_gone(struct effect_answer *answer, struct view zone)
{
	return effect_failed(answer, "ZoneGone", "nobody has %.*s", VIEW_ARG(zone));
}

/* -- the servers -- */

const char *ask_said_text(enum ask_said said)
{
	return said == ASK_SILENT ? "does not answer" : "answers";
}

int ask_servers(const struct ask *ask, struct view zone, struct ask_servers *out,
		struct effect_answer *answer)
{
	if (takes_fault("ask", false, answer))
		return EFFECT_E_FAILED;
	if (is_gone(zone))
		return refuse_gone(answer, zone);
	*out = (struct ask_servers){
		.zone = zone,
		.items = arena_array(ask->arena, FAKE_SERVERS, sizeof(*out->items)),
		.count = FAKE_SERVERS,
	};
	for (int i = 0; i < FAKE_SERVERS; i++)
		out->items[i] = (struct ask_server){
			.name = arena_printf(
					ask->arena, "ns%d.%.*s", i + 1, VIEW_ARG(zone)),
			.address = arena_printf(ask->arena, "192.0.2.%d", i + 1),
			.allowed = true,
		};
	return 0;
}

int ask_all(const struct ask *ask, const struct ask_servers *servers, struct view name,
		struct view type, struct ask_replies *out, struct effect_answer *answer)
{
	(void)answer;
	out->items = arena_array(ask->arena, servers->count, sizeof(*out->items));
	out->count = servers->count;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < servers->count; i++) {
		struct ask_reply *reply = &out->items[i];

		*reply = (struct ask_reply){ .server = &servers->items[i] };
		reply->said = shared->silent[i] ? ASK_SILENT : ASK_ANSWERED;
		if (reply->said == ASK_ANSWERED)
			read_set((int)i, name, type, ask->arena, &reply->set);
	}
	pthread_mutex_unlock(&lock);
	return 0;
}

/* -- the provider -- */

static int read_provider(const struct provider_call *call, struct view name,
		struct view type, struct rrset *out, struct effect_answer *answer)
{
	if (takes_fault("read", false, answer))
		return EFFECT_E_FAILED;
	if (is_gone(call->zone))
		return refuse_gone(answer, call->zone);
	pthread_mutex_lock(&lock);
	read_set(PROVIDER, name, type, call->arena, out);
	pthread_mutex_unlock(&lock);
	return 0;
}

static bool is_still(const struct rrset *before, struct arena *arena)
{
	struct rrset now;

	read_set(PROVIDER, before->name, before->type, arena, &now);
	return rrset_eq(&now, before);
}

static bool change_set(const struct rrset *before, const struct rrset *after,
		struct arena *arena)
{
	bool still;

	pthread_mutex_lock(&lock);
	still = is_still(before, arena);
	for (int place = 0; place < PLACES && still; place++)
		if (place == PROVIDER || !shared->lags)
			write_set(place, after);
	shared->changes += still;
	pthread_mutex_unlock(&lock);
	return still;
}

static int change_provider(const struct provider_call *call, const struct rrset *before,
		const struct rrset *after, struct effect_answer *answer)
{
	if (fake_zone_boundary)
		fake_zone_boundary(0);
	if (takes_fault("change", false, answer)) {
		answer->untouched = true;
		return EFFECT_E_FAILED;
	}
	if (is_gone(call->zone))
		return refuse_gone(answer, call->zone);
	if (!change_set(before, after, call->arena)) {
		answer->untouched = true;
		return effect_failed(answer, "Busy", "somebody changed it in between");
	}
	if (fake_zone_boundary)
		fake_zone_boundary(1);
	return takes_fault("change", true, answer) ? EFFECT_E_FAILED : 0;
}

static int probe_provider(const struct provider_call *call, struct effect_answer *answer)
{
	if (takes_fault("probe", false, answer))
		return EFFECT_E_FAILED;
	return is_gone(call->zone) ? refuse_gone(answer, call->zone) : 0;
}

const struct dns_provider dns_powerdns = {
	.type = "powerdns",
	.read = read_provider,
	.change = change_provider,
	.probe = probe_provider,
};
