#include "runtime/dns/lookup.h"

#include "runtime/base/error.h"
#include "runtime/dns/name.h"

#include <assert.h>
#include <stdlib.h>

static void lookup_free(struct op *op)
{
	struct dns_lookup *lookup = dns_lookup_of(op);

	buf_free(&lookup->name);
	dns_answer_deinit(&lookup->answer);
	free(lookup);
}

struct dns_lookup *dns_lookup_new(enum dns_type type, struct view name)
{
	struct dns_lookup *lookup = xcalloc(1, sizeof(*lookup));

	assert(dns_name_fits(name));
	lookup->op.kind = DNS_OP_LOOKUP;
	lookup->op.free = lookup_free;
	lookup->type = type;
	lookup->name = BUF_NULL(NAME_MAX);
	buf_add(&lookup->name, name);
	dns_answer_init(&lookup->answer);
	return lookup;
}
