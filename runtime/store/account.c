#include "runtime/store/account.h"

#include "runtime/base/error.h"
#include "runtime/store/content.h"
#include "runtime/store/piece.h"
#include "runtime/store/store.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* -- the schema -- */

/* `message` is its own covering index: it is short, without rowid, in the order of UIDs. Its
 * texts are in `content`, for FETCH, and in `field`, for SEARCH; its bytes in `piece`, whose
 * id is content << 16 | number. */
static const char step_0[] =
		"CREATE TABLE account ("
		" id INTEGER PRIMARY KEY CHECK (id = 1),"
		" modseq INTEGER NOT NULL, content INTEGER NOT NULL,"
		" uidvalidity INTEGER NOT NULL,"
		" used INTEGER NOT NULL, messages INTEGER NOT NULL) STRICT;"
		"CREATE TABLE mailbox ("
		" id INTEGER PRIMARY KEY AUTOINCREMENT,"
		" name TEXT NOT NULL UNIQUE, special_use INTEGER NOT NULL,"
		" uidvalidity INTEGER NOT NULL, uidnext INTEGER NOT NULL,"
		" messages INTEGER NOT NULL, unseen INTEGER NOT NULL,"
		" deleted INTEGER NOT NULL, size INTEGER NOT NULL,"
		" modseq INTEGER NOT NULL) STRICT;"
		"CREATE TABLE subscription (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;"
		"CREATE TABLE keyword ("
		" bit INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE)"
		" STRICT;"
		"CREATE TABLE message ("
		" mailbox INTEGER NOT NULL, uid INTEGER NOT NULL,"
		" flags INTEGER NOT NULL, modseq INTEGER NOT NULL,"
		" size INTEGER NOT NULL, internal_date INTEGER NOT NULL,"
		" content INTEGER NOT NULL, PRIMARY KEY (mailbox, uid))"
		" STRICT, WITHOUT ROWID;"
		"CREATE INDEX message_modseq ON message (mailbox, modseq);"
		"CREATE TABLE tombstone ("
		" mailbox INTEGER NOT NULL, modseq INTEGER NOT NULL,"
		" first INTEGER NOT NULL, last INTEGER NOT NULL,"
		" PRIMARY KEY (mailbox, modseq, first)) STRICT, WITHOUT ROWID;"
		"CREATE TABLE content ("
		" id INTEGER PRIMARY KEY, uses INTEGER NOT NULL,"
		" size INTEGER NOT NULL, head INTEGER NOT NULL,"
		" envelope BLOB NOT NULL, body BLOB NOT NULL,"
		" bodystructure BLOB NOT NULL, parts BLOB NOT NULL) STRICT;"
		"CREATE INDEX content_staged ON content (id) WHERE uses = 0;"
		"CREATE TABLE field ("
		" content INTEGER PRIMARY KEY, sent_day INTEGER,"
		" subject TEXT, sender TEXT, recipient TEXT, cc TEXT, bcc TEXT) STRICT;"
		"CREATE TABLE piece (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;"
		"CREATE TABLE filed ("
		" intake INTEGER NOT NULL, recipient TEXT NOT NULL,"
		" PRIMARY KEY (intake, recipient)) STRICT, WITHOUT ROWID;";

/* How many commits there were: what tells an older copy. */
static const char step_1[] =
		"ALTER TABLE account ADD COLUMN commits INTEGER NOT NULL DEFAULT 0;";

static const char *const steps[] = { step_0, step_1 };

static const struct database_schema schema = {
	.application_id = 0x70686163, /* "phac" */
	.steps = steps,
	.step_count = ARRAY_LEN(steps),
};

/* clang-format off */
static const struct {
	const char *name;
	enum special_use use;
} first_mailboxes[] = {
	{ "INBOX",   SPECIAL_NONE },
	{ "Drafts",  SPECIAL_DRAFTS },
	{ "Sent",    SPECIAL_SENT },
	{ "Trash",   SPECIAL_TRASH },
	{ "Junk",    SPECIAL_JUNK },
	{ "Archive", SPECIAL_ARCHIVE },
};
/* clang-format on */

/* -- outcomes -- */

int store_outcome(int r)
{
	switch (r) {
	case DATABASE_E_FULL:
		return STORE_E_FULL;
	case DATABASE_E_WRONG_KEY:
	case DATABASE_E_DAMAGED:
	case DATABASE_E_FOREIGN:
		return STORE_E_DAMAGED;
	case DATABASE_E_NEWER:
		return STORE_E_NEWER;
	case DATABASE_E_BUSY:
		return STORE_E_BUSY;
	case DATABASE_E_ABSENT:
		return -ENOENT;
	case DATABASE_E_CONSTRAINT:
		return -EILSEQ; /* the schema and this code disagree */
	default:
		return r;
	}
}

int store_step(struct statement *s)
{
	int r = statement_step(s);

	return r == DATABASE_ROW ? r : store_outcome(r);
}

int store_run(struct statement *s)
{
	return store_outcome(statement_run(s));
}

int store_prepare(struct account_store *store, const char *sql, struct statement **out)
{
	return store_outcome(database_prepare(store->db, sql, out));
}

/* -- changes -- */

int store_begin(struct account_store *store, struct store_change *change)
{
	int r = transaction_begin(store->db, &change->transaction);

	if (r)
		return store_outcome(r);
	change->store = store;
	change->before = store->counters;
	change->rows_before = database_rows_changed(store->db);
	return STORE_OK;
}

