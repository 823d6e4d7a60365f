#include "runtime/mail/message.h"

#include "runtime/base/error.h"
#include "runtime/base/limit.h"
#include "runtime/base/map.h"
#include "runtime/mail/header.h"
#include "runtime/mail/lexer.h"

#include <stdlib.h>

/* A line longer than this is no delimiter: "--", the longest boundary, "--" and blanks. */
enum {
	DELIMITER_MOST = 4096
};

/* clang-format off */
static const char *const field_names[FIELD_COUNT] = {
	[FIELD_CONTENT_TYPE]              = "Content-Type",
	[FIELD_CONTENT_TRANSFER_ENCODING] = "Content-Transfer-Encoding",
	[FIELD_CONTENT_DISPOSITION]       = "Content-Disposition",
	[FIELD_CONTENT_ID]                = "Content-ID",
	[FIELD_CONTENT_DESCRIPTION]       = "Content-Description",
	[FIELD_CONTENT_LANGUAGE]          = "Content-Language",
	[FIELD_CONTENT_LOCATION]          = "Content-Location",
	[FIELD_CONTENT_MD5]               = "Content-MD5",
	[FIELD_DATE]                      = "Date",
	[FIELD_SUBJECT]                   = "Subject",
	[FIELD_FROM]                      = "From",
	[FIELD_SENDER]                    = "Sender",
	[FIELD_REPLY_TO]                  = "Reply-To",
	[FIELD_TO]                        = "To",
	[FIELD_CC]                        = "Cc",
	[FIELD_BCC]                       = "Bcc",
	[FIELD_IN_REPLY_TO]               = "In-Reply-To",
	[FIELD_MESSAGE_ID]                = "Message-ID",
};
/* clang-format on */

/* A part whose end has not come yet. They lie on a stack, the message itself at the bottom
 * and the part that is being read at the top. */
struct open_part {
	struct message_part *part;
	struct message_part *last_child;
	uint64_t body_line;   /* lines of the message before its body */
	struct view boundary; /* of a multipart up to its closing delimiter, else empty */
	void *shadowed;       /* an outer part with the same boundary */
};

struct message_parser {
	struct arena *arena;
	struct message message;
	struct message_part *newest;

	struct open_part *stack;
	size_t depth, capacity;
	struct map boundaries; /* of the open multiparts: place in the stack, from 1 */
	bool in_header;        /* of the part at the top */

	uint64_t offset;          /* octets so far */
	uint64_t line_start;      /* of the line that is being read */
	uint64_t lines;           /* line ends before it */
	unsigned line_end_before; /* octets of the line end before it: 0, 1 or 2 */
	char last;                /* the octet before `offset` */
	struct buf line;    /* its beginning, in a body, while it may be a delimiter */
	bool line_is_plain; /* it is none */
	struct buf field;   /* in a header: the field so far, and this line */
	size_t field_line;  /* where this line begins in it */
	size_t kept;        /* octets of header fields */
};

static struct open_part *top(struct message_parser *p)
{
	return &p->stack[p->depth - 1];
}

/* -- parts begin and end -- */

static struct message_part *add_part(struct message_parser *p, struct open_part *parent)
{
	struct message_part *part = ARENA_NEW(p->arena, struct message_part);

	if (p->newest)
		p->newest->following = part;
	p->newest = part;
	p->message.part_count++;
	if (!parent)
		return part;
	part->parent = parent->part;
	part->depth = parent->part->depth + 1;
	if (parent->last_child)
		parent->last_child->next = part;
	else
		parent->part->first_child = part;
	parent->last_child = part;
	return part;
}

/* A part at the top whose header begins here. */
static void open_part(struct message_parser *p, struct open_part *parent)
{
	struct message_part *part = add_part(p, parent);

	part->header_offset = p->line_start;
	array_grow(&p->stack, &p->capacity, p->depth + 1, sizeof(*p->stack));
	p->stack[p->depth++] = (struct open_part){ .part = part };
	p->in_header = true;
	buf_clear(&p->field);
	p->field_line = 0;
}

static void forget_boundary(struct message_parser *p, struct open_part *open)
{
	if (!open->boundary.len)
		return;
	map_remove(&p->boundaries, open->boundary);
	if (open->shadowed) {
		const struct open_part *outer = &p->stack[(uintptr_t)open->shadowed - 1];

		map_set(&p->boundaries, outer->boundary, open->shadowed);
	}
	open->boundary = VIEW_NULL;
}

/* A multipart in which no part was found gets an empty one (RFC 3501, 9: 1*body); so does
 * a message whose header was all there was. */
