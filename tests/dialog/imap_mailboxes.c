#include "tests/dialog/imap_mailboxes.h"

#include "runtime/base/error.h"
#include "runtime/mail/date.h"
#include "runtime/mail/encoding.h"
#include "runtime/mail/envelope.h"
#include "runtime/mail/header.h"
#include "runtime/mail/message.h"
#include "runtime/mail/message_blob.h"
#include "runtime/mail/structure.h"

#include <stdlib.h>

enum {
	TEXT_MAX = 1 << 24,
	SECONDS_A_DAY = 86400,
};

/* -- mailboxes -- */

static void deinit_box(struct world_mailbox *box)
{
	for (size_t i = 0; i < box->count; i++) {
		buf_free(&box->messages[i].keywords);
		buf_free(&box->messages[i].text);
	}
	free(box->messages);
	buf_free(&box->name);
}

void world_drop_appends(struct world *w)
{
	while (w->append_count) {
		struct world_append *append = &w->appends[--w->append_count];

		buf_free(&append->text);
		buf_free(&append->keywords);
	}
}

void world_deinit(struct world *w)
{
	for (size_t i = 0; i < w->box_count; i++)
		deinit_box(&w->boxes[i]);
	world_drop_appends(w);
}

void world_init(struct world *w)
{
	*w = (struct world){
		.modseq = 1,
		.uidvalidity = 100,
		.quota = UINT64_MAX,
		.batch_rows = IMAP_BATCH_ROWS,
		.batch_bytes = IMAP_BATCH_BYTES,
		.largest = UINT64_MAX,
	};
}

struct world_mailbox *world_find(struct world *w, struct view name)
{
	for (size_t i = 0; i < w->box_count; i++)
		if (w->boxes[i].there && view_eq(buf_view(&w->boxes[i].name), name))
			return &w->boxes[i];
	return NULL;
}

struct world_mailbox *world_find_id(struct world *w, uint64_t id)
{
	return id && id <= w->box_count && w->boxes[id - 1].there ? &w->boxes[id - 1]
								  : NULL;
}

struct world_mailbox *world_create(struct world *w, struct view name)
{
	struct world_mailbox *box;

	if (w->box_count == MAILBOXES_MAX)
		return NULL;
	box = &w->boxes[w->box_count++];
	*box = (struct world_mailbox){
		.name = BUF_NULL(4096),
		.id = w->box_count,
		.there = true,
		.uidvalidity = w->uidvalidity++,
		.uidnext = 1,
	};
	buf_add(&box->name, name);
	return box;
}

void world_remove(struct world *w, struct world_mailbox *box)
{
	box->there = false;
	w->modseq++;
}

/* -- messages -- */

struct world_message *world_add(struct world *w, struct world_mailbox *box,
		struct view text, const struct imap_flags *flags, int64_t date)
{
	struct world_message *m;

	array_grow(&box->messages, &box->capacity, box->count + 1,
			sizeof(*box->messages));
	m = &box->messages[box->count++];
	*m = (struct world_message){
		.uid = box->uidnext++,
		.flags = flags->system,
		.keywords = BUF_NULL(65536),
		.date = date,
		.text = BUF_NULL(TEXT_MAX),
		.modseq = ++w->modseq,
	};
	buf_add(&m->keywords, flags->keywords);
	buf_add(&m->text, text);
	return m;
}

struct world_message *world_message(struct world_mailbox *box, uint32_t uid)
{
	if (uid == 0 || uid > box->count || box->messages[uid - 1].gone)
		return NULL;
	return &box->messages[uid - 1];
}

void world_expunge(struct world *w, struct world_message *message)
{
	message->gone = true;
	message->modseq = ++w->modseq;
}

static bool has_keyword(struct view all, struct view keyword)
{
	while (all.len)
		if (view_eq_nocase(view_cut(&all, ' '), keyword))
			return true;
	return false;
}

static void add_keywords(struct buf *to, struct view from, struct view without)
{
	while (from.len) {
		struct view keyword = view_cut(&from, ' ');

		if (has_keyword(buf_view(to), keyword) || has_keyword(without, keyword))
			continue;
		if (to->len)
			buf_add_byte(to, ' ');
		buf_add(to, keyword);
	}
}

