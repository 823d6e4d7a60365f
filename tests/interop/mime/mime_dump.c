/* What our parser makes of messages, for judge.py: a line of JSON for each file.
 *
 *   mime_dump FILE…
 *
 * gmime_dump.c writes the same by GMime, and judge.py by Python's email package. `parts` are
 * by their place in the tree ("" is the message, "0.1" the second child of the first);
 * `messages` have what an envelope has, of the message and of those in it. */
#include "runtime/base/base64.h"
#include "runtime/base/buf.h"
#include "runtime/base/error.h"
#include "runtime/base/utf8.h"
#include "runtime/crypto/digest.h"
#include "runtime/mail/address.h"
#include "runtime/mail/address_list.h"
#include "runtime/mail/date.h"
#include "runtime/mail/encoded_word.h"
#include "runtime/mail/encoding.h"
#include "runtime/mail/header.h"
#include "runtime/mail/message.h"

#include <jansson.h>
#include <libgen.h>
#include <stdio.h>

enum {
	TEXT_MAX = 1 << 26
};

struct dump {
	struct arena *arena;
	struct view text;
	json_t *parts, *messages;
};

static json_t *text_json(struct view text)
{
	CLEANUP(buf_free) struct buf whole = BUF_NULL(TEXT_MAX);

	utf8_add_repaired(&whole, text);
	return json_stringn(whole.data ? whole.data : "", whole.len);
}

static json_t *parameters_json(struct dump *d, const struct mime_parameters *list)
{
	json_t *object = json_object();

	for (size_t i = 0; i < list->count; i++) {
		struct view name = list->items[i].name;

		if (view_ends(name, VIEW("*")))
			name.len--;
		json_object_set_new(object, arena_copy_z(d->arena, name),
				text_json(mime_parameter_text(d->arena, list, name)));
	}
	return object;
}

static json_t *digest_json(struct dump *d, const struct message_part *part)
{
	CLEANUP(buf_free) struct buf body = BUF_NULL(TEXT_MAX);
	CLEANUP(buf_free) struct buf hex = BUF_NULL(64);
	unsigned char digest[DIGEST_SIZE];
	struct decoder decoder;

	decoder_init(&decoder, part->encoding);
	decoder_feed(&decoder, view_sub(d->text, part->body_offset, part->body_size),
			&body);
	decoder_finish(&decoder, &body);
	digest_sha256(buf_view(&body), digest);
	hex_add(&hex, view_of(digest, sizeof(digest)));
	return text_json(buf_view(&hex));
}

static void add_part(struct dump *d, const struct message_part *part, const char *place)
{
	struct content_disposition disposition;
	json_t *object = json_object();
	struct view type = arena_printf(d->arena, "%.*s/%.*s", VIEW_ARG(part->type.type),
			VIEW_ARG(part->type.subtype));

	json_object_set_new(object, "type", text_json(type));
	json_object_set_new(
			object, "parameters", parameters_json(d, &part->type.parameters));
	if (part->has_field[FIELD_CONTENT_DISPOSITION] &&
			content_disposition_parse(d->arena,
					part->field[FIELD_CONTENT_DISPOSITION],
					&disposition)) {
		json_object_set_new(object, "disposition", text_json(disposition.kind));
		json_object_set_new(object, "disposition parameters",
				parameters_json(d, &disposition.parameters));
	}
	if (part->kind == PART_LEAF) {
		json_object_set_new(object, "encoding", text_json(part->encoding_token));
		json_object_set_new(object, "size",
				json_integer((json_int_t)part->body_size));
		json_object_set_new(object, "lines",
				json_integer((json_int_t)part->body_lines));
		json_object_set_new(object, "body", digest_json(d, part));
	}
	json_object_set_new(d->parts, place, object);
}

