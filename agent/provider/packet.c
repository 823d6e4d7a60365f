#include "agent/provider/packet.h"

#include "agent/provider/rrset_inside.h"
#include "runtime/base/error.h"
#include "runtime/base/limit.h"

enum {
	UDP_SIZE = 1232, /* without fragments on any way (RFC 9715) */
};

static void free_packet(ldns_pkt **packet)
{
	ldns_pkt_free(*packet);
}

/* -- questions -- */

bool question_write(const struct question *question, struct buf *out)
{
	ldns_rr_type type = rrset_type(question->type);
	ldns_rdf *name = rrset_wire_name(question->name);
	CLEANUP(free_packet) ldns_pkt *packet = NULL;
	CLEANUP(freep) uint8_t *wire = NULL;
	size_t len;

	if (!name || !type) {
		rrset_free_name(&name);
		return false;
	}
	packet = ldns_pkt_query_new(
			name, type, LDNS_RR_CLASS_IN, question->recursive ? LDNS_RD : 0);
	if (!packet)
		die("out of memory");
	ldns_pkt_set_id(packet, question->id);
	ldns_pkt_set_edns_udp_size(packet, UDP_SIZE);
	if (ldns_pkt2wire(&wire, packet, &len) != LDNS_STATUS_OK)
		return false;
	buf_add(out, view_of(wire, len));
	return !buf_failed(out);
}

/* -- replies -- */

/* One that says that it could not read the question need not repeat it. */
static bool answers(const ldns_pkt *packet, const struct question *asked)
{
	const ldns_rr_list *questions = ldns_pkt_question(packet);
	CLEANUP(rrset_free_name) ldns_rdf *name = rrset_wire_name(asked->name);
	const ldns_rr *one;

	if (!ldns_pkt_qr(packet) || ldns_pkt_id(packet) != asked->id || !name)
		return false;
	if (ldns_rr_list_rr_count(questions) == 0)
		return ldns_pkt_get_rcode(packet) != LDNS_RCODE_NOERROR;
	one = ldns_rr_list_rr(questions, 0);
	return ldns_rr_list_rr_count(questions) == 1 &&
	       ldns_rr_get_type(one) == rrset_type(asked->type) &&
	       ldns_dname_compare(ldns_rr_owner(one), name) == 0;
}

int reply_read(struct view wire, const struct question *asked, struct reply *out)
{
	CLEANUP(free_packet) ldns_pkt *packet = NULL;

	if (wire.len < LDNS_HEADER_SIZE ||
			ldns_wire2pkt(&packet, (const uint8_t *)wire.data, wire.len) !=
					LDNS_STATUS_OK)
		return REPLY_E_MALFORMED;
	if (!answers(packet, asked))
		return REPLY_E_OTHER;
	out->code = ldns_pkt_get_rcode(packet);
	out->authoritative = ldns_pkt_aa(packet);
	out->recursive = ldns_pkt_ra(packet);
	out->packet = TAKE(packet);
	return REPLY_OK;
}

void reply_deinit(struct reply *reply)
{
	ldns_pkt_free(reply->packet);
	reply->packet = NULL;
}

static const ldns_rr_list *list_of(const struct reply *reply, enum reply_section section)
{
	switch (section) {
	case REPLY_ANSWER:
		return ldns_pkt_answer(reply->packet);
	case REPLY_AUTHORITY:
		return ldns_pkt_authority(reply->packet);
	default:
		return ldns_pkt_additional(reply->packet);
	}
}

int reply_set(const struct reply *reply, enum reply_section section, struct arena *arena,
		struct view name, struct view type, struct rrset *out)
{
	const ldns_rr_list *list = list_of(reply, section);
	CLEANUP(rrset_free_name) ldns_rdf *owner = rrset_wire_name(name);
	size_t most = ldns_rr_list_rr_count(list), count = 0;
	struct view *values = arena_array(arena, most, sizeof(*values));
	uint32_t ttl = UINT32_MAX;

	if (!owner)
		return RRSET_E_NAME;
	for (size_t i = 0; i < most; i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);

		if (ldns_rr_get_type(rr) != rrset_type(type) ||
				ldns_rr_get_class(rr) != LDNS_RR_CLASS_IN ||
				ldns_dname_compare(ldns_rr_owner(rr), owner) != 0)
			continue;
		if (!rrset_print(arena, rr, &values[count++]))
			return RRSET_E_VALUE;
		if (ldns_rr_ttl(rr) < ttl)
			ttl = ldns_rr_ttl(rr);
	}
	return rrset_make(arena, name, type, count ? ttl : 0, values, count, out);
}

bool reply_zone(const struct reply *reply, struct arena *arena, struct view *out)
{
	const ldns_rr_list *list = list_of(reply, REPLY_AUTHORITY);

	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);
		CLEANUP(freep) char *name = NULL;
		size_t len;

		if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_SOA)
			continue;
		name = ldns_rdf2str(ldns_rr_owner(rr));
		if (!name)
			die("out of memory");
		len = strlen(name);
		for (size_t k = 0; k < len; k++)
			name[k] = byte_lower(name[k]);
		*out = arena_copy(arena, view_of(name, len ? len - 1 : 0));
		return true;
	}
	return false;
}

static bool is_below(struct view name, struct view above)
{
	return view_eq(name, above) ||
	       (name.len > above.len && view_ends(name, above) &&
			       name.data[name.len - above.len - 1] == '.');
}

static bool is_alias(const struct reply *reply, const struct question *question,
		struct arena *arena)
{
	struct rrset alias;

	return !reply_set(reply, REPLY_ANSWER, arena, question->name, VIEW("CNAME"),
			       &alias) &&
	       alias.count;
}

enum reply_says reply_judge(const struct reply *reply, const struct question *question,
		struct view zone, struct arena *arena, struct rrset *out)
{
	struct view of;

	if (reply->code == REPLY_REFUSED || reply->code == REPLY_NOTAUTH)
		return REPLY_ELSEWHERE;
	if (reply->code != REPLY_NOERROR && reply->code != REPLY_NXDOMAIN)
		return REPLY_FAILS;
	if (!reply->authoritative)
		return REPLY_ELSEWHERE;
	if (reply_set(reply, REPLY_ANSWER, arena, question->name, question->type, out))
		return REPLY_UNUSABLE;
	if (out->count || is_alias(reply, question, arena))
		return REPLY_HOLDS;
	if (!reply_zone(reply, arena, &of))
		return REPLY_UNUSABLE;
	return is_below(of, zone) ? REPLY_HOLDS : REPLY_ELSEWHERE;
}