void world_store(struct world *w, struct world_message *message,
		enum imap_store_mode mode, const struct imap_flags *flags)
{
	struct buf keywords = BUF_NULL(65536);

	if (mode != IMAP_STORE_SET)
		add_keywords(&keywords, buf_view(&message->keywords),
				mode == IMAP_STORE_REMOVE ? flags->keywords : VIEW_NULL);
	if (mode != IMAP_STORE_REMOVE)
		add_keywords(&keywords, flags->keywords, VIEW_NULL);
	buf_free(&message->keywords);
	message->keywords = keywords;
	if (mode == IMAP_STORE_SET)
		message->flags = 0;
	if (mode == IMAP_STORE_REMOVE)
		message->flags &= ~flags->system;
	else
		message->flags |= flags->system;
	message->modseq = w->modseq;
}

struct imap_flags world_flags(const struct world_message *message, struct arena *arena)
{
	return (struct imap_flags){ message->flags,
		arena_copy(arena, buf_view(&message->keywords)) };
}

/* -- what is computed of them -- */

static void name_section(const struct imap_section *section, struct buf *out)
{
	static const char *const texts[] = {
		[IMAP_SECTION_ALL] = "",
		[IMAP_SECTION_HEADER] = "HEADER",
		[IMAP_SECTION_FIELDS] = "HEADER",
		[IMAP_SECTION_FIELDS_NOT] = "HEADER",
		[IMAP_SECTION_TEXT] = "TEXT",
		[IMAP_SECTION_MIME] = "MIME",
	};

	for (size_t i = 0; i < section->path_len; i++) {
		if (i)
			buf_add_byte(out, '.');
		buf_add_u64(out, section->path[i]);
	}
	if (section->path_len && texts[section->kind][0])
		buf_add_byte(out, '.');
	buf_add_z(out, texts[section->kind]);
}

static const struct message *parse(
		const struct world_message *message, struct message_parser *parser)
{
	message_parser_feed(parser, buf_view(&message->text));
	return message_parser_finish(parser);
}

static void decode(enum transfer_encoding encoding, struct arena *arena,
		struct imap_section_data *data)
{
	CLEANUP(buf_free) struct buf decoded = BUF_NULL(TEXT_MAX);
	struct decoder decoder;

	decoder_init(&decoder, encoding);
	decoder_feed(&decoder, data->bytes, &decoded);
	decoder_finish(&decoder, &decoded);
	data->unknown = encoding == ENCODING_OTHER;
	data->bytes = arena_copy(arena, buf_view(&decoded));
	data->has_nul = view_find(data->bytes, '\0') < data->bytes.len;
}

void world_section(const struct world_message *message,
		const struct imap_section *section, struct arena *arena,
		struct imap_section_data *out)
{
	CLEANUP(message_parser_freep)
	struct message_parser *parser = message_parser_new();
	CLEANUP(buf_free) struct buf blob = BUF_NULL(TEXT_MAX);
	CLEANUP(buf_free) struct buf name = BUF_NULL(TEXT_MAX);
	CLEANUP(buf_free) struct buf fields = BUF_NULL(TEXT_MAX);
	struct section_range range;

	*out = (struct imap_section_data){ .absent = true };
	message_pack(parse(message, parser), &blob);
	name_section(section, &name);
	if (message_section_range(buf_view(&blob), buf_view(&name), &range))
		return;
	out->absent = false;
	out->bytes = view_sub(buf_view(&message->text), range.offset, range.len);
	if (section->kind == IMAP_SECTION_FIELDS ||
			section->kind == IMAP_SECTION_FIELDS_NOT) {
		header_select(out->bytes, section->fields, section->field_count,
				section->kind == IMAP_SECTION_FIELDS_NOT, &fields);
		out->bytes = buf_view(&fields);
	}
	if (section->form != IMAP_SECTION_AS_IT_IS)
		decode(range.encoding, arena, out);
	if (section->partial)
		out->bytes = view_sub(out->bytes, section->offset, section->length);
	out->bytes = arena_copy(arena, out->bytes);
	out->len = out->bytes.len;
}

