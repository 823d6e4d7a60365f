/* A filter of system calls (seccomp(2)), as a list of those that pass. */
#ifndef BASE_SYSTEM_CALLS_H
#define BASE_SYSTEM_CALLS_H

#include "runtime/base/attr.h"

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	SYSTEM_CALLS_OK = 0,
	SYSTEM_CALLS_E_UNKNOWN = 1, /* the kernel has no such filters, or this build goes
				       without: a sanitizer makes calls of its own */
};

/* One of the kernel's numbers, and what stands beside it. */
struct system_call {
	int number;
	/* Where `argument` is not 0: that argument, counted from 1, must be … */
	unsigned argument;
	enum {
		SYSTEM_CALL_EQUAL,
		SYSTEM_CALL_WITHOUT,
		SYSTEM_CALL_WITH
	} test;
	unsigned value; /* … equal to this, without any of these bits, with all of them */
};

/* From now on, for this thread and those that it starts, nothing else passes: it gets ENOSYS,
 * by which a C library knows to do without (clone3), or ends the process. NO_NEW_PRIVS must
 * be set. A call may stand in several rows: one that holds is enough. */
MUST_USE int system_calls_filter(
		const struct system_call *calls, unsigned count, bool kill);
/* Why SYSTEM_CALLS_E_UNKNOWN, in words for the log. */
const char *system_calls_why_not(void);
/* Built with AddressSanitizer, which needs calls and memory of its own. */
bool process_is_sanitized(void);

#endif
