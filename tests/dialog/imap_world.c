/* Performs what the IMAP engine asks in a small world, whose mailboxes are in memory.
 *
 * O: imap | imaps | imap-without-tls, then perhaps `selected`: alice is logged in and has
 * INBOX selected, and what the server said until then is gone.
 * There is one account, alice (password "wonderland"), with INBOX (id 1, three messages),
 * Drafts, Sent, Trash, Junk, Archive and lists/posthus. W: lines:
 *
 *   deliver MAILBOX TEXT         a message arrives, escapes as in R:
 *   fill MAILBOX N               N small messages arrive
 *   store MAILBOX UID FLAGS      another session sets flags
 *   expunge MAILBOX UID          another session takes a message out
 *   create | delete MAILBOX      another session makes a mailbox, takes it out
 *   batch ROWS BYTES             how much a FETCH answers with
 *   disk good | ill              quota N (bytes an APPEND may have)
 *   largest N                    bytes a message may have
 *   logins N                     asked so far
 *   message MAILBOX UID TEXT     is there and has this text
 *   flags MAILBOX UID FLAGS      is there and has these flags
 *   count MAILBOX N              so many messages are in it
 *   open N                       messages of an APPEND, neither stored nor dropped */
#include "tests/dialog/imap_world.h"

#include "runtime/base/error.h"
#include "runtime/imap/imap_server.h"
#include "tests/dialog/imap_mailboxes.h"
#include "tests/lib/trickle.h"

#include <stdlib.h>

enum {
	MARCH_2026 = 1772532000, /* 3 March 2026, 10:00 UTC */
	TEXT_MAX = 1 << 24,
};

/* -- login and mailboxes -- */

static void log_in(struct world *w, struct imap_login_op *op)
{
	w->logins++;
	if (w->ill)
		op->op.outcome = IMAP_E_UNAVAILABLE;
	else if (!view_eq(op->user, VIEW("alice")) ||
			!view_eq(secret_expose(&op->password), VIEW("wonderland")))
		op->op.outcome = IMAP_E_REFUSED;
}

static int by_name(const void *a, const void *b)
{
	const struct imap_mailbox_row *left = a, *right = b;

	return view_compare(left->name, right->name);
}

static struct imap_counts counts_of(
		const struct world *w, const struct world_mailbox *box)
{
	struct imap_counts counts = { .uidnext = box->uidnext,
		.uidvalidity = box->uidvalidity,
		.modseq = w->modseq };

	for (size_t i = 0; i < box->count; i++) {
		if (box->messages[i].gone)
			continue;
		counts.messages++;
		counts.unseen += !(box->messages[i].flags & IMAP_FLAG_SEEN);
		counts.size += box->messages[i].text.len;
	}
	return counts;
}

static void list(struct world *w, struct imap_list_op *op)
{
	op->rows = arena_array(op->op.results, w->box_count + 1, sizeof(*op->rows));
	for (size_t i = 0; i < w->box_count; i++) {
		const struct world_mailbox *box = &w->boxes[i];

		if (!box->there &&
				(!box->subscribed || world_find(w, buf_view(&box->name))))
			continue;
		op->rows[op->count++] = (struct imap_mailbox_row){
			.name = arena_copy(op->op.results, buf_view(&box->name)),
			.use = box->use,
			.subscribed = box->subscribed,
			.exists = box->there,
			.selectable = box->there,
			.counts = counts_of(w, box),
		};
	}
	qsort(op->rows, op->count, sizeof(*op->rows), by_name);
}

static void status(struct world *w, struct imap_status_op *op)
{
	const struct world_mailbox *box = world_find(w, op->name);

	if (!box) {
		op->op.outcome = IMAP_E_ABSENT;
		return;
	}
	op->counts = counts_of(w, box);
}

static void create(struct world *w, struct imap_name_op *op)
{
	if (world_find(w, op->name))
		op->op.outcome = IMAP_E_EXISTS;
	else if (!world_create(w, op->name))
		op->op.outcome = IMAP_E_LIMIT;
}

