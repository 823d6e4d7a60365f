/* Where may be connected to: what kind of address it is, and the rules of a machine
 * (`allow.connect` of agent.yaml). An address that carries an IPv4 address in it is judged by
 * that, too. */
#ifndef BASE_REACH_H
#define BASE_REACH_H

#include "runtime/base/network.h"

enum reach {
	REACH_PUBLIC,
	REACH_LOOPBACK,
	REACH_PRIVATE,
	REACH_LINK_LOCAL,
	REACH_NOWHERE, /* nobody serves there: unspecified, multicast, reserved */
};

/* What kind of address it is. IPv4 in IPv6 (mapped, translated, 6to4) is the IPv4 one. */
enum reach reach_of(const struct sockaddr_storage *address);
const char *reach_name(enum reach reach);

/* An address and a port that are allowed though `denied` has them. */
struct connect_except {
	struct network address;
	uint16_t port;
};

struct connect_rules {
	bool deny_private, deny_loopback, deny_link_local;
	struct network *denied;
	size_t deny_count;
	struct connect_except *excepts;
	size_t except_count;
};

/* Whether `excepts` names that address and port. */
bool connect_excepted(const struct connect_rules *rules,
		const struct sockaddr_storage *address);

/* What is REACH_NOWHERE is never allowed. */
bool connect_allowed(const struct connect_rules *rules,
		const struct sockaddr_storage *address);

#endif
