#include "runtime/service/imap_decoding.h"

#include "runtime/base/error.h"
#include "runtime/mail/encoding.h"

#include <stdlib.h>

enum {
	CHUNK = 64 * 1024, /* encoded octets that are decoded at once */
	KEPT_SIZES = 16,
};

/* A part, and a place in it where one chunk ended and the next begins. */
struct progress {
	int64_t content; /* 0: of none */
	uint64_t offset; /* of the part in it */
	uint64_t fed;    /* encoded octets that are through */
	uint64_t given;  /* decoded octets that came of them */
	struct decoder decoder;
};

struct imap_decoding {
	struct {
		int64_t content;
		uint64_t offset;
		struct decoded decoded;
	} sizes[KEPT_SIZES];
	size_t next_size;
	struct progress progress;
};

struct imap_decoding *imap_decoding_new(void)
{
	return xcalloc(1, sizeof(struct imap_decoding));
}

void imap_decoding_free(struct imap_decoding *d)
{
	free(d);
}

static void begin(struct progress *p, int64_t content, const struct section_range *part)
{
	*p = (struct progress){ .content = content, .offset = part->offset };
	decoder_init(&p->decoder, part->encoding);
}

/* Decodes the next chunk into `out`, which is emptied before; empty afterwards and all fed:
 * that was the end. */
static int decode_chunk(struct progress *p, struct account_store *store,
		const struct section_range *part, struct buf *encoded, struct buf *out)
{
	uint64_t len = part->len - p->fed;
	int r;

	if (len > CHUNK)
		len = CHUNK;
	buf_clear(encoded);
	buf_clear(out);
	r = message_read(store, p->content, part->offset + p->fed, len, encoded);
	if (r)
		return r;
	if (encoded->len != len)
		return STORE_E_DAMAGED;
	decoder_feed(&p->decoder, buf_view(encoded), out);
	p->fed += len;
	if (p->fed == part->len)
		decoder_finish(&p->decoder, out);
	p->given += out->len;
	return 0;
}

/* -- sizes -- */

static const struct decoded *find_size(const struct imap_decoding *d, int64_t content,
		const struct section_range *part)
{
	for (size_t i = 0; i < KEPT_SIZES; i++)
		if (d->sizes[i].content == content && d->sizes[i].offset == part->offset)
			return &d->sizes[i].decoded;
	return NULL;
}

static void keep_size(struct imap_decoding *d, int64_t content,
		const struct section_range *part, const struct decoded *decoded)
{
	d->sizes[d->next_size].content = content;
	d->sizes[d->next_size].offset = part->offset;
	d->sizes[d->next_size].decoded = *decoded;
	d->next_size = (d->next_size + 1) % KEPT_SIZES;
}

int imap_decoding_measure(struct imap_decoding *d, struct account_store *store,
		int64_t content, const struct section_range *part, uint64_t *passed_inout,
		struct decoded *out)
{
	CLEANUP(buf_free) struct buf encoded = BUF_NULL(CHUNK);
	CLEANUP(buf_free) struct buf chunk = BUF_NULL(2 * CHUNK);
	const struct decoded *kept = find_size(d, content, part);
	struct decoded decoded = { 0 };
	struct progress p;

	if (kept) {
		*out = *kept;
		return 0;
	}
	begin(&p, content, part);
	while (p.fed < part->len) {
		int r = decode_chunk(&p, store, part, &encoded, &chunk);

		if (r)
			return r;
		decoded.has_nul |= view_find(buf_view(&chunk), '\0') < chunk.len;
	}
	decoded.len = p.given;
	*passed_inout += part->len;
	keep_size(d, content, part, &decoded);
	*out = decoded;
	return 0;
}

/* -- octets -- */

/* A chunk that holds more than is asked for is decoded again for those who ask for the
 * rest: nothing decoded is kept between two calls. */
int imap_decoding_read(struct imap_decoding *d, struct account_store *store,
		int64_t content, const struct section_range *part, uint64_t at,
		uint64_t len, uint64_t *passed_inout, struct buf *out)
{
	CLEANUP(buf_free) struct buf encoded = BUF_NULL(CHUNK);
	CLEANUP(buf_free) struct buf chunk = BUF_NULL(2 * CHUNK);
	struct progress p = d->progress;

	if (p.content != content || p.offset != part->offset || p.given > at)
		begin(&p, content, part);
	while (len && p.fed < part->len) {
		struct progress before = p;
		struct view octets;
		int r = decode_chunk(&p, store, part, &encoded, &chunk);

		if (r)
			return r;
		*passed_inout += p.fed - before.fed;
		octets = view_sub(view_from(buf_view(&chunk), at - before.given), 0, len);
		buf_add(out, octets);
		at += octets.len;
		len -= octets.len;
		d->progress = at < p.given ? before : p;
	}
	return 0;
}
