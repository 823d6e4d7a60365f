/* What stands in for the DNS: a text of lines `name TYPE data`, later ones after earlier
 * ones.
 *
 *   example.com TXT v=spf1 mx -all      the rest of the line; longer than 255: in pieces
 *   example.com MX 10 mail.example.com
 *   mail.example.com A 192.0.2.1        AAAA, PTR
 *   slow.example.com TIMEOUT            any question for it fails; BOGUS, likewise
 *   slow.example.com TIMEOUT A          a question for that type does
 *   a\sb.example.com A 192.0.2.1        a blank in a name
 *
 * A name with other types only has no data; one without a line does not exist. */
#ifndef TESTS_LIB_ZONE_H
#define TESTS_LIB_ZONE_H

#include "runtime/dns/lookup.h"

/* Adds a name in wire form; "" is the root. */
void zone_add_name(struct buf *out, struct view name);
/* Adds a TXT record's RDATA. */
void zone_add_text(struct buf *out, struct view text);
/* Fills in the answer. */
void zone_answer(struct view zone, struct dns_lookup *lookup);
/* Answers with one text; where it is empty, that there is none. For fuzz targets. */
void zone_answer_text(struct view text, struct dns_lookup *lookup);

#endif
