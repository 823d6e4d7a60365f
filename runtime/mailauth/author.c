#include "runtime/mailauth/author.h"

#include "runtime/dns/name.h"
#include "runtime/mail/address_list.h"
#include "runtime/mail/header.h"

int author_find(struct arena *arena, struct view header, struct author *out)
{
	struct header_field from;
	struct address_list list;
	struct view domain = VIEW_NULL;
	bool clean;

	if (header_count(header, VIEW("From")) != 1 ||
			!header_find(header, VIEW("From"), &from))
		return AUTHOR_E_FIELDS;
	address_list_parse(arena, from.value, &list);
	clean = list.clean && list.mailboxes == list.count;
	for (size_t i = 0; i < list.count; i++) {
		const struct address_entry *entry = &list.entries[i];
		struct view name;

		if (entry->kind != ADDRESS_MAILBOX)
			continue;
		clean &= entry->route.len == 0;
		if (!name_normalise(arena, entry->domain, &name) || !name_is_domain(name))
			return AUTHOR_E_NONE;
		if (domain.len && !view_eq(name, domain))
			return AUTHOR_E_SEVERAL;
		domain = name;
	}
	if (domain.len == 0)
		return AUTHOR_E_NONE;
	*out = (struct author){ .domain = domain, .clean = clean };
	return AUTHOR_OK;
}
