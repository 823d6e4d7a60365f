#include "runtime/service/imap_transfer.h"

#include "runtime/base/error.h"
#include "runtime/service/imap_perform.h"
#include "runtime/store/flags.h"
#include "runtime/store/mailbox.h"
#include "runtime/store/message.h"

#include <stdlib.h>

enum {
	KEYWORDS_MAX = 8192
};

enum state {
	FINDING,
	LOADING,
	FILING,
	REMOVING,
	UNDOING,
	OVER,
};

/* What a load has of one message. */
struct piece {
	uint32_t uid;
	struct flag_list flags;
	walltime date;
	struct view bytes; /* in the load's bytes, once it is whole */
	size_t at, len;
	bool first, last; /* the message begins, ends with it */
	bool gone;        /* it was expunged half-way: what is there of it is dropped */
};

struct imap_transfer {
	struct account *source, *target;
	struct imap_copy_op *op;
	enum state state;
	int64_t mailbox; /* in the target */
	enum imap_outcome failure;

	uint32_t next;   /* the UID that the next load begins with; 0: none is left */
	uint64_t offset; /* in that message */
	struct arena *arena;
	struct buf bytes;
	struct piece pieces[TRANSFER_ROWS];
	size_t count;

	/* on the target's queue; the store stays open for as long as `append` is */
	struct append *append;               /* a message of which more will come */
	struct append *whole[TRANSFER_ROWS]; /* all of it is there */
	const struct piece *ends[TRANSFER_ROWS];
	size_t whole_count;
};

struct imap_transfer *imap_transfer_new(
		struct account *source, struct account *target, struct imap_copy_op *op)
{
	struct imap_transfer *t = xcalloc(1, sizeof(*t));

	t->source = account_ref_again(source);
	t->target = account_ref_again(target);
	t->op = op;
	t->next = 1;
	t->arena = arena_new();
	t->bytes = BUF_NULL(TRANSFER_BYTES);
	return t;
}

void imap_transfer_free(struct imap_transfer *t)
{
	if (!t)
		return;
	buf_free(&t->bytes);
	arena_free(t->arena);
	account_unref(t->source);
	account_unref(t->target);
	free(t);
}

struct account *imap_transfer_next(const struct imap_transfer *t)
{
	switch (t->state) {
	case LOADING:
	case REMOVING:
		return t->source;
	case FINDING:
	case FILING:
	case UNDOING:
		return t->target;
	case OVER:
		break;
	}
	return NULL;
}

/* -- finding the target -- */

static int find(struct imap_transfer *t, struct account_store *store)
{
	struct mailbox_status status;
	int r = mailbox_find(store, t->op->name, &t->mailbox);

	if (!r)
		r = mailbox_status(store, t->mailbox, &status);
	if (r)
		return r;
	t->op->destination = (uint64_t)t->mailbox;
	t->op->uidvalidity = status.uidvalidity;
	return 0;
}

/* -- loading -- */

static struct view keywords_of(struct imap_transfer *t, const struct account_store *store,
		uint64_t flags)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(KEYWORDS_MAX);

	flags_keywords(store, flags & ~FLAGS_SYSTEM, &text);
	return arena_copy(t->arena, buf_view(&text));
}

/* As much of a message as there is room for. */
static int load_message(struct imap_transfer *t, struct account_store *store,
		const struct message_row *row)
{
	uint64_t room = TRANSFER_BYTES - t->bytes.len, left = row->size - t->offset;
	struct piece *piece = &t->pieces[t->count];
	int r;

	*piece = (struct piece){ .uid = row->uid,
		.flags = { row->flags & FLAGS_SYSTEM, keywords_of(t, store, row->flags) },
		.date = row->internal_date,
		.at = t->bytes.len,
		.len = left < room ? left : room,
		.first = t->offset == 0,
		.last = left <= room };
	r = message_read(store, row->content, t->offset, piece->len, &t->bytes);
	if (r)
		return r;
	t->count++;
	t->next = piece->last ? row->uid + 1 : row->uid;
	t->offset = piece->last ? 0 : t->offset + piece->len;
	return 0;
}

/* The message that was half loaded is no longer there. */
static void note_gone(struct imap_transfer *t)
{
	t->pieces[t->count++] = (struct piece){ .gone = true };
	t->offset = 0;
}

static int load(struct imap_transfer *t, struct account_store *store)
{
	const struct message_budget budget = { TRANSFER_ROWS - 1, SIZE_MAX };
	struct message_page page = { 0 };
	size_t i = 0;
	int r;

	arena_reset(t->arena);
	buf_clear(&t->bytes);
	t->count = 0;
	r = message_list(store, (int64_t)t->op->mailbox, &t->op->uids, t->next, 0, 0,
			budget, t->arena, &page);
	if (r)
		return r;
	if (t->offset && (page.count == 0 || page.rows[0].uid != t->next))
		note_gone(t);
	for (; !r && i < page.count && t->bytes.len < TRANSFER_BYTES; i++)
		r = load_message(t, store, &page.rows[i]);
	if (!r && i == page.count && t->offset == 0)
		t->next = page.next;
	for (size_t k = 0; !r && k < t->count; k++)
		t->pieces[k].bytes = view_sub(
				buf_view(&t->bytes), t->pieces[k].at, t->pieces[k].len);
	return r;
}

