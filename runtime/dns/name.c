#include "runtime/dns/name.h"

#include "runtime/base/utf8.h"

#include <idn2.h>

static bool label_is_ldh(struct view label)
{
	if (label.len == 0 || label.len > NAME_LABEL_MAX)
		return false;
	if (label.data[0] == '-' || label.data[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++) {
		char c = label.data[i];

		if (!byte_is_alpha(c) && !byte_is_digit(c) && c != '-')
			return false;
	}
	return true;
}

bool name_is_host(struct view name)
{
	struct view rest = name;

	if (name.len == 0 || name.len > NAME_MAX || name.data[name.len - 1] == '.')
		return false;
	while (rest.len)
		if (!label_is_ldh(view_cut(&rest, '.')))
			return false;
	return true;
}

static bool all_digits(struct view v)
{
	for (size_t i = 0; i < v.len; i++)
		if (!byte_is_digit(v.data[i]))
			return false;
	return true;
}

bool name_is_domain(struct view name)
{
	size_t dot = view_find_last(name, '.');

	return name_is_host(name) && dot < name.len &&
	       !all_digits(view_from(name, dot + 1));
}

bool name_is_under(struct view name, struct view above)
{
	size_t start = name.len - above.len;

	return above.len && name.len > above.len + 1 && name.data[start - 1] == '.' &&
	       view_eq_nocase(view_from(name, start), above);
}

static struct view lower_copy(struct arena *arena, struct view v)
{
	char *copy = arena_copy_z(arena, v);

	for (size_t i = 0; i < v.len; i++)
		copy[i] = byte_lower(copy[i]);
	return view_of(copy, v.len);
}

bool name_normalise(struct arena *arena, struct view name, struct view *out)
{
	struct view ascii;
	uint8_t *found = NULL;

	if (name.len && name.data[name.len - 1] == '.')
		name.len--;
	/* A U-label is never longer than its A-label by more than the width of UTF-8. */
	if (name.len > 4 * NAME_MAX || view_find(name, '\0') < name.len)
		return false;
	if (view_is_ascii(name)) {
		if (!name_is_host(name))
			return false;
		*out = lower_copy(arena, name);
		return true;
	}
	if (idn2_lookup_u8((const uint8_t *)arena_copy_z(arena, name), &found,
			    IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
		return false;
	ascii = arena_copy(arena, view_z((const char *)found));
	idn2_free(found);
	if (!name_is_host(ascii))
		return false;
	*out = ascii;
	return true;
}

struct view name_for_people(struct arena *arena, struct view name)
{
	char *found = NULL;
	struct view text;

	if (!name_is_host(name))
		return name;
	if (idn2_to_unicode_8z8z(arena_copy_z(arena, name), &found, 0) != IDN2_OK)
		return name;
	text = arena_copy(arena, view_z(found));
	idn2_free(found);
	return text;
}
