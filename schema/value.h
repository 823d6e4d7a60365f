/* A value that was checked: what one field, item or entry says, in its canonical form.
 *
 * An object holds the values that somebody wrote, as a list of fields; records, lists and
 * maps hold lists of their own. What only the schema gives is not in it. */
#ifndef SCHEMA_VALUE_H
#define SCHEMA_VALUE_H

#include "schema/node.h"
#include "schema/table.h"

struct value {
	const struct field *field; /* of a record; NULL: an item or an entry */
	const struct type *type;
	const struct node *node; /* NULL: a default of the schema */
	struct value *next;
	struct view key; /* of an entry of a map */
	union {
		int64_t number; /* bool, int, size (bytes), duration (s), word (index) */
		struct view text;    /* all other plain values */
		struct value *first; /* record, list, map */
	};
	enum origin origin : 8;
	bool word; /* one of the type's words besides: it is in `text` */
};

/* Reads a plain value. 0, or the name of the error, with *help_out saying what to write
 * and *why_out what is wrong. `lines`: a text may have several. */
MUST_USE int scalar_parse(struct arena *arena, const struct type *type, struct view text,
		bool lines, struct value *out, const char **why_out);
/* "a size like `10GiB`": for errors and the reference; made in the arena. */
struct view type_describe(struct arena *arena, const struct type *type);
bool type_is_plain(const struct type *type);

/* The schema's default of a field, or NULL. */
struct value *value_default(struct arena *arena, const struct field *field);
struct value *value_field(struct value *values, const struct field *field);
/* By a name like `password.hash`; NULL where it is not there. */
struct value *value_at(struct value *values, const char *path);
/* The values of a higher layer over those of a lower: records join, all else is replaced
 * whole. The lower ones are copied and marked with `origin`. */
struct value *value_layer(struct arena *arena, struct value *high, struct value *low,
		enum origin origin);

struct canonical_options {
	const unsigned char *secret_key; /* 32 bytes or NULL */
};

/* The canonical JSON of an object's fields; `id` is not one of them. */
void canonical_object(const struct desired_object *object,
		const struct canonical_options *options, struct arena *scratch,
		struct buf *out);
void canonical_value(const struct value *value, const struct canonical_options *options,
		struct arena *scratch, struct buf *out);

#endif