static void delete (struct world *w, struct imap_name_op *op)
{
	struct world_mailbox *box = world_find(w, op->name);

	if (view_eq(op->name, VIEW("INBOX"))) {
		op->op.outcome = IMAP_E_CANNOT;
	} else if (!box) {
		op->op.outcome = IMAP_E_ABSENT;
	} else {
		op->mailbox = box->id;
		world_remove(w, box);
	}
}

static void rename_box(struct world *w, struct imap_name_op *op)
{
	struct world_mailbox *box = world_find(w, op->name);

	if (!box) {
		op->op.outcome = IMAP_E_ABSENT;
	} else if (world_find(w, op->to)) {
		op->op.outcome = IMAP_E_EXISTS;
	} else {
		buf_clear(&box->name);
		buf_add(&box->name, op->to);
	}
}

static void subscribe(struct world *w, struct imap_name_op *op, bool subscribed)
{
	struct world_mailbox *box = world_find(w, op->name);

	if (!box && subscribed) {
		box = world_create(w, op->name);
		if (box)
			box->there = false;
	}
	for (size_t i = 0; i < w->box_count; i++)
		if (view_eq(buf_view(&w->boxes[i].name), op->name))
			w->boxes[i].subscribed = subscribed;
}

/* -- the selected mailbox -- */

static void open_box(struct world *w, struct imap_select_op *op)
{
	CLEANUP(buf_free) struct buf keywords = BUF_NULL(65536);
	struct world_mailbox *box = world_find(w, op->name);

	if (!box) {
		op->op.outcome = IMAP_E_ABSENT;
		return;
	}
	op->mailbox = box->id;
	op->uidvalidity = box->uidvalidity;
	op->uidnext = box->uidnext;
	op->modseq = w->modseq;
	for (size_t i = 0; i < box->count; i++) {
		struct world_message *m = &box->messages[i];

		if (m->gone)
			continue;
		uid_set_add(&op->uids, m->uid, m->uid);
		if (!op->first_unseen && !(m->flags & IMAP_FLAG_SEEN))
			op->first_unseen = m->uid;
		if (!keywords.len)
			buf_add(&keywords, buf_view(&m->keywords));
	}
	op->keywords = arena_copy(op->op.results, buf_view(&keywords));
}

static void sync_box(struct world *w, struct imap_sync_op *op)
{
	struct world_mailbox *box = world_find_id(w, op->mailbox);

	if (!box) {
		op->op.outcome = IMAP_E_ABSENT;
		return;
	}
	op->modseq = w->modseq;
	op->uidnext = box->uidnext;
	op->changed = arena_array(op->op.results, box->count + 1, sizeof(*op->changed));
	for (size_t i = 0; i < box->count; i++) {
		struct world_message *m = &box->messages[i];

		if (m->uid >= op->next_uid) {
			if (m->gone)
				continue;
			uid_set_add(&op->arrived, m->uid, m->uid);
		} else if (m->modseq > op->since && m->gone) {
			uid_set_add(&op->vanished, m->uid, m->uid);
		} else if (m->modseq > op->since) {
			op->changed[op->changed_count++] = (struct imap_flags_row){
				m->uid, world_flags(m, op->op.results), m->modseq
			};
		}
	}
}

/* False where one of them cannot be decoded. */
static bool cut_sections(const struct imap_fetch_op *op, struct imap_row *row,
		const struct world_message *m, size_t *left, bool *is_cut)
{
	bool known = true;

	row->sections = arena_array(
			op->op.results, op->section_count, sizeof(*row->sections));
	for (size_t i = 0; i < op->section_count; i++) {
		struct imap_section_data *data = &row->sections[i];

		world_section(m, &op->sections[i], op->op.results, data);
		known &= !data->unknown;
		if (op->sections[i].form == IMAP_SECTION_SIZE) {
			data->bytes = VIEW_NULL;
			continue;
		}
		data->bytes = view_sub(data->bytes, 0, *left);
		*left -= data->bytes.len;
		*is_cut |= data->bytes.len < data->len;
	}
	return known;
}

