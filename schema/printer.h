/* The table, printed for others: editors, people at a terminal, and the reference. */
#ifndef SCHEMA_PRINTER_H
#define SCHEMA_PRINTER_H

#include "runtime/base/buf.h"
#include "schema/table.h"

#include <jansson.h>

/* JSON Schema (draft-07) of a root: state_table or agent_table. A new reference. */
MUST_USE json_t *printer_json_schema(const struct table *root);

enum {
	EXPLAIN_OK = 0,
	EXPLAIN_E_UNKNOWN = 1 /* *near_out may name one that is meant, or be NULL */
};

/* What `posthus explain user.quota` prints; a path that names a kind, a section or a
 * record lists its fields. Empty: the sections. */
MUST_USE int printer_explain(struct view path, struct buf *out, const char **near_out);

/* docs/reference/state.md: every section, every field, every error. */
void printer_markdown(struct buf *out);

#endif
