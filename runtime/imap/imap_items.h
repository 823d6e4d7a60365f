/* What a FETCH asks for (RFC 3501, 6.4.5): the items and the sections of messages. */
#ifndef IMAP_ITEMS_H
#define IMAP_ITEMS_H

#include "runtime/imap/imap_op.h"
#include "runtime/imap/imap_parse.h"

/* Reads a macro, an item or a list of items into the operation: its items, sections and,
 * where one of them reads without PEEK, set_seen. */
void imap_items_parse(struct imap_parse *p, struct imap_fetch_op *op);

/* A copy that lives in the arena. */
const struct imap_section *imap_section_copy(
		struct arena *arena, const struct imap_section *section);

#endif
