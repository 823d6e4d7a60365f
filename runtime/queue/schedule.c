/* Two heaps deep: the lanes by when each may send next, and in each lane its errands by when
 * they are due. */
#include "runtime/queue/schedule.h"

#include "runtime/base/error.h"
#include "runtime/base/heap.h"
#include "runtime/base/map.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct lane {
	struct heap_link link; /* schedule->ready: when its next errand may go */
	struct heap waiting;
	struct map by_message;
	nstime held_until;
	size_t out;
	size_t name_len;
	char name[];
};

struct errand {
	struct heap_link link; /* lane->waiting; in none while it is out */
	struct lane *lane;
	uint64_t message;
};

struct schedule {
	struct schedule_bounds bounds;
	struct map lanes;
	struct heap ready;
	size_t count, out;
};

struct schedule *schedule_new(struct schedule_bounds bounds)
{
	struct schedule *s = xcalloc(1, sizeof(*s));

	assert(bounds.in_lane && bounds.in_all);
	s->bounds = bounds;
	return s;
}

/* -- lanes -- */

static struct view lane_name(const struct lane *lane)
{
	return view_of(lane->name, lane->name_len);
}

static struct lane *lane_of(struct schedule *s, struct view name)
{
	struct lane *lane = map_get(&s->lanes, name);

	if (lane)
		return lane;
	lane = xcalloc(1, sizeof(*lane) + name.len);
	lane->name_len = name.len;
	memcpy(lane->name, name.data, name.len);
	map_set(&s->lanes, lane_name(lane), lane);
	return lane;
}

static void lane_free(struct lane *lane)
{
	size_t at = 0;
	struct view key;
	void *errand;

	while (map_next(&lane->by_message, &at, &key, &errand))
		free(errand);
	map_free(&lane->by_message);
	heap_free(&lane->waiting);
	free(lane);
}

void schedule_free(struct schedule *s)
{
	size_t at = 0;
	struct view name;
	void *lane;

	if (!s)
		return;
	while (map_next(&s->lanes, &at, &name, &lane))
		lane_free(lane);
	map_free(&s->lanes);
	heap_free(&s->ready);
	free(s);
}

/* Puts the lane where it belongs among the others, after anything about it has changed; one
 * that holds no errand goes. */
static void lane_changed(struct schedule *s, struct lane *lane)
{
	nstime due = heap_due(&lane->waiting);

	if (due == NSTIME_NEVER || lane->out >= s->bounds.in_lane)
		heap_remove(&s->ready, &lane->link);
	else
		heap_set(&s->ready, &lane->link,
				due > lane->held_until ? due : lane->held_until);
	if (map_count(&lane->by_message))
		return;
	map_remove(&s->lanes, lane_name(lane));
	lane_free(lane);
}

/* -- errands -- */

static struct view key_of(const uint64_t *message)
{
	return view_of((const char *)message, sizeof(*message));
}

bool schedule_add(
		struct schedule *s, struct view destination, uint64_t message, nstime due)
{
	struct lane *lane = lane_of(s, destination);
	struct errand *errand = map_get(&lane->by_message, key_of(&message));

	if (errand) {
		if (errand->link.at && due < errand->link.due)
			heap_set(&lane->waiting, &errand->link, due);
		lane_changed(s, lane);
		return false;
	}
	errand = xcalloc(1, sizeof(*errand));
	errand->lane = lane;
	errand->message = message;
	map_set(&lane->by_message, key_of(&errand->message), errand);
	heap_set(&lane->waiting, &errand->link, due);
	s->count++;
	lane_changed(s, lane);
	return true;
}

static struct errand *send_out(struct schedule *s, struct lane *lane)
{
	struct errand *errand =
			HEAP_ITEM(heap_first(&lane->waiting), struct errand, link);

	heap_remove(&lane->waiting, &errand->link);
	lane->out++;
	s->out++;
	lane_changed(s, lane);
	return errand;
}

struct errand *schedule_next(struct schedule *s, nstime now)
{
	if (s->out >= s->bounds.in_all || heap_due(&s->ready) > now)
		return NULL;
	return send_out(s, HEAP_ITEM(heap_first(&s->ready), struct lane, link));
}

struct errand *schedule_follow(struct schedule *s, const struct errand *after, nstime now)
{
	struct lane *lane = after->lane;

	if (heap_due(&lane->waiting) > now || lane->held_until > now)
		return NULL;
	return send_out(s, lane);
}

static void come_home(struct schedule *s, struct errand *errand)
{
	assert(!errand->link.at && errand->lane->out && s->out);
	errand->lane->out--;
	s->out--;
}

static void errand_free(struct schedule *s, struct errand *errand)
{
	map_remove(&errand->lane->by_message, key_of(&errand->message));
	s->count--;
	lane_changed(s, errand->lane);
	free(errand);
}

void schedule_done(struct schedule *s, struct errand *errand)
{
	come_home(s, errand);
	errand_free(s, errand);
}

void schedule_again(struct schedule *s, struct errand *errand, nstime due)
{
	come_home(s, errand);
	heap_set(&errand->lane->waiting, &errand->link, due);
	lane_changed(s, errand->lane);
}

bool schedule_drop(struct schedule *s, struct view destination, uint64_t message)
{
	struct lane *lane = map_get(&s->lanes, destination);
	struct errand *errand =
			lane ? map_get(&lane->by_message, key_of(&message)) : NULL;

	if (!errand || !errand->link.at)
		return false;
	heap_remove(&lane->waiting, &errand->link);
	errand_free(s, errand);
	return true;
}

void schedule_hold(struct schedule *s, struct view destination, nstime until)
{
	struct lane *lane = map_get(&s->lanes, destination);

	if (!lane)
		return;
	lane->held_until = until;
	lane_changed(s, lane);
}

void schedule_release(struct schedule *s)
{
	size_t at = 0;
	struct view name;
	void *lane;

	while (map_next(&s->lanes, &at, &name, &lane)) {
		((struct lane *)lane)->held_until = 0;
		lane_changed(s, lane);
	}
}

nstime schedule_deadline(const struct schedule *s)
{
	return s->out >= s->bounds.in_all ? NSTIME_NEVER : heap_due(&s->ready);
}

uint64_t errand_message(const struct errand *errand)
{
	return errand->message;
}

struct view errand_destination(const struct errand *errand)
{
	return lane_name(errand->lane);
}

size_t schedule_count(const struct schedule *s)
{
	return s->count;
}

size_t schedule_out(const struct schedule *s)
{
	return s->out;
}
