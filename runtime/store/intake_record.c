#include "runtime/store/intake_record.h"

void put_u32(struct buf *out, uint32_t number)
{
	char bytes[4];

	for (int i = 0; i < 4; i++)
		bytes[i] = (char)(number >> (8 * i));
	buf_add(out, view_of(bytes, sizeof(bytes)));
}

void put_u64(struct buf *out, uint64_t number)
{
	put_u32(out, (uint32_t)number);
	put_u32(out, (uint32_t)(number >> 32));
}

uint32_t get_u32(const char *bytes)
{
	uint32_t number = 0;

	for (int i = 3; i >= 0; i--)
		number = number << 8 | (unsigned char)bytes[i];
	return number;
}

uint64_t get_u64(const char *bytes)
{
	return get_u32(bytes) | (uint64_t)get_u32(bytes + 4) << 32;
}

/* -- reading: what is short sets `failed`, and everything after it is empty -- */

struct cursor {
	struct view rest;
	bool failed;
};

static struct view take(struct cursor *c, size_t len)
{
	struct view bytes = view_sub(c->rest, 0, len);

	if (bytes.len < len) {
		c->failed = true;
		c->rest = VIEW_NULL;
		return VIEW_NULL;
	}
	c->rest = view_from(c->rest, len);
	return bytes;
}

static uint32_t take_u32(struct cursor *c)
{
	struct view bytes = take(c, 4);

	return bytes.len ? get_u32(bytes.data) : 0;
}

static uint64_t take_u64(struct cursor *c)
{
	struct view bytes = take(c, 8);

	return bytes.len ? get_u64(bytes.data) : 0;
}

static unsigned take_u8(struct cursor *c)
{
	struct view byte = take(c, 1);

	return byte.len ? (unsigned char)byte.data[0] : 0;
}

static struct view take_text(struct cursor *c)
{
	return take(c, take_u32(c));
}

static void put_text(struct buf *out, struct view text)
{
	put_u32(out, (uint32_t)text.len);
	buf_add(out, text);
}

/* -- what MAIL and RCPT asked beyond addresses, and the origin --
 *
 * It stands behind the rest since version 1, and only where there is something of it:
 * records of before are whole without it, and such records can still be read by what
 * wrote those. */

enum {
	ASKED_VERSION = 1,
	ASKED_UTF8 = 1 << 0,
	ASKED_EIGHT_BIT = 1 << 1,
	ASKED_ORIGIN = 1 << 2,  /* the origin ends the record */
	ASKED_FORWARD = 1 << 3, /* forwarders, one a recipient, stand before it */
	ASKED_FLAGS = ASKED_UTF8 | ASKED_EIGHT_BIT | ASKED_ORIGIN | ASKED_FORWARD,
	NOTIFY_BITS = DSN_NEVER | DSN_SUCCESS | DSN_FAILURE | DSN_DELAY,
};

static bool has_forward(const struct intake_envelope *envelope)
{
	for (size_t i = 0; i < envelope->recipient_count; i++)
		if (envelope->recipients[i].forwarder.len)
			return true;
	return false;
}

static bool was_asked(const struct intake_envelope *envelope)
{
	bool asked = envelope->utf8 || envelope->eight_bit ||
		     envelope->ret != DSN_RET_UNSAID || envelope->envid.len ||
		     envelope->origin || has_forward(envelope);

	for (size_t i = 0; i < envelope->recipient_count; i++)
		asked |= envelope->recipients[i].notify ||
			 envelope->recipients[i].orcpt.len;
	return asked;
}

static void put_asked(struct buf *out, const struct intake_envelope *envelope)
{
	bool forward = has_forward(envelope);

	buf_add_byte(out, ASKED_VERSION);
	buf_add_byte(out, (char)((envelope->utf8 ? ASKED_UTF8 : 0) |
					  (envelope->eight_bit ? ASKED_EIGHT_BIT : 0) |
					  (forward ? ASKED_FORWARD : 0) |
					  (envelope->origin ? ASKED_ORIGIN : 0)));
	buf_add_byte(out, (char)envelope->ret);
	put_text(out, envelope->envid);
	for (size_t i = 0; i < envelope->recipient_count; i++) {
		buf_add_byte(out, (char)envelope->recipients[i].notify);
		put_text(out, envelope->recipients[i].orcpt);
	}
	for (size_t i = 0; forward && i < envelope->recipient_count; i++)
		put_text(out, envelope->recipients[i].forwarder);
	if (envelope->origin)
		put_u64(out, envelope->origin);
}

/* False where it is of another version, or says nothing. */
static bool take_asked(struct cursor *c, struct arena *arena,
		struct intake_recipient *recipients, struct intake_envelope *out)
{
	unsigned version = take_u8(c), flags = take_u8(c), ret = take_u8(c);

