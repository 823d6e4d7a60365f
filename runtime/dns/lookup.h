/* One question to the DNS, as an operation (runtime/base/engine.h): an engine makes it,
 * whoever drives the engine has it answered, and it comes back. */
#ifndef DNS_LOOKUP_H
#define DNS_LOOKUP_H

#include "runtime/base/buf.h"
#include "runtime/base/engine.h"
#include "runtime/dns/record.h"

enum {
	DNS_OP_LOOKUP = 1 /* the kind */
};

struct dns_lookup {
	struct op op;
	enum dns_type type;
	struct buf name;          /* dns_name_fits(); in the text form, nothing escaped */
	struct dns_answer answer; /* DNS_FAILED until it is given */
	unsigned asker;           /* the engine's: which of its parts asked */
};

/* Copies the name. Freed by op_free(). */
MUST_USE struct dns_lookup *dns_lookup_new(enum dns_type type, struct view name);

static inline struct dns_lookup *dns_lookup_of(struct op *op)
{
	return (struct dns_lookup *)op;
}

#endif
