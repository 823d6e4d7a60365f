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
	struct message_parser *parser; /* NULL: it is settled */
	const struct message *message; /* once all bytes are there */
	uint64_t size;
	struct buf bytes; /* not yet in the file */
	/* In the file. */
	struct staged {
		int64_t content; /* 0: nothing is */
		uint64_t pieces;
	} staged, committed; /* the second: whatever becomes of a change that is open */
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
		size_t size = a->staged.pieces ? PIECE_BYTES : a->head;
		struct view piece = view_sub(buf_view(&a->bytes), taken, size);

		if (piece.len < size && !last)
			break;
		r = content_add_piece(
				a->store, a->staged.content, a->staged.pieces++, piece);
		taken += piece.len;
	}
	*taken_out = taken;
	return r;
}

/* The bytes of what is still coming: a content is begun with the first of them. */
static int write_bytes(struct append *a, bool last, size_t *taken_out)
{
	int r = STORE_OK;

	if (!a->staged.content) {
		a->head = content_head_size(buf_view(&a->bytes), last);
		r = content_new(a->store, a->head, &a->staged.content);
	}
	return r ? r : write_pieces(a, last, taken_out);
}

/* What is buffered becomes pieces that no message has yet. */
static int stage(struct append *a)
{
	CLEANUP(store_end) struct store_change change = { 0 };
	size_t taken = 0;
	int r = store_begin(a->store, &change);

	if (!r)
		r = write_bytes(a, false, &taken);
	if (!r)
		r = store_commit(&change);
	if (r) {
		a->staged = a->committed;
		return r;
	}
	a->committed = a->staged;
	buf_consume(&a->bytes, taken);
	return STORE_OK;
}

int append_chunk(struct append *a, struct view bytes)
{
	int r = STORE_OK;

	message_parser_feed(a->parser, bytes);
	a->size += bytes.len;
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
	if (a->committed.content && !store_begin(a->store, &change) &&
			!content_drop(a->store, a->committed.content) &&
			store_commit(&change))
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

/* Within a change: all of it, and what is known of it. */
static int write_content(struct append *a, uint64_t uses)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct message_facts facts;
	size_t taken;
	int r;

	if (!a->message)
		a->message = message_parser_finish(a->parser);
	message_facts_make(arena, a->message, &facts);
	r = write_bytes(a, true, &taken);
	return r ? r : content_finish(a->store, a->staged.content, &facts, uses);
}

static int file_message(struct append *a, const struct append_options *options,
		struct append_result *out)
{
	struct account_store *store = a->store;
	struct mailbox_status status;
	struct message_brief brief = { .size = a->size,
		.internal_date = options->internal_date };
	struct uid_set uid = UID_SET_NULL;
	bool known = false;
	int r = mailbox_status(store, options->mailbox, &status);

	if (!r && !options->ignore_quota && !store_has_room(store, brief.size))
		r = STORE_E_QUOTA;
	if (!r)
		r = note_filed(store, options, &known);
	*out = (struct append_result){ .uidvalidity = status.uidvalidity };
	/* What was filed before needs no second content. */
	if (!r && known && a->staged.content)
		return content_drop(store, a->staged.content);
	if (r || known)
		return r;
	r = flags_resolve(store, &options->flags, &brief.flags);
	if (!r)
		r = a->parser ? write_content(a, 1)
			      : content_hold(store, a->staged.content);
	brief.content = a->staged.content;
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

static int file_all(struct append **appends, const struct append_options *options,
		size_t count, struct append_result *out)
{
	struct account_store *store = appends[0]->store;
	CLEANUP(store_end) struct store_change change = { 0 };
	int r = STORE_OK;

	if (!store->in_batch)
		r = store_begin(store, &change);
	for (size_t i = 0; !r && i < count; i++)
		r = file_message(appends[i], &options[i], &out[i]);
	if (!r && !store->in_batch)
		r = store_commit(&change);
	return r;
}

int append_commit_all(struct append **appends, const struct append_options *options,
		size_t count, struct append_result *out)
{
	CLEANUP(freep)
	struct append_result *results = xcalloc(count, sizeof(*results));
	int r = file_all(appends, options, count, results);

	for (size_t i = 0; i < count; i++) {
		struct append *a = appends[i];

		if (r) {
			a->staged = a->committed;
			continue;
		}
		out[i] = results[i];
		append_free(a);
		appends[i] = NULL;
	}
	return r;
}

int append_commit(struct append **append, const struct append_options *options,
		struct append_result *out)
{
	return append_commit_all(append, options, 1, out);
}

/* -- settling -- */

static void settled(struct append *a)
{
	if (!a->parser)
		return;
	a->committed = a->staged;
	buf_free(&a->bytes);
	message_parser_free(a->parser);
	a->parser = NULL;
}

int append_settle(struct append **appends, size_t count)
{
	CLEANUP(store_end) struct store_change change = { 0 };
	int r = store_begin(appends[0]->store, &change);

	for (size_t i = 0; !r && i < count; i++)
		if (appends[i]->parser)
			r = write_content(appends[i], 0);
	if (!r)
		r = store_commit(&change);
	for (size_t i = 0; i < count; i++) {
		if (r)
			appends[i]->staged = appends[i]->committed;
		else
			settled(appends[i]);
	}
	return r;
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
