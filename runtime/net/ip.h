/* IP addresses and networks. An IPv4 address that a dual-stack socket wrote as
 * ::ffff:192.0.2.1 is 192.0.2.1 to everybody here. */
#ifndef NET_IP_H
#define NET_IP_H

#include "runtime/base/view.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

/* An address of the family that its text says; false where it is none. */
MUST_USE bool ip_parse(struct view text, uint16_t port, struct sockaddr_storage *out);
void ip_print(const struct sockaddr_storage *address, char out[INET6_ADDRSTRLEN]);
/* How many bytes of it the system wants to see. */
socklen_t ip_len(const struct sockaddr_storage *address);
/* 0 where it is no IP address. */
uint16_t ip_port(const struct sockaddr_storage *address);
/* Port and address. */
bool ip_same(const struct sockaddr_storage *a, const struct sockaddr_storage *b);
void ip_unmap(struct sockaddr_storage *address);

/* All bytes of it count: equal networks are equal in memory. */
struct network {
	unsigned char family; /* 4 or 6 */
	unsigned char bits;
	unsigned char address[16]; /* what is behind the bits is zero */
};

/* The network of that many bits that it lies in; false where it is no IP address. */
MUST_USE bool network_around(const struct sockaddr_storage *address,
		unsigned bits_of_four, unsigned bits_of_six, struct network *out);
/* "192.0.2.0/24", "2001:db8::/32", or an address alone; false where it is neither. */
MUST_USE bool network_parse(struct view text, struct network *out);
bool network_has(const struct network *network, const struct sockaddr_storage *address);

static inline struct view network_view(const struct network *network)
{
	return view_of(network, sizeof(*network));
}

#endif
