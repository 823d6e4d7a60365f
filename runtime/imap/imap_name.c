#include "runtime/imap/imap_name.h"

#include "runtime/base/limit.h"
#include "runtime/mail/imap_string.h"
#include "runtime/mail/utf7.h"

#include <assert.h>

enum {
	/* UTF-7 spends at most 8/3 octets on one of UTF-8, and two on a shift. */
	ENCODED_MAX = 8 * 1024
};

static const char *check_levels(struct view name)
{
	uint64_t levels = 0;

	while (name.data) {
		struct view level = view_cut(&name, IMAP_SEPARATOR);

		if (level.len == 0)
			return "NO [CANNOT] A level of the mailbox name is empty";
		if (view_eq(level, VIEW(".")) || view_eq(level, VIEW("..")))
			return "NO [CANNOT] Mailbox names cannot have levels . and ..";
		if (++levels > limit_value(LIMIT_IMAP_MAILBOX_LEVELS))
			return limit_reply(LIMIT_IMAP_MAILBOX_LEVELS);
	}
	return NULL;
}

static const char *check(struct view name)
{
	if (name.len == 0)
		return "NO [CANNOT] The mailbox name is empty";
	if (name.len > limit_value(LIMIT_IMAP_MAILBOX_NAME))
		return limit_reply(LIMIT_IMAP_MAILBOX_NAME);
	for (size_t i = 0; i < name.len; i++)
		if ((unsigned char)name.data[i] < ' ' || name.data[i] == 0x7f)
			return "NO [CANNOT] Mailbox names cannot have control characters";
	return check_levels(name);
}

/* INBOX has no case (5.1). */
static struct view fold_inbox(struct arena *arena, struct view name)
{
	char *folded;

	if (!view_starts_nocase(name, VIEW("INBOX")) ||
			(name.len > 5 && name.data[5] != IMAP_SEPARATOR))
		return arena_copy(arena, name);
	folded = arena_copy_z(arena, name);
	memcpy(folded, "INBOX", 5);
	return view_of(folded, name.len);
}

static struct view read_name(struct imap_parse *p, struct arena *arena, bool is_new)
{
	CLEANUP(buf_free) struct buf decoded = BUF_NULL(ENCODED_MAX);
	struct view wire = imap_parse_astring(p), name;

	if (p->error)
		return VIEW_NULL;
	if (wire.len > ENCODED_MAX) {
		imap_parse_fail(p, limit_reply(LIMIT_IMAP_MAILBOX_NAME));
		return VIEW_NULL;
	}
	if (!utf7_decode(&decoded, wire)) {
		imap_parse_fail(p, "NO [CANNOT] The mailbox name is not modified UTF-7");
		return VIEW_NULL;
	}
	name = buf_view(&decoded);
	if (is_new && name.len > 1 && view_ends(name, VIEW("/")))
		name.len--;
	if (is_new && (view_find(name, '%') < name.len ||
				      view_find(name, '*') < name.len))
		imap_parse_fail(p, "NO [CANNOT] Mailbox names cannot have % and *");
	else if (check(name))
		imap_parse_fail(p, check(name));
	return p->error ? VIEW_NULL : fold_inbox(arena, name);
}

struct view imap_name_parse(struct imap_parse *p, struct arena *arena)
{
	return read_name(p, arena, false);
}

struct view imap_name_parse_new(struct imap_parse *p, struct arena *arena)
{
	return read_name(p, arena, true);
}

void imap_name_add(struct buf *out, struct view name)
{
	CLEANUP(buf_free) struct buf encoded = BUF_NULL(ENCODED_MAX);
	bool is_utf8 = utf7_encode(&encoded, name);

	assert(is_utf8);
	(void)is_utf8;
	imap_string_add(out, buf_view(&encoded));
}
