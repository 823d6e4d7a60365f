/* The start: reads every segment, keeps the messages that are whole and not marked filed.
 * Nothing is repaired and nothing cut: what does not open is passed over, and new messages
 * go to a new segment. */
#include "runtime/store/intake_message.h"

#include "runtime/base/error.h"
#include "runtime/base/map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

struct recovery {
	struct intake *intake;
	struct segment *segment;
	struct map found;            /* id → message */
	struct intake_message *open; /* its BEGIN was read, not its END */
	uint64_t chunks;
	struct buf marks; /* of all segments: a mark may stand before or behind */
};

static void drop_open(struct recovery *rc)
{
	if (rc->open)
		intake_message_free(rc->open);
	rc->open = NULL;
}

static struct view id_key(const uint64_t *id)
{
	return view_of(id, sizeof(*id));
}

static void on_begin(struct recovery *rc, struct view content)
{
	struct arena *arena = arena_new();
	struct intake_envelope envelope;
	uint64_t id;

	if (!intake_begin_read(arena, content, &id, &envelope) || !id) {
		arena_free(arena);
		return;
	}
	rc->open = intake_message_new(rc->intake, id);
	arena_free(rc->open->arena);
	rc->open->arena = arena;
	rc->open->envelope = envelope;
	rc->open->in_memory = false;
	rc->open->segment = rc->segment;
	rc->chunks = 0;
}

static void on_chunk(struct recovery *rc, struct view content, uint64_t at)
{
	if (!rc->open)
		return;
	if (!rc->chunks++)
		rc->open->chunks_at = at;
	rc->open->size += content.len;
	digest_add(&rc->open->digest, content);
}

static int open_spool(struct intake_message *m)
{
	const struct os *os = m->intake->os;
	CLEANUP(freep) char *path = spool_path(m->intake->folder, m->id);
	int fd = os->open(os->state, path, O_RDONLY, 0);

	if (fd < 0)
		return fd;
	m->spool.fd = fd;
	m->chunks_at = 0;
	return 0;
}

static void on_end(struct recovery *rc, struct view content)
{
	struct intake_message *m = rc->open;
	unsigned char digest[DIGEST_SIZE];
	struct intake_end end;

	if (!m)
		return;
	digest_final(&m->digest, digest);
	if (!intake_end_read(content, &end) || end.id != m->id ||
			map_get(&rc->found, id_key(&m->id))) {
		rc->intake->recovery.damaged++;
		drop_open(rc);
		return;
	}
	if (!end.spooled && (end.size != m->size ||
					    memcmp(digest, end.digest, DIGEST_SIZE))) {
		rc->intake->recovery.damaged++;
		drop_open(rc);
		return;
	}
	m->end = end;
	m->size = end.size;
	m->trace = arena_copy(m->arena, end.trace);
	m->end.trace = m->trace;
	rc->open = NULL;
	map_set(&rc->found, id_key(&m->id), m);
	list_push(&rc->intake->recovered, &m->link);
	rc->segment->unfiled++;
	if (m->id < rc->segment->first_id)
		rc->segment->first_id = m->id;
}

static void learn_id(struct intake *intake, uint64_t id)
{
	if (id >= intake->next_id)
		intake->next_id = id + 1;
}

static void on_frame(struct recovery *rc, enum intake_frame_type type,
		struct view content, uint64_t at)
{
	uint64_t id;

	if ((type == FRAME_BEGIN || type == FRAME_MARK) && rc->open) {
		rc->intake->recovery.damaged++;
		drop_open(rc);
	}
	switch (type) {
	case FRAME_SEGMENT:
		if (intake_mark_read(content, 0, &id) && id)
			learn_id(rc->intake, id - 1);
		break;
	case FRAME_BEGIN:
		on_begin(rc, content);
		break;
	case FRAME_CHUNK:
		on_chunk(rc, content, at);
		break;
	case FRAME_END:
		on_end(rc, content);
		break;
	case FRAME_MARK:
		buf_add(&rc->marks, content);
		break;
	case FRAME_NONE:
	case FRAME_TYPES:
		break;
	}
}

