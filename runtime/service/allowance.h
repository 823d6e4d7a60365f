/* How many recipients an account may still write to: account_spec's send_limit in any time
 * of its send_period.
 *
 * The time is cut in sixteenths; what was written in the one that is running and in the
 * sixteen before it counts, so the limit is never passed and comes back bit by bit. Numbers
 * are kept in memory and, once a message was taken, written to DATA/sending without a
 * flush: a restart or a crash of the process loses none, a power cut at most what the
 * system had not written yet, some seconds. A record that was torn is as none.
 *
 * For any thread. */
#ifndef SERVICE_ALLOWANCE_H
#define SERVICE_ALLOWANCE_H

#include "runtime/base/os.h"
#include "runtime/configuration.h"

struct allowances;

/* Reads what an earlier run wrote; without a file, or with one that cannot be read (which
 * it logs), all begin anew. `data` is copied. */
MUST_USE struct allowances *allowances_new(const char *data, const struct os *os);
/* NULL is fine. */
void allowances_free(struct allowances *all);

enum allowance_outcome {
	ALLOWANCE_OK = 0,
	ALLOWANCE_E_SPENT = 1,
	ALLOWANCE_E_SPENT_FIRST, /* the same, for the first time in this sixteenth: worth
				    a line in the log */
};

/* Takes one. */
MUST_USE int allowance_take(
		struct allowances *all, const struct account_spec *account, walltime now);
/* The message with `count` of them, the first taken then, came to nothing. */
void allowance_give_back(struct allowances *all,
		const unsigned char account[ACCOUNT_UID_SIZE], size_t count,
		walltime taken);
/* It was accepted: writes the numbers down. May touch the disk. */
void allowance_keep(
		struct allowances *all, const unsigned char account[ACCOUNT_UID_SIZE]);

#endif
