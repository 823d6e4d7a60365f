/* Flags as IMAP writes them (RFC 3501, 2.3.2 and 9). */
#ifndef IMAP_FLAGS_H
#define IMAP_FLAGS_H

#include "runtime/imap/imap_op.h"
#include "runtime/imap/imap_parse.h"

/* Reads "(\Seen work)", or where `bare` allows it the same without parentheses, to the
 * end of the command. Each flag counts once; \Recent and unknown system flags are
 * refused. Keywords are copied to the arena. */
void imap_flags_parse(struct imap_parse *p, bool bare, struct arena *arena,
		struct imap_flags *out);

/* Adds "(\Answered \Seen work)". */
void imap_flags_add(struct buf *out, const struct imap_flags *flags);

/* "\Answered \Flagged \Deleted \Seen \Draft" */
extern const char imap_system_flags[];

#endif
