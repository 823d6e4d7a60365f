#include "agent/backup/cutter.h"

#include "runtime/crypto/hmac.h"

/* The upper bits of the hash know the last 64 bytes. */
#define CUT_MASK (((UINT64_C(1) << CHUNK_MEAN_BITS) - 1) << (64 - CHUNK_MEAN_BITS))

void gear_init(struct gear *gear, const struct key *key)
{
	for (unsigned i = 0; i < 256; i++) {
		unsigned char byte = (unsigned char)i, digest[DIGEST_SIZE];

		keyed_digest(key, view_of(&byte, 1), digest);
		memcpy(&gear->of[i], digest, sizeof(gear->of[i]));
	}
}

void cutter_init(struct cutter *cutter, const struct gear *gear, enum vault_shape shape)
{
	*cutter = (struct cutter){
		.gear = gear,
		.shape = shape,
		.chunk = BUF_NULL(CHUNK_MOST),
	};
}

void cutter_deinit(struct cutter *cutter)
{
	buf_wipe(&cutter->chunk);
}

static bool take_pages(struct cutter *cutter, struct view *bytes)
{
	struct view taken = view_sub(*bytes, 0, CHUNK_PAGES - cutter->chunk.len);

	buf_add(&cutter->chunk, taken);
	*bytes = view_from(*bytes, taken.len);
	return cutter->chunk.len == CHUNK_PAGES;
}

/* How many of the bytes belong to this chunk; *cut_out: it ends behind them. */
static size_t find_cut(struct cutter *cutter, struct view bytes, bool *cut_out)
{
	size_t before = cutter->chunk.len, i;
	uint64_t hash = cutter->hash;

	if (bytes.len > CHUNK_MOST - before)
		bytes.len = CHUNK_MOST - before;
	for (i = 0; i < bytes.len; i++) {
		hash = (hash << 1) + cutter->gear->of[(unsigned char)bytes.data[i]];
		if (!(hash & CUT_MASK) && before + i + 1 >= CHUNK_LEAST) {
			i++;
			*cut_out = true;
			break;
		}
	}
	cutter->hash = hash;
	*cut_out |= before + i == CHUNK_MOST;
	return i;
}

bool cutter_take(struct cutter *cutter, struct view *bytes)
{
	bool cut = false;
	size_t taken;

	if (cutter->shape == VAULT_PAGES)
		return take_pages(cutter, bytes);
	taken = find_cut(cutter, *bytes, &cut);
	buf_add(&cutter->chunk, view_sub(*bytes, 0, taken));
	*bytes = view_from(*bytes, taken);
	return cut;
}

void cutter_next(struct cutter *cutter)
{
	buf_clear(&cutter->chunk);
	cutter->hash = 0;
}
