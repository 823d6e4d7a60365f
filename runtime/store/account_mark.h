/* How far the file of an account has come: what is kept of it elsewhere, so that an older
 * copy that was put back is noticed, and nothing that it gave out is given out again.
 *
 * Every commit counts one on. A mark that was read after a commit is on the disk with it;
 * so one that is remembered late is never ahead of an honest file. */
#ifndef STORE_ACCOUNT_MARK_H
#define STORE_ACCOUNT_MARK_H

#include <stdint.h>

struct account_mark {
	uint64_t commits; /* 0: there never was a file */
	uint64_t modseq;
	uint64_t uidvalidity; /* the last that was given out, as is modseq */
	uint64_t uidnext;     /* the largest of any mailbox */
};

#endif
