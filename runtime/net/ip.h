/* IP addresses of sockets (their networks: base/network.h). An IPv4 address that a dual-stack socket wrote as
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

#endif
