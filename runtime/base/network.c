#include "runtime/base/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

enum {
	MAPPED_PREFIX = 12 /* bytes before the IPv4 address in ::ffff:192.0.2.1 */
};

/* Zeroes what is behind the bits. */
static void cut(struct network *network)
{
	unsigned whole = network->bits / 8, rest = network->bits % 8;

	if (rest)
		network->bytes[whole++] &= (unsigned char)(0xff << (8 - rest));
	memset(network->bytes + whole, 0, sizeof(network->bytes) - whole);
}

bool network_parse(struct view text, struct network *out)
{
	char address[INET6_ADDRSTRLEN];
	struct view bits = text, head = view_cut(&bits, '/');
	uint64_t count;

	memset(out, 0, sizeof(*out));
	if (head.len == 0 || head.len >= sizeof(address) ||
			view_find(head, '\0') < head.len)
		return false;
	memcpy(address, head.data, head.len);
	address[head.len] = '\0';
	out->six = view_find(head, ':') < head.len;
	if (inet_pton(out->six ? AF_INET6 : AF_INET, address, out->bytes) != 1)
		return false;
	out->bits = out->six ? 128 : 32;
	if (!bits.data)
		return true;
	if (!view_to_u64(bits, &count) || count > out->bits)
		return false;
	out->bits = (unsigned)count;
	cut(out);
	return true;
}

static bool same_bits(const unsigned char *a, const unsigned char *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

bool network_of(const struct sockaddr_storage *address, struct network *out)
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
	bool is_six = address->ss_family == AF_INET6;
	const unsigned char *bytes = (const unsigned char *)&four->sin_addr;

	if (!is_six && address->ss_family != AF_INET)
		return false;
	if (is_six) {
		bytes = six->sin6_addr.s6_addr;
		if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
			bytes += MAPPED_PREFIX;
			is_six = false;
		}
	}
	memset(out, 0, sizeof(*out));
	out->six = is_six;
	out->bits = is_six ? 128 : 32;
	memcpy(out->bytes, bytes, out->bits / 8);
	return true;
}

bool network_around(const struct sockaddr_storage *address, unsigned bits_of_four,
		unsigned bits_of_six, struct network *out)
{
	if (!network_of(address, out))
		return false;
	out->bits = out->six ? bits_of_six : bits_of_four;
	cut(out);
	return true;
}

bool network_covers(const struct network *outer, const struct network *inner)
{
	return outer->six == inner->six && outer->bits <= inner->bits &&
	       same_bits(outer->bytes, inner->bytes, outer->bits);
}

bool network_has(const struct network *network, const struct sockaddr_storage *address)
{
	struct network one;

	return network_of(address, &one) && network_covers(network, &one);
}