static void fetch(struct world *w, struct imap_fetch_op *op)
{
	struct world_mailbox *box = world_find_id(w, op->mailbox);
	size_t left = w->batch_bytes;
	bool is_cut = false;

	if (!box) {
		op->op.outcome = IMAP_E_ABSENT;
		return;
	}
	op->modseq_before = w->modseq;
	for (size_t i = op->next_uid - 1; i < box->count; i++) {
		struct world_message *m = &box->messages[i];
		struct imap_row *row = &op->rows[op->count];

		if (m->gone || !uid_set_has(&op->uids, m->uid) ||
				m->modseq <= op->changed_since)
			continue;
		op->next_uid = m->uid;
		if (op->count == w->batch_rows || is_cut)
			return;
		*row = (struct imap_row){
			.uid = m->uid, .date = m->date, .size = m->text.len
		};
		if (cut_sections(op, row, m, &left, &is_cut) && op->set_seen &&
				!(m->flags & IMAP_FLAG_SEEN)) {
			op->modseq = ++w->modseq;
			m->flags |= IMAP_FLAG_SEEN;
			m->modseq = w->modseq;
			row->seen_set = true;
		}
		row->modseq = m->modseq;
		row->flags = world_flags(m, op->op.results);
		world_render(m, op->items, op->op.results, row);
		op->count++;
	}
	op->modseq = w->modseq;
	op->next_uid = 0;
}

static void read_section(struct world *w, struct imap_read_op *op)
{
	struct world_mailbox *box = world_find_id(w, op->mailbox);
	struct world_message *m = box ? world_message(box, op->uid) : NULL;
	struct imap_section_data data = { .absent = true };

	if (m)
		world_section(m, op->section, op->op.results, &data);
	if (!data.absent)
		op->bytes = view_sub(data.bytes, op->at,
				w->batch_bytes < IMAP_CHUNK ? w->batch_bytes
							    : IMAP_CHUNK);
	else
		op->op.outcome = IMAP_E_GONE;
}

static void store(struct world *w, struct imap_store_op *op)
{
	struct world_mailbox *box = world_find_id(w, op->mailbox);

	if (!box) {
		op->op.outcome = IMAP_E_ABSENT;
		return;
	}
	op->modseq_before = w->modseq++;
	op->rows = arena_array(op->op.results, box->count + 1, sizeof(*op->rows));
	for (size_t i = 0; i < box->count; i++) {
		struct world_message *m = world_message(box, (uint32_t)i + 1);

		if (!m || !uid_set_has(&op->uids, m->uid))
			continue;
		if (m->modseq > op->unchanged_since) {
			uid_set_add(&op->modified, m->uid, m->uid);
			continue;
		}
		world_store(w, m, op->mode, &op->flags);
		if (!op->silent)
			op->rows[op->count++] = (struct imap_flags_row){ m->uid,
				world_flags(m, op->op.results), m->modseq };
	}
	op->modseq = w->modseq;
}

static void expunge(struct world *w, struct imap_expunge_op *op)
{
	struct world_mailbox *box = world_find_id(w, op->mailbox);

	if (!box) {
		op->op.outcome = IMAP_E_ABSENT;
		return;
	}
	op->modseq_before = w->modseq;
	for (size_t i = 0; i < box->count; i++) {
		struct world_message *m = world_message(box, (uint32_t)i + 1);

		if (!m || !(m->flags & IMAP_FLAG_DELETED) ||
				!uid_set_has(&op->uids, m->uid))
			continue;
		world_expunge(w, m);
		uid_set_add(&op->expunged, m->uid, m->uid);
	}
	op->modseq = w->modseq;
}