static void add_empty_child(struct message_parser *p, struct open_part *open)
{
	struct message_part *child = add_part(p, open);

	child->header_offset = child->body_offset =
			open->part->body_offset + open->part->body_size;
	child->type = (struct content_type){ VIEW("text"), VIEW("plain"), { 0 } };
	child->type_is_default = true;
	child->encoding_token = VIEW("7bit");
}

static void describe_part(struct message_parser *p, struct message_part *part);
static void finish_field(struct message_parser *p);

static bool carries_envelope(const struct message_part *part)
{
	return !part->parent || part->parent->kind == PART_MESSAGE;
}

/* `end` may lie before the body or the header where the line end before a delimiter was
 * theirs. */
static void close_part(struct message_parser *p, uint64_t end, uint64_t lines)
{
	struct open_part *open = top(p);
	struct message_part *part = open->part;

	if (end < part->header_offset && carries_envelope(part) && part->parent)
		part->header_offset = end; /* within the part whose body it is */
	if (end < part->header_offset)
		end = part->header_offset;
	if (p->in_header) {
		finish_field(p);
		describe_part(p, part);
		part->body_offset = end;
		p->in_header = false;
	}
	if (end <= part->body_offset) {
		part->header_size = end - part->header_offset;
		part->body_offset = end;
	} else {
		part->body_size = end - part->body_offset;
		part->body_lines = lines - open->body_line;
	}
	if (open->boundary.len)
		p->message.notes |= NOTE_UNCLOSED;
	forget_boundary(p, open);
	if (part->kind != PART_LEAF && !part->first_child)
		add_empty_child(p, open);
	p->depth--;
}

/* -- what a header says of its part -- */

static void keep_field(struct message_parser *p, struct view name, struct view value)
{
	struct message_part *part = top(p)->part;
	size_t count = carries_envelope(part) ? FIELD_COUNT : FIELD_DATE;

	for (size_t i = 0; i < count; i++) {
		if (!view_eq_nocase(name, view_z(field_names[i])))
			continue;
		if (part->has_field[i]) {
			p->message.notes |= NOTE_DUPLICATE_FIELD;
		} else if (value.len > limit_value(LIMIT_MIME_KEPT) - p->kept) {
			p->message.notes |= NOTE_FIELDS_DROPPED;
		} else {
			part->has_field[i] = true;
			part->field[i] = arena_copy(p->arena, value);
			p->kept += value.len;
		}
		return;
	}
}

static void finish_field(struct message_parser *p)
{
	struct header_field field;

	if (p->field.len == 0)
		return;
	header_field_split(buf_view(&p->field), &field);
	if (field.name.len)
		keep_field(p, field.name, field.value);
	buf_clear(&p->field);
	p->field_line = 0;
}

static void default_type(struct message_part *part)
{
	const struct message_part *parent = part->parent;

	part->type_is_default = true;
	part->type = (struct content_type){ VIEW("text"), VIEW("plain"), { 0 } };
	/* RFC 2046, 5.1.5 */
	if (parent && parent->kind == PART_MULTIPART &&
			view_eq(parent->type.subtype, VIEW("digest")))
		part->type = (struct content_type){ VIEW("message"), VIEW("rfc822"),
			{ 0 } };
}

static bool is_multipart(const struct message_part *part)
{
	return view_eq(part->type.type, VIEW("multipart"));
}

static bool is_message(const struct message_part *part)
{
	return view_eq(part->type.type, VIEW("message")) &&
	       view_eq(part->type.subtype, VIEW("rfc822"));
}

/* True where the part may have children; else says why not. */
static bool may_open(struct message_parser *p, const struct message_part *part)
{
	if (part->depth >= limit_value(LIMIT_MIME_DEPTH)) {
		p->message.notes |= NOTE_TOO_DEEP;
		return false;
	}
	if (p->message.part_count >= limit_value(LIMIT_MIME_PARTS)) {
		p->message.notes |= NOTE_TOO_MANY_PARTS;
		return false;
	}
	return true;
}

static struct view boundary_of(const struct message_part *part)
{
	struct view boundary = mime_parameter(&part->type.parameters, VIEW("boundary"));

	while (boundary.len && boundary.data[boundary.len - 1] == ' ')
		boundary.len--;
	return boundary;
}

static void describe_multipart(struct message_parser *p, struct message_part *part)
{
	struct view boundary = boundary_of(part);

	if (boundary.len == 0) {
		/* RFC 2045, 5.2: what is malformed counts as plain text. */
		p->message.notes |= NOTE_BOUNDARY_MISSING;
		default_type(part);
	} else if (boundary.len > limit_value(LIMIT_MIME_BOUNDARY)) {
		p->message.notes |= NOTE_BOUNDARY_MISSING;
		part->opaque = true;
	} else if (may_open(p, part)) {
		part->kind = PART_MULTIPART;
	} else {
		part->opaque = true;
	}
}

