/* FETCH: rows in batches, and the sections of their messages.
 *
 * A batch is one job of the account's queue. Where sections are asked for, it ends with
 * the row whose octets fill it; what is cut is read on by IMAP_OP_READ. */
#include "runtime/base/limit.h"
#include "runtime/mail/header.h"
#include "runtime/service/imap_performer.h"
#include "runtime/store/message.h"

enum {
	ROWS_WITH_SECTIONS = 64, /* more would be listed for nothing */
	SECTION_NAME_MAX = 1 << 20,
};

/* -- sections -- */

/* The octets of a section: a part of the message, or, where fields are chosen, a text of
 * its own. */
struct place {
	bool absent;
	uint64_t offset; /* in the message; `partial` is applied */
	uint64_t len;
	bool chosen;
	struct buf fields; /* where chosen */
};

static void place_free(struct place *place)
{
	buf_free(&place->fields);
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

static int choose_fields(struct account_store *store, int64_t content,
		const struct imap_section *section, struct place *place)
{
	uint64_t max = limit_value(LIMIT_MIME_HEADER);
	CLEANUP(buf_free) struct buf header = BUF_NULL(max);
	int r;

	r = message_read(store, content, place->offset,
			place->len < max ? place->len : max, &header);
	if (r)
		return r;
	place->chosen = true;
	place->fields = BUF_NULL(max + 2);
	header_select(buf_view(&header), section->fields, section->field_count,
			section->kind == IMAP_SECTION_FIELDS_NOT, &place->fields);
	place->offset = 0;
	place->len = place->fields.len;
	return 0;
}

static void apply_partial(const struct imap_section *section, struct place *place)
{
	uint64_t skipped = section->offset < place->len ? section->offset : place->len;

	if (!section->partial)
		return;
	place->offset += skipped;
	place->len -= skipped;
	if (place->len > section->length)
		place->len = section->length;
}

static int find_section(struct account_store *store, int64_t content,
		const struct imap_section *section, struct place *place)
{
	CLEANUP(buf_free) struct buf name = BUF_NULL(SECTION_NAME_MAX);
	struct extent extent;
	int r;

	name_section(section, &name);
	r = message_section(store, content, buf_view(&name), &extent);
	place->absent = r == STORE_E_ABSENT;
	if (r)
		return place->absent ? 0 : r;
	place->offset = extent.offset;
	place->len = extent.len;
	if (section->kind == IMAP_SECTION_FIELDS ||
			section->kind == IMAP_SECTION_FIELDS_NOT)
		r = choose_fields(store, content, section, place);
	if (r == 0)
		apply_partial(section, place);
	return r;
}

/* Octets `at` and on of what was found, at most `len`. */
static int read_place(struct account_store *store, int64_t content,
		const struct place *place, uint64_t at, uint64_t len, struct arena *arena,
		struct view *out)
{
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(IMAP_BATCH_BYTES);
	int r;

	if (at > place->len)
		at = place->len;
	if (len > place->len - at)
		len = place->len - at;
	if (place->chosen) {
		*out = arena_copy(arena, view_sub(buf_view(&place->fields),
							 place->offset + at, len));
		return 0;
	}
	if (len == 0) {
		*out = VIEW("");
		return 0;
	}
	r = message_read(store, content, place->offset + at, len, &bytes);
	if (r == 0)
		*out = arena_copy(arena, buf_view(&bytes));
	return r;
}

static int take_section(struct account_store *store, int64_t content,
		const struct imap_section *section, size_t *room, struct arena *arena,
		struct imap_section_data *data)
{
	CLEANUP(place_free) struct place place = { 0 };
	int r;

	r = find_section(store, content, section, &place);
	if (r)
		return r;
	data->absent = place.absent;
	data->len = place.len;
	if (place.absent)
		return 0;
	r = read_place(store, content, &place, 0, *room, arena, &data->bytes);
	if (r == 0)
		*room -= data->bytes.len;
	return r;
}

/* -- rows -- */

static unsigned texts_wanted(unsigned items)
{
	unsigned want = 0;

	if (items & IMAP_ITEM_ENVELOPE)
		want |= MESSAGE_WANT_ENVELOPE;
	if (items & IMAP_ITEM_BODY)
		want |= MESSAGE_WANT_BODY;
	if (items & IMAP_ITEM_BODYSTRUCTURE)
		want |= MESSAGE_WANT_BODYSTRUCTURE;
	return want;
}

static int take_sections(struct account_store *store, const struct imap_fetch_op *op,
		int64_t content, size_t *room, struct imap_row *row)
{
	row->sections = arena_array(
			op->op.results, op->section_count, sizeof(*row->sections));
	for (size_t i = 0; i < op->section_count; i++) {
		int r = take_section(store, content, &op->sections[i], room,
				op->op.results, &row->sections[i]);

		if (r)
			return r;
	}
	return 0;
}

/* Fills rows until the octets of sections take up the batch. */
static int take_rows(struct account_store *store, struct imap_fetch_op *op,
		const struct message_page *page)
{
	struct imap_flag_names names = { 0 };
	size_t room = IMAP_BATCH_BYTES;

	op->next_uid = page->next;
	for (size_t i = 0; i < page->count; i++) {
		const struct message_row *from = &page->rows[i];
		struct imap_row *row = &op->rows[op->count];
		int r = 0;

		if (room == 0) {
			op->next_uid = from->uid;
			return 0;
		}
		*row = (struct imap_row){
			.uid = from->uid,
			.flags = imap_flags_of(
					store, from->flags, &names, op->op.results),
			.modseq = from->modseq,
			.date = from->internal_date,
			.size = from->size,
			.envelope = from->envelope,
			.body = from->body,
			.bodystructure = from->bodystructure,
		};
		if (op->section_count)
			r = take_sections(store, op, from->content, &room, row);
		if (r < 0 || (r && r != STORE_E_ABSENT))
			return r;
		op->count += r == 0;
	}
	return 0;
}

/* Sets \Seen where it is not, and shows it in the rows (RFC 3501, 6.4.5). */
static int set_seen(struct imap_performer *p, struct account_store *store,
		struct imap_fetch_op *op)
{
	const struct flags_change how = {
		.action = FLAGS_ADD,
		.flags = { .system = FLAG_SEEN },
		.unchanged_since = UINT64_MAX,
	};
	CLEANUP(uid_set_free) struct uid_set unseen = UID_SET_NULL;
	struct flags_stored stored = { 0 };
	int r;

	for (size_t i = 0; i < op->count; i++)
		if (!(op->rows[i].flags.system & IMAP_FLAG_SEEN))
			uid_set_add(&unseen, op->rows[i].uid, op->rows[i].uid);
	if (unseen.count == 0)
		return 0;
	r = flags_store(store, (int64_t)op->mailbox, &unseen, &how, op->op.results,
			&stored);
	if (r)
		return r;
	uid_set_free(&stored.modified);
	for (size_t i = 0; i < op->count; i++) {
		struct imap_row *row = &op->rows[i];

		row->seen_set = uid_set_has(&unseen, row->uid);
		row->flags.system |= IMAP_FLAG_SEEN;
		if (row->seen_set)
			row->modseq = stored.modseq;
	}
	op->modseq_before = stored.modseq_before;
	op->modseq = stored.modseq;
	imap_perform_changed(p, (int64_t)op->mailbox);
	return 0;
}

int imap_perform_fetch(
		struct imap_performer *p, struct account_store *store, struct imap_op *op)
{
	struct imap_fetch_op *fetch = (struct imap_fetch_op *)op;
	const struct message_budget budget = {
		.rows = fetch->section_count ? ROWS_WITH_SECTIONS : IMAP_BATCH_ROWS,
		.bytes = IMAP_BATCH_BYTES,
	};
	struct message_page page = { 0 };
	int r;

	fetch->count = 0;
	fetch->modseq_before = fetch->modseq = 0;
	r = message_list(store, (int64_t)fetch->mailbox, &fetch->uids, fetch->next_uid,
			fetch->changed_since, texts_wanted(fetch->items), budget,
			op->results, &page);
	if (r == 0)
		r = take_rows(store, fetch, &page);
	if (r == 0 && fetch->set_seen)
		r = set_seen(p, store, fetch);
	return r;
}

/* -- the rest of a section -- */

static int find_content(struct account_store *store, const struct imap_read_op *op,
		int64_t *content_out)
{
	CLEANUP(uid_set_free) struct uid_set one = UID_SET_NULL;
	struct message_page page = { 0 };
	int r;

	uid_set_add(&one, op->uid, op->uid);
	r = message_list(store, (int64_t)op->mailbox, &one, op->uid, 0, 0,
			(struct message_budget){ .rows = 1, .bytes = 1 }, op->op.results,
			&page);
	if (r == 0 && page.count == 0)
		r = STORE_E_ABSENT;
	if (r == 0)
		*content_out = page.rows[0].content;
	return r;
}

int imap_perform_read(
		struct imap_performer *p, struct account_store *store, struct imap_op *op)
{
	struct imap_read_op *read = (struct imap_read_op *)op;
	CLEANUP(place_free) struct place place = { 0 };
	int64_t content;
	int r;

	(void)p;
	r = find_content(store, read, &content);
	if (r == 0)
		r = find_section(store, content, read->section, &place);
	if (r == 0 && place.absent)
		r = STORE_E_ABSENT;
	if (r == 0)
		r = read_place(store, content, &place, read->at, IMAP_CHUNK, op->results,
				&read->bytes);
	return r;
}
