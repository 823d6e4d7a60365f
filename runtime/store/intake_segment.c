#include "runtime/store/intake_segment.h"

#include "runtime/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	ZERO_AHEAD = 1024 *
		     1024, /* bytes: a flush that also moves the file's end is slower,
				     so that happens once a MiB */
	ASSOCIATED = 8 + 8 + 4 + 1,
};

/* -- frames -- */

static void associate(char out[ASSOCIATED], struct frame_place place, uint64_t at,
		uint32_t len, enum intake_frame_type type)
{
	struct buf b = { .data = out, .capacity = ASSOCIATED, .max = ASSOCIATED };

	put_u64(&b, place.file);
	put_u64(&b, at);
	put_u32(&b, len);
	buf_add_byte(&b, (char)type);
}

void frame_write(struct buf *out, struct frame_place place, uint64_t at,
		enum intake_frame_type type, struct view content)
{
	uint32_t len = (uint32_t)(content.len + SEAL_OVERHEAD);
	char associated[ASSOCIATED];
	char *sealed;

	put_u32(out, len);
	buf_add(out, view_of((char[]){ (char)type, 0, 0, 0 }, 4));
	sealed = buf_room(out, len);
	if (!sealed)
		return;
	associate(associated, place, at, len, type);
	seal(place.key, view_of(associated, sizeof(associated)), content, sealed);
	buf_grown(out, len);
}

void frame_align(struct buf *out, uint64_t start)
{
	static const char zeros[FRAME_ALIGN];

	buf_add(out, view_of(zeros, (FRAME_ALIGN - (start + out->len) % FRAME_ALIGN) %
						     FRAME_ALIGN));
}

int frame_read(struct view bytes, struct frame_place place, uint64_t at,
		enum intake_frame_type *type_out, struct buf *content, size_t *size_out)
{
	char associated[ASSOCIATED];
	unsigned char type;
	uint32_t len;
	char *plain;

	if (bytes.len < FRAME_HEAD)
		return FRAME_E_END;
	len = get_u32(bytes.data);
	type = (unsigned char)bytes.data[4];
	if (!len && !type)
		return FRAME_E_END;
	if (type >= FRAME_TYPES || len < SEAL_OVERHEAD ||
			len > INTAKE_FRAME_MAX + SEAL_OVERHEAD ||
			len > bytes.len - FRAME_HEAD || bytes.data[5] || bytes.data[6] ||
			bytes.data[7])
		return FRAME_E_FORGED;
	buf_clear(content);
	plain = buf_room(content, len);
	if (!plain)
		return FRAME_E_FORGED;
	associate(associated, place, at, len, type);
	if (seal_open(place.key, view_of(associated, sizeof(associated)),
			    view_sub(bytes, FRAME_HEAD, len), plain) != SEAL_OK)
		return FRAME_E_FORGED;
	buf_grown(content, len - SEAL_OVERHEAD);
	*type_out = type;
	*size_out = FRAME_HEAD + len;
	return FRAME_OK;
}

/* -- walking a segment -- */

static uint64_t aligned(uint64_t at)
{
	return (at + FRAME_ALIGN - 1) / FRAME_ALIGN * FRAME_ALIGN;
}

bool bytes_are_zero(struct view bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		if (bytes.data[i])
			return false;
	return true;
}

/* Only these stand at a multiple of 64, and only there is a frame looked for. */
static bool may_begin(struct view bytes)
{
	return bytes.len >= FRAME_HEAD &&
	       (bytes.data[4] == FRAME_BEGIN || bytes.data[4] == FRAME_MARK);
}

bool segment_read(struct segment_reader *reader, enum intake_frame_type *type_out,
		struct buf *content, uint64_t *at_out, bool *resumed_out)
{
	uint64_t at = reader->at;
	bool passed = false;
	size_t size;

	while (at < reader->bytes.len) {
		struct view rest = view_from(reader->bytes, at);
		int r = FRAME_E_END;

		if (at == reader->at || may_begin(rest))
			r = frame_read(rest, reader->place, at, type_out, content, &size);
		if (r == FRAME_OK) {
			reader->damaged += passed;
			*resumed_out = passed;
			*at_out = at;
			reader->at = at + size;
			return true;
		}
		passed |= !bytes_are_zero(view_sub(rest, 0, aligned(at + 1) - at));
		at = aligned(at + 1);
	}
	reader->at = reader->bytes.len;
	return false;
}

