#include "runtime/dns/record.h"

#include "runtime/base/error.h"
#include "runtime/base/limit.h"
#include "runtime/dns/name.h"

#include <assert.h>

void dns_answer_init(struct dns_answer *answer)
{
	*answer = (struct dns_answer){ .status = DNS_FAILED };
}

void dns_answer_deinit(struct dns_answer *answer)
{
	freep(&answer->records);
	arena_free(answer->arena);
	dns_answer_init(answer);
}

void dns_answer_set(struct dns_answer *answer, enum dns_status status, bool secure,
		uint32_t ttl)
{
	dns_answer_deinit(answer);
	answer->status = status;
	answer->secure = secure;
	answer->ttl = ttl;
	answer->arena = arena_new();
}

/* -- names -- */

static bool octet_fits(char c)
{
	return c >= ' ' && c <= '~' && c != '.' && c != '\\';
}

static bool label_fits(struct view label)
{
	if (label.len == 0 || label.len > NAME_LABEL_MAX)
		return false;
	for (size_t i = 0; i < label.len; i++)
		if (!octet_fits(label.data[i]))
			return false;
	return true;
}

bool dns_name_fits(struct view name)
{
	struct view rest = name;

	if (name.len == 0 || name.len > NAME_MAX || name.data[name.len - 1] == '.')
		return false;
	while (rest.len)
		if (!label_fits(view_cut(&rest, '.')))
			return false;
	return true;
}

bool dns_name_read(struct arena *arena, struct view wire, struct view *out)
{
	char text[NAME_MAX + 1];
	size_t at = 0, len = 0;

	while (at < wire.len && wire.data[at]) {
		size_t label = (unsigned char)wire.data[at];

		if (label > NAME_LABEL_MAX || label >= wire.len - at ||
				len + label + 1 > sizeof(text) ||
				!label_fits(view_sub(wire, at + 1, label)))
			return false;
		for (size_t i = 0; i < label; i++)
			text[len++] = byte_lower(wire.data[at + 1 + i]);
		text[len++] = '.';
		at += label + 1;
	}
	if (at + 1 != wire.len)
		return false;
	*out = arena_copy(arena, view_of(text, len ? len - 1 : 0));
	return true;
}

/* The form without regard to the octets: it ends where the name ends. */
static bool wire_is_name(struct view wire)
{
	size_t at = 0;

	while (at < wire.len && wire.data[at]) {
		size_t label = (unsigned char)wire.data[at];

		if (label > NAME_LABEL_MAX || label >= wire.len - at)
			return false;
		at += label + 1;
	}
	return at + 1 == wire.len && at <= NAME_MAX + 1;
}

/* -- records -- */

enum reading {
	READ,
	LEFT_OUT,
	MALFORMED,
};

static enum reading read_name(struct arena *arena, struct view wire, struct view *out)
{
	if (!wire_is_name(wire))
		return MALFORMED;
	return dns_name_read(arena, wire, out) ? READ : LEFT_OUT;
}

/* RFC 1035, 3.3.14: one or more strings, each with its length. */
static enum reading read_text(struct arena *arena, struct view rdata, struct view *out)
{
	char *text = arena_alloc(arena, rdata.len + 1);
	size_t len = 0;

	for (size_t at = 0; at < rdata.len;) {
		size_t piece = (unsigned char)rdata.data[at++];

		if (piece > rdata.len - at)
			return MALFORMED;
		memcpy(text + len, rdata.data + at, piece);
		len += piece;
		at += piece;
	}
	*out = view_of(text, len);
	return rdata.len ? READ : MALFORMED;
}

static enum reading read_address(
		struct view rdata, size_t size, unsigned char address[16])
{
	if (rdata.len != size)
		return MALFORMED;
	memcpy(address, rdata.data, size);
	return READ;
}

static enum reading read_mx(
		struct arena *arena, struct view rdata, struct dns_record *record)
{
	const unsigned char *octets = (const unsigned char *)rdata.data;

	if (rdata.len < 3)
		return MALFORMED;
	record->preference = (unsigned)octets[0] << 8 | octets[1];
	return read_name(arena, view_from(rdata, 2), &record->name);
}

/* What is too short for one is none that could be used (RFC 7672, 2.1.1), and there all the
 * same. */
static enum reading read_tlsa(struct view rdata, struct dns_record *record)
{
	const unsigned char *octets = (const unsigned char *)rdata.data;

	if (rdata.len < 3)
		return LEFT_OUT;
	record->usage = octets[0];
	record->selector = octets[1];
	record->matching = octets[2];
	record->text = view_from(rdata, 3);
	return READ;
}

static enum reading read_record(struct arena *arena, enum dns_type type,
		struct view rdata, struct dns_record *record)
{
	switch (type) {
	case DNS_A:
		return read_address(rdata, 4, record->address);
	case DNS_AAAA:
		return read_address(rdata, 16, record->address);
	case DNS_TXT:
		return read_text(arena, rdata, &record->text);
	case DNS_PTR:
		return read_name(arena, rdata, &record->name);
	case DNS_MX:
		return read_mx(arena, rdata, record);
	case DNS_TLSA:
		record->text = arena_copy(arena, rdata);
		return read_tlsa(record->text, record);
	}
	return MALFORMED;
}

void dns_answer_add(struct dns_answer *answer, enum dns_type type, struct view rdata)
{
	struct dns_record record = { 0 };
	enum reading reading;

	if (answer->status != DNS_ANSWERED)
		return;
	answer->octets += rdata.len;
	reading = answer->octets > limit_value(LIMIT_DNS_OCTETS) ||
						  answer->count ==
								  limit_value(LIMIT_DNS_RECORDS)
				  ? MALFORMED
				  : read_record(answer->arena, type, rdata, &record);
	if (reading == MALFORMED) {
		dns_answer_set(answer, DNS_FAILED, false, answer->ttl);
		return;
	}
	if (reading == LEFT_OUT)
		return;
	array_grow(&answer->records, &answer->capacity, answer->count + 1,
			sizeof(record));
	answer->records[answer->count++] = record;
}