/* Sets type, encoding and kind once the header is whole. */
static void describe_part(struct message_parser *p, struct message_part *part)
{
	part->encoding_token = transfer_encoding_token(
			p->arena, part->field[FIELD_CONTENT_TRANSFER_ENCODING]);
	if (part->encoding_token.len == 0)
		part->encoding_token = VIEW("7bit");
	part->encoding = transfer_encoding_of(part->encoding_token);
	if (!part->has_field[FIELD_CONTENT_TYPE] ||
			!content_type_parse(p->arena, part->field[FIELD_CONTENT_TYPE],
					&part->type))
		default_type(part);
	if (is_multipart(part))
		describe_multipart(p, part);
	if (!is_message(part))
		return;
	/* RFC 2046, 5.2.1 forbids other encodings; their bodies are no messages to us. */
	if (part->encoding <= ENCODING_BINARY && may_open(p, part))
		part->kind = PART_MESSAGE;
	else
		part->opaque = true;
}

static void begin_body(struct message_parser *p)
{
	struct open_part *open = top(p);
	struct message_part *part = open->part;

	finish_field(p);
	describe_part(p, part);
	p->in_header = false;
	part->body_offset = p->line_start;
	part->header_size = part->body_offset - part->header_offset;
	open->body_line = p->lines;
	if (part->kind == PART_MESSAGE)
		open_part(p, open);
	if (part->kind == PART_MULTIPART) {
		open->boundary = boundary_of(part);
		open->shadowed = map_set(&p->boundaries, open->boundary,
				(void *)(uintptr_t)p->depth);
	}
}

/* -- delimiters (RFC 2046, 5.1.1) -- */

struct delimiter {
	size_t place; /* in the stack, from 1; 0: the line is none */
	bool closes;
};

static struct delimiter find_delimiter(struct message_parser *p, struct view line)
{
	struct view mark = line;
	struct delimiter found = { 0 };

	if (!view_starts(line, VIEW("--")) || line.len > DELIMITER_MOST ||
			map_count(&p->boundaries) == 0)
		return found;
	while (byte_is_blank(mark.data[mark.len - 1]))
		mark.len--;
	mark = view_from(mark, 2);
	p->message.work += 2 * mark.len;
	found.place = (uintptr_t)map_get(&p->boundaries, mark);
	if (found.place == 0 && view_ends(mark, VIEW("--"))) {
		mark.len -= 2;
		found.place = (uintptr_t)map_get(&p->boundaries, mark);
		found.closes = true;
	}
	return found;
}

static void close_down_to(
		struct message_parser *p, size_t depth, uint64_t end, uint64_t lines)
{
	while (p->depth > depth)
		close_part(p, end, lines);
}

/* The delimiter's line has been passed. */
static void take_delimiter(struct message_parser *p, struct delimiter delimiter)
{
	if (delimiter.closes)
		forget_boundary(p, top(p)); /* what follows is epilogue */
	else if (p->message.part_count >= limit_value(LIMIT_MIME_PARTS))
		p->message.notes |= NOTE_TOO_MANY_PARTS;
	else
		open_part(p, top(p));
}

/* -- lines -- */

static bool header_would_pass_limit(const struct message_parser *p, size_t more)
{
	uint64_t size = p->offset + more - p->stack[p->depth - 1].part->header_offset;

	return size > limit_value(LIMIT_MIME_HEADER);
}

static void add_to_header(struct message_parser *p, struct view piece)
{
	if (p->offset == p->line_start) {
		if (piece.data[0] != ' ' && piece.data[0] != '\t')
			finish_field(p);
		p->field_line = p->field.len;
	}
	buf_add(&p->field, piece);
}

static void add_to_body(struct message_parser *p, struct view piece)
{
	const struct view dashes = VIEW("--");

	if (p->line_is_plain || map_count(&p->boundaries) == 0)
		return;
	buf_add(&p->line, view_sub(piece, 0, DELIMITER_MOST + 1 - p->line.len));
	p->line_is_plain = p->line.len > DELIMITER_MOST ||
			   !view_starts(view_sub(buf_view(&p->line), 0, 2),
					   view_sub(dashes, 0, p->line.len));
}