void world_render(const struct world_message *message, unsigned items,
		struct arena *arena, struct imap_row *row)
{
	CLEANUP(message_parser_freep)
	struct message_parser *parser = message_parser_new();
	CLEANUP(buf_free) struct buf text = BUF_NULL(TEXT_MAX);
	const struct message *parsed = parse(message, parser);

	if (items & IMAP_ITEM_ENVELOPE) {
		envelope_render(parsed->root, &text);
		row->envelope = arena_copy(arena, buf_view(&text));
		buf_clear(&text);
	}
	structure_render(parsed, false, &text);
	row->body = arena_copy(arena, buf_view(&text));
	buf_clear(&text);
	structure_render(parsed, true, &text);
	row->bodystructure = arena_copy(arena, buf_view(&text));
}

/* -- search -- */

static bool contains(struct view text, struct view wanted)
{
	if (wanted.len > text.len)
		return false;
	for (size_t i = 0; i <= text.len - wanted.len; i++)
		if (view_eq_nocase(view_sub(text, i, wanted.len), wanted))
			return true;
	return false;
}

static int64_t sent_day(struct view text)
{
	struct header_field field;
	struct date date;

	if (!header_find(text, VIEW("Date"), &field) || !date_parse(field.value, &date))
		return INT64_MIN;
	return date_day(date);
}

static bool holds(const struct world_message *m, const struct imap_search_step *step)
{
	struct view text = buf_view(&m->text);
	size_t body = view_find_view(text, VIEW("\r\n\r\n"));
	int64_t day = m->date / SECONDS_A_DAY;
	struct header_field field;

	switch (step->kind) {
	case IMAP_SEARCH_UIDS:
		return uid_set_has(&step->uids, m->uid);
	case IMAP_SEARCH_FLAG:
		return m->flags & step->flag;
	case IMAP_SEARCH_KEYWORD:
		return has_keyword(buf_view(&m->keywords), step->text);
	case IMAP_SEARCH_HEADER:
		return header_find(text, step->field, &field) &&
		       contains(field.value, step->text);
	case IMAP_SEARCH_BODY:
		return contains(view_from(text, body), step->text);
	case IMAP_SEARCH_TEXT:
		return contains(text, step->text);
	case IMAP_SEARCH_BEFORE:
		return day < step->day;
	case IMAP_SEARCH_ON:
		return day == step->day;
	case IMAP_SEARCH_SINCE:
		return day >= step->day;
	case IMAP_SEARCH_SENTBEFORE:
		return sent_day(text) < step->day;
	case IMAP_SEARCH_SENTON:
		return sent_day(text) == step->day;
	case IMAP_SEARCH_SENTSINCE:
		return sent_day(text) >= step->day;
	case IMAP_SEARCH_LARGER:
		return text.len > step->size;
	case IMAP_SEARCH_SMALLER:
		return text.len < step->size;
	case IMAP_SEARCH_MODSEQ:
		return m->modseq >= step->size;
	default:
		return true;
	}
}

bool world_matches(const struct world_message *message, const struct imap_search_op *op)
{
	CLEANUP(freep) bool *stack = xcalloc(op->stack + 1, sizeof(*stack));
	size_t depth = 0;

	for (size_t i = 0; i < op->step_count; i++) {
		const struct imap_search_step *step = &op->steps[i];
		bool truth;

		if (step->kind == IMAP_SEARCH_NOT) {
			truth = !stack[--depth];
		} else if (step->kind == IMAP_SEARCH_OR) {
			truth = stack[depth - 1] || stack[depth - 2];
			depth -= 2;
		} else if (step->kind == IMAP_SEARCH_AND) {
			truth = true;
			for (uint32_t n = 0; n < step->operands; n++)
				truth &= stack[--depth];
		} else {
			truth = holds(message, step);
		}
		if (depth == op->stack)
			die("the stack is deeper than was said");
		stack[depth++] = truth;
	}
	if (depth != 1)
		die("%zu truths are left", depth);
	return stack[0];
}