static void search(struct world *w, struct imap_search_op *op)
{
	struct world_mailbox *box = world_find_id(w, op->mailbox);

	if (!box) {
		op->op.outcome = IMAP_E_ABSENT;
		return;
	}
	for (size_t i = 0; i < box->count; i++) {
		const struct world_message *m = world_message(box, (uint32_t)i + 1);

		if (!m || !uid_set_has(&op->uids, m->uid) || !world_matches(m, op))
			continue;
		if (op->found.count == 0)
			op->first_modseq = m->modseq;
		op->last_modseq = m->modseq;
		if (m->modseq > op->modseq)
			op->modseq = m->modseq;
		uid_set_add(&op->found, m->uid, m->uid);
	}
}

/* -- messages that come and move -- */

static void begin_append(struct world *w, struct imap_append_op *op)
{
	const struct world_mailbox *box = world_find(w, op->name);
	uint64_t size = op->size;
	struct world_append *append;

	for (size_t i = 0; i < w->append_count; i++)
		size += w->appends[i].size;
	if (op->size > w->largest) {
		op->op.outcome = IMAP_E_TOO_BIG;
	} else if (op->op.op.kind == IMAP_OP_APPEND_BEGIN && !box) {
		op->op.outcome = IMAP_E_ABSENT;
	} else if (size > w->quota) {
		op->op.outcome = IMAP_E_QUOTA;
	} else {
		if (op->op.op.kind == IMAP_OP_APPEND_BEGIN)
			w->append_to = box->id;
		append = &w->appends[w->append_count++];
		*append = (struct world_append){
			.text = BUF_NULL(TEXT_MAX),
			.keywords = BUF_NULL(65536),
			.flags = op->flags.system,
			.date = op->has_date ? op->date : MARCH_2026,
			.size = op->size,
		};
		buf_add(&append->keywords, op->flags.keywords);
	}
}

static void commit_append(struct world *w, struct imap_append_op *op)
{
	struct world_mailbox *box = world_find_id(w, w->append_to);

	if (!box || w->ill) {
		op->op.outcome = w->ill ? IMAP_E_UNAVAILABLE : IMAP_E_ABSENT;
		return;
	}
	op->mailbox = box->id;
	op->uidvalidity = box->uidvalidity;
	for (size_t i = 0; i < w->append_count; i++) {
		const struct world_append *from = &w->appends[i];
		struct imap_flags flags = { from->flags, buf_view(&from->keywords) };
		uint32_t uid;

		if (from->text.len != from->size)
			die("%zu octets of a message of %zu", from->text.len,
					(size_t)from->size);
		uid = world_add(w, box, buf_view(&from->text), &flags, from->date)->uid;
		uid_set_add(&op->uids, uid, uid);
	}
}

static void append(struct world *w, struct imap_append_op *op)
{
	enum imap_op_kind kind = (enum imap_op_kind)op->op.op.kind;

	if ((kind == IMAP_OP_APPEND_BEGIN) != (w->append_count == 0))
		die("an APPEND out of order");
	switch (kind) {
	case IMAP_OP_APPEND_BEGIN:
	case IMAP_OP_APPEND_NEXT:
		begin_append(w, op);
		break;
	case IMAP_OP_APPEND_CHUNK:
		if (w->ill)
			op->op.outcome = IMAP_E_UNAVAILABLE;
		else
			buf_add(&w->appends[w->append_count - 1].text,
					buf_view(&op->chunk));
		break;
	case IMAP_OP_APPEND_COMMIT:
		commit_append(w, op);
		world_drop_appends(w);
		break;
	default:
		world_drop_appends(w);
	}
}

