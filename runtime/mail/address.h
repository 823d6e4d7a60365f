/* One address: as SMTP writes it in a path (RFC 5321, 4.1.2), and the form in which two
 * of them are compared. Lists in header fields are in address_list.h. */
#ifndef MAIL_ADDRESS_H
#define MAIL_ADDRESS_H

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"

enum address_outcome {
	ADDRESS_OK = 0,
	ADDRESS_E_SYNTAX = 1, /* not a path: brackets, quotes, a byte that may not be
				 there */
	ADDRESS_E_LOCAL,      /* no local part, or a malformed one */
	ADDRESS_E_DOMAIN,     /* no domain, a malformed one, or more than 255 octets */
	ADDRESS_E_ROUTE,      /* a source route (RFC 5321, 4.1.1.3): never followed */
	ADDRESS_E_TOO_LONG,   /* the path is longer than LIMIT_SMTP_PATH */
};

/* An address that parsed. `local` has no quotes and no quoted pairs any more and may hold
 * any printable octet and UTF-8; `domain` is a host name, U-labels made A-labels, or a
 * literal with its brackets. */
struct address {
	struct view local;
	struct view domain; /* empty: the null path (local empty too), or <Postmaster> */
	struct view raw;    /* as it was written, without angle brackets */
	bool wide; /* UTF-8 was written: for those who asked for SMTPUTF8 (RFC 6531) */
};

enum path_kind {
	PATH_REVERSE, /* MAIL FROM: may be <> */
	PATH_FORWARD, /* RCPT TO: may be <Postmaster> in any case, with no domain */
};

/* Reads a path with its angle brackets from the start of `text`; *rest_out is what
 * follows the '>' (parameters, with their leading blank). All of atext is accepted,
 * and UTF-8 (RFC 6531, 3.3); controls, source routes, `""` and general address literals
 * are not. A local
 * part may be longer than 64 octets, since foreign bounce addresses are: see
 * address_local_fits(). What is made lives in the arena. */
MUST_USE int address_parse_path(struct arena *arena, struct view text,
		enum path_kind kind, struct address *out, struct view *rest_out);
/* The same for an address without brackets that fills `text`: local@domain. */
MUST_USE int address_parse(struct arena *arena, struct view text, struct address *out);

/* True where the local part keeps to LIMIT_SMTP_LOCAL_PART: asked of recipients in our
 * own domains. */
bool address_local_fits(const struct address *address);

/* The form for comparison, local@domain: local part in lower case (as Unicode has it) and
 * NFC without quotes, domain in lower case with A-labels (runtime/dns/name.h). False where
 * the domain is no host name and no literal, or the local part no UTF-8. */
MUST_USE bool address_normalise(struct arena *arena, struct view local,
		struct view domain, struct view *out);

/* The first half of that: a local part in lower case and NFC (RFC 6532, 3.1). False where
 * it is no UTF-8. */
MUST_USE bool address_lower_local(
		struct arena *arena, struct view local, struct view *out);

/* Splits at the last '@': the domain of a normalised address. False without one. */
MUST_USE bool address_split(
		struct view address, struct view *local_out, struct view *domain_out);

/* Splits a local part at the first `separator` that is not its first octet ("alice+list"
 * → "alice", "list"). False, and nothing written, where there is none or separator is
 * '\0'. */
MUST_USE bool address_split_detail(struct view local, char separator,
		struct view *base_out, struct view *detail_out);

/* Writes local@domain, the local part quoted where RFC 5321, 4.1.2 asks for it. */
void address_print(struct buf *out, struct view local, struct view domain);

#endif