static int counters_write(struct account_store *store)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	const struct store_counters *c = &store->counters;
	int r = store_prepare(store,
			"UPDATE account SET modseq = ?1, content = ?2, uidvalidity = ?3,"
			" used = ?4, messages = ?5, commits = ?6",
			&s);

	if (r)
		return r;
	bind_u64(s, 1, c->modseq);
	bind_u64(s, 2, c->content);
	bind_u64(s, 3, c->uidvalidity);
	bind_u64(s, 4, c->used);
	bind_u64(s, 5, c->messages);
	bind_u64(s, 6, c->commits);
	return store_run(s);
}

static void mark(struct account_store *store)
{
	const struct store_counters *c = &store->counters;

	store->mark = (struct account_mark){ c->commits, c->modseq, c->uidvalidity,
		c->uidnext };
}

/* What changes nothing is not counted: it needs no flush. */
static bool is_changed(const struct store_change *change)
{
	const struct account_store *store = change->store;

	return memcmp(&change->before, &store->counters, sizeof(change->before)) ||
	       change->rows_before != database_rows_changed(store->db);
}

int store_commit(struct store_change *change)
{
	struct account_store *store = change->store;
	int r = 0;

	if (is_changed(change)) {
		store->counters.commits++;
		r = counters_write(store);
	}
	if (!r)
		r = store_outcome(transaction_commit(&change->transaction));
	if (r)
		return r;
	mark(store);
	store->keywords_changed = false;
	change->store = NULL;
	return STORE_OK;
}

void store_end(struct store_change *change)
{
	struct account_store *store = change->store;

	if (!store)
		return;
	change->store = NULL;
	transaction_end(&change->transaction);
	store->counters = change->before;
	/* Where they cannot be read again, the names of bits given in vain stay: they say
	 * nothing wrong of any message. */
	if (store->keywords_changed && keywords_load(store))
		return;
	store->keywords_changed = false;
}

bool store_has_room(const struct account_store *store, uint64_t bytes)
{
	return store->counters.used <= store->quota &&
	       bytes <= store->quota - store->counters.used;
}

/* -- opening -- */

static int counters_read(struct account_store *store, bool *found_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store,
			"SELECT modseq, content, uidvalidity, used, messages, commits,"
			" (SELECT coalesce(max(uidnext), 0) FROM mailbox) FROM account",
			&s);

	if (!r)
		r = store_step(s);
	*found_out = r == DATABASE_ROW;
	if (r != DATABASE_ROW)
		return r;
	store->counters = (struct store_counters){ .modseq = column_u64(s, 0),
		.content = column_u64(s, 1),
		.uidvalidity = column_u64(s, 2),
		.used = column_u64(s, 3),
		.messages = column_u64(s, 4),
		.commits = column_u64(s, 5),
		.uidnext = column_u64(s, 6) };
	mark(store);
	return STORE_OK;
}

static int fill_new(struct account_store *store, walltime now)
{
	CLEANUP(store_end) struct store_change change = { 0 };
	int64_t id;
	int r = store_begin(store, &change);

	if (!r)
		r = store_outcome(database_run(store->db,
				"INSERT INTO account VALUES (1, 0, 0, 0, 0, 0, 0)"));
	store->counters = (struct store_counters){ .modseq = 1,
		.uidnext = 1,
		.uidvalidity = now > 0 && now < UINT32_MAX ? (uint64_t)now : 1 };
	for (size_t i = 0; !r && i < ARRAY_LEN(first_mailboxes); i++)
		r = mailbox_insert(store, view_z(first_mailboxes[i].name),
				first_mailboxes[i].use, &id);
	return r ? r : store_commit(&change);
}

static int load(struct account_store *store, const struct account_store_options *options)
{
	bool found;
	int r = counters_read(store, &found);

	if (!r && options->accept == ACCEPT_KNOWN &&
			store->counters.commits < options->known.commits)
		return STORE_E_OLDER;
	if (!r && !found)
		r = fill_new(store, options->now);
	if (!r)
		r = keywords_load(store);
	if (!r)
		r = contents_clean(store);
	if (!r && options->accept != ACCEPT_KNOWN)
		r = account_renew(store, &options->known, options->now);
	return r;
}

/* Where there was a file an empty one would hide that it is gone. */
static bool may_make(const struct account_store_options *options)
{
	return options->accept == ACCEPT_EMPTY ||
	       (options->accept == ACCEPT_KNOWN && !options->known.commits);
}

int account_store_open(
		const struct account_store_options *options, struct account_store **out)
{
	CLEANUP(account_store_closep) struct account_store *store = NULL;
	struct database_options database = {
		.create = may_make(options),
		.schema = &schema,
		.frozen = options->frozen,
		.below = options->below,
	};
	int r;

	if (options->accept == ACCEPT_EMPTY && access(options->path, F_OK) == 0)
		return STORE_E_EXISTS;
	store = xcalloc(1, sizeof(*store));
	store->quota = options->quota;
	list_init(&store->appends);
	r = database_open(options->path, options->key, &database, &store->db);
	r = r == DATABASE_E_ABSENT ? STORE_E_GONE : store_outcome(r);
	if (!r)
		r = load(store, options);
	if (r)
		return r;
	*out = TAKE(store);
	return STORE_OK;
}

void account_store_close(struct account_store *store)
{
	if (!store)
		return;
	assert(list_empty(&store->appends) && !store->in_batch);
	piece_contexts_free(store);
	keywords_free(store);
	database_close(store->db);
	free(store);
}

void account_store_closep(struct account_store **store)
{
	account_store_close(*store);
}

void account_store_set_quota(struct account_store *store, uint64_t bytes)
{
	store->quota = bytes;
}

int account_store_freeze(struct account_store *store)
{
	return store_outcome(database_freeze(store->db));
}

void account_store_thaw(struct account_store *store)
{
	database_thaw(store->db);
}

const struct account_mark *account_store_mark(const struct account_store *store)
{
	return &store->mark;
}

uint64_t account_store_modseq(const struct account_store *store)
{
	return store->counters.modseq;
}