static void copy(struct world *w, struct imap_copy_op *op)
{
	struct world_mailbox *from = world_find_id(w, op->mailbox);
	struct world_mailbox *to = world_find(w, op->name);
	size_t count;

	if (!from || !to) {
		op->op.outcome = IMAP_E_ABSENT;
		return;
	}
	op->modseq_before = w->modseq;
	op->destination = to->id;
	op->uidvalidity = to->uidvalidity;
	count = from->count;
	for (size_t i = 0; i < count; i++) {
		struct world_message *m = world_message(from, (uint32_t)i + 1);
		struct world_message *added;
		CLEANUP(buf_free) struct buf text = BUF_NULL(TEXT_MAX);
		struct imap_flags flags;

		if (!m || !uid_set_has(&op->uids, m->uid))
			continue;
		flags = world_flags(m, op->op.results);
		buf_add(&text, buf_view(&m->text));
		if (op->move)
			world_expunge(w, m);
		uid_set_add(&op->from, m->uid, m->uid);
		added = world_add(w, to, buf_view(&text), &flags, m->date);
		uid_set_add(&op->to, added->uid, added->uid);
	}
	op->modseq = w->modseq;
}

static void perform(void *state, struct op *op)
{
	struct world *w = state;
	struct imap_op *imap_op = (struct imap_op *)op;

	if (w->ill && op->kind != IMAP_OP_LOGIN && op->kind != IMAP_OP_APPEND_BEGIN &&
			op->kind != IMAP_OP_APPEND_NEXT &&
			op->kind != IMAP_OP_APPEND_CHUNK &&
			op->kind != IMAP_OP_APPEND_COMMIT &&
			op->kind != IMAP_OP_APPEND_ABORT) {
		imap_op->outcome = IMAP_E_UNAVAILABLE;
		return;
	}
	switch ((enum imap_op_kind)op->kind) {
	case IMAP_OP_LOGIN:
		log_in(w, (struct imap_login_op *)op);
		break;
	case IMAP_OP_LIST:
		list(w, (struct imap_list_op *)op);
		break;
	case IMAP_OP_STATUS:
		status(w, (struct imap_status_op *)op);
		break;
	case IMAP_OP_CREATE:
		create(w, (struct imap_name_op *)op);
		break;
	case IMAP_OP_DELETE:
		delete (w, (struct imap_name_op *)op);
		break;
	case IMAP_OP_RENAME:
		rename_box(w, (struct imap_name_op *)op);
		break;
	case IMAP_OP_SUBSCRIBE:
	case IMAP_OP_UNSUBSCRIBE:
		subscribe(w, (struct imap_name_op *)op, op->kind == IMAP_OP_SUBSCRIBE);
		break;
	case IMAP_OP_SELECT:
		open_box(w, (struct imap_select_op *)op);
		break;
	case IMAP_OP_SYNC:
		sync_box(w, (struct imap_sync_op *)op);
		break;
	case IMAP_OP_FETCH:
		fetch(w, (struct imap_fetch_op *)op);
		break;
	case IMAP_OP_READ:
		read_section(w, (struct imap_read_op *)op);
		break;
	case IMAP_OP_STORE:
		store(w, (struct imap_store_op *)op);
		break;
	case IMAP_OP_APPEND_BEGIN:
	case IMAP_OP_APPEND_NEXT:
	case IMAP_OP_APPEND_CHUNK:
	case IMAP_OP_APPEND_COMMIT:
	case IMAP_OP_APPEND_ABORT:
		append(w, (struct imap_append_op *)op);
		break;
	case IMAP_OP_COPY:
		copy(w, (struct imap_copy_op *)op);
		break;
	case IMAP_OP_EXPUNGE:
		expunge(w, (struct imap_expunge_op *)op);
		break;
	case IMAP_OP_SEARCH:
		search(w, (struct imap_search_op *)op);
		break;
	}
}

/* -- the beginning -- */

