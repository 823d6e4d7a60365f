/* Putting a message in: the bytes go through the parser as they come; what is parsed waits
 * in memory, or past APPEND_BUFFERED goes into the file as pieces of an unfinished content;
 * the commit makes it a message. */
#include "runtime/base/error.h"
#include "runtime/store/content.h"
#include "runtime/store/message.h"
#include "runtime/store/store.h"

#include <assert.h>
#include <stdlib.h>

enum {
	APPEND_BUFFERED = 256 * 1024,
};

struct append {
	struct list link; /* store->appends */
	struct account_store *store;
	struct message_parser *parser;
	const struct message *message; /* once all bytes are there */
	struct buf bytes;              /* not yet in the file */
	int64_t content;               /* 0: nothing is in the file */
	uint64_t pieces;               /* in the file */
	uint32_t head;
};

int append_begin(struct account_store *store, struct append **out)
{
	struct append *a = xcalloc(1, sizeof(*a));

	a->store = store;
	a->parser = message_parser_new();
	a->bytes = BUF_NULL(2 * APPEND_BUFFERED);
	list_push(&store->appends, &a->link);
	*out = a;
	return STORE_OK;
}

static void append_free(struct append *a)
{
	list_remove(&a->link);
	message_parser_free(a->parser);
	buf_free(&a->bytes);
	free(a);
}

/* Cuts the buffered bytes into pieces: whole ones, or with `last` all. Within a change; the
 * bytes stay until that is committed. */
static int write_pieces(struct append *a, bool last, size_t *taken_out)
{
	size_t taken = 0;
	int r = STORE_OK;

	while (!r && taken < a->bytes.len) {
		size_t size = a->pieces ? PIECE_BYTES : a->head;
		struct view piece = view_sub(buf_view(&a->bytes), taken, size);

		if (piece.len < size && !last)
			break;
		r = content_add_piece(a->store, a->content, a->pieces++, piece);
		taken += piece.len;
	}
	*taken_out = taken;
	return r;
}

/* What is buffered becomes pieces that no message has yet. */
static int stage(struct append *a)
{
	CLEANUP(store_end) struct store_change change = { 0 };
	struct append before = *a;
	size_t taken = 0;
	int r = store_begin(a->store, &change);

	if (!r && !a->content) {
		a->head = content_head_size(buf_view(&a->bytes), false);
		r = content_new(a->store, a->head, &a->content);
	}
	if (!r)
		r = write_pieces(a, false, &taken);
	if (!r)
		r = store_commit(&change);
	if (r) {
		a->content = before.content;
		a->pieces = before.pieces;
		return r;
	}
	buf_consume(&a->bytes, taken);
	return STORE_OK;
}

int append_chunk(struct append *a, struct view bytes)
{
	int r = STORE_OK;

	message_parser_feed(a->parser, bytes);
	while (!r && bytes.len) {
		struct view part = view_sub(bytes, 0, APPEND_BUFFERED / 2);

		if (a->bytes.len + part.len > APPEND_BUFFERED)
			r = stage(a);
		if (!r)
			buf_add(&a->bytes, part);
		bytes = view_from(bytes, part.len);
	}
	return r;
}

void append_abort(struct append *a)
{
	CLEANUP(store_end) struct store_change change = { 0 };

	if (!a)
		return;
	/* Where this fails the next opening drops what is left. */
	if (a->content && !store_begin(a->store, &change) &&
			!content_drop(a->store, a->content) && store_commit(&change))
		store_end(&change);
	append_free(a);
}

int append_check(struct account_store *store, int64_t mailbox, uint64_t size)
{
	struct mailbox_status status;
	int r = mailbox_status(store, mailbox, &status);

	if (!r && !store_has_room(store, size))
		r = STORE_E_QUOTA;
	return r;
}

/* -- the commit -- */

/* Notes that (intake, recipient) is filed; *known_out where that was known. */
static int note_filed(struct account_store *store, const struct append_options *options,
		bool *known_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r;

	*known_out = false;
	if (!options->intake)
		return STORE_OK;
	r = store_prepare(store, "INSERT OR IGNORE INTO filed VALUES (?1, ?2)", &s);
	if (r)
		return r;
	bind_u64(s, 1, options->intake);
	bind_text(s, 2, options->recipient);
	r = store_run(s);
	*known_out = !r && !database_changes(store->db);
	return r;
}

static int write_content(struct append *a)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct message_facts facts;
	size_t taken;
	int r = STORE_OK;

	message_facts_make(arena, a->message, &facts);
	if (!a->content) {
		a->head = content_head_size(buf_view(&a->bytes), true);
		r = content_new(a->store, a->head, &a->content);
	}
	if (!r)
		r = write_pieces(a, true, &taken);
	return r ? r : content_finish(a->store, a->content, &facts);
}

static int file_message(struct append *a, const struct append_options *options,
		struct append_result *out)
{
	struct account_store *store = a->store;
	struct mailbox_status status;
	struct message_brief brief = { .size = a->message->size,
		.internal_date = options->internal_date };
	struct uid_set uid = UID_SET_NULL;
	bool known = false;
	int r = mailbox_status(store, options->mailbox, &status);

	if (!r && !options->ignore_quota && !store_has_room(store, brief.size))
		r = STORE_E_QUOTA;
	if (!r)
		r = note_filed(store, options, &known);
	if (r || known) {
		*out = (struct append_result){ .uidvalidity = status.uidvalidity };
		return r;
	}
	r = flags_resolve(store, &options->flags, &brief.flags);
	if (!r)
		r = write_content(a);
	brief.content = a->content;
	if (!r)
		r = messages_put(store, options->mailbox,
				&(struct brief_list){ .items = &brief, .count = 1 },
				++store->counters.modseq, &uid);
	if (!r) {
		store->counters.used += brief.size;
		store->counters.messages++;
		*out = (struct append_result){ .uidvalidity = status.uidvalidity,
			.uid = uid_set_at(&uid, 0),
			.modseq = store->counters.modseq };
	}
	uid_set_free(&uid);
	return r;
}

int append_commit(struct append **append, const struct append_options *options,
		struct append_result *out)
{
	CLEANUP(store_end) struct store_change change = { 0 };
	struct append *a = *append;
	struct append_result result;
	int64_t staged = a->content;
	uint64_t pieces = a->pieces;
	int r = STORE_OK;

	if (!a->message)
		a->message = message_parser_finish(a->parser);
	if (!a->store->in_batch)
		r = store_begin(a->store, &change);
	if (!r)
		r = file_message(a, options, &result);
	/* What was filed before needs no second content. */
	if (!r && !result.uid && staged)
		r = content_drop(a->store, staged);
	if (!r && !a->store->in_batch)
		r = store_commit(&change);
	if (r) {
		a->content = staged;
		a->pieces = pieces;
		return r;
	}
	*out = result;
	append_free(a);
	*append = NULL;
	return STORE_OK;
}

/* -- batches -- */

int append_batch_begin(struct account_store *store)
{
	int r;

	assert(!store->in_batch);
	r = store_begin(store, &store->batch);
	store->in_batch = !r;
	return r;
}

int append_batch_commit(struct account_store *store, uint64_t floor)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store, "DELETE FROM filed WHERE intake < ?1", &s);

	if (!r) {
		bind_u64(s, 1, floor);
		r = store_run(s);
	}
	if (!r)
		r = store_commit(&store->batch);
	if (r)
		store_end(&store->batch);
	store->in_batch = false;
	return r;
}

void append_batch_abort(struct account_store *store)
{
	if (store->in_batch)
		store_end(&store->batch);
	store->in_batch = false;
}
