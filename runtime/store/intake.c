/* The committing thread: takes all that wait, writes them behind each other, flushes once,
 * tells each. Beside that it removes what is no longer needed: spools whose mark is on the
 * disk, segments whose messages are all filed. */
#include "runtime/store/intake.h"

#include "runtime/base/error.h"
#include "runtime/base/metric.h"
#include "runtime/store/intake_message.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

enum {
	SEGMENT_SIZE = 16 * 1024 * 1024,
	BATCH_BYTES = 4 * 1024 * 1024, /* of records in one flush: bounds the copy */
	MARKS_MAX = 64 * 1024,         /* bytes of ids in one MARK frame */
};

static bool running(const struct intake *intake)
{
	return atomic_load(&intake->mode) == INTAKE_RUNNING;
}

bool intake_accepting(const struct intake *intake)
{
	return running(intake);
}

struct intake_recovery intake_recovered(const struct intake *intake)
{
	return intake->recovery;
}

/* -- writing a batch -- */

struct batch {
	struct list messages;
	struct buf marks, spent; /* taken over from the intake */
	struct buf records;      /* as they will stand at segment->end */
};

static size_t record_bound(const struct intake_message *m)
{
	size_t size = 4 * (FRAME_OVERHEAD + FRAME_ALIGN) + 256 +
		      intake_begin_bound(&m->envelope) + m->trace.len;

	if (m->in_memory)
		size += m->bytes.len + (m->bytes.len / INTAKE_CHUNK + 1) * FRAME_OVERHEAD;
	return size;
}

/* The records of a batch, for a segment whose end is at `start`. */
static void add_record(struct buf *out, struct frame_place place, uint64_t start,
		struct intake_message *m)
{
	CLEANUP(buf_free) struct buf content = BUF_NULL(INTAKE_FRAME_MAX);

	frame_align(out, start);
	intake_begin_write(&content, m->id, &m->envelope);
	frame_write(out, place, start + out->len, FRAME_BEGIN, buf_view(&content));
	m->chunks_at = m->in_memory ? start + out->len : 0;
	for (size_t at = 0; m->in_memory && at < m->bytes.len; at += INTAKE_CHUNK)
		frame_write(out, place, start + out->len, FRAME_CHUNK,
				view_sub(buf_view(&m->bytes), at, INTAKE_CHUNK));
	buf_clear(&content);
	intake_end_write(&content, &m->end);
	frame_write(out, place, start + out->len, FRAME_END, buf_view(&content));
}

static void add_marks(struct buf *out, struct frame_place place, uint64_t start,
		struct view marks)
{
	while (marks.len) {
		frame_align(out, start);
		frame_write(out, place, start + out->len, FRAME_MARK,
				view_sub(marks, 0, MARKS_MAX));
		marks = view_from(marks, MARKS_MAX);
	}
}

/* The segment that takes `size` bytes: the active one, or a new one behind it. */
static int segment_for(struct intake *intake, size_t size, struct segment **out)
{
	struct segment *active = intake->active;
	struct frame_place place = { intake->key, 0 };
	uint64_t next_id;
	int r;

	if (active && !active->sealed && active->end + size <= intake->segment_size) {
		*out = active;
		return 0;
	}
	pthread_mutex_lock(&intake->lock);
	place.file = intake->next_segment;
	next_id = intake->next_id;
	pthread_mutex_unlock(&intake->lock);
	r = segment_create(intake->os, intake->folder, place, next_id, &active);
	if (r)
		return fault(r);
	pthread_mutex_lock(&intake->lock);
	intake->next_segment++;
	active->settled = active->end;
	list_push(&intake->segments, &active->link);
	intake->active = active;
	pthread_mutex_unlock(&intake->lock);
	*out = active;
	return 0;
}

static int sync_segment(const struct os *os, const struct segment *segment)
{
	nstime start = os->now(os->state);
	int r = os->sync_data(os->state, segment->fd);

	metric_observe(METRIC_INTAKE_FLUSH, os->now(os->state) - start);
	return r;
}

