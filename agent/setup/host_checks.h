/* Looks at the host before mail depends on it: ports, the way out, reverse DNS, clock, disk,
 * block lists. Each check says what it saw and what to do; none changes anything. */
#ifndef AGENT_SETUP_HOST_CHECKS_H
#define AGENT_SETUP_HOST_CHECKS_H

#include "runtime/base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum check_verdict {
	CHECK_GOOD,
	CHECK_WORRY,   /* mail works, or some of it does not */
	CHECK_UNKNOWN, /* could not be looked at from here */
};

struct check_result {
	char saw[300];  /* one sentence */
	char help[300]; /* what to do; empty where nothing is */
	/* Lines of a state that would help, to be pasted; NULL where there are none. */
	const char *paste;
};

struct host_facts {
	const char *host_name; /* mail.example.org */
	const char *data; /* a folder that exists, on the disk that will hold the mail */
	const uint16_t *ports; /* to be opened */
	size_t port_count;
	/* Whose port 25 shows the way out, HOST or HOST:PORT; NULL: a large receiver's. */
	const char *probe;
	bool offline; /* ask nobody outside, but that probe: those checks are CHECK_UNKNOWN */
};

struct host_check {
	const char *name;
	enum check_verdict (*look)(
			const struct host_facts *facts, struct check_result *out);
};

/* In the order in which they are best read. */
extern const struct host_check host_checks[];
extern const size_t host_check_count;

/* Prints each check as it is made: `ok   ports in: …`, `!!   …`, `??   …`. Returns how many worry. */
size_t host_checks_print(const struct host_facts *facts);

/* The lines of a check's `paste`, so far to the right. */
void host_checks_print_paste(const char *lines, int indent);

#endif
