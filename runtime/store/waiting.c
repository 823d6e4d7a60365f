#include "runtime/store/waiting.h"

#include "runtime/base/error.h"
#include "runtime/store/intake_segment.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#define MAGIC VIEW("PW1\n")

enum {
	HEAD = 24, /* MAGIC · zeros (4) · generation (8) · number (8) */
	AT_GENERATION = 8,
	AT_NUMBER = 16,
	FRAME_LARGEST = WAITING_CHUNK + FRAME_OVERHEAD,
	WRITTEN_MAX = HEAD + FRAME_LARGEST + 2 * FRAME_ALIGN,
};

static uint64_t aligned(uint64_t at)
{
	return (at + FRAME_ALIGN - 1) / FRAME_ALIGN * FRAME_ALIGN;
}

/* -- writing -- */

struct waiting {
	const struct chain_file *file;
	int fd;
	uint64_t at;      /* where the next bytes go */
	bool is_open;     /* a message began and has not ended */
	bool uncommitted; /* one ended since the last commit */
	struct chain chain;
	struct key key; /* of the message that is being written */
	struct buf bytes;
};

static int size_of(int fd, uint64_t *out)
{
	struct stat st;

	if (fstat(fd, &st))
		return fault(fault_errno());
	*out = (uint64_t)st.st_size;
	return 0;
}

int waiting_open(const struct chain_file *file, const char *path, struct waiting **out)
{
	const struct os *os = file->os;
	CLEANUP(waiting_closep) struct waiting *w = xcalloc(1, sizeof(*w));
	int r;

	w->file = file;
	w->fd = -1;
	w->bytes = BUF_NULL(WRITTEN_MAX);
	r = chain_file_read(file, &w->chain);
	if (r)
		return r;
	w->fd = os->open(os->state, path, O_RDWR | O_CREAT, 0600);
	if (w->fd < 0)
		return fault(w->fd);
	r = size_of(w->fd, &w->at);
	if (r)
		return r;
	*out = TAKE(w);
	return CHAIN_OK;
}

void waiting_close(struct waiting *w)
{
	if (!w)
		return;
	if (w->fd >= 0)
		w->file->os->close(w->file->os->state, w->fd);
	chain_wipe(&w->chain);
	key_wipe(&w->key);
	buf_free(&w->bytes);
	free(w);
}

void waiting_closep(struct waiting **w)
{
	waiting_close(*w);
}

static struct frame_place place_of(const struct waiting *w)
{
	return (struct frame_place){ &w->key, w->chain.number };
}

static int flush(struct waiting *w)
{
	const struct os *os = w->file->os;
	int r = os->write(os->state, w->fd, buf_view(&w->bytes), (off_t)w->at);

	assert(!buf_failed(&w->bytes));
	w->at += w->bytes.len;
	buf_clear(&w->bytes);
	return r ? fault(r) : WAITING_OK;
}

static int put(struct waiting *w, enum intake_frame_type type, struct view content)
{
	frame_write(&w->bytes, place_of(w), w->at + w->bytes.len, type, content);
	return flush(w);
}

/* What was begun before and did not end stays where it is, as what a crash leaves does. */
int waiting_begin(struct waiting *w, struct view about)
{
	assert(about.len <= WAITING_ABOUT && w->chain.number < CHAIN_FURTHEST);
	w->is_open = true;
	chain_key(&w->chain, &w->key);
	frame_align(&w->bytes, w->at);
	buf_add(&w->bytes, MAGIC);
	put_u32(&w->bytes, 0);
	put_u64(&w->bytes, w->chain.generation);
	put_u64(&w->bytes, w->chain.number);
	return put(w, FRAME_BEGIN, about);
}

int waiting_chunk(struct waiting *w, struct view bytes)
{
	assert(w->is_open && bytes.len <= WAITING_CHUNK);
	return put(w, FRAME_CHUNK, bytes);
}

int waiting_end(struct waiting *w)
{
	int r;

	assert(w->is_open);
	r = put(w, FRAME_END, VIEW_NULL);
	if (r)
		return r;
	w->is_open = false;
	w->uncommitted = true;
	chain_advance(&w->chain);
	key_wipe(&w->key);
	return WAITING_OK;
}

/* First the messages, then the chain beyond them: a crash in between leaves them to whoever
 * takes the disk, and they come in again, under the same numbers. */
int waiting_commit(struct waiting *w)
{
	const struct os *os = w->file->os;
	int r;

	if (!w->uncommitted)
		return WAITING_OK;
	r = os->sync_data(os->state, w->fd);
	if (r)
		return fault(r);
	r = chain_file_write(w->file, &w->chain);
	if (!r)
		w->uncommitted = false;
	return r;
}

int waiting_renew(const struct chain_file *file, const char *path, uint64_t generation,
		const struct key *seed)
{
	CLEANUP(chain_wipe) struct chain chain;
	const struct os *os = file->os;
	int r;

	chain_begin(&chain, generation, seed);
	r = chain_file_write(file, &chain);
	if (r)
		return r;
	r = os->unlink(os->state, path);
	return r == -ENOENT ? WAITING_OK : r;
}

/* -- reading -- */

