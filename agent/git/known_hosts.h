/* OpenSSH's list of hosts and their keys (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): names by
 * commas with `*`, `?` and `!`, `[NAME]:PORT` where the port is not 22, hashed names, and
 * the marker `@revoked`. Certificates (`@cert-authority`) vouch for nothing here. */
#ifndef AGENT_GIT_KNOWN_HOSTS_H
#define AGENT_GIT_KNOWN_HOSTS_H

#include "runtime/base/view.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	KNOWN_HOSTS_MAX = 256 * 1024, /* bytes of a list */
};

enum known_host {
	HOST_UNKNOWN, /* the list has no key of it */
	HOST_KNOWN,
	HOST_CHANGED, /* it has others */
	HOST_REVOKED,
};

/* What the list says of a host that showed this key (a blob: RFC 4253, 6.6). */
enum known_host known_hosts_find(
		struct view list, struct view host, uint16_t port, struct view key);

#endif