/* -- files -- */

static char *path_of(const char *folder, const char *form, uint64_t number)
{
	char name[40];
	char *path;

	snprintf(name, sizeof(name), "%016" PRIx64 ".%s", number, form);
	if (asprintf(&path, "%s/%s", folder, name) < 0)
		die("out of memory");
	return path;
}

char *segment_path(const char *folder, uint64_t number)
{
	return path_of(folder, "log", number);
}

char *spool_path(const char *folder, uint64_t id)
{
	return path_of(folder, "body", id);
}

static bool name_of(struct view name, struct view ending, uint64_t *out)
{
	uint64_t number = 0;

	if (name.len != 16 + ending.len || !view_ends(name, ending))
		return false;
	for (size_t i = 0; i < 16; i++) {
		char c = name.data[i];

		if (!byte_is_digit(c) && !(c >= 'a' && c <= 'f'))
			return false;
		number = number << 4 |
			 (uint64_t)(byte_is_digit(c) ? c - '0' : c - 'a' + 10);
	}
	*out = number;
	return true;
}

bool segment_name(struct view name, uint64_t *number_out)
{
	return name_of(name, VIEW(".log"), number_out);
}

bool spool_name(struct view name, uint64_t *id_out)
{
	return name_of(name, VIEW(".body"), id_out);
}

static int open_file(const struct os *os, const char *folder, uint64_t number, int flags,
		struct segment **out)
{
	CLEANUP(freep) char *path = segment_path(folder, number);
	int fd = os->open(os->state, path, flags, 0600);

	if (fd < 0)
		return fault(fd);
	*out = xcalloc(1, sizeof(**out));
	(*out)->fd = fd;
	(*out)->number = number;
	(*out)->first_id = UINT64_MAX;
	list_init(&(*out)->link);
	return 0;
}

int segment_open(const struct os *os, const char *folder, uint64_t number,
		struct segment **out)
{
	int r = open_file(os, folder, number, O_RDONLY, out);

	if (r)
		return r;
	(*out)->sealed = true;
	(*out)->settled = UINT64_MAX;
	return 0;
}

int segment_create(const struct os *os, const char *folder, struct frame_place place,
		uint64_t next_id, struct segment **out)
{
	CLEANUP(buf_free) struct buf id = BUF_NULL(8);
	CLEANUP(buf_free) struct buf head = BUF_NULL(8 + FRAME_OVERHEAD + FRAME_ALIGN);
	struct segment *segment = NULL;
	int r = open_file(os, folder, place.file, O_RDWR | O_CREAT | O_EXCL, &segment);

	if (r)
		return r;
	put_u64(&id, next_id);
	frame_write(&head, place, 0, FRAME_SEGMENT, buf_view(&id));
	frame_align(&head, 0);
	r = segment_append(os, segment, buf_view(&head));
	if (!r)
		r = os->sync_dir(os->state, folder);
	if (r) {
		CLEANUP(freep) char *path = segment_path(folder, place.file);

		segment_close(os, segment);
		os->unlink(os->state, path);
		return fault(r);
	}
	*out = segment;
	return 0;
}

static int write_zeros(const struct os *os, struct segment *segment, uint64_t until)
{
	static const char zeros[128 * 1024];
	int r = 0;

	while (!r && segment->zeroed < until) {
		r = os->write(os->state, segment->fd, view_of(zeros, sizeof(zeros)),
				(off_t)segment->zeroed);
		if (!r)
			segment->zeroed += sizeof(zeros);
	}
	return r;
}

int segment_append(const struct os *os, struct segment *segment, struct view bytes)
{
	uint64_t end = segment->end + bytes.len;
	int r = 0;

	if (end > segment->zeroed)
		r = write_zeros(os, segment, end + ZERO_AHEAD);
	if (!r)
		r = os->write(os->state, segment->fd, bytes, (off_t)segment->end);
	if (r) {
		segment->sealed = true;
		return fault(r);
	}
	segment->end = end;
	return 0;
}

void segment_close(const struct os *os, struct segment *segment)
{
	os->close(os->state, segment->fd);
	list_remove(&segment->link);
	free(segment);
}
