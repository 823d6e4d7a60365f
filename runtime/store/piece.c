#include "runtime/store/piece.h"

#include "runtime/base/error.h"
#include "runtime/store/content.h"
#include "runtime/store/store.h"

#include <errno.h>
#include <zstd.h>

enum {
	PIECE_PLAIN = 0, /* the first byte of a stored piece */
	PIECE_ZSTD = 1,
	ZSTD_LEVEL = 1,
};

size_t piece_header_end(struct view start)
{
	size_t lf = view_find_view(start, VIEW("\n\n"));
	size_t crlf = view_find_view(start, VIEW("\r\n\r\n"));
	size_t end = lf + 2 < crlf + 4 ? lf + 2 : crlf + 4;

	return end < start.len ? end : start.len;
}

/* -- packing -- */

static bool add_frame(struct account_store *store, struct view bytes, struct buf *out)
{
	size_t bound = ZSTD_compressBound(bytes.len), len;
	char *room = buf_room(out, bound);

	len = ZSTD_compressCCtx(store->compressor, room, bound, bytes.data, bytes.len,
			ZSTD_LEVEL);
	if (ZSTD_isError(len))
		return false;
	buf_grown(out, len);
	return true;
}

void piece_pack(struct account_store *store, struct view bytes, struct buf *out)
{
	size_t start = out->len, first = bytes.len;

	if (bytes.len <= PIECE_WHOLE)
		first = piece_header_end(bytes);
	if (!store->compressor)
		store->compressor = ZSTD_createCCtx();
	if (!store->compressor)
		die("out of memory");
	buf_add_byte(out, PIECE_ZSTD);
	if (add_frame(store, view_sub(bytes, 0, first), out) &&
			(first == bytes.len ||
					add_frame(store, view_from(bytes, first), out)) &&
			out->len - start < bytes.len - bytes.len / 8)
		return;
	buf_truncate(out, start);
	buf_add_byte(out, PIECE_PLAIN);
	buf_add(out, bytes);
}

/* -- unpacking -- */

static int add_frames(struct account_store *store, struct view frames, size_t size,
		struct buf *out)
{
	char *room = buf_room(out, size);
	size_t len;

	if (!room)
		return -ENOBUFS;
	if (!store->decompressor)
		store->decompressor = ZSTD_createDCtx();
	if (!store->decompressor)
		die("out of memory");
	len = ZSTD_decompressDCtx(
			store->decompressor, room, size, frames.data, frames.len);
	if (ZSTD_isError(len) || len != size)
		return STORE_E_DAMAGED;
	buf_grown(out, size);
	return STORE_OK;
}

/* The first frame. False where it is damaged. */
static bool find_first(struct view frames, struct view *frame, size_t *size)
{
	unsigned long long content = ZSTD_getFrameContentSize(frames.data, frames.len);
	size_t len = ZSTD_findFrameCompressedSize(frames.data, frames.len);

	if (content > PIECE_BYTES || ZSTD_isError(len))
		return false; /* unknown and error are numbers above any size */
	*frame = view_sub(frames, 0, len);
	*size = (size_t)content;
	return true;
}

/* Tells apart the `frames` of a compressed piece and `plain` bytes; the other one is null. */
static int open_stored(struct view stored, struct view *frames, struct view *plain)
{
	*frames = *plain = VIEW_NULL;
	if (!stored.len)
		return STORE_E_DAMAGED;
	if (stored.data[0] == PIECE_ZSTD)
		*frames = view_from(stored, 1);
	else if (stored.data[0] == PIECE_PLAIN)
		*plain = view_from(stored, 1);
	else
		return STORE_E_DAMAGED;
	return STORE_OK;
}

int piece_unpack(struct account_store *store, struct view stored, size_t size,
		size_t need, struct buf *out)
{
	struct view frames, plain, first;
	size_t first_size;
	int r = open_stored(stored, &frames, &plain);

	if (r)
		return r;
	if (!frames.data && plain.len != size)
		return STORE_E_DAMAGED;
	if (!frames.data) {
		buf_add(out, plain);
		return STORE_OK;
	}
	if (need < size && find_first(frames, &first, &first_size) && need <= first_size)
		return add_frames(store, first, first_size, out);
	return add_frames(store, frames, size, out);
}

int piece_unpack_header(struct account_store *store, struct view stored, struct buf *out,
		bool *whole_out)
{
	struct view frames, plain, first, added;
	size_t start = out->len, size;
	int r = open_stored(stored, &frames, &plain);

	if (!r && !frames.data)
		buf_add(out, plain);
	else if (!r && find_first(frames, &first, &size))
		r = add_frames(store, first, size, out);
	else
		r = r ? r : STORE_E_DAMAGED;
	if (r)
		return r;
	/* Shorter ones end with the header, or the message. */
	added = view_from(buf_view(out), start);
	*whole_out = added.len < PIECE_BYTES || piece_header_end(added) < added.len;
	return STORE_OK;
}

void piece_contexts_free(struct account_store *store)
{
	ZSTD_freeCCtx(store->compressor);
	ZSTD_freeDCtx(store->decompressor);
}
