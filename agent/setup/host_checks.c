#include "agent/setup/host_checks.h"

#include "runtime/base/error.h"
#include "runtime/base/view.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

enum {
	CONNECT_TIMEOUT_MS = 5000,
	MOST_ADDRESSES = 8,
	LEAST_FREE_MIB = 1024,
	LEAST_FREE_INODES = 10000,
	PROBE_MAX = 256,
};

static enum check_verdict say(struct check_result *out, enum check_verdict verdict,
		const char *help, const char *saw, ...) PRINTF_LIKE(4, 5);

static enum check_verdict say(struct check_result *out, enum check_verdict verdict,
		const char *help, const char *saw, ...)
{
	va_list args;

	va_start(args, saw);
	vsnprintf(out->saw, sizeof(out->saw), saw, args);
	snprintf(out->help, sizeof(out->help), "%s", help ? help : "");
	va_end(args);
	return verdict;
}

static enum check_verdict say_offline(struct check_result *out)
{
	return say(out, CHECK_UNKNOWN, NULL, "not asked: --offline");
}

/* -- ports in -- */

static int try_port(uint16_t port)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6,
		.sin6_port = htons(port) };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, r;

	if (fd < 0)
		return fault_errno();
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	r = bind(fd, (struct sockaddr *)&address, sizeof(address)) ? fault_errno() : 0;
	close(fd);
	return r;
}

static enum check_verdict look_at_ports(
		const struct host_facts *facts, struct check_result *out)
{
	for (size_t i = 0; i < facts->port_count; i++) {
		int r = try_port(facts->ports[i]);

		if (r == -EADDRINUSE)
			return say(out, CHECK_WORRY,
					"`ss -ltnp` says who; stop it and disable it",
					"port %u is taken by another program",
					facts->ports[i]);
		if (r == -EACCES)
			return say(out, CHECK_UNKNOWN,
					"run this as root; the systemd unit opens them "
					"for the agent",
					"port %u cannot be tried by this user",
					facts->ports[i]);
		if (r)
			return say(out, CHECK_UNKNOWN, NULL, "port %u: %s",
					facts->ports[i], strerror(-r));
	}
	return say(out, CHECK_GOOD, NULL, "all %zu ports are free", facts->port_count);
}

/* -- the way out -- */

static bool connects(const struct addrinfo *to)
{
	int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
	    failed = 0;
	socklen_t len = sizeof(failed);
	struct pollfd wait = { .fd = fd, .events = POLLOUT };
	bool connected = false;

	if (fd < 0)
		return false;
	if (connect(fd, to->ai_addr, to->ai_addrlen) == 0)
		connected = true;
	else if (errno == EINPROGRESS && poll(&wait, 1, CONNECT_TIMEOUT_MS) == 1)
		connected = getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &len) == 0 &&
			    !failed;
	close(fd);
	return connected;
}

/* What sends by somebody else's server. The password is put in by `posthus seal
 * relay/outside/password`, or stands in a file of the host. */
static const char by_a_relay[] = "relays:\n"
				 "  outside: {host: smtp.provider.example, port: 587, "
				 "user: NAME, password: "
				 "{sealed: \"...\"}}\n"
				 "hosts:\n"
				 "  mail: {send_via: outside}\n";

/* HOST:PORT in two; without a port it is 25. */
static bool read_probe(const char *text, char host[PROBE_MAX], const char **port_out)
{
	char *colon;

	if (snprintf(host, PROBE_MAX, "%s", text) >= PROBE_MAX)
		return false;
	colon = strchr(host, ':');
	if (colon && strchr(colon + 1, ':')) /* an IPv6 address */
		colon = NULL;
	*port_out = "25";
	if (colon) {
		*colon = '\0';
		*port_out = strchr(text, ':') + 1;
	}
	return host[0] && **port_out;
}

/* Any of its addresses: a host without IPv6 has a way out all the same. */
static bool any_connects(const struct addrinfo *found)
{
	for (; found; found = found->ai_next)
		if (connects(found))
			return true;
	return false;
}

/* A large receiver whose port 25 answers everyone: what the way out is for. */
static enum check_verdict look_at_way_out(
		const struct host_facts *facts, struct check_result *out)
{
	const char *probe = facts->probe ? facts->probe : "gmail-smtp-in.l.google.com";
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM },
			*found;
	char host[PROBE_MAX];
	const char *port;
	bool reached;

	if (facts->offline && !facts->probe)
		return say_offline(out);
	if (!read_probe(probe, host, &port))
		return say(out, CHECK_UNKNOWN, "--probe mx.elsewhere.example",
				"%s is no host to be tried", probe);
	if (getaddrinfo(host, port, &hints, &found))
		return say(out, CHECK_UNKNOWN, "see /etc/resolv.conf",
				"no name server answered");
	reached = any_connects(found);
	freeaddrinfo(found);
	if (reached)
		return say(out, CHECK_GOOD, NULL,
				"port %s of other mail servers can be reached", port);
	out->paste = by_a_relay;
	return say(out, CHECK_WORRY,
			"ask your provider to open it, or send through a relay: these "
			"lines "
			"in the state, with its name, yours there, and the password by "
			"`posthus seal relay/outside/password`",
			"port %s of %s cannot be reached: outbound mail is blocked here",
			port, host);
}