/* -- filing -- */

static int take_piece(struct imap_transfer *t, struct account_store *store,
		const struct piece *piece)
{
	int r = 0;

	if (piece->gone) {
		append_abort(TAKE(t->append));
		return 0;
	}
	if (piece->first)
		r = append_begin(store, &t->append);
	if (!r)
		r = append_chunk(t->append, piece->bytes);
	if (r || !piece->last)
		return r;
	t->ends[t->whole_count] = piece;
	t->whole[t->whole_count++] = TAKE(t->append);
	return 0;
}

static int commit_whole(
		struct imap_transfer *t, struct account_store *store, uint32_t *uids)
{
	int r = append_batch_begin(store);

	if (r)
		return r;
	for (size_t i = 0; !r && i < t->whole_count; i++) {
		struct append_options options = { .mailbox = t->mailbox,
			.flags = t->ends[i]->flags,
			.internal_date = t->ends[i]->date };
		struct append_result result;

		r = append_commit(&t->whole[i], &options, &result);
		if (!r)
			uids[i] = result.uid;
	}
	if (!r)
		return append_batch_commit(store, 0);
	append_batch_abort(store);
	return r;
}

static int file(struct imap_transfer *t, struct account_store *store)
{
	uint32_t uids[TRANSFER_ROWS];
	int r = 0;

	t->whole_count = 0;
	for (size_t i = 0; !r && i < t->count; i++)
		r = take_piece(t, store, &t->pieces[i]);
	if (!r && t->whole_count)
		r = commit_whole(t, store, uids);
	for (size_t i = 0; i < t->whole_count; i++) {
		append_abort(TAKE(t->whole[i])); /* where it was not committed */
		if (r)
			continue;
		uid_set_add(&t->op->from, t->ends[i]->uid, t->ends[i]->uid);
		uid_set_add(&t->op->to, uids[i], uids[i]);
	}
	return r;
}

/* The store of the target must not be closed under an append that waits for more. */
static int file_pinned(struct imap_transfer *t, struct account_store *store)
{
	bool was_open = t->append != NULL;
	int r = file(t, store);

	if (t->append && !was_open)
		account_pin(t->target);
	if (!t->append && was_open)
		account_unpin(t->target);
	return r;
}

/* -- the end -- */

static int remove_moved(struct imap_transfer *t, struct account_store *store)
{
	struct expunge_result result = { 0 };
	int r = message_remove(store, (int64_t)t->op->mailbox, &t->op->from, &result);

	if (r)
		return r;
	t->op->modseq_before = result.modseq_before;
	t->op->modseq = result.modseq;
	uid_set_free(&result.expunged);
	return 0;
}

static int undo(struct imap_transfer *t, struct account_store *store)
{
	struct expunge_result result = { 0 };
	int r = 0;

	if (t->append) {
		append_abort(TAKE(t->append));
		account_unpin(t->target);
	}
	if (store && t->op->to.count)
		r = message_remove(store, t->mailbox, &t->op->to, &result);
	uid_set_free(&result.expunged);
	uid_set_clear(&t->op->from);
	uid_set_clear(&t->op->to);
	return r;
}

static enum state next_state(const struct imap_transfer *t)
{
	switch (t->state) {
	case FINDING:
		return LOADING;
	case LOADING:
		return FILING;
	case FILING:
		if (t->next)
			return LOADING;
		return t->op->move && t->op->from.count ? REMOVING : OVER;
	default:
		return OVER;
	}
}

static int run(struct imap_transfer *t, struct account_store *store)
{
	switch (t->state) {
	case FINDING:
		return find(t, store);
	case LOADING:
		return load(t, store);
	case FILING:
		return file_pinned(t, store);
	case REMOVING:
		return remove_moved(t, store);
	case UNDOING:
		return undo(t, store);
	case OVER:
		break;
	}
	return 0;
}

/* The failure is the answer; what there is of it in the target goes. Where the source has
 * become unreadable the copies may be all that is left: they stay. */
static void fail(struct imap_transfer *t, enum imap_outcome outcome, bool unreadable)
{
	bool ends = t->state == UNDOING || t->state == FINDING ||
		    (t->state == REMOVING && unreadable);

	if (!t->failure)
		t->failure = outcome;
	t->state = ends ? OVER : UNDOING;
}

int imap_transfer_step(struct imap_transfer *t, struct account_store *store, int outcome,
		uint64_t *changed_out)
{
	enum state state = t->state;
	int r = 0;

	*changed_out = 0;
	if (outcome && state == UNDOING)
		r = undo(t, NULL);
	else if (!outcome)
		r = run(t, store);
	if (outcome || r)
		fail(t, outcome ? IMAP_E_UNAVAILABLE : imap_outcome_of(r),
				outcome || r == STORE_E_DAMAGED);
	else
		t->state = next_state(t);
	t->op->op.outcome = t->failure;
	if (r == 0 && (state == FILING || state == UNDOING))
		*changed_out = (uint64_t)t->mailbox;
	if (r == 0 && state == REMOVING)
		*changed_out = t->op->mailbox;
	return r;
}
