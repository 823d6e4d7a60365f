#include "runtime/base/reach.h"

#include <netinet/in.h>
#include <sys/socket.h>

struct row {
	const char *network;
	enum reach reach;
};

/* The special-purpose registries of IANA (RFC 6890), as far as they are not public. */
/* clang-format off */
static const struct row rows_of_four[] = {
	{ "0.0.0.0/8",       REACH_NOWHERE },    /* Linux connects 0.0.0.0 to itself */
	{ "10.0.0.0/8",      REACH_PRIVATE },
	{ "100.64.0.0/10",   REACH_PRIVATE },    /* behind a carrier's NAT (RFC 6598) */
	{ "127.0.0.0/8",     REACH_LOOPBACK },
	{ "169.254.0.0/16",  REACH_LINK_LOCAL }, /* clouds hand out credentials here */
	{ "172.16.0.0/12",   REACH_PRIVATE },
	{ "192.0.0.0/24",    REACH_PRIVATE },
	{ "192.0.2.0/24",    REACH_NOWHERE },
	{ "192.88.99.0/24",  REACH_NOWHERE },
	{ "192.168.0.0/16",  REACH_PRIVATE },
	{ "198.18.0.0/15",   REACH_PRIVATE },
	{ "198.51.100.0/24", REACH_NOWHERE },
	{ "203.0.113.0/24",  REACH_NOWHERE },
	{ "224.0.0.0/3",     REACH_NOWHERE },    /* multicast, reserved, broadcast */
};

/* The first that fits. */
static const struct row rows_of_six[] = {
	{ "::1",             REACH_LOOPBACK },
	{ "64:ff9b:1::/48",  REACH_PRIVATE },    /* a NAT64 of one's own (RFC 8215) */
	{ "2001::/32",       REACH_NOWHERE },    /* Teredo */
	{ "2001:db8::/32",   REACH_NOWHERE },
	{ "2000::/3",        REACH_PUBLIC },
	{ "fc00::/7",        REACH_PRIVATE },
	{ "fe80::/10",       REACH_LINK_LOCAL },
	{ "fec0::/10",       REACH_PRIVATE },
	{ "::/0",            REACH_NOWHERE },
};

/* IPv6 addresses that an IPv4 address is reached by, and where in them it stands. */
static const struct {
	const char *network;
	size_t at;
} carriers[] = {
	{ "::/96",       12 }, /* once called compatible; `::` and `::1` are 0.0.0.0/8 */
	{ "64:ff9b::/96", 12 }, /* NAT64 (RFC 6052) */
	{ "2002::/16",    2 }, /* 6to4 */
};
/* clang-format on */

static bool covers(const char *text, const struct network *address)
{
	struct network network;

	return network_parse(view_z(text), &network) && network_covers(&network, address);
}

static enum reach find(
		const struct row *rows, size_t count, const struct network *address)
{
	for (size_t i = 0; i < count; i++)
		if (covers(rows[i].network, address))
			return rows[i].reach;
	return REACH_PUBLIC;
}

/* The IPv4 address that it carries takes its place. */
static void unwrap(struct network *address)
{
	for (size_t i = 0; address->six && i < ARRAY_LEN(carriers); i++) {
		struct network inner = { .bits = 32 };

		if (!covers(carriers[i].network, address))
			continue;
		memcpy(inner.bytes, address->bytes + carriers[i].at, 4);
		*address = inner;
	}
}

static enum reach judge(const struct network *given)
{
	struct network address = *given;

	if (address.six && covers("::1", &address))
		return REACH_LOOPBACK;
	unwrap(&address);
	return address.six ? find(rows_of_six, ARRAY_LEN(rows_of_six), &address)
			   : find(rows_of_four, ARRAY_LEN(rows_of_four), &address);
}

enum reach reach_of(const struct sockaddr_storage *address)
{
	struct network one;

	return network_of(address, &one) ? judge(&one) : REACH_NOWHERE;
}

const char *reach_name(enum reach reach)
{
	static const char *const names[] = { "public", "loopback", "private",
		"link-local", "reserved" };

	return names[reach];
}

static uint16_t port_of(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;

	return ntohs(address->ss_family == AF_INET6 ? six->sin6_port : four->sin_port);
}

static bool is_excepted(const struct connect_rules *rules,
		const struct sockaddr_storage *address, const struct network *one)
{
	for (size_t i = 0; i < rules->except_count; i++) {
		const struct connect_except *except = &rules->excepts[i];

		if (except->port == port_of(address) &&
				network_covers(&except->address, one))
			return true;
	}
	return false;
}

static bool is_denied(const struct connect_rules *rules, enum reach reach,
		const struct network *one)
{
	struct network inner = *one;

	if ((reach == REACH_LOOPBACK && rules->deny_loopback) ||
			(reach == REACH_PRIVATE && rules->deny_private) ||
			(reach == REACH_LINK_LOCAL && rules->deny_link_local))
		return true;
	unwrap(&inner);
	for (size_t i = 0; i < rules->deny_count; i++)
		if (network_covers(&rules->denied[i], one) ||
				network_covers(&rules->denied[i], &inner))
			return true;
	return false;
}

bool connect_allowed(
		const struct connect_rules *rules, const struct sockaddr_storage *address)
{
	struct network one;
	enum reach reach;

	if (!network_of(address, &one))
		return false;
	reach = judge(&one);
	if (reach == REACH_NOWHERE)
		return false;
	return !is_denied(rules, reach, &one) || is_excepted(rules, address, &one);
}

bool connect_excepted(
		const struct connect_rules *rules, const struct sockaddr_storage *address)
{
	struct network one;

	return network_of(address, &one) && is_excepted(rules, address, &one);
}