static int read_segment(struct recovery *rc, uint64_t number)
{
	const struct os *os = rc->intake->os;
	CLEANUP(freep) char *path = segment_path(rc->intake->folder, number);
	CLEANUP(freep) char *bytes = NULL;
	CLEANUP(buf_free) struct buf content = BUF_NULL(INTAKE_FRAME_MAX + SEAL_OVERHEAD);
	struct segment_reader reader = { .place = { rc->intake->key, number } };
	enum intake_frame_type type;
	bool resumed, opened = false;
	uint64_t at;
	int r = segment_open(os, rc->intake->folder, number, &rc->segment);

	if (r)
		return fault(r);
	list_push(&rc->intake->segments, &rc->segment->link);
	r = os_read_file(os, path, SIZE_MAX / 2, &bytes, &reader.bytes.len);
	if (r)
		return fault(r);
	reader.bytes.data = bytes;
	while (segment_read(&reader, &type, &content, &at, &resumed)) {
		opened |= type == FRAME_SEGMENT;
		if (resumed)
			drop_open(rc);
		on_frame(rc, type, buf_view(&content), at);
	}
	drop_open(rc);
	if (!opened && !bytes_are_zero(view_of(bytes, reader.bytes.len))) {
		/* Written under another key, or its beginning is gone: never removed. */
		rc->intake->recovery.damaged++;
		rc->segment->unfiled++;
	}
	rc->intake->recovery.damaged += reader.damaged;
	rc->intake->recovery.segments++;
	return 0;
}

static void apply_marks(struct recovery *rc)
{
	uint64_t id;

	for (size_t n = 0; intake_mark_read(buf_view(&rc->marks), n, &id); n++) {
		struct intake_message *m = map_remove(&rc->found, id_key(&id));

		learn_id(rc->intake, id);
		if (!m)
			continue;
		m->segment->unfiled--;
		list_remove(&m->link);
		intake_message_free(m);
	}
}

/* Messages whose spool is there, and spools that a message needs, stay. */
static int match_spools(struct recovery *rc, const struct buf *names)
{
	struct intake *intake = rc->intake;
	struct view rest = buf_view(names);
	uint64_t id;

	LIST_EACH (link, &intake->recovered) {
		struct intake_message *m = LIST_ITEM(link, struct intake_message, link);
		int r;

		learn_id(intake, m->id);
		r = m->end.spooled ? open_spool(m) : 0;
		if (r && r != -ENOENT)
			return fault(r);
		if (r) {
			intake->recovery.damaged++;
			map_remove(&rc->found, id_key(&m->id));
			m->segment->unfiled--;
			list_remove(&m->link);
			intake_message_free(m);
		} else {
			intake->recovery.messages++;
		}
	}
	while (rest.len) {
		if (spool_name(view_cut(&rest, '\0'), &id) &&
				!map_get(&rc->found, id_key(&id))) {
			CLEANUP(freep) char *path = spool_path(intake->folder, id);

			intake->os->unlink(intake->os->state, path);
		}
	}
	return 0;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

int intake_recover(struct intake *intake)
{
	const struct os *os = intake->os;
	struct recovery rc = { .intake = intake, .marks = BUF_NULL(SIZE_MAX) };
	CLEANUP(buf_free) struct buf names = BUF_NULL(SIZE_MAX);
	CLEANUP(freep) uint64_t *numbers = NULL;
	size_t count = 0, capacity = 0;
	struct view rest;
	int r = os->list(os->state, intake->folder, &names);

	if (r)
		return fault(r);
	for (rest = buf_view(&names); rest.len;) {
		array_grow(&numbers, &capacity, count + 1, sizeof(*numbers));
		count += segment_name(view_cut(&rest, '\0'), &numbers[count]);
	}
	if (count)
		qsort(numbers, count, sizeof(*numbers), by_number);
	for (size_t i = 0; !r && i < count; i++)
		r = read_segment(&rc, numbers[i]);
	if (!r && count)
		intake->next_segment = numbers[count - 1] + 1;
	if (!r) {
		apply_marks(&rc);
		r = match_spools(&rc, &names);
	}
	map_free(&rc.found);
	buf_free(&rc.marks);
	return r;
}
