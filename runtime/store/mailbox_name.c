#include "runtime/base/limit.h"
#include "runtime/base/utf8.h"
#include "runtime/store/store.h"

/* A wildcard of LIST in a name would make it one that no pattern can single out. */
static bool byte_is_allowed(char c)
{
	return (unsigned char)c >= ' ' && c != 0x7f && c != '*' && c != '%';
}

int mailbox_name(struct arena *arena, struct view name, struct view *out)
{
	struct view rest, level;

	if (name.len && name.data[name.len - 1] == MAILBOX_SEPARATOR)
		name.len--;
	if (!name.len || name.len > limit_value(LIMIT_IMAP_MAILBOX_NAME) ||
			!utf8_valid(name))
		return STORE_E_NAME;
	for (size_t i = 0; i < name.len; i++)
		if (!byte_is_allowed(name.data[i]))
			return STORE_E_NAME;
	for (rest = name; rest.data;)
		if (!view_cut(&rest, MAILBOX_SEPARATOR).len)
			return STORE_E_NAME;
	rest = name;
	level = view_cut(&rest, MAILBOX_SEPARATOR);
	if (!view_eq_nocase(level, VIEW("INBOX")))
		*out = arena_copy(arena, name);
	else if (rest.data)
		*out = arena_printf(arena, "INBOX/%.*s", VIEW_ARG(rest));
	else
		*out = VIEW("INBOX");
	return STORE_OK;
}
