#include "agent/backup/target_inside.h"

#include "runtime/base/error.h"
#include "runtime/crypto/random.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	PATIENCE_S = 60,
	SLICE_MS = 50, /* between two looks at `stopping` */
	FIRST_WAIT_MS = 200,
	LONGEST_WAIT_S = 30,
	PART_RANDOM = 8,
};

/* clang-format off */
static const struct target_methods *const methods[TARGETS] = {
	[TARGET_DIRECTORY] = &target_directory_methods,
	[TARGET_S3]        = &target_s3_methods,
	[TARGET_SFTP]      = &target_sftp_methods,
};
/* clang-format on */

int target_failed(struct target_trouble *trouble, const char *reason, const char *format,
		...)
{
	va_list args;

	trouble->reason = reason;
	va_start(args, format);
	vsnprintf(trouble->message, sizeof(trouble->message), format, args);
	va_end(args);
	return TARGET_E_FAILED;
}

nstime target_patience(const struct target *target)
{
	return target->place->patience ? target->place->patience
				       : nstime_seconds(PATIENCE_S);
}

bool target_stopping(const struct target *target)
{
	return target->place->stopping && atomic_load(target->place->stopping);
}

void target_part_name(struct view name, struct buf *out)
{
	size_t slash = view_find(name, '/');
	unsigned char random[PART_RANDOM];

	random_bytes(random, sizeof(random));
	if (slash < name.len)
		buf_add(out, view_sub(name, 0, slash + 1));
	buf_add_z(out, ".part-");
	for (size_t i = 0; i < sizeof(random); i++)
		buf_addf(out, "%02x", random[i]);
}

bool target_is_part(struct view file)
{
	return view_starts(file, VIEW(".part-"));
}

/* -- again, and again later -- */

/* False where the agent stops. */
static bool rest(const struct target *target, nstime wait)
{
	struct timespec slice = { 0, SLICE_MS * NS_PER_MS };
	nstime until = clock_now() + wait;

	while (clock_now() < until) {
		if (target_stopping(target))
			return false;
		nanosleep(&slice, NULL);
	}
	return !target_stopping(target);
}

/* Twice as long each time, and between half and all of it: those that failed together do not
 * come back together. */
static nstime next_wait(struct target *target, unsigned try)
{
	nstime wait = (FIRST_WAIT_MS * NS_PER_MS) << try;
	uint32_t draw;

	random_bytes(&draw, sizeof(draw));
	wait = wait / 2 + (nstime)((double)(wait / 2) * (draw / (double)UINT32_MAX));
	if (target->wait > wait)
		wait = target->wait;
	target->wait = 0;
	return nstime_min(wait, nstime_seconds(LONGEST_WAIT_S));
}

bool target_rest(struct target *target, unsigned try)
{
	return rest(target, next_wait(target, try));
}

/* -- targets -- */

int target_open(const struct target_place *place, struct target **out,
		struct target_trouble *trouble)
{
	CLEANUP(target_freep) struct target *target = xcalloc(1, sizeof(*target));
	int r;

	target->place = place;
	target->methods = methods[place->kind];
	r = WITH_TRIES(target, target->methods->open(target, trouble));
	if (r)
		return r;
	*out = TAKE(target);
	return TARGET_OK;
}

void target_free(struct target *target)
{
	if (!target)
		return;
	target->methods->close(target);
	free(target);
}

void target_freep(struct target **target)
{
	target_free(*target);
}

int target_put(struct target *target, struct view name, struct view bytes,
		struct target_trouble *trouble)
{
	if (bytes.len > TARGET_OBJECT_MAX)
		return target_failed(trouble, "InternalError",
				"an object grew past %d bytes", TARGET_OBJECT_MAX);
	return WITH_TRIES(target, target->methods->put(target, name, bytes, trouble));
}

int target_get(struct target *target, struct view name, uint64_t at, size_t len,
		struct buf *out, struct target_trouble *trouble)
{
	size_t before = out->len;
	int r;

	r = WITH_TRIES(target,
			(buf_truncate(out, before), target->methods->get(target, name, at,
								    len, out, trouble)));
	if (r)
		buf_truncate(out, before);
	return r;
}

int target_remove(struct target *target, struct view name, struct target_trouble *trouble)
{
	int r = WITH_TRIES(target, target->methods->remove(target, name, trouble));

	return r == TARGET_E_ABSENT ? TARGET_OK : r;
}

/* -- listings -- */

static int by_name(const void *a, const void *b)
{
	return view_compare(((const struct target_object *)a)->name,
			((const struct target_object *)b)->name);
}

int target_list(struct target *target, struct view folder, struct target_listing *out,
		struct target_trouble *trouble)
{
	CLEANUP(target_listing_free) struct target_listing listing = TARGET_LISTING_NULL;
	int r;

	r = WITH_TRIES(target,
			(target_listing_free(&listing), listing.names = arena_new(),
					target->methods->list(target, folder, &listing,
							trouble)));
	if (r)
		return r;
	if (listing.count)
		qsort(listing.objects, listing.count, sizeof(*listing.objects), by_name);
	*out = listing;
	listing = TARGET_LISTING_NULL;
	return TARGET_OK;
}

int target_listing_add(struct target_listing *listing, struct view name, uint64_t size,
		struct target_trouble *trouble)
{
	if (listing->count == TARGET_LIST_MAX)
		return target_failed(trouble, "Refused",
				"it lists more than %d objects: this is no place of ours "
				"alone",
				TARGET_LIST_MAX);
	if (name.len > TARGET_NAME_MAX)
		return target_failed(trouble, "Refused",
				"it lists a name of %zu bytes: this is no place of ours "
				"alone",
				name.len);
	array_grow(&listing->objects, &listing->capacity, listing->count + 1,
			sizeof(*listing->objects));
	listing->objects[listing->count++] = (struct target_object){
		.name = arena_copy(listing->names, name),
		.size = size,
	};
	return TARGET_OK;
}

void target_listing_free(struct target_listing *listing)
{
	free(listing->objects);
	arena_free(listing->names);
	*listing = TARGET_LISTING_NULL;
}

const struct target_object *target_listing_find(
		const struct target_listing *listing, struct view name)
{
	struct target_object key = { .name = name };

	if (listing->count == 0)
		return NULL;
	return bsearch(&key, listing->objects, listing->count, sizeof(*listing->objects),
			by_name);
}
