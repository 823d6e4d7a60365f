/* What the parts of the composer share. Not for other floors. */
#ifndef SCHEMA_COMPOSE_INSIDE_H
#define SCHEMA_COMPOSE_INSIDE_H

#include "schema/compose.h"
#include "schema/value.h"

enum {
	COMPOSED_MAX = 1 << 30, /* bytes: what was checked is far below */
	COMPOSED_LINE = 96,     /* columns: what is longer takes several lines */
};

struct composer {
	const struct desired *desired;
	const struct compose_options *options;
	struct arena *arena;
	struct buf out;
};

/* `key: value`, over as many lines as it takes; `indent` blanks before each. */
void compose_entry(struct composer *c, unsigned indent, struct view key,
		const struct value *value);
/* The fields of a record, an entry each. */
void compose_fields(struct composer *c, unsigned indent, const struct table *table,
		struct value *values);

#endif