struct waiting_reader {
	const struct os *os;
	int fd;
	uint64_t at, size;
	struct chain from, chain;
	struct key key; /* of the message at `at` */
	size_t passed_over;
	struct buf window, content;
};

int waiting_reader_open(const struct os *os, const char *path, const struct chain *from,
		struct waiting_reader **out)
{
	CLEANUP(waiting_reader_closep) struct waiting_reader *reader = NULL;
	int fd = os->open(os->state, path, O_RDONLY, 0);
	int r;

	*out = NULL;
	if (fd == -ENOENT)
		return WAITING_OK;
	if (fd < 0)
		return fault(fd);
	reader = xcalloc(1, sizeof(*reader));
	reader->os = os;
	reader->fd = fd;
	reader->from = reader->chain = *from;
	reader->window = BUF_NULL(FRAME_LARGEST);
	reader->content = BUF_NULL(WAITING_CHUNK + SEAL_OVERHEAD);
	r = size_of(fd, &reader->size);
	if (r)
		return r;
	*out = TAKE(reader);
	return WAITING_OK;
}

void waiting_reader_close(struct waiting_reader *reader)
{
	if (!reader)
		return;
	reader->os->close(reader->os->state, reader->fd);
	chain_wipe(&reader->from);
	chain_wipe(&reader->chain);
	key_wipe(&reader->key);
	buf_free(&reader->window);
	buf_wipe(&reader->content);
	free(reader);
}

void waiting_reader_closep(struct waiting_reader **reader)
{
	waiting_reader_close(*reader);
}

size_t waiting_passed_over(const struct waiting_reader *reader)
{
	return reader->passed_over;
}

static int look(struct waiting_reader *reader, uint64_t at, size_t len)
{
	char *room;
	ssize_t n;

	buf_clear(&reader->window);
	room = buf_room(&reader->window, len);
	assert(room);
	n = reader->os->read(reader->os->state, reader->fd, room, len, (off_t)at);
	if (n < 0)
		return fault((int)n);
	buf_grown(&reader->window, (size_t)n);
	return WAITING_OK;
}

/* The frame at *at, its content in `content`; *at goes behind it. False where there is none
 * of this message. */
static int take_frame(struct waiting_reader *reader, uint64_t *at,
		enum intake_frame_type *type, bool *is)
{
	const struct frame_place place = { &reader->key, reader->chain.number };
	size_t size = 0;
	int r = look(reader, *at, FRAME_LARGEST);

	if (r)
		return r;
	*is = frame_read(buf_view(&reader->window), place, *at, type, &reader->content,
			      &size) == FRAME_OK;
	if (*is)
		*at += size;
	return WAITING_OK;
}

/* Whether a header of ours stands there; then the chain is at its number. A number may come
 * again, so that the chain may have to begin anew. */
static bool take_head(struct waiting_reader *reader, struct view bytes)
{
	uint64_t number;

	if (!view_starts(bytes, MAGIC) || bytes.len < HEAD || get_u32(bytes.data + 4) ||
			get_u64(bytes.data + AT_GENERATION) != reader->from.generation)
		return false;
	number = get_u64(bytes.data + AT_NUMBER);
	if (number < reader->chain.number)
		reader->chain = reader->from;
	if (!chain_advance_to(&reader->chain, number))
		return false;
	chain_key(&reader->chain, &reader->key);
	return true;
}

/* Whether the message whose BEGIN is at `at` is there to its end. */
static int is_whole(struct waiting_reader *reader, uint64_t at, bool *out)
{
	enum intake_frame_type type = FRAME_NONE;
	bool is = true;
	int r = take_frame(reader, &at, &type, &is);

	if (r == 0 && type != FRAME_BEGIN)
		is = false;
	while (r == 0 && is && type != FRAME_END) {
		r = take_frame(reader, &at, &type, &is);
		if (type != FRAME_CHUNK && type != FRAME_END)
			is = false;
	}
	*out = is;
	return r;
}

int waiting_next(struct waiting_reader *reader, struct buf *about)
{
	enum intake_frame_type type;
	bool was_lost = false, is = false;
	int r;

	for (reader->at = aligned(reader->at); reader->at < reader->size;
			reader->at += FRAME_ALIGN) {
		r = look(reader, reader->at, HEAD);
		if (r)
			return r;
		if (take_head(reader, buf_view(&reader->window)))
			r = is_whole(reader, reader->at + HEAD, &is);
		if (r)
			return r;
		if (is)
			break;
		reader->passed_over += !was_lost;
		was_lost = true;
	}
	if (!is)
		return WAITING_E_END;
	reader->at += HEAD;
	r = take_frame(reader, &reader->at, &type, &is);
	if (r)
		return r;
	buf_clear(about);
	buf_add(about, buf_view(&reader->content));
	return is && !buf_failed(about) ? WAITING_OK : fault(-EIO);
}

int waiting_read(struct waiting_reader *reader, struct buf *out)
{
	enum intake_frame_type type = FRAME_NONE;
	bool is = false;
	int r = take_frame(reader, &reader->at, &type, &is);

	if (r)
		return r;
	if (!is || type != FRAME_CHUNK)
		return WAITING_E_END;
	buf_clear(out);
	buf_add(out, buf_view(&reader->content));
	return buf_failed(out) ? fault(-ENOBUFS) : WAITING_OK;
}
