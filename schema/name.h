/* Names of things: checked and brought into the one form that is compared, hashed and
 * handed on. Each returns 0 or NAME_E_BAD with a text that says why, for people. */
#ifndef SCHEMA_NAME_H
#define SCHEMA_NAME_H

#include "runtime/base/arena.h"
#include "schema/desired.h"

enum {
	NAME_OK = 0,
	NAME_E_BAD = 1
};

/* A domain name of at least two labels: lower case, A-labels (IDNA 2008). */
MUST_USE int domain_check(struct arena *arena, struct view text, struct view *out,
		const char **why_out);
/* local@domain: a dot-atom in lower case, UTF-8 allowed (RFC 6531), no quoting. */
MUST_USE int address_check(struct arena *arena, struct view text, struct view *out,
		const char **why_out);
/* [a-z0-9][a-z0-9-]{0,62} */
MUST_USE int id_check(struct view text, const char **why_out);
/* The name of an object: like an id, with `.` and `_` besides. */
MUST_USE int name_check(struct view text, const char **why_out);
MUST_USE int ip_normalise(struct arena *arena, struct view text, struct view *out,
		const char **why_out);
/* An IP address, or a network as ADDRESS/BITS whose host bits are zero. */
MUST_USE int network_normalise(struct arena *arena, struct view text, struct view *out,
		const char **why_out);
/* The network that ADDRESS/BITS lies in; empty where it is none. */
struct view network_holding(struct arena *arena, struct view text);
/* PORT, ADDRESS:PORT, [IPV6]:PORT or `off`. */
MUST_USE int endpoint_parse(struct arena *arena, struct view text,
		struct desired_listen *out, const char **why_out);
struct view endpoint_print(struct arena *arena, const struct desired_listen *endpoint);
MUST_USE int url_check(struct view text, const char **why_out);
/* Absolute, without `.`, `..` and empty parts. */
MUST_USE int path_check(struct view text, const char **why_out);
/* The same, or relative: meant from the file that says it. */
MUST_USE int near_path_check(struct view text, const char **why_out);
/* The same, relative: a file of the state. */
MUST_USE int file_check(struct view text, const char **why_out);
/* /…/ */
MUST_USE int pattern_check(struct view text, const char **why_out);
/* A public key of age: age1…, with its checksum (BIP 173). */
MUST_USE int recipient_check(struct view text, const char **why_out);
/* A password hash whose form and cost this program accepts. */
MUST_USE int hash_check(
		struct view text, enum password_scheme *out, const char **why_out);
/* `admin`, `auditor`, `planner`, or `domain-admin:DOMAIN` with *domain_out set. */
MUST_USE int role_parse(struct arena *arena, struct view text, enum desired_role *out,
		struct view *domain_out, const char **why_out);
/* One line of text for people: valid UTF-8 without control characters; with `lines`, line
 * feeds and tabs too. */
MUST_USE int text_check(struct view text, bool lines, const char **why_out);

#endif
