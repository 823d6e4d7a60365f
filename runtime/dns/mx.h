/* Where mail for a domain goes (RFC 5321, 5.1): from the answer to its MX question an ordered
 * list of hosts, and from the answers about a host its addresses. Functions of their
 * arguments: whoever asks the DNS asks it elsewhere.
 *
 *   MX answer ──mx_list──► hosts, the best first ──A, AAAA──► mx_addresses
 *
 * A host that is a CNAME (RFC 2181, 10.3, has none) is followed by the resolver as any
 * name is; a host that is an address in disguise is no host and is left out. */
#ifndef DNS_MX_H
#define DNS_MX_H

#include "runtime/dns/name.h"
#include "runtime/dns/record.h"

#include <sys/socket.h>

enum {
	MX_HOSTS = 20,    /* of a domain that are tried, at most */
	MX_ADDRESSES = 8, /* of a host */
};

enum mx_outcome {
	MX_OK = 0,
	MX_FAILED = 1, /* the DNS does not say, for now */
	MX_NO_DOMAIN,  /* there is no such domain */
	MX_NULL,       /* it takes no mail, and says so (RFC 7505) */
	MX_LOOP,       /* its best host is this one, which does not have the domain */
	MX_NO_HOST,    /* it names hosts, and none that mail could go to */
};

/* What to answer where there is nowhere to go; MX_OK has none. */
struct mx_reply {
	unsigned code;
	const char *status, *text;
};

const struct mx_reply *mx_reply(enum mx_outcome outcome);

struct mx_host {
	struct view name; /* as dns_name_read() makes it */
	unsigned preference;
};

struct mx_list {
	struct mx_host hosts[MX_HOSTS];
	size_t count;
	bool implicit;     /* there is no MX: the host is the domain itself */
	bool secure;       /* DNSSEC says so */
	unsigned left_out; /* hosts that are none, or that there are too many of */
};

/* From the answer to the MX question for `domain`. Equal preferences stand in an order
 * that `seed` draws. `own` is this host's name: it, and all that is not better than it, is
 * cut (RFC 5321, 5.1). The names are views into the answer and the domain. */
MUST_USE enum mx_outcome mx_list(const struct dns_answer *answer, struct view domain,
		struct view own, uint64_t seed, struct mx_list *out);

/* Adds the addresses that an answer to A or AAAA has, for this port; at most MX_ADDRESSES
 * are kept. Ask both and add the family that is to be tried first, first. */
void mx_addresses(const struct dns_answer *answer, enum dns_type type, uint16_t port,
		struct sockaddr_storage out[MX_ADDRESSES], size_t *count);

#endif