/* The header is too long: from this line on it is body, with what has come of the line. */
static void cut_header(struct message_parser *p)
{
	CLEANUP(buf_free) struct buf begun = BUF_NULL(p->field.max);

	buf_add(&begun, view_from(buf_view(&p->field), p->field_line));
	buf_truncate(&p->field, p->field_line);
	p->message.notes |= NOTE_HEADER_TOO_LONG;
	begin_body(p);
	if (p->in_header)
		buf_add(&p->field, buf_view(&begun));
	else if (begun.len)
		add_to_body(p, buf_view(&begun));
}

static void add_to_line(struct message_parser *p, struct view piece)
{
	while (p->in_header && header_would_pass_limit(p, piece.len))
		cut_header(p);
	if (p->in_header)
		add_to_header(p, piece);
	else
		add_to_body(p, piece);
	p->offset += piece.len;
	p->message.work += piece.len;
}

static struct view current_line(const struct message_parser *p)
{
	if (p->in_header)
		return view_from(buf_view(&p->field), p->field_line);
	return p->line_is_plain ? VIEW_NULL : buf_view(&p->line);
}

/* The line is whole: it ended, or the message did. */
static void finish_line(struct message_parser *p, unsigned line_end)
{
	struct view line = current_line(p);
	struct delimiter delimiter = find_delimiter(p, line);
	bool ends_header =
			p->in_header && line_end && p->offset - p->line_start == line_end;

	if (delimiter.place) {
		/* The line end before a delimiter belongs to it. */
		if (p->in_header)
			buf_truncate(&p->field, p->field_line);
		close_down_to(p, delimiter.place, p->line_start - p->line_end_before,
				p->lines - (p->line_end_before > 0));
	}
	p->lines += line_end > 0;
	p->line_start = p->offset;
	p->line_end_before = line_end;
	buf_clear(&p->line);
	p->line_is_plain = false;
	if (delimiter.place) {
		take_delimiter(p, delimiter);
	} else if (ends_header) {
		buf_truncate(&p->field, p->field_line);
		begin_body(p);
	}
}

/* -- the parser -- */

struct message_parser *message_parser_new(void)
{
	struct message_parser *p = xcalloc(1, sizeof(*p));

	p->arena = arena_new();
	p->line = BUF_NULL(DELIMITER_MOST + 1);
	p->field = BUF_NULL(limit_value(LIMIT_MIME_HEADER));
	open_part(p, NULL);
	p->message.root = p->newest;
	return p;
}

void message_parser_free(struct message_parser *p)
{
	if (!p)
		return;
	map_free(&p->boundaries);
	free(p->stack);
	buf_free(&p->line);
	buf_free(&p->field);
	arena_free(p->arena);
	free(p);
}

void message_parser_freep(struct message_parser **p)
{
	message_parser_free(*p);
}

/* A line, or as much of it as has come. */
static void take_piece(struct message_parser *p, struct view piece)
{
	char before = piece.len > 1 ? piece.data[piece.len - 2] : p->last;

	add_to_line(p, piece);
	p->last = piece.data[piece.len - 1];
	if (p->last == '\n')
		finish_line(p, before == '\r' ? 2 : 1);
}

/* Passes the lines of a body that cannot be delimiters, as most are; returns how many
 * octets. It stands at the start of a line. */
static size_t pass_plain_lines(struct message_parser *p, struct view bytes)
{
	size_t at = 0;

	while (at < bytes.len && bytes.data[at] != '-') {
		size_t len = view_find(view_from(bytes, at), '\n');

		if (at + len == bytes.len)
			break;
		at += len + 1;
		p->lines++;
	}
	if (at == 0)
		return 0;
	p->line_end_before = at > 1 && bytes.data[at - 2] == '\r' ? 2 : 1;
	p->last = '\n';
	p->offset += at;
	p->line_start = p->offset;
	p->message.work += at;
	return at;
}

void message_parser_feed(struct message_parser *p, struct view bytes)
{
	while (bytes.len) {
		size_t len;

		if (!p->in_header && p->offset == p->line_start)
			bytes = view_from(bytes, pass_plain_lines(p, bytes));
		if (bytes.len == 0)
			return;
		len = view_find(bytes, '\n');
		take_piece(p, view_sub(bytes, 0, len + (len < bytes.len)));
		bytes = view_from(bytes, len + (len < bytes.len));
	}
}

const struct message *message_parser_finish(struct message_parser *p)
{
	if (p->offset > p->line_start)
		finish_line(p, 0);
	close_down_to(p, 0, p->offset, p->lines);
	p->message.size = p->offset;
	return &p->message;
}

bool message_parser_in_body(const struct message_parser *p)
{
	return p->depth == 0 || p->depth > 1 || !p->in_header;
}
