#include "runtime/net/ip.h"

#include "runtime/base/network.h"

#include <arpa/inet.h>

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
	       network_of(a, &of_a) && network_of(b, &of_b) &&
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
