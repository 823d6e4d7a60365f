/* Lists of tags: `v=1; a=rsa-sha256; …` in signatures, key records and DMARC records (RFC
 * 6376, 3.2; RFC 7489, 6.4). */
#ifndef MAILAUTH_TAG_LIST_H
#define MAILAUTH_TAG_LIST_H

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"

struct tag {
	struct view name;  /* letters, digits, underscores; case matters */
	struct view value; /* without blanks at its ends; folds within it are kept */
};

struct tag_list {
	struct tag *tags; /* in their order */
	size_t count;
};

enum {
	TAG_LIST_E_SYNTAX = 1 /* also: a tag twice, or more than LIMIT_MAILAUTH_TAGS */
};

/* Views into `text`, the array in the arena. Control characters are errors wherever they
 * stand; octets above 127 may be in values (RFC 8616, 5). */
MUST_USE int tag_list_parse(struct arena *arena, struct view text, struct tag_list *out);
bool tag_list_find(const struct tag_list *list, const char *name, struct view *out);
/* The value of that name, empty where it is absent. */
struct view tag_list_get(const struct tag_list *list, const char *name);
/* Decodes base64 with folds in it (RFC 6376, 2.10, base64string). False where it is none;
 * the octets live in the arena. */
MUST_USE bool tag_value_decode(struct arena *arena, struct view value, struct view *out);
/* True where `word` is among the parts of a value that colons part (3.6.1). Compared
 * without case. */
bool tag_value_has(struct view value, struct view word);

#endif
