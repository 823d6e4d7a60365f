/* Address lists in header fields: From, To, Cc, Reply-To … (RFC 5322, 3.4; obsolete
 * syntax 4.4). One parser for what is shown, searched, filtered and authenticated, so
 * that all of them see the same addresses.
 *
 * It takes what people send: a damaged entry does not lose the others. Time is linear in
 * the text; comments may nest 32 deep; at most 10,000 entries are kept. */
#ifndef MAIL_ADDRESS_LIST_H
#define MAIL_ADDRESS_LIST_H

#include "runtime/base/arena.h"

enum address_entry_kind {
	ADDRESS_MAILBOX,
	ADDRESS_GROUP_BEGIN, /* `name` is the group's; its members follow */
	ADDRESS_GROUP_END,
};

struct address_entry {
	enum address_entry_kind kind;
	bool has_name;    /* a phrase stood there, perhaps an empty quoted one */
	struct view name; /* without quotes, blanks made one; encoded words as they are */
	struct view route;  /* obsolete source route, "@a,@b"; usually empty */
	struct view local;  /* without quotes */
	struct view domain; /* without comments and blanks; empty where it is missing */
};

struct address_list {
	struct address_entry *entries;
	size_t count;     /* of entries */
	size_t mailboxes; /* of them, ADDRESS_MAILBOX */
	bool clean;       /* the whole text was an address list, with nothing left out */
};

/* Parses the value of one field, folded or not. `out` and its views live in the arena. */
void address_list_parse(struct arena *arena, struct view text, struct address_list *out);

#endif