/* [name, local@domain] of a mailbox, [name] where a group begins, [] where it ends. */
static json_t *entry_json(struct dump *d, const struct address_entry *entry)
{
	CLEANUP(buf_free) struct buf address = BUF_NULL(TEXT_MAX);
	json_t *array = json_array();

	if (entry->kind == ADDRESS_GROUP_END)
		return array;
	json_array_append_new(
			array, text_json(encoded_words_decode(d->arena, entry->name)));
	if (entry->kind == ADDRESS_GROUP_BEGIN)
		return array;
	if (entry->domain.len)
		address_print(&address, entry->local, entry->domain);
	else
		buf_add(&address, entry->local);
	json_array_append_new(array, text_json(buf_view(&address)));
	return array;
}

static void add_addresses(struct dump *d, const struct message_part *part,
		enum part_field field, const char *name, json_t *object)
{
	struct address_list list;
	json_t *array;

	if (!part->has_field[field])
		return;
	array = json_array();
	address_list_parse(d->arena, part->field[field], &list);
	for (size_t i = 0; i < list.count; i++)
		json_array_append_new(array, entry_json(d, &list.entries[i]));
	json_object_set_new(object, name, array);
}

static void add_text(struct dump *d, const struct message_part *part,
		enum part_field field, const char *name, json_t *object)
{
	if (part->has_field[field])
		json_object_set_new(object, name,
				text_json(encoded_words_decode(d->arena,
						header_unfold(d->arena,
								part->field[field]))));
}

static void add_message(
		struct dump *d, const struct message_part *part, const char *place)
{
	json_t *object = json_object();
	struct date date;

	add_text(d, part, FIELD_SUBJECT, "subject", object);
	add_text(d, part, FIELD_MESSAGE_ID, "message-id", object);
	add_addresses(d, part, FIELD_FROM, "from", object);
	add_addresses(d, part, FIELD_SENDER, "sender", object);
	add_addresses(d, part, FIELD_REPLY_TO, "reply-to", object);
	add_addresses(d, part, FIELD_TO, "to", object);
	add_addresses(d, part, FIELD_CC, "cc", object);
	add_addresses(d, part, FIELD_BCC, "bcc", object);
	if (part->has_field[FIELD_DATE] && date_parse(part->field[FIELD_DATE], &date))
		json_object_set_new(object, "date",
				json_pack("[I, i]", (json_int_t)(date.time), date.zone));
	json_object_set_new(d->messages, place, object);
}

static struct view place_of(struct arena *arena, const struct message_part *part)
{
	CLEANUP(buf_free) struct buf place = BUF_NULL(4096);
	size_t steps[256], count = 0;

	for (; part->parent; part = part->parent) {
		steps[count] = 0;
		for (const struct message_part *p = part->parent->first_child; p != part;
				p = p->next)
			steps[count]++;
		count++;
	}
	while (count--)
		buf_addf(&place, "%zu%s", steps[count], count ? "." : "");
	return arena_copy(arena, buf_view(&place));
}

static void dump(const char *path, struct view text)
{
	CLEANUP(message_parser_freep)
	struct message_parser *parser = message_parser_new();
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct dump d = { arena, text, json_object(), json_object() };
	const struct message *message;
	json_t *line;

	message_parser_feed(parser, text);
	message = message_parser_finish(parser);
	for (const struct message_part *p = message->root; p; p = p->following) {
		const char *place = arena_copy_z(arena, place_of(arena, p));

		add_part(&d, p, place);
		if (!p->parent || p->parent->kind == PART_MESSAGE)
			add_message(&d, p, place);
	}
	line = json_pack("{s:s, s:o, s:o}", "file", path, "parts", d.parts, "messages",
			d.messages);
	json_dumpf(line, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(line);
}

static int read_file(const char *path, struct buf *out)
{
	FILE *file = fopen(path, "rb");
	char piece[4096];
	size_t len;

	if (!file) {
		perror(path);
		return 1;
	}
	while ((len = fread(piece, 1, sizeof(piece), file)) > 0)
		buf_add(out, view_of(piece, len));
	fclose(file);
	return 0;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		CLEANUP(buf_free) struct buf text = BUF_NULL(TEXT_MAX);

		if (read_file(argv[i], &text))
			return 1;
		dump(basename(argv[i]), buf_view(&text));
	}
	return 0;
}
