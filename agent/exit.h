/* What a command ends with: never overloaded, and printed as a word too, see exit_word().
 */
#ifndef AGENT_EXIT_H
#define AGENT_EXIT_H

enum exit_code {
	EXIT_FINE = 0,
	EXIT_ERROR = 1,
	EXIT_CHANGES = 2,   /* plan --detailed-exitcode */
	EXIT_INVALID = 3,   /* a state, a key, a file that cannot be used */
	EXIT_GATE = 4,      /* a safety gate held something back */
	EXIT_CONFLICT = 5,  /* a stale plan, a lock, another agent */
	EXIT_NOT_READY = 6, /* applied; some objects are not Ready */
	EXIT_UNTRUSTED = 7,
	EXIT_TIMEOUT = 8,
};

#endif
