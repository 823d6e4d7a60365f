/* A header block: its fields in their order (RFC 5322, 2.2), unfolding, choosing, and
 * writing new ones. Lines end with CRLF or with a bare LF. */
#ifndef MAIL_HEADER_H
#define MAIL_HEADER_H

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"

struct header_field {
	struct view name;  /* as written, without the blanks before the colon; empty: the
			      line  is no field (it has no colon, or no name) */
	struct view value; /* after the colon, still folded, without the last line end */
	struct view whole; /* name to last line end */
	size_t offset;     /* of `whole` in the block */
};

struct header_iterator {
	struct view block;
	size_t at;
};

/* Walks a header block: `header_iterate(block)`, then header_next until false. It ends at
 * the empty line or at the end of the block; `at` then stands behind the empty line. */
struct header_iterator header_iterate(struct view block);
bool header_next(struct header_iterator *it, struct header_field *out);

/* Splits one whole field, with its continuation lines, into name and value. */
void header_field_split(struct view whole, struct header_field *out);

/* The first field of that name, compared without case. */
bool header_find(struct view block, struct view name, struct header_field *out);
size_t header_count(struct view block, struct view name);

/* Adds the fields whose name is (with `others`: is not) among `names`, in the order of
 * the block and byte for byte, and an empty line: what IMAP calls HEADER.FIELDS (RFC
 * 3501, 6.4.5). */
void header_select(struct view block, const struct view *names, size_t count, bool others,
		struct buf *out);

/* A value with the line ends before its continuation lines taken out (RFC 5322, 2.2.3),
 * other CR, LF and NUL turned into blanks, and no blanks at either end. Where nothing is
 * to be changed it is a part of `value`, else it lives in the arena. */
struct view header_unfold(struct arena *arena, struct view value);

enum {
	HEADER_E_NAME = 1, /* the name is empty or has an octet that a name may not have
			    */
	HEADER_E_VALUE, /* the value has CR, LF or NUL: a field of its own would begin */
};

/* Writes one field, folded at blanks to lines of 78 octets where that can be done, ended
 * by CRLF. On an outcome nothing is written. */
MUST_USE int header_write(struct buf *out, struct view name, struct view value);

#endif
