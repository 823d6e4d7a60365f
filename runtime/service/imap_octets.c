#include "runtime/service/imap_octets.h"

#include "runtime/base/limit.h"
#include "runtime/mail/header.h"
#include "runtime/service/imap_decoding.h"

enum {
	SECTION_NAME_MAX = 1 << 20,
};

void imap_octets_free(struct imap_octets *octets)
{
	buf_free(&octets->fields);
}

/* "1.2.HEADER" */
static void name_section(const struct imap_section *section, struct buf *out)
{
	/* clang-format off */
	static const char *const texts[] = {
		[IMAP_SECTION_ALL]        = "",
		[IMAP_SECTION_HEADER]     = "HEADER",
		[IMAP_SECTION_FIELDS]     = "HEADER",
		[IMAP_SECTION_FIELDS_NOT] = "HEADER",
		[IMAP_SECTION_TEXT]       = "TEXT",
		[IMAP_SECTION_MIME]       = "MIME",
	};
	/* clang-format on */

	for (size_t i = 0; i < section->path_len; i++) {
		if (i)
			buf_add_byte(out, '.');
		buf_add_u64(out, section->path[i]);
	}
	if (section->path_len && texts[section->kind][0])
		buf_add_byte(out, '.');
	buf_add_z(out, texts[section->kind]);
}

static int choose_fields(struct account_store *store, const struct imap_section *section,
		struct imap_octets *octets)
{
	uint64_t max = limit_value(LIMIT_MIME_HEADER);
	CLEANUP(buf_free) struct buf header = BUF_NULL(max);
	int r;

	r = message_read(store, octets->content, octets->range.offset,
			octets->len < max ? octets->len : max, &header);
	if (r)
		return r;
	octets->kind = OCTETS_CHOSEN;
	octets->fields = BUF_NULL(max + 2);
	header_select(buf_view(&header), section->fields, section->field_count,
			section->kind == IMAP_SECTION_FIELDS_NOT, &octets->fields);
	octets->len = octets->fields.len;
	return 0;
}

/* What is not encoded has the size that it has; and no NUL, since no message with one is
 * taken. */
static int decode(struct imap_performer *p, struct account_store *store,
		struct imap_octets *octets)
{
	enum transfer_encoding encoding = octets->range.encoding;
	struct decoded decoded;
	int r;

	octets->unknown = encoding == ENCODING_OTHER;
	if (encoding != ENCODING_BASE64 && encoding != ENCODING_QUOTED_PRINTABLE)
		return 0;
	if (!p->decoding)
		p->decoding = imap_decoding_new();
	r = imap_decoding_measure(p->decoding, store, octets->content, &octets->range,
			&octets->passed, &decoded);
	if (r)
		return r;
	octets->kind = OCTETS_DECODED;
	octets->len = decoded.len;
	octets->has_nul = decoded.has_nul;
	return 0;
}

static void apply_partial(const struct imap_section *section, struct imap_octets *octets)
{
	if (!section->partial)
		return;
	octets->skipped = section->offset < octets->len ? section->offset : octets->len;
	octets->len -= octets->skipped;
	if (octets->len > section->length)
		octets->len = section->length;
}

int imap_octets_find(struct imap_performer *p, struct account_store *store,
		int64_t content, const struct imap_section *section,
		struct imap_octets *out)
{
	CLEANUP(buf_free) struct buf name = BUF_NULL(SECTION_NAME_MAX);
	int r;

	*out = (struct imap_octets){ .content = content };
	name_section(section, &name);
	r = message_section(store, content, buf_view(&name), &out->range);
	out->absent = r == STORE_E_ABSENT;
	if (r)
		return out->absent ? 0 : r;
	out->len = out->range.len;
	if (section->kind == IMAP_SECTION_FIELDS ||
			section->kind == IMAP_SECTION_FIELDS_NOT)
		r = choose_fields(store, section, out);
	else if (section->form != IMAP_SECTION_AS_IT_IS)
		r = decode(p, store, out);
	if (r == 0)
		apply_partial(section, out);
	return r;
}

static int read_stretch(struct imap_performer *p, struct account_store *store,
		struct imap_octets *octets, uint64_t at, uint64_t len, struct buf *out)
{
	switch (octets->kind) {
	case OCTETS_CHOSEN:
		buf_add(out, view_sub(buf_view(&octets->fields), at, len));
		return 0;
	case OCTETS_DECODED:
		return imap_decoding_read(p->decoding, store, octets->content,
				&octets->range, at, len, &octets->passed, out);
	default:
		return message_read(store, octets->content, octets->range.offset + at,
				len, out);
	}
}

int imap_octets_read(struct imap_performer *p, struct account_store *store,
		struct imap_octets *octets, uint64_t at, uint64_t len,
		struct arena *arena, struct view *out)
{
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(IMAP_BATCH_BYTES);
	int r = 0;

	if (at > octets->len)
		at = octets->len;
	if (len > octets->len - at)
		len = octets->len - at;
	if (len > IMAP_BATCH_BYTES)
		len = IMAP_BATCH_BYTES;
	if (len)
		r = read_stretch(p, store, octets, octets->skipped + at, len, &bytes);
	if (r == 0)
		*out = bytes.len ? arena_copy(arena, buf_view(&bytes)) : VIEW("");
	return r;
}
