/* What a snapshot (runtime/snapshot.h) is taken of. */
#ifndef SERVICE_SNAPSHOT_H
#define SERVICE_SNAPSHOT_H

#include "runtime/base/attr.h"

#include <stdint.h>

struct accounts;
struct intake;
struct os;
struct sending;
struct snapshot;

struct snapshot_options {
	const char *data;
	const struct os *os;
	struct accounts *accounts;
	struct intake *intake;
	struct sending *sending; /* NULL: the queue's file is not open */
	uint64_t log_most;       /* bytes that the log may grow by meanwhile */
};

MUST_USE int snapshot_new(const struct snapshot_options *options, struct snapshot **out);

#endif
