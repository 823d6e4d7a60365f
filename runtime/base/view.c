#include "runtime/base/view.h"

bool view_eq(struct view a, struct view b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool view_eq_nocase(struct view a, struct view b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (byte_lower(a.data[i]) != byte_lower(b.data[i]))
			return false;
	return true;
}

bool view_starts(struct view v, struct view prefix)
{
	return v.len >= prefix.len && view_eq(view_sub(v, 0, prefix.len), prefix);
}

bool view_starts_nocase(struct view v, struct view prefix)
{
	return v.len >= prefix.len && view_eq_nocase(view_sub(v, 0, prefix.len), prefix);
}

bool view_ends(struct view v, struct view suffix)
{
	return v.len >= suffix.len && view_eq(view_from(v, v.len - suffix.len), suffix);
}

int view_compare(struct view a, struct view b)
{
	size_t shared = a.len < b.len ? a.len : b.len;
	int order = shared ? memcmp(a.data, b.data, shared) : 0;

	if (order)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

bool view_eq_secret(struct view a, struct view b)
{
	volatile unsigned char difference = 0;

	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		difference |= (unsigned char)(a.data[i] ^ b.data[i]);
	return difference == 0;
}

size_t view_find(struct view v, char byte)
{
	const char *found = v.len ? memchr(v.data, byte, v.len) : NULL;

	return found ? (size_t)(found - v.data) : v.len;
}

size_t view_find_last(struct view v, char byte)
{
	const char *found = v.len ? memrchr(v.data, byte, v.len) : NULL;

	return found ? (size_t)(found - v.data) : v.len;
}

size_t view_find_view(struct view v, struct view needle)
{
	const char *found;

	if (needle.len == 0)
		return 0;
	found = v.len ? memmem(v.data, v.len, needle.data, needle.len) : NULL;
	return found ? (size_t)(found - v.data) : v.len;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct view view_trim(struct view v)
{
	while (v.len && is_blank(v.data[0]))
		v = view_from(v, 1);
	while (v.len && is_blank(v.data[v.len - 1]))
		v.len--;
	return v;
}

struct view view_cut(struct view *v, char byte)
{
	size_t at = view_find(*v, byte);
	struct view head = view_sub(*v, 0, at);

	*v = at < v->len ? view_from(*v, at + 1) : VIEW_NULL;
	return head;
}

bool view_to_u64(struct view v, uint64_t *out)
{
	uint64_t value = 0;

	if (v.len == 0)
		return false;
	for (size_t i = 0; i < v.len; i++) {
		if (!byte_is_digit(v.data[i]))
			return false;
		if (__builtin_mul_overflow(value, 10, &value) ||
				__builtin_add_overflow(value, (uint64_t)(v.data[i] - '0'),
						&value))
			return false;
	}
	*out = value;
	return true;
}
