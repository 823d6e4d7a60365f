/* Mailbox names: modified UTF-7 on the wire, UTF-8 inside (RFC 3501, 5.1). A name is a key
 * of the store and never a path; yet "." and ".." are refused, so that it stays one. */
#ifndef IMAP_NAME_H
#define IMAP_NAME_H

#include "runtime/imap/imap_op.h"
#include "runtime/imap/imap_parse.h"

enum {
	IMAP_SEPARATOR = '/',
};

/* Reads a mailbox name; refuses by NO [CANNOT] one that no mailbox can have. INBOX comes
 * in capitals, also where it is the first level. Lives in the arena. */
struct view imap_name_parse(struct imap_parse *p, struct arena *arena);
/* The same for CREATE, where one separator at the end says that mailboxes below it will
 * follow (6.3.3); and '%' and '*' are refused, which no pattern could ask for. */
struct view imap_name_parse_new(struct imap_parse *p, struct arena *arena);

/* Adds the name as a string of modified UTF-7. */
void imap_name_add(struct buf *out, struct view name);

#endif
