#include "agent/zone/record.h"

#include "runtime/base/buf.h"

enum {
	TEXT_MAX = 4 * 65535 + 1024 /* RDATA, every octet escaped, and the quotes */
};

enum zone_keeping zone_keeping(const struct desired_domain *zone)
{
	static const enum zone_keeping by_mode[] = {
		[DNS_MANAGE] = ZONE_MANAGED,
		[DNS_MANUAL] = ZONE_WATCHED,
		[DNS_NONE] = ZONE_LEFT,
	};

	if (zone->dns_mode == DNS_MANAGE && !zone->dns_provider.count)
		return ZONE_PRINTED;
	return by_mode[zone->dns_mode];
}

uint32_t zone_ttl(const struct desired *desired, const struct desired_domain *zone)
{
	const void *object = NULL;
	const struct desired_dns_provider *provider;

	if (zone_keeping(zone) == ZONE_MANAGED)
		object = desired_find(desired, KIND_DNS_PROVIDER,
				zone->dns_provider.items[0].address);
	provider = object;
	return provider ? (uint32_t)provider->ttl : ZONE_TTL;
}

bool host_offers(const struct desired_host *host, enum listen_service service)
{
	const struct desired_listen *listen = &host->listen[service];

	return listen->open && !view_starts(listen->address, VIEW("127.")) &&
	       !view_eq(listen->address, VIEW("::1"));
}

struct view zone_record_plain(const struct zone_record *record)
{
	return record->text.len ? record->text : record->value;
}

static void add_octet(struct buf *out, char octet)
{
	if (octet == '"' || octet == '\\')
		buf_addf(out, "\\%c", octet);
	else if (octet >= ' ' && octet <= '~')
		buf_add_byte(out, octet);
	else
		buf_addf(out, "\\%03u", (unsigned)(unsigned char)octet);
}

struct view zone_text(struct arena *arena, struct view text)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(TEXT_MAX);
	size_t at = 0;

	do {
		struct view string = view_sub(text, at, ZONE_STRING_MAX);

		buf_add_z(&out, at ? " \"" : "\"");
		for (size_t i = 0; i < string.len; i++)
			add_octet(&out, string.data[i]);
		buf_add_byte(&out, '"');
		at += string.len;
	} while (at < text.len);
	return arena_copy(arena, buf_view(&out));
}
