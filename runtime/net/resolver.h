/* The resolver: questions to the DNS, answered in the neutral form of dns/record.h and
 * validated by DNSSEC in this process (libunbound), so that `secure` depends on nobody's
 * word.
 *
 * It has a loop of its own and a thread of libunbound's beside it: both are made by
 * resolver_new(), so within the sandbox where that was entered before. What it needs there:
 * IP sockets, and to read the file of trust anchors, at resolver_new() and not later.
 * /etc/hosts and /etc/resolv.conf are never read. The names that RFC 6761 and RFC 6303 keep
 * at home (localhost, test, invalid, the reverse of private addresses) are answered here.
 *
 * What cannot be known is DNS_FAILED or DNS_BOGUS, never an empty answer. (An address that
 * has not its length is left out by later versions of libunbound before we see it.) */
#ifndef NET_RESOLVER_H
#define NET_RESOLVER_H

#include "runtime/dns/lookup.h"
#include "runtime/net/loop.h"

struct resolver;

/* Debian's dns-root-data. */
#define RESOLVER_ANCHORS "/usr/share/dns/root.key"

/* Where a zone is asked for, in place of the way from the root. */
struct resolver_stub {
	const char *zone;    /* "example.org" */
	const char *address; /* "127.0.0.1", "127.0.0.1@5353" */
};

struct resolver_options {
	/* A file of DNSKEY or DS records, one a line; NULL: RESOLVER_ANCHORS. */
	const char *anchors;
	/* Who is asked, by addresses as above; none: the way from the root is gone. */
	const char *const *forwarders;
	size_t forwarder_count;
	const struct resolver_stub *stubs;
	size_t stub_count;
	size_t cache;     /* bytes, about; 0: 32 MiB */
	bool on_loopback; /* name servers on 127.0.0.0/8 may be asked */
};

enum resolver_outcome {
	RESOLVER_OK = 0,
	RESOLVER_E_ANCHORS = 1, /* the file has no trust anchor that reads */
	RESOLVER_E_ADDRESS,     /* a forwarder or a stub is no address */
};

/* -ENOENT where the anchors' file is absent (install dns-root-data), or another errno. */
MUST_USE int resolver_new(const struct resolver_options *options, struct resolver **out);
/* What is asked is answered by DNS_FAILED: what is under way before it returns, what comes
 * later soon. Not from its loop. NULL is fine. */
void resolver_stop(struct resolver *resolver);
/* Stops it; nothing may be asked any more. Not from its loop. NULL is fine. */
void resolver_free(struct resolver *resolver);

enum {
	RESOLVER_SECONDS = 30, /* for an answer, where no time is said */
	RESOLVER_REASON = 128
};

/* One question on its way, embedded in what asks, as a job is. */
struct resolver_question {
	struct dns_lookup *lookup; /* the asker's; its answer is filled in */
	nstime time_limit;         /* 0: RESOLVER_SECONDS */
	/* On the resolver's loop, where nothing may block; the question is the asker's
	 * again. Once for each question, always later than its asking. */
	void (*answered)(struct resolver_question *question);
	char reason[RESOLVER_REASON]; /* why it is DNS_FAILED or DNS_BOGUS, for the log */

	/* the resolver's: */
	struct job job;
	struct resolver *resolver;
	uint64_t number;
	int id;
	struct timer timer;
};

/* From any thread. Returns its number. Beyond LIMIT_DNS_QUESTIONS under way it is answered
 * by DNS_FAILED. */
uint64_t resolver_ask(struct resolver *resolver, struct resolver_question *question);
/* From any thread: it is answered soon, by DNS_FAILED where there is no answer yet. One that
 * was answered is not looked at, and may be gone. */
void resolver_cancel(struct resolver *resolver, uint64_t number);

#endif
