/* A message on its way through the intake log: filled by its session, in memory or in a
 * spool; read by the filer, from memory, its spool or its segment. */
#include "runtime/store/intake_message.h"

#include "runtime/base/error.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

struct intake_message *intake_message_new(struct intake *intake, uint64_t id)
{
	struct intake_message *m = xcalloc(1, sizeof(*m));

	m->intake = intake;
	m->arena = arena_new();
	m->bytes = BUF_NULL(INTAKE_BUFFERED);
	m->in_memory = true;
	m->spool.fd = -1;
	digest_init(&m->digest);
	list_init(&m->link);
	pthread_mutex_lock(&intake->lock);
	m->id = id ? id : intake->next_id++;
	list_push(&intake->live, &m->live);
	pthread_mutex_unlock(&intake->lock);
	return m;
}

void intake_message_forget(struct intake_message *m)
{
	atomic_fetch_sub(&m->intake->memory, m->bytes.len);
	buf_free(&m->bytes);
	m->in_memory = false;
}

void intake_message_free(struct intake_message *m)
{
	struct intake *intake = m->intake;

	intake_message_forget(m);
	if (m->spool.fd >= 0)
		intake->os->close(intake->os->state, m->spool.fd);
	pthread_mutex_lock(&intake->lock);
	list_remove(&m->live);
	pthread_mutex_unlock(&intake->lock);
	arena_free(m->arena);
	free(m);
}

/* -- filling -- */

int intake_begin(struct intake *intake, const struct intake_envelope *envelope,
		struct intake_message **out)
{
	struct intake_message *m;
	struct intake_recipient *recipients;

	if (!intake_accepting(intake))
		return INTAKE_E_STOPPED;
	if (intake_begin_bound(envelope) > INTAKE_FRAME_MAX)
		return INTAKE_E_ENVELOPE;
	m = intake_message_new(intake, 0);
	recipients = arena_array(
			m->arena, envelope->recipient_count, sizeof(*recipients));
	for (size_t i = 0; i < envelope->recipient_count; i++) {
		recipients[i] = envelope->recipients[i];
		recipients[i].address =
				arena_copy(m->arena, envelope->recipients[i].address);
		recipients[i].orcpt = arena_copy(m->arena, envelope->recipients[i].orcpt);
		recipients[i].forwarder =
				arena_copy(m->arena, envelope->recipients[i].forwarder);
	}
	m->envelope = *envelope;
	m->envelope.sender = arena_copy(m->arena, envelope->sender);
	m->envelope.envid = arena_copy(m->arena, envelope->envid);
	m->envelope.recipients = recipients;
	*out = m;
	return INTAKE_OK;
}

static int disk_outcome(int r)
{
	return r == -ENOSPC || r == -EDQUOT ? INTAKE_E_FULL : fault(r);
}

/* Writes what waits in memory to the spool, whole chunks only unless it is the last. */
static int spool_write(struct intake_message *m, bool last)
{
	const struct os *os = m->intake->os;
	CLEANUP(buf_free) struct buf frames = BUF_NULL(2 * INTAKE_BUFFERED);
	struct frame_place place = { m->intake->key, m->id };
	size_t taken = 0;
	int r;

	while (m->bytes.len - taken >= INTAKE_CHUNK || (last && taken < m->bytes.len)) {
		struct view chunk = view_sub(buf_view(&m->bytes), taken, INTAKE_CHUNK);

		frame_write(&frames, place, m->spool.end + frames.len, FRAME_CHUNK,
				chunk);
		taken += chunk.len;
	}
	r = os->write(os->state, m->spool.fd, buf_view(&frames), (off_t)m->spool.end);
	if (r)
		return disk_outcome(r);
	m->spool.end += frames.len;
	buf_consume(&m->bytes, taken);
	atomic_fetch_sub(&m->intake->memory, taken);
	return INTAKE_OK;
}

static int spool_begin(struct intake_message *m)
{
	const struct os *os = m->intake->os;
	CLEANUP(freep) char *path = spool_path(m->intake->folder, m->id);
	int fd = os->open(os->state, path, O_RDWR | O_CREAT | O_EXCL, 0600);

	if (fd < 0)
		return disk_outcome(fd);
	m->spool.fd = fd;
	m->in_memory = false;
	return INTAKE_OK;
}

int intake_chunk(struct intake_message *m, struct view bytes)
{
	int r = INTAKE_OK;

	digest_add(&m->digest, bytes);
	m->size += bytes.len;
	while (!r && bytes.len) {
		struct view part = view_sub(bytes, 0, INTAKE_CHUNK);

		if (m->in_memory &&
				(m->bytes.len + part.len > INTAKE_BUFFERED ||
						atomic_load(&m->intake->memory) +
										part.len >
								m->intake->budget))
			r = spool_begin(m);
		/* A spooled message keeps less than two chunks, budget or not. */
		if (!r && !m->in_memory && m->bytes.len + part.len > 2 * INTAKE_CHUNK)
			r = spool_write(m, false);
		if (r)
			break;
		buf_add(&m->bytes, part);
		atomic_fetch_add(&m->intake->memory, part.len);
		bytes = view_from(bytes, part.len);
	}
	return r;
}

