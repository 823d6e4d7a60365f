/* A network of IP addresses: 192.0.2.0/24, 2001:db8::/32, or one address. */
#ifndef BASE_NETWORK_H
#define BASE_NETWORK_H

#include "runtime/base/view.h"

struct sockaddr_storage;

/* What is behind the bits is zero, as is all else that it does not say: equal networks are
 * equal bytes. */
struct network {
	unsigned char bytes[16]; /* of IPv4 the first four */
	bool six;
	unsigned bits; /* that count */
};

static inline struct view network_view(const struct network *network)
{
	return view_of(network, sizeof(*network));
}

/* `ADDRESS` or `ADDRESS/BITS`; false where it is neither. */
MUST_USE bool network_parse(struct view text, struct network *out);
/* The one address that a socket names; IPv4 that came to an IPv6 socket is IPv4. False
 * where it is neither. */
MUST_USE bool network_of(const struct sockaddr_storage *address, struct network *out);
/* The network of that many bits that it lies in. */
MUST_USE bool network_around(const struct sockaddr_storage *address,
		unsigned bits_of_four, unsigned bits_of_six, struct network *out);
/* True where all of `inner`'s addresses are `outer`'s, too. */
bool network_covers(const struct network *outer, const struct network *inner);
/* An IPv4 address that came to an IPv6 socket (::ffff:192.0.2.1) is the IPv4 one. */
bool network_has(const struct network *network, const struct sockaddr_storage *address);

#endif