	out->utf8 = flags & ASKED_UTF8;
	out->eight_bit = flags & ASKED_EIGHT_BIT;
	out->ret = (enum dsn_ret)ret;
	out->envid = arena_copy(arena, take_text(c));
	for (size_t i = 0; i < out->recipient_count; i++) {
		recipients[i].notify = take_u8(c);
		recipients[i].orcpt = arena_copy(arena, take_text(c));
		if (recipients[i].notify & ~(unsigned)NOTIFY_BITS)
			return false;
	}
	for (size_t i = 0; flags & ASKED_FORWARD && i < out->recipient_count; i++)
		recipients[i].forwarder = arena_copy(arena, take_text(c));
	if (flags & ASKED_ORIGIN)
		out->origin = take_u64(c);
	return version == ASKED_VERSION && !(flags & ~(unsigned)ASKED_FLAGS) &&
	       ret <= DSN_RET_HEADERS && was_asked(out);
}

size_t intake_begin_bound(const struct intake_envelope *envelope)
{
	const size_t numbers = 8 + 8 + 4 + 4 + 1 + 1 + 1 + 4 + 8;
	size_t bound = numbers + envelope->sender.len + envelope->envid.len;

	for (size_t i = 0; i < envelope->recipient_count; i++)
		bound += INTAKE_ACCOUNT_SIZE + 4 + 1 + 4 + 4 +
			 envelope->recipients[i].address.len +
			 envelope->recipients[i].forwarder.len +
			 envelope->recipients[i].orcpt.len;
	return bound;
}

void intake_begin_write(
		struct buf *out, uint64_t id, const struct intake_envelope *envelope)
{
	put_u64(out, id);
	put_u64(out, (uint64_t)envelope->received);
	put_text(out, envelope->sender);
	put_u32(out, (uint32_t)envelope->recipient_count);
	for (size_t i = 0; i < envelope->recipient_count; i++) {
		buf_add(out, view_of(envelope->recipients[i].account,
					     INTAKE_ACCOUNT_SIZE));
		put_text(out, envelope->recipients[i].address);
	}
	if (was_asked(envelope))
		put_asked(out, envelope);
}

bool intake_begin_read(struct arena *arena, struct view bytes, uint64_t *id_out,
		struct intake_envelope *out)
{
	struct cursor c = { .rest = bytes };
	uint64_t id = take_u64(&c);
	walltime received = (walltime)take_u64(&c);
	struct view sender = take_text(&c);
	uint32_t count = take_u32(&c);
	struct intake_recipient *recipients;
	struct intake_envelope envelope;

	/* A recipient takes 20 bytes at least: no count makes memory of nothing. */
	if (c.failed || count > c.rest.len / (INTAKE_ACCOUNT_SIZE + 4))
		return false;
	recipients = arena_array(arena, count, sizeof(*recipients));
	for (uint32_t i = 0; i < count; i++) {
		struct view account = take(&c, INTAKE_ACCOUNT_SIZE);

		recipients[i] = (struct intake_recipient){ 0 };
		if (account.len)
			memcpy(recipients[i].account, account.data, account.len);
		recipients[i].address = arena_copy(arena, take_text(&c));
	}
	envelope = (struct intake_envelope){ .sender = arena_copy(arena, sender),
		.received = received,
		.recipients = recipients,
		.recipient_count = count };
	if (c.rest.len && !take_asked(&c, arena, recipients, &envelope))
		return false;
	if (c.failed || c.rest.len)
		return false;
	*id_out = id;
	*out = envelope;
	return true;
}

void intake_end_write(struct buf *out, const struct intake_end *end)
{
	put_u64(out, end->id);
	put_u64(out, end->size);
	buf_add_byte(out, end->spooled);
	buf_add(out, view_of(end->digest, DIGEST_SIZE));
	put_text(out, end->trace);
}

bool intake_end_read(struct view bytes, struct intake_end *out)
{
	struct cursor c = { .rest = bytes };
	struct intake_end end = { .id = take_u64(&c), .size = take_u64(&c) };
	struct view spooled = take(&c, 1), digest = take(&c, DIGEST_SIZE);

	end.trace = take_text(&c);
	if (c.failed || c.rest.len || (unsigned char)spooled.data[0] > 1)
		return false;
	end.spooled = spooled.data[0];
	memcpy(end.digest, digest.data, DIGEST_SIZE);
	*out = end;
	return true;
}

bool intake_mark_read(struct view bytes, size_t n, uint64_t *id_out)
{
	struct view id = view_sub(bytes, 8 * n, 8);

	if (id.len < 8)
		return false;
	*id_out = get_u64(id.data);
	return true;
}
