#include "runtime/smtp/smtp_header.h"

#include "runtime/base/limit.h"
#include "runtime/base/utf8.h"

void smtp_header_init(struct smtp_header *header)
{
	*header = (struct smtp_header){
		.from = BUF_NULL(limit_value(LIMIT_SMTP_AUTHOR)),
		.sender = BUF_NULL(limit_value(LIMIT_SMTP_AUTHOR)),
	};
}

void smtp_header_deinit(struct smtp_header *header)
{
	buf_free(&header->from);
	buf_free(&header->sender);
}

static void field_begins(struct smtp_header *header, struct view name)
{
	name = view_trim(name); /* blanks before the colon are obsolete, not absent */
	header->field = HEADER_FIELD_OTHER;
	if (view_eq_nocase(name, VIEW("Received"))) {
		header->field = HEADER_FIELD_RECEIVED;
		header->received_count++;
	} else if (view_eq_nocase(name, VIEW("From"))) {
		header->field = HEADER_FIELD_FROM;
		header->from_count++;
	} else if (view_eq_nocase(name, VIEW("Sender"))) {
		header->field = HEADER_FIELD_SENDER;
		header->sender_count++;
	}
}

static void keep(struct smtp_header *header, char byte)
{
	if (header->field == HEADER_FIELD_FROM && header->from_count == 1)
		buf_add_byte(&header->from, byte);
	if (header->field == HEADER_FIELD_SENDER && header->sender_count == 1)
		buf_add_byte(&header->sender, byte);
}

/* A byte of a line whose field is not known yet. */
static void name_byte(struct smtp_header *header, char byte)
{
	if (header->at == 0 && (byte == ' ' || byte == '\t')) {
		header->named = true; /* goes on with the field of the line before */
		keep(header, byte);
	} else if (byte == ':') {
		field_begins(header, view_of(header->name, header->at));
		header->named = true;
	} else if (header->at == SMTP_HEADER_NAME_SIZE) {
		header->field = HEADER_FIELD_OTHER;
		header->named = true;
	} else {
		header->name[header->at] = byte;
	}
}

static size_t sequence_length(unsigned char first)
{
	return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
}

/* Gathers the octets of one character beyond ASCII, wherever the message is split. */
static void watch_utf8(struct smtp_header *header, char byte)
{
	unsigned char octet = (unsigned char)byte;
	uint32_t code;

	if (octet < 128) {
		header->not_utf8 |= header->sequence.len > 0;
		header->sequence.len = 0;
		return;
	}
	header->wide = true;
	if (header->sequence.len == 0)
		header->sequence.wanted = sequence_length(octet);
	header->sequence.bytes[header->sequence.len++] = byte;
	if (header->sequence.len < header->sequence.wanted)
		return;
	if (utf8_decode(view_of(header->sequence.bytes, header->sequence.len), &code) !=
			header->sequence.wanted)
		header->not_utf8 = true;
	header->sequence.len = 0;
}

static void pass_byte(struct smtp_header *header, char byte)
{
	header->size++;
	watch_utf8(header, byte);
	if (header->named)
		keep(header, byte);
	else if (byte != '\n')
		name_byte(header, byte);
	else
		header->ended = header->at == 1; /* that was the CR */
	header->at++;
	if (byte == '\n') {
		header->at = 0;
		header->named = false;
	}
}

void smtp_header_pass(struct smtp_header *header, struct view bytes)
{
	for (size_t i = 0; i < bytes.len && !header->ended; i++)
		pass_byte(header, bytes.data[i]);
}
