#include "runtime/service/author.h"

#include "runtime/mail/address.h"
#include "runtime/mail/address_list.h"

static bool may_write_as(struct arena *arena, const struct configuration *c,
		const struct account_spec *account, const struct address_entry *entry)
{
	struct view address;

	return address_normalise(arena, entry->local, entry->domain, &address) &&
	       configuration_may_send_as(c, account, address);
}

static const char *field_refusal(struct arena *arena, const struct configuration *c,
		const struct account_spec *account, struct view value)
{
	struct address_list list;

	address_list_parse(arena, value, &list);
	if (!list.clean || list.mailboxes == 0)
		return "554 5.6.0 The From and Sender fields must be lists of addresses";
	for (size_t i = 0; i < list.count; i++)
		if (list.entries[i].kind == ADDRESS_MAILBOX &&
				!may_write_as(arena, c, account, &list.entries[i]))
			return "553 5.7.1 From and Sender must be addresses of yours";
	return NULL;
}

const char *author_refusal(const struct configuration *c,
		const struct account_spec *account, struct view from, struct view sender)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	const char *refused = field_refusal(arena, c, account, from);

	if (!refused && sender.len)
		refused = field_refusal(arena, c, account, sender);
	return refused;
}
