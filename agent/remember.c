/* How far the accounts' files have come, written down behind them. */
#include "agent/inside.h"

#include "agent/database/account.h"
#include "runtime/base/error.h"
#include "runtime/runtime.h"

#include <errno.h>

enum {
	MOST_AT_ONCE = 256
};

static int write_down(
		struct agent *agent, const struct account_reached *reached, size_t count)
{
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	int r = transaction_begin(agent->db, &t);

	for (size_t i = 0; i < count && r == 0; i++)
		r = account_remember(agent->db, &reached[i]);
	if (r == 0)
		r = transaction_commit(&t);
	return r > 0 ? fault(r == DATABASE_E_FULL ? -ENOSPC : -EIO) : r;
}

int agent_remember(struct agent *agent)
{
	struct account_reached reached[MOST_AT_ONCE];
	size_t count;
	int r;

	do {
		count = runtime_reached(agent->runtime, reached, MOST_AT_ONCE);
		if (count == 0)
			return 0;
		r = write_down(agent, reached, count);
		if (r)
			return r;
		runtime_remembered(agent->runtime, reached, count);
	} while (count == MOST_AT_ONCE);
	return 0;
}
