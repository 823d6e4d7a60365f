/* An account that was put back from a copy: clients have seen UIDs and MODSEQs that the copy
 * does not know of. New UIDVALIDITYs make them forget (RFC 3501, 2.3.1.1); all numbers go on
 * beyond what is known to have been given out, and further by what may have been since. */
#include "runtime/store/store.h"

enum {
	SLACK_NUMBERS = 1 << 16, /* UIDs and UIDVALIDITYs are scarce */
	SLACK_COMMITS = 1 << 20, /* and MODSEQs */
};

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t beyond(uint64_t own, uint64_t known, uint64_t slack)
{
	return larger(own, known) + slack;
}

/* UIDNEXT stays where there is little room beyond it: a new UIDVALIDITY alone is enough. */
static uint64_t uidnext_beyond(uint64_t own, uint64_t known)
{
	uint64_t uidnext = beyond(own, known, SLACK_NUMBERS);

	return uidnext < UINT32_MAX / 2 ? uidnext : 1;
}

static int largest_mailbox(struct account_store *store, uint64_t *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store, "SELECT coalesce(max(id), 0) FROM mailbox", &s);

	if (!r)
		r = store_step(s);
	if (r == DATABASE_ROW)
		*out = column_u64(s, 0);
	return r == DATABASE_ROW ? STORE_OK : r;
}

/* Each mailbox its own: the base plus its id, which no two share. */
static int renew_mailboxes(struct account_store *store, uint64_t uidvalidity,
		uint64_t uidnext, uint64_t modseq)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store,
			"UPDATE mailbox SET uidvalidity = ?1 + id, modseq = ?2,"
			" uidnext = max(uidnext, ?3)",
			&s);

	if (r)
		return r;
	bind_u64(s, 1, uidvalidity);
	bind_u64(s, 2, modseq);
	bind_u64(s, 3, uidnext);
	return store_run(s);
}

int account_renew(struct account_store *store, const struct account_mark *known,
		walltime now)
{
	CLEANUP(store_end) struct store_change change = { 0 };
	struct store_counters *c = &store->counters;
	uint64_t largest = 0, base, uidnext;
	int r = store_begin(store, &change);

	if (!r)
		r = largest_mailbox(store, &largest);
	if (r)
		return r;
	base = beyond(c->uidvalidity, known->uidvalidity, SLACK_NUMBERS);
	if (now > 0 && now < UINT32_MAX)
		base = larger(base, (uint64_t)now);
	if (base + largest >= UINT32_MAX)
		return STORE_E_LIMIT;
	c->modseq = beyond(c->modseq, known->modseq, SLACK_COMMITS);
	c->commits = beyond(c->commits, known->commits, SLACK_COMMITS);
	c->uidvalidity = base + largest;
	uidnext = uidnext_beyond(c->uidnext, known->uidnext);
	c->uidnext = larger(c->uidnext, uidnext);
	r = renew_mailboxes(store, base, uidnext, c->modseq);
	return r ? r : store_commit(&change);
}