/* Brings the batch to the disk: 0, FULL, STOPPED or a fault. */
static int flush(struct intake *intake, struct batch *batch, struct segment **out)
{
	const struct os *os = intake->os;
	size_t bound = batch->marks.len * 2 + FRAME_OVERHEAD + FRAME_ALIGN;
	struct frame_place place = { intake->key, 0 };
	struct segment *segment = NULL;
	int r;

	LIST_EACH (link, &batch->messages)
		bound += record_bound(LIST_ITEM(link, struct intake_message, link));
	batch->records = BUF_NULL(bound);
	r = segment_for(intake, bound, &segment);
	if (r)
		return r == -ENOSPC || r == -EDQUOT ? INTAKE_E_FULL : r;
	place.file = segment->number;
	add_marks(&batch->records, place, segment->end, buf_view(&batch->marks));
	LIST_EACH (link, &batch->messages)
		add_record(&batch->records, place, segment->end,
				LIST_ITEM(link, struct intake_message, link));
	assert(!buf_failed(&batch->records));
	r = segment_append(os, segment, buf_view(&batch->records));
	if (r == -ENOSPC || r == -EDQUOT)
		return INTAKE_E_FULL;
	if (!r)
		r = sync_segment(os, segment);
	if (r) {
		atomic_store(&intake->mode, INTAKE_STOPPED);
		return INTAKE_E_STOPPED;
	}
	*out = segment;
	return INTAKE_OK;
}

/* -- telling what became of it -- */

static void tell(struct intake_message *m, int outcome)
{
	struct intake *intake = m->intake;
	intake_done *done = m->done;
	void *arg = m->arg;
	uint64_t id = m->id;

	if (outcome) {
		/* Its record may stand in the log, whole or in part: a later start is to
		 * pass over it. */
		pthread_mutex_lock(&intake->lock);
		put_u64(&intake->marks, id);
		pthread_mutex_unlock(&intake->lock);
		intake_abandon(m);
	} else {
		if (atomic_load(&intake->memory) > intake->budget / 2 && m->in_memory)
			intake_message_forget(m);
		intake->committed(intake->state, m);
	}
	if (done)
		done(arg, outcome, id);
}

static void unlink_spools(struct intake *intake, struct view ids)
{
	uint64_t id;

	for (size_t n = 0; intake_mark_read(ids, n, &id); n++) {
		CLEANUP(freep) char *path = spool_path(intake->folder, id);

		intake->os->unlink(intake->os->state, path);
	}
}

/* Under the lock. The marks of a failed flush wait for the next one. */
static void batch_take(struct intake *intake, struct batch *batch)
{
	size_t size = 0;

	list_init(&batch->messages);
	while (!list_empty(&intake->waiting) && size < BATCH_BYTES) {
		struct list *link = list_pop(&intake->waiting);

		size += record_bound(LIST_ITEM(link, struct intake_message, link));
		list_push(&batch->messages, link);
	}
	batch->marks = intake->marks;
	batch->spent = intake->spent;
	intake->marks = BUF_NULL(SIZE_MAX);
	intake->spent = BUF_NULL(SIZE_MAX);
}

static void give_back(struct buf *to, struct buf *from)
{
	buf_add(to, buf_view(from));
	buf_free(from);
}

static void batch_free(struct intake *intake, struct batch *batch, int outcome)
{
	if (!outcome) {
		unlink_spools(intake, buf_view(&batch->spent));
		buf_clear(&batch->marks);
		buf_clear(&batch->spent);
	}
	pthread_mutex_lock(&intake->lock);
	give_back(&intake->marks, &batch->marks);
	give_back(&intake->spent, &batch->spent);
	pthread_mutex_unlock(&intake->lock);
	buf_free(&batch->records);
}

