#include "runtime/mail/message_blob.h"

/* Numbers are 7 bits an octet, the lowest first, the eighth bit says that more follow.
 *
 *   format, count, then for each part in the order of the message:
 *   depth, flags, header offset (from that of the part before), header size, body size,
 *   type, subtype, charset (each: length, octets) */
enum {
	FORMAT = 1,
	FLAG_KIND = 3,
	FLAG_OPAQUE = 4,
	FLAG_ENCODING_SHIFT = 3
};

static void add_number(struct buf *out, uint64_t number)
{
	while (number >= 0x80) {
		buf_add_byte(out, (char)(0x80 | (number & 0x7f)));
		number >>= 7;
	}
	buf_add_byte(out, (char)number);
}

static void add_text(struct buf *out, struct view text)
{
	/* None that means anything is longer. */
	text = view_sub(text, 0, 127);
	add_number(out, text.len);
	buf_add(out, text);
}

void message_pack(const struct message *message, struct buf *out)
{
	uint64_t before = 0;

	add_number(out, FORMAT);
	add_number(out, message->part_count);
	for (const struct message_part *p = message->root; p; p = p->following) {
		add_number(out, p->depth);
		add_number(out, (uint64_t)p->kind | (p->opaque ? FLAG_OPAQUE : 0) |
						(uint64_t)p->encoding
								<< FLAG_ENCODING_SHIFT);
		add_number(out, p->header_offset - before);
		add_number(out, p->header_size);
		add_number(out, p->body_size);
		add_text(out, p->type.type);
		add_text(out, p->type.subtype);
		add_text(out, mime_parameter(&p->type.parameters, VIEW("charset")));
		before = p->header_offset;
	}
}

static bool read_number(struct view *v, uint64_t *out)
{
	uint64_t number = 0;

	for (unsigned shift = 0; v->len && shift < 63; shift += 7) {
		unsigned char octet = (unsigned char)v->data[0];

		*v = view_from(*v, 1);
		number |= (uint64_t)(octet & 0x7f) << shift;
		if (octet < 0x80) {
			*out = number;
			return true;
		}
	}
	return false;
}

static bool read_text(struct view *v, struct view *out)
{
	uint64_t len;

	if (!read_number(v, &len) || len > v->len)
		return false;
	*out = view_sub(*v, 0, len);
	*v = view_from(*v, len);
	return true;
}

bool packed_iterate(struct view blob, struct packed_iterator *out)
{
	uint64_t format;

	*out = (struct packed_iterator){ .rest = blob };
	return read_number(&out->rest, &format) && format == FORMAT &&
	       read_number(&out->rest, &out->left) && out->left > 0;
}

bool packed_next(struct packed_iterator *it, struct packed_part *out)
{
	uint64_t depth, flags, step, header_size, body_size;
	struct packed_part p = { 0 };

	if (it->left == 0 || !read_number(&it->rest, &depth) ||
			!read_number(&it->rest, &flags) ||
			!read_number(&it->rest, &step) ||
			!read_number(&it->rest, &header_size) ||
			!read_number(&it->rest, &body_size) ||
			!read_text(&it->rest, &p.type) ||
			!read_text(&it->rest, &p.subtype) ||
			!read_text(&it->rest, &p.charset))
		return false;
	if ((flags & FLAG_KIND) > PART_MESSAGE ||
			flags >> FLAG_ENCODING_SHIFT > ENCODING_OTHER)
		return false;
	p.kind = (enum part_kind)(flags & FLAG_KIND);
	p.opaque = flags & FLAG_OPAQUE;
	p.encoding = (enum transfer_encoding)(flags >> FLAG_ENCODING_SHIFT);
	p.depth = (unsigned)depth;
	p.header_offset = it->at + step;
	p.header_size = header_size;
	p.body_offset = p.header_offset + header_size;
	p.body_size = body_size;
	it->at = p.header_offset;
	it->left--;
	*out = p;
	return true;
}

/* -- sections -- */

/* A part, and the iterator that stands behind it. */
struct place {
	struct packed_part part;
	struct packed_iterator behind;
};

/* The n-th child, from 1. */
static bool descend(struct place *place, uint64_t n)
{
	unsigned depth = place->part.depth;
	struct place at = *place;

	while (packed_next(&at.behind, &at.part) && at.part.depth > depth) {
		if (at.part.depth == depth + 1 && --n == 0) {
			*place = at;
			return true;
		}
	}
	return false;
}

/* Follows one number. `whole`: the place is a message and not a part of one, as the root is
 * and what is in a message/rfc822; its only part is then number 1. */
static bool follow_number(struct place *place, bool whole, uint64_t n)
{
	if (!whole && place->part.kind == PART_MESSAGE) {
		if (!descend(place, 1))
			return false;
		whole = true;
	}
	if (place->part.kind == PART_MULTIPART)
		return descend(place, n);
	return whole && n == 1;
}

/* Cuts "1.2" off "1.2.MIME", following it. */
static int follow_numbers(struct place *place, struct view *section, bool *whole_out)
{
	int r = SECTION_OK;

	*whole_out = true;
	while (section->len && byte_is_digit(section->data[0])) {
		struct view rest = *section;
		struct view digits = view_cut(&rest, '.');
		uint64_t n;

		if (!view_to_u64(digits, &n) || n == 0 || (rest.data && rest.len == 0))
			return SECTION_E_SYNTAX;
		if (r == SECTION_OK && !follow_number(place, *whole_out, n))
			r = SECTION_E_ABSENT;
		*whole_out = false;
		*section = rest;
	}
	return r;
}

enum section_text {
	SECTION_ALL,
	SECTION_HEADER,
	SECTION_TEXT,
	SECTION_MIME,
	SECTION_WRONG,
};

static enum section_text text_of(struct view word)
{
	if (word.len == 0)
		return SECTION_ALL;
	if (view_eq_nocase(word, VIEW("HEADER")))
		return SECTION_HEADER;
	if (view_eq_nocase(word, VIEW("TEXT")))
		return SECTION_TEXT;
	return view_eq_nocase(word, VIEW("MIME")) ? SECTION_MIME : SECTION_WRONG;
}

static struct section_range range_of(
		const struct packed_part *part, enum section_text text, bool whole)
{
	struct section_range range = {
		.offset = part->body_offset,
		.len = part->body_size,
		.encoding = ENCODING_BINARY,
	};

	if (text == SECTION_HEADER || text == SECTION_MIME) {
		range.offset = part->header_offset;
		range.len = part->header_size;
	} else if (text == SECTION_ALL && whole) {
		range.offset = part->header_offset;
		range.len = part->header_size + part->body_size;
	} else if (text == SECTION_ALL && (part->kind == PART_LEAF || part->opaque)) {
		range.encoding = part->encoding;
	}
	return range;
}

int message_section_range(
		struct view blob, struct view section, struct section_range *out)
{
	struct place place;
	enum section_text text;
	bool whole;
	int r;

	if (!packed_iterate(blob, &place.behind) ||
			!packed_next(&place.behind, &place.part))
		return SECTION_E_BLOB;
	r = follow_numbers(&place, &section, &whole);
	text = text_of(section);
	if (r == SECTION_E_SYNTAX || text == SECTION_WRONG ||
			(text == SECTION_MIME && whole))
		return SECTION_E_SYNTAX;
	if (r)
		return r;
	if (!whole && (text == SECTION_HEADER || text == SECTION_TEXT) &&
			(place.part.kind != PART_MESSAGE || !descend(&place, 1)))
		return SECTION_E_ABSENT;
	*out = range_of(&place.part, text, whole);
	return SECTION_OK;
}
