#include "runtime/net/ip.h"

#include <arpa/inet.h>

enum {
	BITS_OF_FOUR = 32,
	BITS_OF_SIX = 128
};

static const struct sockaddr_in *four_of(const struct sockaddr_storage *address)
{
	return (const void *)address;
}

static const struct sockaddr_in6 *six_of(const struct sockaddr_storage *address)
{
	return (const void *)address;
}

bool ip_parse(struct view text, uint16_t port, struct sockaddr_storage *out)
{
	struct sockaddr_storage parsed = { 0 };
	struct sockaddr_in *four = (void *)&parsed;
	struct sockaddr_in6 *six = (void *)&parsed;
	char z[INET6_ADDRSTRLEN];

	if (text.len >= sizeof(z) || view_find(text, '\0') < text.len)
		return false;
	memcpy(z, text.data ? text.data : "", text.len);
	z[text.len] = '\0';
	if (inet_pton(AF_INET, z, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
	} else if (inet_pton(AF_INET6, z, &six->sin6_addr) == 1) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons(port);
	} else {
		return false;
	}
	*out = parsed;
	return true;
}

void ip_print(const struct sockaddr_storage *address, char out[INET6_ADDRSTRLEN])
{
	out[0] = '\0';
	if (address->ss_family == AF_INET)
		inet_ntop(AF_INET, &four_of(address)->sin_addr, out, INET6_ADDRSTRLEN);
	else if (address->ss_family == AF_INET6)
		inet_ntop(AF_INET6, &six_of(address)->sin6_addr, out, INET6_ADDRSTRLEN);
}

socklen_t ip_len(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET ? sizeof(struct sockaddr_in)
					     : sizeof(struct sockaddr_in6);
}

uint16_t ip_port(const struct sockaddr_storage *address)
{
	if (address->ss_family == AF_INET)
		return ntohs(four_of(address)->sin_port);
	return address->ss_family == AF_INET6 ? ntohs(six_of(address)->sin6_port) : 0;
}

bool ip_same(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	struct network of_a, of_b;

	return a->ss_family == b->ss_family && ip_port(a) == ip_port(b) &&
	       network_around(a, BITS_OF_FOUR, BITS_OF_SIX, &of_a) &&
	       network_around(b, BITS_OF_FOUR, BITS_OF_SIX, &of_b) &&
	       view_eq(network_view(&of_a), network_view(&of_b));
}

void ip_unmap(struct sockaddr_storage *address)
{
	const struct sockaddr_in6 six = *six_of(address);
	struct sockaddr_in *four = (void *)address;

	if (six.sin6_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&six.sin6_addr))
		return;
	memset(address, 0, sizeof(*address));
	four->sin_family = AF_INET;
	four->sin_port = six.sin6_port;
	memcpy(&four->sin_addr, six.sin6_addr.s6_addr + 12, 4);
}

/* -- networks -- */

/* Zeroes what is behind the bits. */
static void cut(struct network *network)
{
	unsigned whole = network->bits / 8, rest = network->bits % 8;

	if (rest)
		network->address[whole++] &= (unsigned char)(0xff << (8 - rest));
	memset(network->address + whole, 0, sizeof(network->address) - whole);
}

bool network_around(const struct sockaddr_storage *address, unsigned bits_of_four,
		unsigned bits_of_six, struct network *out)
{
	struct network network = { 0 };

	if (address->ss_family == AF_INET) {
		network.family = 4;
		network.bits = (unsigned char)bits_of_four;
		memcpy(network.address, &four_of(address)->sin_addr, 4);
	} else if (address->ss_family == AF_INET6) {
		network.family = 6;
		network.bits = (unsigned char)bits_of_six;
		memcpy(network.address, &six_of(address)->sin6_addr, 16);
	} else {
		return false;
	}
	cut(&network);
	*out = network;
	return true;
}

bool network_parse(struct view text, struct network *out)
{
	size_t slash = view_find(text, '/');
	struct sockaddr_storage address;
	uint64_t bits = BITS_OF_SIX;

	if (!ip_parse(view_sub(text, 0, slash), 0, &address))
		return false;
	if (address.ss_family == AF_INET)
		bits = BITS_OF_FOUR;
	if (slash < text.len) {
		struct view number = view_from(text, slash + 1);

		if (!view_to_u64(number, &bits) ||
				bits > (address.ss_family == AF_INET ? BITS_OF_FOUR
								     : BITS_OF_SIX))
			return false;
	}
	return network_around(&address, (unsigned)bits, (unsigned)bits, out);
}

bool network_has(const struct network *network, const struct sockaddr_storage *address)
{
	struct network around;

	return network_around(address, network->bits, network->bits, &around) &&
	       view_eq(network_view(network), network_view(&around));
}