/* Counts the messages into the segment before anyone can file them. */
static void settle(struct intake *intake, struct batch *batch, struct segment *segment)
{
	uint64_t grown = batch->records.len;

	pthread_mutex_lock(&intake->lock);
	segment->settled = segment->end;
	LIST_EACH (link, &batch->messages) {
		struct intake_message *m = LIST_ITEM(link, struct intake_message, link);

		grown += m->spool.fd >= 0 ? m->spool.end : 0;
		m->segment = segment;
		segment->unfiled++;
		if (m->id < segment->first_id)
			segment->first_id = m->id;
	}
	intake_retained_grew(intake, grown);
	pthread_mutex_unlock(&intake->lock);
}

static void commit_batch(struct intake *intake, struct batch *batch)
{
	struct segment *segment = NULL;
	struct list refused, *link;
	int outcome = running(intake) ? INTAKE_OK : INTAKE_E_STOPPED;

	list_init(&refused);
	LIST_EACH (each, &batch->messages) {
		if (LIST_ITEM(each, struct intake_message, link)->outcome) {
			list_remove(each);
			list_push(&refused, each);
		}
	}
	if (!outcome && (batch->marks.len || !list_empty(&batch->messages)))
		outcome = flush(intake, batch, &segment);
	if (!outcome && segment)
		settle(intake, batch, segment);
	while ((link = list_pop(&batch->messages)))
		tell(LIST_ITEM(link, struct intake_message, link), outcome);
	while ((link = list_pop(&refused))) {
		struct intake_message *m = LIST_ITEM(link, struct intake_message, link);

		tell(m, m->outcome);
	}
	batch_free(intake, batch, outcome);
}

/* -- what is no longer needed goes -- */

/* The newest one stays whatever is in it: it knows which ids were given out. */
static struct segment *spent_segment(struct intake *intake)
{
	if (intake->retained.on)
		return NULL;
	LIST_EACH (link, &intake->segments) {
		struct segment *segment = LIST_ITEM(link, struct segment, link);

		if (!segment->unfiled && link != intake->segments.prev)
			return segment;
	}
	return NULL;
}

/* Under the lock: nothing below it is in a segment or on its way there. */
static void raise_floor(struct intake *intake)
{
	uint64_t floor = intake->next_id;

	LIST_EACH (link, &intake->segments) {
		struct segment *segment = LIST_ITEM(link, struct segment, link);

		if (segment->first_id < floor)
			floor = segment->first_id;
	}
	LIST_EACH (link, &intake->live) {
		struct intake_message *m = LIST_ITEM(link, struct intake_message, live);

		if (m->id < floor)
			floor = m->id;
	}
	if (floor > intake->floor)
		intake->floor = floor;
}

/* The floor rises only once the directory has forgotten the segments for good, else a crash
 * could bring back messages whose marks the accounts have dropped. */
static void remove_segments(struct intake *intake)
{
	const struct os *os = intake->os;
	struct segment *segment;
	bool removed = false;

	pthread_mutex_lock(&intake->lock);
	while ((segment = spent_segment(intake))) {
		CLEANUP(freep) char *path = segment_path(intake->folder, segment->number);

		list_remove(&segment->link);
		pthread_mutex_unlock(&intake->lock);
		os->unlink(os->state, path);
		segment_close(os, segment);
		removed = true;
		pthread_mutex_lock(&intake->lock);
	}
	pthread_mutex_unlock(&intake->lock);
	if (!removed || os->sync_dir(os->state, intake->folder))
		return;
	pthread_mutex_lock(&intake->lock);
	raise_floor(intake);
	pthread_mutex_unlock(&intake->lock);
}

static void *commit_thread(void *arg)
{
	struct intake *intake = arg;
	bool closing = false;

	while (!closing) {
		struct batch batch;

		pthread_mutex_lock(&intake->lock);
		while (!intake->closing && list_empty(&intake->waiting) &&
				!intake->spent.len && !spent_segment(intake))
			pthread_cond_wait(&intake->work, &intake->lock);
		batch_take(intake, &batch);
		closing = intake->closing && list_empty(&intake->waiting);
		pthread_mutex_unlock(&intake->lock);
		commit_batch(intake, &batch);
		remove_segments(intake);
	}
	return NULL;
}

