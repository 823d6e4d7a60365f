/* What the DNS answers: records in a neutral form (RFC 1035, 3.3; AAAA RFC 3596), whoever
 * asked and however they came. The resolver fills an answer, an engine reads it; neither
 * sees a packet.
 *
 * What the answer says is counted against LIMIT_DNS_RECORDS and LIMIT_DNS_OCTETS. */
#ifndef DNS_RECORD_H
#define DNS_RECORD_H

#include "runtime/base/arena.h"

/* With their numbers on the wire. */
enum dns_type {
	DNS_A = 1,
	DNS_PTR = 12,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_TLSA = 52,
};

enum dns_status {
	DNS_FAILED,   /* for now: SERVFAIL, a timeout, no network, a malformed answer */
	DNS_BOGUS,    /* the signatures (DNSSEC) do not hold: to be believed as little */
	DNS_ANSWERED, /* records, perhaps none that could be used */
	DNS_NODATA,   /* the name is there, without such records */
	DNS_NXDOMAIN, /* no such name */
};

struct dns_record {
	struct view text;    /* TXT: its strings joined; TLSA: its data; any octets */
	struct view name;    /* MX, PTR: as dns_name_read() makes it; empty: the root */
	unsigned preference; /* MX */
	unsigned char address[16];               /* A: the first four; AAAA */
	unsigned char usage, selector, matching; /* TLSA (RFC 6698, 2.1) */
};

struct dns_answer {
	enum dns_status status;
	bool secure;  /* validated by DNSSEC, the absence of records too */
	uint32_t ttl; /* seconds */
	struct dns_record *records;
	size_t count;
	size_t capacity, octets;
	struct arena *arena; /* where names and texts live */
};

/* Empty, and DNS_FAILED: an answer that nobody gave. */
void dns_answer_init(struct dns_answer *answer);
/* Harmless twice. */
void dns_answer_deinit(struct dns_answer *answer);

/* What came, before its records. */
void dns_answer_set(struct dns_answer *answer, enum dns_status status, bool secure,
		uint32_t ttl);
/* Adds a record from its RDATA, names in it not compressed, to an answer that is
 * DNS_ANSWERED. One whose name has octets that dns_name_read() does not take is left out.
 * Malformed RDATA, and more than the limits, make the whole answer DNS_FAILED: half of an
 * answer is not to be decided on. */
void dns_answer_add(struct dns_answer *answer, enum dns_type type, struct view rdata);

static inline bool dns_answer_failed(const struct dns_answer *answer)
{
	return answer->status == DNS_FAILED || answer->status == DNS_BOGUS;
}

/* It came, and there is nothing in it (RFC 7208, 4.6.4: a void lookup). */
static inline bool dns_answer_void(const struct dns_answer *answer)
{
	return !dns_answer_failed(answer) && answer->count == 0;
}

/* Reads a name in wire form, labels with their lengths, to the text form: labels parted by
 * dots, lower case, no final dot; the root is empty. False: it does not fill `wire`, it is
 * longer than NAME_MAX, or a label has a dot, a backslash or what is no printable ASCII. */
MUST_USE bool dns_name_read(struct arena *arena, struct view wire, struct view *out);
/* True for what can be asked for: 1 to NAME_MAX octets, labels of 1 to 63 of the octets
 * that dns_name_read() takes, no final dot. Far more than host names: SPF asks for
 * `exists:%{l}.example.org`, and everybody for `_dmarc`. */
bool dns_name_fits(struct view name);

#endif
