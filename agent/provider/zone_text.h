/* One RRset in the text of a zone file (RFC 1035, 5; `$TTL`, RFC 2308, 4), read and changed
 * with all that is other people's kept byte for byte: comments, order, indentation, relative
 * names. What is added stands at the end, whole in itself. Two things of others change, and no
 * more: the SOA's serial is raised, and a line that took its name from one that goes gets that
 * name written in front. Functions of their arguments. */
#ifndef AGENT_PROVIDER_ZONE_TEXT_H
#define AGENT_PROVIDER_ZONE_TEXT_H

#include "agent/provider/rrset.h"

enum zone_text_outcome {
	ZONE_TEXT_OK = 0,
	ZONE_TEXT_E_MALFORMED = 1, /* a line makes no sense */
	ZONE_TEXT_E_ELSEWHERE, /* $INCLUDE, $GENERATE: records that do not stand in the text */
	ZONE_TEXT_E_DIFFERS,  /* the set is not `before` */
	ZONE_TEXT_E_TOO_LONG, /* it does not fit into `out` */
};

/* *line_out is where it went wrong. The set lives in `arena`. */
MUST_USE int zone_text_read(struct view text, struct view zone, struct view name,
		struct view type, struct arena *arena, struct rrset *out,
		size_t *line_out);
MUST_USE int zone_text_change(struct view text, struct view zone,
		const struct rrset *before, const struct rrset *after, struct buf *out,
		size_t *line_out);

#endif