/* -- opening and closing -- */

/* With every signal blocked: they are the main thread's. */
static int start_thread(struct intake *intake)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&intake->thread, NULL, commit_thread, intake);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r ? fault(-r) : 0;
}

static void free_all(struct intake *intake)
{
	struct list *link;

	while ((link = list_pop(&intake->recovered)))
		intake_message_free(LIST_ITEM(link, struct intake_message, link));
	assert(list_empty(&intake->live));
	while (!list_empty(&intake->segments))
		segment_close(intake->os,
				LIST_ITEM(intake->segments.next, struct segment, link));
	buf_free(&intake->marks);
	buf_free(&intake->spent);
	buf_free(&intake->retained.marks);
	buf_free(&intake->retained.spent);
	pthread_cond_destroy(&intake->work);
	pthread_mutex_destroy(&intake->lock);
	free(intake->folder);
	free(intake);
}

int intake_open(const struct intake_options *options, struct intake **out)
{
	struct intake *intake = xcalloc(1, sizeof(*intake));
	int r;

	intake->os = options->os;
	intake->folder = xstrndup(options->folder, strlen(options->folder));
	intake->key = options->key;
	intake->budget = options->budget;
	intake->segment_size =
			options->segment_size ? options->segment_size : SEGMENT_SIZE;
	intake->committed = options->committed;
	intake->state = options->state;
	intake->next_id = (uint64_t)options->os->wall(options->os->state) * 1000000000u;
	intake->next_segment = 1;
	intake->marks = BUF_NULL(SIZE_MAX);
	intake->spent = BUF_NULL(SIZE_MAX);
	intake->retained.marks = BUF_NULL(SIZE_MAX);
	intake->retained.spent = BUF_NULL(SIZE_MAX);
	pthread_mutex_init(&intake->lock, NULL);
	pthread_cond_init(&intake->work, NULL);
	list_init(&intake->live);
	list_init(&intake->waiting);
	list_init(&intake->recovered);
	list_init(&intake->segments);
	r = intake_recover(intake);
	if (!r)
		raise_floor(intake);
	if (!r)
		r = start_thread(intake);
	if (r) {
		free_all(intake);
		return fault(r);
	}
	*out = intake;
	return 0;
}

void intake_close(struct intake *intake)
{
	if (!intake)
		return;
	pthread_mutex_lock(&intake->lock);
	intake->closing = true;
	pthread_cond_signal(&intake->work);
	pthread_mutex_unlock(&intake->lock);
	pthread_join(intake->thread, NULL);
	free_all(intake);
}

/* -- messages that were committed -- */

struct intake_message *intake_next_unfiled(struct intake *intake)
{
	struct list *link;

	pthread_mutex_lock(&intake->lock);
	link = list_pop(&intake->recovered);
	pthread_mutex_unlock(&intake->lock);
	return link ? LIST_ITEM(link, struct intake_message, link) : NULL;
}

void intake_filed(struct intake *intake, struct intake_message *message)
{
	bool retained;

	pthread_mutex_lock(&intake->lock);
	retained = intake->retained.on;
	put_u64(retained ? &intake->retained.marks : &intake->marks, message->id);
	if (message->spool.fd >= 0)
		put_u64(retained ? &intake->retained.spent : &intake->spent, message->id);
	message->segment->unfiled--;
	if (!retained && (message->spool.fd >= 0 || !message->segment->unfiled))
		pthread_cond_signal(&intake->work);
	pthread_mutex_unlock(&intake->lock);
	intake_message_free(message);
}

void intake_release(struct intake *intake, struct intake_message *message)
{
	(void)intake;
	intake_message_free(message);
}

uint64_t intake_floor(struct intake *intake)
{
	uint64_t floor;

	pthread_mutex_lock(&intake->lock);
	floor = intake->floor;
	pthread_mutex_unlock(&intake->lock);
	return floor;
}