static const char *const first_texts[] = {
	"From: Bob <bob@example.org>\r\n"
	"To: alice@example.org\r\n"
	"Subject: one\r\n"
	"Date: Tue, 3 Mar 2026 10:00:00 +0000\r\n"
	"Message-ID: <one@example.org>\r\n"
	"\r\n"
	"The first.\r\n",

	"From: Carol <carol@example.net>\r\n"
	"To: alice@example.org\r\n"
	"Cc: bob@example.org\r\n"
	"Subject: two\r\n"
	"Date: Wed, 4 Mar 2026 23:30:00 -0500\r\n"
	"MIME-Version: 1.0\r\n"
	"Content-Type: multipart/mixed; boundary=\"b\"\r\n"
	"\r\n"
	"preamble\r\n"
	"--b\r\n"
	"Content-Type: text/plain; charset=utf-8\r\n"
	"\r\n"
	"needle\r\n"
	"--b\r\n"
	"Content-Type: message/rfc822\r\n"
	"\r\n"
	"Subject: inner\r\n"
	"\r\n"
	"inner body\r\n"
	"--b--\r\n",

	"Subject: three\r\n"
	"\r\n"
	"0123456789\r\n",
};

static void reset(void *state)
{
	/* clang-format off */
	static const struct {
		const char *name;
		enum imap_special_use use;
	} boxes[] = {
		{ "INBOX",         IMAP_USE_NONE },
		{ "Archive",       IMAP_USE_ARCHIVE },
		{ "Drafts",        IMAP_USE_DRAFTS },
		{ "Junk",          IMAP_USE_JUNK },
		{ "Sent",          IMAP_USE_SENT },
		{ "Trash",         IMAP_USE_TRASH },
		{ "lists",         IMAP_USE_NONE },
		{ "lists/posthus", IMAP_USE_NONE },
	};
	/* clang-format on */
	struct world *w = state;

	world_deinit(w);
	world_init(w);
	for (size_t i = 0; i < ARRAY_LEN(boxes); i++) {
		struct world_mailbox *box = world_create(w, view_z(boxes[i].name));

		box->use = boxes[i].use;
		box->subscribed = true;
	}
	for (size_t i = 0; i < ARRAY_LEN(first_texts); i++) {
		struct imap_flags flags = { i == 0 ? IMAP_FLAG_SEEN : 0, VIEW_NULL };

		world_add(w, &w->boxes[0], view_z(first_texts[i]), &flags,
				MARCH_2026 + (int64_t)i * 86400);
	}
}

/* Says the lines and forgets what comes back. */
static void say(struct engine *engine, struct world *w, const char *text, nstime now)
{
	struct op *op;

	if (engine_feed(engine, view_z(text), now) != strlen(text))
		die("the engine does not read");
	while ((op = engine_next_op(engine))) {
		perform(w, op);
		engine_answer(engine, op, now);
	}
	engine_sent(engine, engine_output(engine).len);
}

static struct engine *open_session(void *state, struct view words, nstime now)
{
	struct view kind = view_cut(&words, ' ');
	struct imap_server_options options = {
		.tls = view_eq(kind, VIEW("imaps")),
		.can_start_tls = view_eq(kind, VIEW("imap")),
	};
	struct engine *engine;

	if (!options.tls && !options.can_start_tls &&
			!view_eq(kind, VIEW("imap-without-tls")))
		return NULL;
	engine = imap_server_new(&options, now);
	if (view_eq(words, VIEW("selected"))) {
		say(engine, state, "o LOGIN alice wonderland\r\n", now);
		say(engine, state, "o SELECT INBOX\r\n", now);
	}
	return engine;
}

/* -- what happens -- */

static const struct {
	struct view name;
	enum imap_flag flag;
} flag_names[] = {
	{ { "\\Seen", 5 }, IMAP_FLAG_SEEN },
	{ { "\\Answered", 9 }, IMAP_FLAG_ANSWERED },
	{ { "\\Flagged", 8 }, IMAP_FLAG_FLAGGED },
	{ { "\\Deleted", 8 }, IMAP_FLAG_DELETED },
	{ { "\\Draft", 6 }, IMAP_FLAG_DRAFT },
};

static struct imap_flags read_flags(struct view words)
{
	struct imap_flags flags = { 0 };

	while (view_starts(words, VIEW("\\"))) {
		struct view word = view_cut(&words, ' ');

		for (size_t i = 0; i < ARRAY_LEN(flag_names); i++)
			if (view_eq(word, flag_names[i].name))
				flags.system |= flag_names[i].flag;
	}
	flags.keywords = words;
	return flags;
}

