#include "runtime/mail/structure.h"

#include "runtime/mail/envelope.h"
#include "runtime/mail/header.h"
#include "runtime/mail/imap_string.h"
#include "runtime/mail/lexer.h"

struct renderer {
	struct arena *arena; /* for one part at a time */
	struct buf *out;
	bool extended;
};

static void add_z(struct renderer *r, const char *text)
{
	buf_add_z(r->out, text);
}

static void add_field(struct renderer *r, const struct message_part *part,
		enum part_field field)
{
	if (part->has_field[field])
		imap_string_add(r->out, header_unfold(r->arena, part->field[field]));
	else
		add_z(r, "NIL");
}

/* `charset`: us-ascii is to be said where no charset is (RFC 2045, 5.2). */
static void add_parameters(
		struct renderer *r, const struct mime_parameters *list, bool charset)
{
	const struct view name = VIEW("charset");
	const char *before = "(";

	for (size_t i = 0; i < list->count; i++) {
		add_z(r, before);
		imap_string_add(r->out, list->items[i].name);
		add_z(r, " ");
		imap_string_add(r->out, list->items[i].value);
		before = " ";
	}
	if (charset && mime_parameter(list, name).data == NULL) {
		buf_addf(r->out, "%s\"charset\" \"us-ascii\"", before);
		before = " ";
	}
	add_z(r, before[0] == '(' ? "NIL" : ")");
}

static void add_disposition(struct renderer *r, const struct message_part *part)
{
	struct content_disposition disposition;

	if (!part->has_field[FIELD_CONTENT_DISPOSITION] ||
			!content_disposition_parse(r->arena,
					part->field[FIELD_CONTENT_DISPOSITION],
					&disposition)) {
		add_z(r, "NIL");
		return;
	}
	add_z(r, "(");
	imap_string_add(r->out, disposition.kind);
	add_z(r, " ");
	add_parameters(r, &disposition.parameters, false);
	add_z(r, ")");
}

/* One language as a string, several as a list (RFC 3282, 2). */
static void add_languages(struct renderer *r, const struct message_part *part)
{
	struct lexer l = lexer_of(part->field[FIELD_CONTENT_LANGUAGE]);
	size_t at = r->out->len + 1, count = 0;

	add_z(r, "(");
	for (lexer_skip(&l); !lexer_end(&l); lexer_skip(&l)) {
		struct view tag = lexer_token(&l);

		if (tag.len == 0) {
			l.at++;
			continue;
		}
		if (count++)
			add_z(r, " ");
		imap_string_add(r->out, tag);
	}
	if (buf_failed(r->out))
		return;
	if (count > 1) {
		add_z(r, ")");
		return;
	}
	/* The parenthesis was not needed. */
	memmove(r->out->data + at - 1, r->out->data + at, r->out->len - at);
	buf_truncate(r->out, r->out->len - 1);
	if (count == 0)
		add_z(r, "NIL");
}

static void add_common_extension(struct renderer *r, const struct message_part *part)
{
	add_disposition(r, part);
	add_z(r, " ");
	add_languages(r, part);
	add_z(r, " ");
	add_field(r, part, FIELD_CONTENT_LOCATION);
}

/* Type to octets: what every part but a multipart begins with. */
static void add_basics(struct renderer *r, const struct message_part *part)
{
	bool text = view_eq(part->type.type, VIEW("text"));

	if (part->opaque) {
		add_z(r, "\"application\" \"octet-stream\" ");
	} else {
		imap_string_add(r->out, part->type.type);
		add_z(r, " ");
		imap_string_add(r->out, part->type.subtype);
		add_z(r, " ");
	}
	add_parameters(r, &part->type.parameters, text);
	add_z(r, " ");
	add_field(r, part, FIELD_CONTENT_ID);
	add_z(r, " ");
	add_field(r, part, FIELD_CONTENT_DESCRIPTION);
	add_z(r, " ");
	imap_string_add(r->out, part->encoding_token);
	add_z(r, " ");
	buf_add_u64(r->out, part->body_size);
}

static void add_lines(struct renderer *r, const struct message_part *part)
{
	add_z(r, " ");
	buf_add_u64(r->out, part->body_lines);
}

static void begin_part(struct renderer *r, const struct message_part *part)
{
	add_z(r, "(");
	if (part->kind == PART_MULTIPART)
		return;
	add_basics(r, part);
	if (part->kind == PART_MESSAGE) {
		add_z(r, " ");
		envelope_render(part->first_child, r->out);
		add_z(r, " ");
	} else if (view_eq(part->type.type, VIEW("text"))) {
		add_lines(r, part);
	}
}

static void end_part(struct renderer *r, const struct message_part *part)
{
	if (part->kind == PART_MULTIPART) {
		add_z(r, " ");
		imap_string_add(r->out, part->type.subtype);
	}
	if (part->kind == PART_MESSAGE)
		add_lines(r, part);
	if (r->extended) {
		add_z(r, " ");
		if (part->kind == PART_MULTIPART)
			add_parameters(r, &part->type.parameters, false);
		else
			add_field(r, part, FIELD_CONTENT_MD5);
		add_z(r, " ");
		add_common_extension(r, part);
	}
	add_z(r, ")");
	arena_reset(r->arena);
}

void structure_render(const struct message *message, bool extended, struct buf *out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct renderer r = { .arena = arena, .out = out, .extended = extended };
	const struct message_part *part = message->root;

	while (part) {
		begin_part(&r, part);
		if (part->first_child) {
			part = part->first_child;
			continue;
		}
		end_part(&r, part);
		while (part && !part->next) {
			part = part->parent;
			if (part)
				end_part(&r, part);
		}
		if (part)
			part = part->next;
	}
}
