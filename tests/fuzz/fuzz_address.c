/* What parses as one address prints and parses to the same; a list keeps its groups in
 * order and its limit; nothing longer than the input comes out. */
#include "runtime/base/limit.h"
#include "runtime/base/utf8.h"
#include "runtime/dns/name.h"
#include "runtime/mail/address.h"
#include "runtime/mail/address_list.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_address(const struct address *address, struct arena *arena)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(8192);
	struct address again;
	struct view form, local, domain;

	for (size_t i = 0; i < address->local.len; i++)
		must((unsigned char)address->local.data[i] >= ' ' &&
				address->local.data[i] != 127);
	must(utf8_valid(address->local));
	if (address->domain.len == 0)
		return;
	address_print(&out, address->local, address->domain);
	if (out.len <= limit_value(LIMIT_SMTP_PATH)) {
		must(address_parse(arena, buf_view(&out), &again) == ADDRESS_OK);
		must(view_eq(again.local, address->local));
		must(view_eq(again.domain, address->domain));
	}
	must(address_normalise(arena, address->local, address->domain, &form));
	must(address_split(form, &local, &domain) && local.len > 0);
	must(local.len == address->local.len || !view_is_ascii(address->local));
}

static void check_list(struct view text, struct arena *arena)
{
	struct address_list list;
	bool in_group = false;
	size_t mailboxes = 0, octets = 0;

	address_list_parse(arena, text, &list);
	must(list.count <= limit_value(LIMIT_MIME_ADDRESSES));
	for (size_t i = 0; i < list.count; i++) {
		const struct address_entry *e = &list.entries[i];

		must(in_group == (e->kind == ADDRESS_GROUP_END) ||
				e->kind == ADDRESS_MAILBOX);
		in_group = e->kind == ADDRESS_GROUP_BEGIN ||
			   (in_group && e->kind == ADDRESS_MAILBOX);
		mailboxes += e->kind == ADDRESS_MAILBOX;
		octets += e->route.len + e->local.len + e->domain.len;
		if (list.clean && e->kind == ADDRESS_MAILBOX)
			must(e->domain.len > 0);
	}
	must(!in_group && mailboxes == list.mailboxes);
	must(octets <= 2 * text.len + 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct view text = view_of(data, size), rest, form;
	struct address address;

	for (int kind = PATH_REVERSE; kind <= PATH_FORWARD; kind++) {
		if (address_parse_path(
				    arena, text, (enum path_kind)kind, &address, &rest))
			continue;
		must(rest.data + rest.len == text.data + text.len);
		check_address(&address, arena);
	}
	if (address_parse(arena, text, &address) == ADDRESS_OK)
		check_address(&address, arena);
	check_list(text, arena);
	if (name_normalise(arena, text, &form))
		must(name_is_host(form) && name_for_people(arena, form).len > 0);
	return 0;
}
