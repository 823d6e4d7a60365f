/* The kind `probe`: it stands for every kind with effects outside of the process.
 *
 * A probe is derived from a service of the state, as DNS values are from a domain: its key
 * is the service's address, its value the service's name, its provider the address's
 * domain; it needs the probes of the addresses in `to`. What lives of it is a value at the
 * loopback service beside this file. Linked with a drivers.c of its own (drivers.c here);
 * the product knows nothing of it. */
#ifndef TESTS_LIB_PROBE_H
#define TESTS_LIB_PROBE_H

#include "agent/driver.h"

#include <jansson.h>
#include <sys/types.h>

extern const struct driver driver_probe;

/* How long a probe waits for the service's answer. */
extern nstime probe_patience;
/* Called, where it is set, on the courier's thread before (0) and after (1) each call. */
extern void (*probe_boundary)(int after);

/* The value of probes named "late": what the apply that brings one makes of it. NULL: none
 * was made yet. */
extern const char *probe_made;

enum {
	PROBE_FORMER = 4096
};

/* The values that might have lived beside the one that was put last: of worlds where one
 * probe is put at a time. */
extern struct buf probe_former;

struct probe_service {
	pid_t pid;
	int end; /* closed, it ends */
	unsigned port;
};

/* Starts the service at `path`; fails the test where it cannot. */
void probe_service_start(struct probe_service *service, const char *path);
void probe_service_stop(struct probe_service *service);
/* What the service is told and asked: faults, set, reset; the log, a new reference. */
void probe_tell(const char *what, const char *json);
json_t *probe_log(void);
json_t *probe_values(void);
/* Waits until what a killed client sent has been dealt with. */
void probe_quiet(void);

#endif
