#include "runtime/mail/envelope.h"

#include "runtime/mail/address_list.h"
#include "runtime/mail/header.h"
#include "runtime/mail/imap_string.h"

static void add_nil(struct buf *out)
{
	buf_add_z(out, "NIL");
}

/* NIL where the field is absent, "" where it is empty. */
static void add_text_field(struct arena *arena, const struct message_part *part,
		enum part_field field, struct buf *out)
{
	if (part->has_field[field])
		imap_string_add(out, header_unfold(arena, part->field[field]));
	else
		add_nil(out);
}

static void add_nstring(struct buf *out, bool there, struct view text)
{
	if (there)
		imap_string_add(out, text);
	else
		add_nil(out);
}

/* (name route mailbox host). A host of NIL means a group: a missing one is "". */
static void add_entry(const struct address_entry *entry, struct buf *out)
{
	bool mailbox = entry->kind == ADDRESS_MAILBOX;

	buf_add_byte(out, '(');
	add_nstring(out, mailbox && entry->has_name, entry->name);
	buf_add_byte(out, ' ');
	add_nstring(out, mailbox && entry->route.len, entry->route);
	buf_add_byte(out, ' ');
	if (mailbox)
		imap_string_add(out, entry->local);
	else
		add_nstring(out, entry->kind == ADDRESS_GROUP_BEGIN, entry->name);
	buf_add_byte(out, ' ');
	add_nstring(out, mailbox, entry->domain);
	buf_add_byte(out, ')');
}

static void add_list(const struct address_list *list, struct buf *out)
{
	if (list->count == 0) {
		add_nil(out);
		return;
	}
	buf_add_byte(out, '(');
	for (size_t i = 0; i < list->count; i++)
		add_entry(&list->entries[i], out);
	buf_add_byte(out, ')');
}

/* Sender and Reply-To stand in the order of the envelope behind From, which they fall back
 * to. */
static void add_address_fields(
		struct arena *arena, const struct message_part *part, struct buf *out)
{
	struct address_list from = { 0 };

	for (enum part_field field = FIELD_FROM; field <= FIELD_BCC; field++) {
		struct address_list list = { 0 };

		if (part->has_field[field])
			address_list_parse(arena, part->field[field], &list);
		if (field == FIELD_FROM)
			from = list;
		if (list.count == 0 && (field == FIELD_SENDER || field == FIELD_REPLY_TO))
			list = from;
		add_list(&list, out);
		buf_add_byte(out, ' ');
	}
}

void envelope_render(const struct message_part *part, struct buf *out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();

	buf_add_byte(out, '(');
	add_text_field(arena, part, FIELD_DATE, out);
	buf_add_byte(out, ' ');
	add_text_field(arena, part, FIELD_SUBJECT, out);
	buf_add_byte(out, ' ');
	add_address_fields(arena, part, out);
	add_text_field(arena, part, FIELD_IN_REPLY_TO, out);
	buf_add_byte(out, ' ');
	add_text_field(arena, part, FIELD_MESSAGE_ID, out);
	buf_add_byte(out, ')');
}
