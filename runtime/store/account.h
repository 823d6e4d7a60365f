/* One account: one encrypted SQLite file with its folders, messages, flags and changes.
 *
 * An account_store is one connection; one thread at a time may use it (service/account
 * sees to that). Every call that changes something is one transaction, committed at
 * synchronous=FULL before it returns: what it answered is on the disk. A call that
 * answers an outcome or a fault has changed nothing.
 *
 * Numbers. A mailbox has an id that is never used again. UIDs of a mailbox strictly grow.
 * Every change draws the next number of the account's one counter, its MODSEQ: none comes
 * twice, and later is larger. UIDVALIDITY comes from a counter of the account as well, so
 * a mailbox made anew under an old name has a new one. */
#ifndef STORE_ACCOUNT_H
#define STORE_ACCOUNT_H

#include "runtime/base/clock.h"
#include "runtime/base/view.h"
#include "runtime/store/account_mark.h"

#include <stdint.h>

struct account_store;
struct key; /* runtime/crypto/key.h */

/* What can happen in the world, for every header of the store. */
enum store_outcome {
	STORE_OK = 0,
	STORE_E_ABSENT = 1, /* no such mailbox or message */
	STORE_E_EXISTS,     /* a mailbox of that name is there */
	STORE_E_NAME,       /* no name for a mailbox: LIMIT_IMAP_MAILBOX_NAME, controls,
			       empty levels, not UTF-8 */
	STORE_E_INBOX,      /* INBOX cannot be deleted or replaced */
	STORE_E_LIMIT,      /* too many mailboxes or keywords: LIMIT_STORE_… */
	STORE_E_QUOTA,      /* the account would hold more than its quota */
	STORE_E_FULL,       /* the disk is full: later perhaps */
	STORE_E_DAMAGED,    /* a page did not verify, or the key is not its key */
	STORE_E_NEWER,      /* written by a newer program: not touched */
	STORE_E_BUSY,       /* another process has the file open */
	STORE_E_OLDER,      /* the file is older than is known: put back from a copy */
	STORE_E_GONE,       /* there is no file, and there is known to have been one */
};

/* A file that was put back is taken up only where somebody says so. */
enum account_accept {
	ACCEPT_KNOWN, /* only one that is as far as is known, at least */
	ACCEPT_FILE,  /* the file that is there, however old */
	ACCEPT_EMPTY, /* that there is none: a new one is made. EXISTS */
};

struct account_store_options {
	const char *path;          /* of the file; its folder exists */
	const struct key *key;     /* borrowed until the close */
	uint64_t quota;            /* bytes */
	walltime now;              /* the first UIDVALIDITY of a new account */
	struct account_mark known; /* that the file has to have reached */
	enum account_accept accept;
	bool frozen;       /* as after account_store_freeze */
	const char *below; /* as in database_options; NULL in the real program */
};

/* Opens the file, and makes it, with INBOX and the five special-use folders, where it is
 * absent and nothing is known of it. Contents that an interrupted append left behind go.
 * OLDER and GONE leave everything as it is. A file that is accepted is renewed: every
 * mailbox has a new UIDVALIDITY, UIDs and MODSEQ go on beyond what is known, with room for
 * what was not remembered in time. */
MUST_USE int account_store_open(
		const struct account_store_options *options, struct account_store **out);
/* NULL is fine. No append may be open. */
void account_store_close(struct account_store *store);
void account_store_closep(struct account_store **store);

/* What the store may hold from now on; what is in it stays. */
void account_store_set_quota(struct account_store *store, uint64_t bytes);

/* From now on the file stays as it is, for a copy (database_freeze); changes go on. FULL. */
MUST_USE int account_store_freeze(struct account_store *store);
void account_store_thaw(struct account_store *store);

/* Of the last commit: on the disk. */
const struct account_mark *account_store_mark(const struct account_store *store);

/* The account's highest MODSEQ. */
uint64_t account_store_modseq(const struct account_store *store);

/* Puts a copy under another key in the place of its own file, `path`: written beside it, every
 * page and rule of it checked, flushed, renamed. The store goes on with what was its file and
 * is to be closed; whoever opens it again needs the new key. A process that ends at any time
 * leaves a file that opens under the one key or the other, with all that was committed; what
 * it left beside it the next attempt takes away. */
MUST_USE int account_store_rekey(
		struct account_store *store, const char *path, const struct key *key);

/* The whole file passes SQLite's integrity_check and the store's own rules (no orphan
 * content, counters that agree). STORE_E_DAMAGED where it does not. Reads all of it. */
MUST_USE int account_store_check(struct account_store *store);

#endif
