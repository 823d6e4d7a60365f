#include "agent/provider/update.h"

#include "agent/provider/rrset_inside.h"
#include "runtime/base/error.h"

enum {
	CLASS_NONE = 254,
	CLASS_ANY = 255,
};

static void free_packet(ldns_pkt **packet)
{
	ldns_pkt_free(*packet);
}

/* One value; `class` says what is meant by it (RFC 2136, 2.4 and 2.5). */
static bool add_value(ldns_rr_list *list, const struct rrset *set, struct view value,
		unsigned class, uint32_t ttl)
{
	ldns_rr *rr;

	if (rrset_record(set->name, set->type, ttl, value, &rr))
		return false;
	ldns_rr_set_class(rr, (ldns_rr_class) class);
	return ldns_rr_list_push_rr(list, rr);
}

/* The set as such, without data. */
static bool add_set(ldns_rr_list *list, const struct rrset *set, unsigned class)
{
	ldns_rr *rr = ldns_rr_new();
	ldns_rdf *name = rrset_wire_name(set->name);

	if (!rr)
		die("out of memory");
	ldns_rr_set_owner(rr, name);
	ldns_rr_set_type(rr, rrset_type(set->type));
	ldns_rr_set_class(rr, (ldns_rr_class) class);
	ldns_rr_set_ttl(rr, 0);
	return ldns_rr_list_push_rr(list, rr) && name;
}

static bool add_prerequisites(ldns_rr_list *list, const struct rrset *before)
{
	bool fits = before->count || add_set(list, before, CLASS_NONE);

	for (size_t i = 0; i < before->count; i++)
		fits = fits &&
		       add_value(list, before, before->values[i], LDNS_RR_CLASS_IN, 0);
	return fits;
}

static bool add_changes(
		ldns_rr_list *list, const struct rrset *before, const struct rrset *after)
{
	bool anew = before->count && after->count && before->ttl != after->ttl;
	bool fits = !anew || add_set(list, before, CLASS_ANY);

	for (size_t i = 0; i < before->count && !anew; i++)
		if (!rrset_has(after, before->values[i]))
			fits = fits &&
			       add_value(list, before, before->values[i], CLASS_NONE, 0);
	for (size_t i = 0; i < after->count; i++)
		if (anew || !rrset_has(before, after->values[i]))
			fits = fits && add_value(list, after, after->values[i],
						       LDNS_RR_CLASS_IN, after->ttl);
	return fits;
}

bool update_write(struct view zone, uint16_t id, const struct rrset *before,
		const struct rrset *after, struct buf *out)
{
	ldns_rr_list *prerequisites = ldns_rr_list_new(), *changes = ldns_rr_list_new();
	ldns_rdf *name = rrset_wire_name(zone);
	CLEANUP(free_packet) ldns_pkt *packet = NULL;
	CLEANUP(freep) uint8_t *wire = NULL;
	bool fits = name && add_prerequisites(prerequisites, before) &&
		    add_changes(changes, before, after);
	size_t len;

	if (fits) /* takes the name, and copies the lists */
		packet = ldns_update_pkt_new(
				name, LDNS_RR_CLASS_IN, prerequisites, changes, NULL);
	else
		rrset_free_name(&name);
	ldns_rr_list_deep_free(prerequisites);
	ldns_rr_list_deep_free(changes);
	if (!packet)
		return false;
	ldns_pkt_set_id(packet, id);
	if (ldns_pkt2wire(&wire, packet, &len) != LDNS_STATUS_OK)
		return false;
	buf_add(out, view_of(wire, len));
	return !buf_failed(out);
}
