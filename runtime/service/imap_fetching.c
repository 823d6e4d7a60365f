/* FETCH: rows in batches, and the sections of their messages.
 *
 * A batch is one job of the account's queue. Where sections are asked for, it ends with
 * the row whose octets fill it; what is cut is read on by IMAP_OP_READ. What must be decoded
 * to know a size fills it, too. */
#include "runtime/service/imap_octets.h"
#include "runtime/service/imap_performer.h"
#include "runtime/store/message.h"

enum {
	ROWS_WITH_SECTIONS = 64, /* more would be listed for nothing */
};

static void fill_room(size_t *room, uint64_t octets)
{
	*room -= octets < *room ? (size_t)octets : *room;
}

static int take_section(struct imap_performer *p, struct account_store *store,
		int64_t content, const struct imap_section *section, size_t *room,
		struct arena *arena, struct imap_section_data *data)
{
	CLEANUP(imap_octets_free) struct imap_octets octets = { 0 };
	int r;

	r = imap_octets_find(p, store, content, section, &octets);
	if (r)
		return r;
	data->absent = octets.absent;
	data->unknown = octets.unknown;
	data->has_nul = octets.has_nul;
	data->len = octets.len;
	if (!octets.absent && !octets.unknown && section->form != IMAP_SECTION_SIZE)
		r = imap_octets_read(p, store, &octets, 0, *room, arena, &data->bytes);
	fill_room(room, data->bytes.len + octets.passed);
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

static int take_sections(struct imap_performer *p, struct account_store *store,
		const struct imap_fetch_op *op, int64_t content, size_t *room,
		struct imap_row *row)
{
	row->sections = arena_array(
			op->op.results, op->section_count, sizeof(*row->sections));
	for (size_t i = 0; i < op->section_count; i++) {
		int r = take_section(p, store, content, &op->sections[i], room,
				op->op.results, &row->sections[i]);

		if (r)
			return r;
	}
	return 0;
}

/* Fills rows until the octets of sections take up the batch. */
static int take_rows(struct imap_performer *p, struct account_store *store,
		struct imap_fetch_op *op, const struct message_page *page)
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
			r = take_sections(p, store, op, from->content, &room, row);
		if (r < 0 || (r && r != STORE_E_ABSENT))
			return r;
		op->count += r == 0;
	}
	return 0;
}

static bool is_known(const struct imap_fetch_op *op, const struct imap_row *row)
{
	for (size_t i = 0; i < op->section_count; i++)
		if (row->sections[i].unknown)
			return false;
	return true;
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
		if (!(op->rows[i].flags.system & IMAP_FLAG_SEEN) &&
				is_known(op, &op->rows[i]))
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
		if (!row->seen_set)
			continue;
		row->flags.system |= IMAP_FLAG_SEEN;
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
		r = take_rows(p, store, fetch, &page);
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
	CLEANUP(imap_octets_free) struct imap_octets octets = { 0 };
	int64_t content;
	int r;

	r = find_content(store, read, &content);
	if (r == 0)
		r = imap_octets_find(p, store, content, read->section, &octets);
	if (r == 0 && octets.absent)
		r = STORE_E_ABSENT;
	if (r == 0)
		r = imap_octets_read(p, store, &octets, read->at, IMAP_CHUNK, op->results,
				&read->bytes);
	return r;
}
