/* The files of an account below the data directory: where they are, opening, removing. */
#ifndef SERVICE_ACCOUNT_FILE_H
#define SERVICE_ACCOUNT_FILE_H

#include "runtime/store/account.h"

struct key;
struct os;

struct account_file {
	const struct os *os;
	const char *data; /* the data directory */
	const char *name; /* the account's uid in hexadecimal */
};

/* Opens it as account_store_open does. A new one's folders are on the disk before it is,
 * and its name once this returns. `path`, `now` and `below` of the options are filled in. */
MUST_USE int account_file_open(const struct account_file *file,
		struct account_store_options options, struct account_store **out);
/* Of its file with that ending, ".db"; the caller frees it. */
MUST_USE char *account_file_path(const struct account_file *file, const char *ending);
/* Puts a copy under that key in its place, as account_store_rekey() does. */
MUST_USE int account_file_rekey(const struct account_file *file,
		struct account_store *store, const struct key *key);
/* All that there is, with the folder synced. Done twice it is fine. */
MUST_USE int account_file_remove(const struct account_file *file);

#endif