void intake_abandon(struct intake_message *m)
{
	const struct os *os;

	if (!m)
		return;
	os = m->intake->os;
	if (m->spool.fd >= 0) {
		CLEANUP(freep) char *path = spool_path(m->intake->folder, m->id);

		os->unlink(os->state, path);
	}
	intake_message_free(m);
}

/* The spool is on the disk before its END is written anywhere. */
static int spool_finish(struct intake_message *m)
{
	const struct os *os = m->intake->os;
	int r = spool_write(m, true);

	if (r)
		return r;
	r = os->sync_data(os->state, m->spool.fd);
	if (!r)
		r = os->sync_dir(os->state, m->intake->folder);
	if (!r)
		return INTAKE_OK;
	atomic_store(&m->intake->mode, INTAKE_STOPPED);
	return INTAKE_E_STOPPED;
}

void intake_commit(
		struct intake_message *m, struct view trace, intake_done *done, void *arg)
{
	struct intake *intake = m->intake;

	m->trace = arena_copy(m->arena, trace);
	m->done = done;
	m->arg = arg;
	m->end = (struct intake_end){
		.id = m->id, .size = m->size, .spooled = !m->in_memory, .trace = m->trace
	};
	digest_final(&m->digest, m->end.digest);
	if (!m->in_memory)
		m->outcome = spool_finish(m);
	pthread_mutex_lock(&intake->lock);
	list_push(&intake->waiting, &m->link);
	pthread_cond_signal(&intake->work);
	pthread_mutex_unlock(&intake->lock);
}

/* -- reading -- */

uint64_t intake_message_id(const struct intake_message *m)
{
	return m->id;
}

bool intake_leads_out(const struct intake_recipient *recipient)
{
	static const unsigned char nobody[INTAKE_ACCOUNT_SIZE];

	return memcmp(recipient->account, nobody, sizeof(nobody)) == 0;
}

const struct intake_envelope *intake_message_envelope(const struct intake_message *m)
{
	return &m->envelope;
}

struct view intake_message_trace(const struct intake_message *m)
{
	return m->trace;
}

uint64_t intake_message_size(const struct intake_message *m)
{
	return m->size;
}

uint64_t intake_chunk_at(const struct intake_message *m, uint64_t n)
{
	return m->chunks_at + n * (INTAKE_CHUNK + FRAME_OVERHEAD);
}

/* The n-th chunk replaces what is in `out`. */
static int read_chunk(const struct intake_message *m, uint64_t n, struct buf *out)
{
	const struct os *os = m->intake->os;
	bool spooled = m->spool.fd >= 0;
	struct frame_place place = { m->intake->key,
		spooled ? m->id : m->segment->number };
	uint64_t at = intake_chunk_at(m, n);
	size_t want = INTAKE_CHUNK + FRAME_OVERHEAD, size;
	CLEANUP(freep) char *bytes = xmalloc(want);
	enum intake_frame_type type;
	ssize_t len = os->read(os->state, spooled ? m->spool.fd : m->segment->fd, bytes,
			want, (off_t)at);

	if (len < 0)
		return fault((int)len);
	if (frame_read(view_of(bytes, (size_t)len), place, at, &type, out, &size) !=
					FRAME_OK ||
			type != FRAME_CHUNK)
		return INTAKE_E_DAMAGED;
	return INTAKE_OK;
}

int intake_message_read(const struct intake_message *m, uint64_t offset, void *bytes,
		size_t len, size_t *len_out)
{
	CLEANUP(buf_free) struct buf chunk = BUF_NULL(INTAKE_CHUNK + SEAL_OVERHEAD);
	size_t done = 0;

	if (offset > m->size)
		offset = m->size;
	if (len > m->size - offset)
		len = (size_t)(m->size - offset);
	if (m->in_memory && len)
		memcpy(bytes, m->bytes.data + offset, len);
	while (!m->in_memory && done < len) {
		uint64_t at = offset + done;
		struct view part;
		int r = read_chunk(m, at / INTAKE_CHUNK, &chunk);

		if (r)
			return r;
		part = view_sub(buf_view(&chunk), (size_t)(at % INTAKE_CHUNK),
				len - done);
		if (!part.len)
			return INTAKE_E_DAMAGED;
		memcpy((char *)bytes + done, part.data, part.len);
		done += part.len;
	}
	*len_out = len;
	return INTAKE_OK;
}
