/* DNS messages (RFC 1035, 4): a question as it is sent, and what came back taken apart. */
#ifndef AGENT_PROVIDER_PACKET_H
#define AGENT_PROVIDER_PACKET_H

#include "agent/provider/rrset.h"

struct ldns_struct_pkt;

struct question {
	struct view name; /* without a final dot; empty: the root */
	struct view type;
	uint16_t id;
	bool recursive; /* the server shall find out, not only say what it holds */
};

/* False where its name or type is none. */
MUST_USE bool question_write(const struct question *question, struct buf *out);

enum reply_outcome {
	REPLY_OK = 0,
	REPLY_E_MALFORMED = 1,
	REPLY_E_OTHER, /* it answers another question */
};

enum reply_section {
	REPLY_ANSWER,
	REPLY_AUTHORITY,
	REPLY_ADDITIONAL,
};

/* The codes that matter to who asks (RFC 6895, 2.3). */
enum reply_code {
	REPLY_NOERROR = 0,
	REPLY_SERVFAIL = 2,
	REPLY_NXDOMAIN = 3,
	REPLY_REFUSED = 5,
	REPLY_NOTAUTH = 9,
};

struct reply {
	struct ldns_struct_pkt *packet;
	unsigned code;
	bool authoritative;
	bool recursive; /* it can find out what others hold */
};

MUST_USE int reply_read(
		struct view wire, const struct question *asked, struct reply *out);
void reply_deinit(struct reply *reply);

/* What a section says of a name and type; count 0: nothing. RRSET_E_… where a value of it
 * has no form that could be kept. */
MUST_USE int reply_set(const struct reply *reply, enum reply_section section,
		struct arena *arena, struct view name, struct view type,
		struct rrset *out);
/* What a server itself says of a zone. */
enum reply_says {
	REPLY_HOLDS,     /* it has the zone, and this is the set, which may be empty */
	REPLY_ELSEWHERE, /* it does not have the zone */
	REPLY_FAILS,     /* it has it and cannot say: SERVFAIL and the like */
	REPLY_UNUSABLE,  /* nothing that could be kept */
};

/* A set is there with authority alone. That there is nothing is said of a zone: of this one,
 * or of one below it that the server has, too; a server that lost the zone and has the
 * parent's answers from that. A name that stands for another has no other sets. */
MUST_USE enum reply_says reply_judge(const struct reply *reply,
		const struct question *question, struct view zone, struct arena *arena,
		struct rrset *out);

/* The zone whose SOA stands in the authority section, as in an answer that there is nothing
 * (RFC 2308, 3); lower case, without final dot. False where none stands there. */
MUST_USE bool reply_zone(
		const struct reply *reply, struct arena *arena, struct view *out);

#endif
