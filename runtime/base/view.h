/* A view borrows bytes: a pointer and a length, never NUL-terminated, never owned.
 *
 * Everything that comes from outside is a view until something has checked it. A view
 * into a buf dies at the next write to that buf; a view into an arena dies with the
 * arena. */
#ifndef BASE_VIEW_H
#define BASE_VIEW_H

#include "runtime/base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct view {
	const char *data;
	size_t len;
};

#define VIEW_NULL     ((struct view){ NULL, 0 })
#define VIEW(literal) ((struct view){ "" literal, sizeof(literal) - 1 })

/* For printf: `"%.*s", VIEW_ARG(v)`. Views are far shorter than INT_MAX wherever they are
 * printed. */
#define VIEW_ARG(v) (int)(v).len, (v).data ? (v).data : ""

static inline struct view view_of(const void *data, size_t len)
{
	return (struct view){ data, len };
}

/* The view of a C string that we made ourselves. NULL gives an empty view. */
static inline struct view view_z(const char *text)
{
	return (struct view){ text, text ? strlen(text) : 0 };
}

/* The part from `start` on, at most `len` bytes; clamped to the view. */
static inline struct view view_sub(struct view v, size_t start, size_t len)
{
	if (start > v.len)
		start = v.len;
	if (len > v.len - start)
		len = v.len - start;
	return (struct view){ v.data ? v.data + start : NULL, len };
}

static inline struct view view_from(struct view v, size_t start)
{
	return view_sub(v, start, SIZE_MAX);
}

bool view_eq(struct view a, struct view b);
/* ASCII letters compare without case; all other bytes as they are. */
bool view_eq_nocase(struct view a, struct view b);
bool view_starts(struct view v, struct view prefix);
bool view_starts_nocase(struct view v, struct view prefix);
bool view_ends(struct view v, struct view suffix);
/* Bytewise order, shorter first where one is the other's prefix: <0, 0, >0. */
int view_compare(struct view a, struct view b);
/* Compares in a time that depends on the lengths alone: for tags, tokens and passwords.
 */
bool view_eq_secret(struct view a, struct view b);

/* Where the first (last) `byte` stands, or v.len where there is none. */
size_t view_find(struct view v, char byte);
size_t view_find_last(struct view v, char byte);
/* Where `needle` first stands, or v.len. Linear in v.len (memmem). */
size_t view_find_view(struct view v, struct view needle);

/* Without the blanks and tabs (and CR, LF) at both ends. */
struct view view_trim(struct view v);

/* Cuts *v at the first `byte`: returns what was before it and leaves what follows it.
 * Without one, returns all of it and leaves *v empty with data == NULL. */
struct view view_cut(struct view *v, char byte);

/* Reads the whole view as decimal digits. False: empty, another byte, or past UINT64_MAX.
 */
MUST_USE bool view_to_u64(struct view v, uint64_t *out);

static inline bool byte_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool byte_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline char byte_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static inline char byte_upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - ('a' - 'A')) : c;
}

#endif
