/* DATA/sending is records of one size, one an account, rewritten in place:
 *
 *   uid 16 · period 8 · newest 8 · counts 17 × 4 · zero · digest of all before it 8
 *
 * in the byte order of the machine that wrote it; another reads torn records. */
#include "runtime/service/allowance.h"

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/map.h"
#include "runtime/crypto/digest.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	PARTS = 16,         /* of a period */
	COUNTS = PARTS + 1, /* with the one that is running */
	RECORD = 128,
	RECORD_DIGEST = 8,
	FILE_MAX = 256 * 1024 * 1024,
};

struct record {
	unsigned char uid[ACCOUNT_UID_SIZE];
	int64_t period;          /* seconds */
	int64_t newest;          /* the part that is running: its number since 1970 */
	uint32_t counts[COUNTS]; /* by number modulo COUNTS */
};

static_assert(sizeof(struct record) <= RECORD - RECORD_DIGEST, "a record has room");

struct allowance {
	struct record record;
	int64_t told;   /* the part in which it was last said to be spent */
	uint64_t place; /* of its record in the file */
};

struct allowances {
	char *path;
	const struct os *os;
	pthread_mutex_t lock;
	struct map by_uid;
	uint64_t places;
	int fd;      /* < 0: not open yet */
	bool failed; /* it could not be written, and that was said */
};

/* -- the window -- */

/* Seconds in a part: rounded up, so that all of them are no less than the period. */
static int64_t part_length(const struct record *r)
{
	return (r->period + PARTS - 1) / PARTS;
}

/* Parts that the period reaches over, with the one that is running: at most COUNTS. */
static int64_t parts_in(const struct record *r)
{
	int64_t length = part_length(r);

	return (r->period + length - 1) / length + 1;
}

static uint64_t sum(const struct record *r)
{
	uint64_t all = 0;

	for (int64_t i = 0; i < parts_in(r); i++)
		all += r->counts[(uint64_t)(r->newest - i) % COUNTS];
	return all;
}

/* A clock that went back counts into the newest part. */
static void move_on(struct record *r, walltime now)
{
	int64_t part = now / part_length(r);

	if (part - r->newest >= COUNTS) {
		memset(r->counts, 0, sizeof(r->counts));
		r->newest = part;
	}
	while (r->newest < part)
		r->counts[(uint64_t)++r->newest % COUNTS] = 0;
}

/* Another period begins with what counted in the old one. */
static void set_period(struct record *r, int64_t period, walltime now)
{
	uint64_t all = 0;

	if (r->period) {
		move_on(r, now);
		all = sum(r);
	}
	memset(r->counts, 0, sizeof(r->counts));
	r->period = period;
	r->newest = now / part_length(r);
	r->counts[(uint64_t)r->newest % COUNTS] =
			all < UINT32_MAX ? (uint32_t)all : UINT32_MAX;
}

/* -- the file -- */

static void digest_record(const unsigned char bytes[RECORD], unsigned char *out)
{
	unsigned char digest[DIGEST_SIZE];

	digest_bytes(view_of(bytes, RECORD - RECORD_DIGEST), digest);
	memcpy(out, digest, RECORD_DIGEST);
}

static void print_record(const struct record *r, unsigned char out[RECORD])
{
	memset(out, 0, RECORD);
	memcpy(out, r, sizeof(*r));
	digest_record(out, out + RECORD - RECORD_DIGEST);
}

static bool read_record(const unsigned char bytes[RECORD], struct record *out)
{
	unsigned char digest[RECORD_DIGEST];

	digest_record(bytes, digest);
	if (memcmp(digest, bytes + RECORD - RECORD_DIGEST, RECORD_DIGEST) != 0)
		return false;
	memcpy(out, bytes, sizeof(*out));
	return out->period > 0;
}

static void report(struct allowances *all, int r)
{
	if (!all->failed)
		log_event(LOG_ERROR, "sending.record.failed", log_fault(r),
				log_text("next", "what accounts have sent is known until "
						 "a restart; look at the disk"));
	all->failed = true;
}

/* Locked. */
static int open_file(struct allowances *all)
{
	if (all->fd < 0)
		all->fd = all->os->open(
				all->os->state, all->path, O_RDWR | O_CREAT, 0600);
	return all->fd < 0 ? all->fd : 0;
}

/* Locked. */
static void write_record(struct allowances *all, const struct allowance *a)
{
	unsigned char bytes[RECORD];
	int r = open_file(all);

	print_record(&a->record, bytes);
	if (r == 0)
		r = all->os->write(all->os->state, all->fd, view_of(bytes, RECORD),
				(off_t)(a->place * RECORD));
	if (r)
		report(all, r);
	else
		all->failed = false;
}