/* -- addresses and their names -- */

static bool is_public(const struct sockaddr *address)
{
	const struct sockaddr_in *v4 = (const void *)address;
	const struct sockaddr_in6 *v6 = (const void *)address;
	uint32_t ip;

	if (address->sa_family == AF_INET6)
		return (v6->sin6_addr.s6_addr[0] & 0xe0) == 0x20;
	if (address->sa_family != AF_INET)
		return false;
	ip = ntohl(v4->sin_addr.s_addr);
	return ip >> 24 != 10 && ip >> 24 != 127 && ip >> 20 != 0xac1 &&
	       ip >> 16 != 0xc0a8 && ip >> 16 != 0xa9fe &&
	       ip >> 22 != (0x64400000u >> 22) && ip >> 24 != 0;
}

static size_t public_addresses(struct sockaddr_storage *out)
{
	struct ifaddrs *all;
	size_t count = 0;

	if (getifaddrs(&all))
		return 0;
	for (struct ifaddrs *i = all; i && count < MOST_ADDRESSES; i = i->ifa_next)
		if (i->ifa_addr && is_public(i->ifa_addr))
			memcpy(&out[count++], i->ifa_addr,
					i->ifa_addr->sa_family == AF_INET
							? sizeof(struct sockaddr_in)
							: sizeof(struct sockaddr_in6));
	freeifaddrs(all);
	return count;
}

static socklen_t address_size(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET ? sizeof(struct sockaddr_in)
					     : sizeof(struct sockaddr_in6);
}

static bool is_same(const struct sockaddr *a, const struct sockaddr_storage *b)
{
	if (a->sa_family != b->ss_family)
		return false;
	if (a->sa_family == AF_INET)
		return memcmp(&((const struct sockaddr_in *)(const void *)a)->sin_addr,
				       &((const struct sockaddr_in *)b)->sin_addr,
				       sizeof(struct in_addr)) == 0;
	return memcmp(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr,
			       &((const struct sockaddr_in6 *)b)->sin6_addr,
			       sizeof(struct in6_addr)) == 0;
}

/* The name has that address: what receivers look at (RFC 1912, 2.1). */
static bool leads_back(const char *name, const struct sockaddr_storage *address)
{
	struct addrinfo hints = { .ai_family = address->ss_family,
		.ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	bool same = false;

	if (getaddrinfo(name, NULL, &hints, &found))
		return false;
	for (const struct addrinfo *i = found; i; i = i->ai_next)
		same |= is_same(i->ai_addr, address);
	freeaddrinfo(found);
	return same;
}

static enum check_verdict look_at_reverse_dns(
		const struct host_facts *facts, struct check_result *out)
{
	struct sockaddr_storage addresses[MOST_ADDRESSES];
	size_t count = facts->offline ? 0 : public_addresses(addresses);

	if (facts->offline)
		return say_offline(out);
	if (count == 0)
		return say(out, CHECK_UNKNOWN,
				"behind NAT the PTR of the outer address must name this "
				"host",
				"this host has no public address of its own");
	for (size_t i = 0; i < count; i++) {
		const struct sockaddr *address = (const struct sockaddr *)&addresses[i];
		char number[64] = "?", name[256];

		getnameinfo(address, address_size(&addresses[i]), number, sizeof(number),
				NULL, 0, NI_NUMERICHOST);
		if (getnameinfo(address, address_size(&addresses[i]), name, sizeof(name),
				    NULL, 0, NI_NAMEREQD))
			return say(out, CHECK_WORRY,
					address->sa_family == AF_INET6
							? "set it where the address is "
							  "rented; until then take the "
							  "address off this host, so "
							  "that "
							  "mail goes by IPv4, and out of "
							  "`hosts.X.addresses`"
							: "set it where the address is "
							  "rented",
					"%s has no PTR record; many receivers refuse "
					"such senders",
					number);
		if (!leads_back(name, &addresses[i]))
			return say(out, CHECK_WORRY,
					"give the name an A or AAAA record with that "
					"address, "
					"or set the PTR to a name that has one",
					"the PTR record of %s says %s, and that name "
					"does not "
					"lead back to it",
					number, name);
		if (!view_eq_nocase(view_z(name), view_z(facts->host_name)))
			return say(out, CHECK_WORRY,
					"make it the host's own name where the address "
					"is rented",
					"the PTR record of %s says %s, not %s", number,
					name, facts->host_name);
	}
	return say(out, CHECK_GOOD, NULL, "every public address has the PTR %s",
			facts->host_name);
}

static bool is_listed(const struct sockaddr_in *address, const char *list)
{
	struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM },
			*found;
	const unsigned char *ip = (const unsigned char *)&address->sin_addr;
	char name[128];
	uint32_t answer;

	snprintf(name, sizeof(name), "%u.%u.%u.%u.%s", ip[3], ip[2], ip[1], ip[0], list);
	if (getaddrinfo(name, NULL, &hints, &found))
		return false;
	answer = ntohl(((struct sockaddr_in *)(void *)found->ai_addr)->sin_addr.s_addr);
	freeaddrinfo(found);
	return answer >> 8 ==
	       0x7f0000; /* 127.0.0.x; 127.255.255.x refuses the question */
}