static bool happen_to_message(struct world *w, struct view verb,
		struct world_message *message, struct view words)
{
	struct imap_flags flags = read_flags(words);
	CLEANUP(buf_free) struct buf text = BUF_NULL(TEXT_MAX);

	if (view_eq(verb, VIEW("gone")))
		return !message;
	if (!message)
		return false;
	if (view_eq(verb, VIEW("expunge"))) {
		world_expunge(w, message);
		return true;
	}
	if (view_eq(verb, VIEW("store"))) {
		w->modseq++;
		world_store(w, message, IMAP_STORE_SET, &flags);
		return true;
	}
	if (view_eq(verb, VIEW("message")))
		return trickle_unescape(&text, words) &&
		       view_eq(buf_view(&text), buf_view(&message->text));
	return view_eq(verb, VIEW("flags")) && message->flags == flags.system &&
	       view_eq(buf_view(&message->keywords), flags.keywords);
}

static bool deliver(struct world *w, struct world_mailbox *box, struct view words)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(TEXT_MAX);
	struct imap_flags none = { 0 };

	if (!trickle_unescape(&text, words))
		return false;
	world_add(w, box, buf_view(&text), &none, MARCH_2026);
	return true;
}

static bool fill(struct world *w, struct world_mailbox *box, uint64_t count)
{
	while (count--)
		(void)deliver(w, box, VIEW("Subject: many\\r\\n\\r\\nx\\r\\n"));
	return true;
}

static uint64_t messages_in(struct world_mailbox *box)
{
	uint64_t count = 0;

	for (uint32_t uid = 1; uid < box->uidnext; uid++)
		count += world_message(box, uid) != NULL;
	return count;
}

static bool happen_to_mailbox(struct world *w, struct view verb, struct view words)
{
	struct view name = view_cut(&words, ' ');
	struct world_mailbox *box = world_find(w, name);
	struct view number = words;
	uint64_t n;

	if (view_eq(verb, VIEW("create")))
		return !box && world_create(w, name);
	if (!box)
		return false;
	if (view_eq(verb, VIEW("deliver")))
		return deliver(w, box, words);
	if (view_eq(verb, VIEW("delete"))) {
		world_remove(w, box);
		return true;
	}
	number = view_cut(&words, ' ');
	if (!view_to_u64(number, &n))
		return false;
	if (view_eq(verb, VIEW("fill")))
		return fill(w, box, n);
	if (view_eq(verb, VIEW("count")))
		return messages_in(box) == n;
	return n <= UINT32_MAX &&
	       happen_to_message(w, verb, world_message(box, (uint32_t)n), words);
}

static bool happen(void *state, struct view words)
{
	struct world *w = state;
	struct view all = words;
	struct view verb = view_cut(&words, ' ');
	struct view first = view_cut(&words, ' ');
	uint64_t n, m;

	if (view_eq(verb, VIEW("disk"))) {
		w->ill = view_eq(first, VIEW("ill"));
		return true;
	}
	if (!view_to_u64(first, &n))
		return happen_to_mailbox(w, verb, view_from(all, verb.len + 1));
	if (view_eq(verb, VIEW("logins")))
		return w->logins == n;
	if (view_eq(verb, VIEW("open")))
		return w->append_count == n;
	if (view_eq(verb, VIEW("largest"))) {
		w->largest = n;
		return true;
	}
	if (view_eq(verb, VIEW("quota"))) {
		w->quota = n;
		return true;
	}
	if (!view_eq(verb, VIEW("batch")) || !view_to_u64(words, &m))
		return false;
	w->batch_rows = n;
	w->batch_bytes = m;
	return true;
}

const struct trickle_world *imap_world(void)
{
	static struct world world;
	static const struct trickle_world imap = {
		.state = &world,
		.reset = reset,
		.open = open_session,
		.perform = perform,
		.happen = happen,
	};

	return &imap;
}
