/* How the rows of a table are written, for the files in schema/resource/. */
#ifndef SCHEMA_ROW_H
#define SCHEMA_ROW_H

#include "schema/table.h"

/* clang-format off */
#define TYPE(type_kind_)                   (&(const struct type){ .kind = (type_kind_) })
#define BETWEEN(type_kind_, least_, most_) (&(const struct type){ .kind = (type_kind_), .least = (least_), .most = (most_) })
#define WORDS(...)                         (&(const struct type){ .kind = TYPE_WORD, .words = (const char *const[]){ __VA_ARGS__, NULL } })
#define OR_WORDS(type_kind_, ...)          (&(const struct type){ .kind = (type_kind_), .words = (const char *const[]){ __VA_ARGS__, NULL } })
#define LIST_OF(...)                       (&(const struct type){ .kind = TYPE_LIST, .item = (__VA_ARGS__) })
#define MAP_OF(key_, ...)                  (&(const struct type){ .kind = TYPE_MAP, .key = (key_), .item = (__VA_ARGS__) })
#define RECORD(table_)                     (&(const struct type){ .kind = TYPE_RECORD, .table = (table_) })
#define REFERENCE(kinds_)                  (&(const struct type){ .kind = TYPE_REFERENCE, .kinds = (kinds_) })
#define HOLDER(kinds_)                     (&(const struct type){ .kind = TYPE_REFERENCE, .kinds = (kinds_), .holders = true })
#define ONE_OF_THESE(...)                  ((const char *const[]){ __VA_ARGS__, NULL })
#define FIELDS(rows_)                      .fields = (rows_), .count = ARRAY_LEN(rows_)
#define UPWARD(otherwise_)                 .toward = TOWARD_MORE, .otherwise = (otherwise_)
#define DOWNWARD(otherwise_)               .toward = TOWARD_LESS, .otherwise = (otherwise_)

enum {
	SERVED = FIELD_SERVED,
	LATER = 0
};
/* clang-format on */

#define ANYBODY   (REFERS(KIND_USER) | REFERS(KIND_GROUP))
#define MAILBOXES (ANYBODY | REFERS(KIND_SHARED)) /* where mail can go */

#endif