/* -- accounts -- */

/* Locked. */
static struct allowance *add(
		struct allowances *all, const unsigned char uid[ACCOUNT_UID_SIZE])
{
	struct allowance *a = xcalloc(1, sizeof(*a));

	memcpy(a->record.uid, uid, ACCOUNT_UID_SIZE);
	a->told = -1;
	a->place = all->places++;
	map_set(&all->by_uid, view_of(a->record.uid, ACCOUNT_UID_SIZE), a);
	return a;
}

static struct allowance *find(
		const struct allowances *all, const unsigned char uid[ACCOUNT_UID_SIZE])
{
	return map_get(&all->by_uid, view_of(uid, ACCOUNT_UID_SIZE));
}

/* An account stays where its record is; the place of a torn one is lost until its account
 * writes again. */
static void take_file(struct allowances *all, const char *bytes, size_t len)
{
	for (size_t at = 0; at + RECORD <= len; at += RECORD) {
		struct record record;
		struct allowance *a;

		if (!read_record((const unsigned char *)bytes + at, &record) ||
				find(all, record.uid)) {
			all->places++;
			continue;
		}
		a = add(all, record.uid);
		a->record = record;
	}
}

struct allowances *allowances_new(const char *data, const struct os *os)
{
	struct allowances *all = xcalloc(1, sizeof(*all));
	CLEANUP(freep) char *bytes = NULL;
	size_t len;
	int r;

	all->os = os;
	all->fd = -1;
	pthread_mutex_init(&all->lock, NULL);
	if (asprintf(&all->path, "%s/sending", data) < 0)
		die("out of memory");
	r = os_read_file(os, all->path, FILE_MAX, &bytes, &len);
	if (r == 0)
		take_file(all, bytes, len);
	else if (r != -ENOENT)
		report(all, r);
	return all;
}

void allowances_free(struct allowances *all)
{
	struct view uid;
	size_t at = 0;
	void *value;

	if (!all)
		return;
	while (map_next(&all->by_uid, &at, &uid, &value))
		free(value);
	map_free(&all->by_uid);
	if (all->fd >= 0)
		all->os->close(all->os->state, all->fd);
	pthread_mutex_destroy(&all->lock);
	free(all->path);
	free(all);
}

/* -- taking -- */

/* Locked. */
static int take(struct allowance *a, const struct account_spec *account, walltime now)
{
	struct record *r = &a->record;
	int64_t period = account->send_period / NS_PER_S;

	if (r->period != period)
		set_period(r, period, now);
	move_on(r, now);
	if (sum(r) < account->send_limit) {
		r->counts[(uint64_t)r->newest % COUNTS]++;
		return ALLOWANCE_OK;
	}
	if (a->told == r->newest)
		return ALLOWANCE_E_SPENT;
	a->told = r->newest;
	return ALLOWANCE_E_SPENT_FIRST;
}

int allowance_take(
		struct allowances *all, const struct account_spec *account, walltime now)
{
	struct allowance *a;
	int r;

	if (account->send_period < NS_PER_S)
		return ALLOWANCE_OK;
	pthread_mutex_lock(&all->lock);
	a = find(all, account->uid);
	if (!a)
		a = add(all, account->uid);
	r = take(a, account, now);
	pthread_mutex_unlock(&all->lock);
	return r;
}

/* From the part in which they were taken on: a message is on its way for some of them. */
static void give_back(struct record *r, size_t count, walltime taken)
{
	int64_t part = taken / part_length(r);

	if (part < r->newest - PARTS)
		part = r->newest - PARTS;
	for (; part <= r->newest && count; part++) {
		uint32_t *here = &r->counts[(uint64_t)part % COUNTS];
		uint32_t some = count < *here ? (uint32_t)count : *here;

		*here -= some;
		count -= some;
	}
}

void allowance_give_back(struct allowances *all,
		const unsigned char account[ACCOUNT_UID_SIZE], size_t count,
		walltime taken)
{
	struct allowance *a;

	pthread_mutex_lock(&all->lock);
	a = find(all, account);
	if (a && count)
		give_back(&a->record, count, taken);
	pthread_mutex_unlock(&all->lock);
}

void allowance_keep(struct allowances *all, const unsigned char account[ACCOUNT_UID_SIZE])
{
	const struct allowance *a;

	pthread_mutex_lock(&all->lock);
	a = find(all, account);
	if (a)
		write_record(all, a);
	pthread_mutex_unlock(&all->lock);
}