static enum check_verdict look_at_block_lists(
		const struct host_facts *facts, struct check_result *out)
{
	static const char *const lists[] = { "zen.spamhaus.org", "bl.spamcop.net" };
	struct sockaddr_storage addresses[MOST_ADDRESSES];
	size_t count = facts->offline ? 0 : public_addresses(addresses);

	if (facts->offline)
		return say_offline(out);
	if (count == 0)
		return say(out, CHECK_UNKNOWN, NULL,
				"this host has no public address of its own");
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < ARRAY_LEN(lists); k++)
			if (addresses[i].ss_family == AF_INET &&
					is_listed((const struct sockaddr_in *)&addresses
									[i],
							lists[k]))
				return say(out, CHECK_WORRY,
						"its web page says why and how to be "
						"taken off",
						"an address of this host is on the block "
						"list %s",
						lists[k]);
	return say(out, CHECK_GOOD, NULL,
			"on none of the %zu block lists that were asked",
			ARRAY_LEN(lists));
}

/* -- the machine -- */

static enum check_verdict look_at_clock(
		const struct host_facts *facts, struct check_result *out)
{
	struct timex clock = { 0 };
	int state = adjtimex(&clock);

	(void)facts;
	if (state < 0)
		return say(out, CHECK_UNKNOWN, NULL, "the kernel does not say");
	else if (state == TIME_ERROR || clock.status & STA_UNSYNC)
		return say(out, CHECK_WORRY, "install systemd-timesyncd or chrony",
				"the clock is not kept by a time server");
	else
		return say(out, CHECK_GOOD, NULL, "kept by a time server");
}

static enum check_verdict look_at_disk(
		const struct host_facts *facts, struct check_result *out)
{
	struct statvfs disk;
	uint64_t free_mib;

	if (statvfs(facts->data, &disk))
		return say(out, CHECK_UNKNOWN, NULL, "%s: %s", facts->data,
				strerror(errno));
	free_mib = (uint64_t)disk.f_bavail * disk.f_frsize / (1024 * 1024);
	if (free_mib < LEAST_FREE_MIB)
		return say(out, CHECK_WORRY,
				"mail is refused, not lost, when a disk is full; give it "
				"more",
				"%llu MiB are free at %s", (unsigned long long)free_mib,
				facts->data);
	if (disk.f_files && disk.f_favail < LEAST_FREE_INODES)
		return say(out, CHECK_WORRY,
				"every account is a few files; remove others, or give it "
				"another disk",
				"room for %llu more files at %s",
				(unsigned long long)disk.f_favail, facts->data);
	return say(out, CHECK_GOOD, NULL, "%llu GiB are free at %s",
			(unsigned long long)(free_mib / 1024), facts->data);
}

/* clang-format off */
const struct host_check host_checks[] = {
	{ "ports in",    look_at_ports },
	{ "port 25 out", look_at_way_out },
	{ "reverse DNS", look_at_reverse_dns },
	{ "block lists", look_at_block_lists },
	{ "clock",       look_at_clock },
	{ "disk",        look_at_disk },
};
/* clang-format on */
const size_t host_check_count = ARRAY_LEN(host_checks);

void host_checks_print_paste(const char *lines, int indent)
{
	struct view rest = view_z(lines);

	while (rest.len) {
		struct view line = view_cut(&rest, '\n');

		printf("%*s%.*s\n", indent, "", VIEW_ARG(line));
	}
}

size_t host_checks_print(const struct host_facts *facts)
{
	static const char *const marks[] = {
		[CHECK_GOOD] = "ok", [CHECK_WORRY] = "!!", [CHECK_UNKNOWN] = "??"
	};
	size_t worries = 0;

	for (size_t i = 0; i < host_check_count; i++) {
		struct check_result result = { "", "", NULL };

		enum check_verdict verdict = host_checks[i].look(facts, &result);

		printf("  %-2s  %-12s %s\n", marks[verdict], host_checks[i].name,
				result.saw);
		if (result.help[0])
			printf("      %-12s -> %s\n", "", result.help);
		if (result.paste)
			host_checks_print_paste(result.paste, 22);
		fflush(stdout);
		worries += verdict == CHECK_WORRY;
	}
	return worries;
}
