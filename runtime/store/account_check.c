/* The store's own rules, each a query that finds nothing in a sound file. */
#include "runtime/store/store.h"

/* clang-format off */
static const char *const rules[] = {
	/* the account's counters */
	"SELECT 1 FROM account WHERE used != (SELECT total(size) FROM message)"
	" OR messages != (SELECT count(*) FROM message)"
	" OR modseq < (SELECT coalesce(max(modseq), 0) FROM message)"
	" OR modseq < (SELECT coalesce(max(modseq), 0) FROM tombstone)"
	" OR content < (SELECT coalesce(max(id), 0) FROM content)",
	/* each mailbox's */
	"SELECT 1 FROM mailbox b WHERE"
	" messages != (SELECT count(*) FROM message WHERE mailbox = b.id)"
	" OR size != (SELECT total(size) FROM message WHERE mailbox = b.id)"
	" OR unseen != (SELECT count(*) FROM message WHERE mailbox = b.id AND flags & 1 = 0)"
	" OR deleted != (SELECT count(*) FROM message WHERE mailbox = b.id AND flags & 8)"
	" OR uidnext <= (SELECT coalesce(max(uid), 0) FROM message WHERE mailbox = b.id)"
	" OR uidnext <= (SELECT coalesce(max(last), 0) FROM tombstone WHERE mailbox = b.id)"
	" OR modseq < (SELECT coalesce(max(modseq), 0) FROM message WHERE mailbox = b.id)",
	/* nothing hangs in the air */
	"SELECT 1 FROM message WHERE mailbox NOT IN (SELECT id FROM mailbox)",
	"SELECT 1 FROM tombstone WHERE mailbox NOT IN (SELECT id FROM mailbox)",
	"SELECT 1 FROM content c WHERE uses != 0"
	" AND uses != (SELECT count(*) FROM message WHERE content = c.id)",
	"SELECT 1 FROM message WHERE content NOT IN (SELECT id FROM content WHERE uses > 0)",
	"SELECT 1 FROM piece WHERE id >> 16 NOT IN (SELECT id FROM content)",
	"SELECT 1 FROM field WHERE content NOT IN (SELECT id FROM content)",
	/* no message is there and gone */
	"SELECT 1 FROM message m JOIN tombstone t ON m.mailbox = t.mailbox"
	" AND m.uid BETWEEN t.first AND t.last",
	"SELECT 1 FROM message m JOIN content c ON c.id = m.content WHERE c.size != m.size",
};
/* clang-format on */

int account_store_rekey(
		struct account_store *store, const char *path, const struct key *key)
{
	return store_outcome(database_rekey_into(store->db, path, key));
}

int account_store_check(struct account_store *store)
{
	CLEANUP(buf_free) struct buf report = BUF_NULL(64 * 1024);
	int r = store_outcome(database_integrity_check(store->db, &report));

	for (size_t i = 0; !r && i < ARRAY_LEN(rules); i++) {
		CLEANUP(statement_done) struct statement *s = NULL;

		r = store_prepare(store, rules[i], &s);
		if (!r)
			r = store_step(s);
		if (r == DATABASE_ROW)
			return STORE_E_DAMAGED;
	}
	return r;
}
