#include "agent/provider/rrset_inside.h"

#include "runtime/base/limit.h"
#include "runtime/dns/record.h"

#include <inttypes.h>

const char *rrset_outcome_text(enum rrset_outcome outcome)
{
	static const char *const texts[] = {
		[RRSET_OK] = "fine",
		[RRSET_E_NAME] = "no name of a record",
		[RRSET_E_TYPE] = "no type that a zone has",
		[RRSET_E_VALUE] = "no value of its type",
		[RRSET_E_TOO_MANY] = "more than a name may have",
	};

	return texts[outcome];
}

/* -- one value -- */

/* What ldns would read otherwise than it is meant: outside of quotes a comment, a group, an
 * octet that is not printable; a quote or an escape without its end; lines; and octets in
 * place of the type's own form (RFC 3597, 5), whose end it does not look at. */
static bool is_plain(struct view value)
{
	bool quoted = false;

	for (size_t i = 0; i < value.len; i++) {
		char c = value.data[i];

		if (c == '\n' || c == '\r' || c == '\0')
			return false;
		if (c == '\\' && ++i == value.len)
			return false;
		if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c < ' ' || c > '~' || memchr(";()", c, 3)) &&
				c != '\t')
			return false;
	}
	return !quoted && value.len && view_trim(value).len == value.len &&
	       !view_starts(value, VIEW("\\#"));
}

/* Meta types (RFC 6895, 3.1) and what ldns has no name for are none of a zone. */
ldns_rr_type rrset_type(struct view type)
{
	char name[16] = "";
	ldns_rr_type number;

	if (type.len == 0 || type.len >= sizeof(name))
		return 0;
	memcpy(name, type.data, type.len);
	number = ldns_get_rr_type_by_name(name);
	if (number == LDNS_RR_TYPE_OPT ||
			(number >= LDNS_RR_TYPE_TKEY && number <= LDNS_RR_TYPE_ANY))
		return 0;
	return number;
}

void rrset_free_rr(ldns_rr **rr)
{
	ldns_rr_free(*rr);
}

void rrset_free_name(ldns_rdf **name)
{
	ldns_rdf_deep_free(*name);
}

static void free_buffer(ldns_buffer **buffer)
{
	ldns_buffer_free(*buffer);
}

/* A name in it ended below the origin: it was a relative one. */
static bool is_absolute(const ldns_rr *rr, const ldns_rdf *origin)
{
	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *rdf = ldns_rr_rdf(rr, i);

		if (ldns_rdf_get_type(rdf) == LDNS_RDF_TYPE_DNAME &&
				(ldns_dname_is_subdomain(rdf, origin) ||
						ldns_dname_compare(rdf, origin) == 0))
			return false;
	}
	return true;
}

static uint32_t number_of(const ldns_rdf *rdf)
{
	switch (ldns_rdf_get_type(rdf)) {
	case LDNS_RDF_TYPE_INT8:
		return ldns_rdf2native_int8(rdf);
	case LDNS_RDF_TYPE_INT16:
		return ldns_rdf2native_int16(rdf);
	default:
		return ldns_rdf2native_int32(rdf);
	}
}

static bool is_number(const ldns_rdf *rdf)
{
	ldns_rdf_type type = ldns_rdf_get_type(rdf);

	return type == LDNS_RDF_TYPE_INT8 || type == LDNS_RDF_TYPE_INT16 ||
	       type == LDNS_RDF_TYPE_INT32;
}

/* The numbers in front are those that were written: ldns takes 70000 for 4464. */
static bool numbers_fit(const ldns_rr *rr, struct view value)
{
	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *rdf = ldns_rr_rdf(rr, i);
		struct view rest = view_trim(value);
		size_t len = 0;
		uint64_t number;

		if (!is_number(rdf))
			break;
		while (len < rest.len && rest.data[len] != ' ' && rest.data[len] != '\t')
			len++;
		if (!view_to_u64(view_sub(rest, 0, len), &number) ||
				number != number_of(rdf))
			return false;
		value = view_from(rest, len);
	}
	return true;
}

bool rrset_print(struct arena *arena, const ldns_rr *rr, struct view *out)
{
	CLEANUP(free_buffer)
	ldns_buffer *text = ldns_buffer_new(LDNS_MIN_BUFLEN);
	size_t count = ldns_rr_rd_count(rr);

	for (size_t i = 0; i < count; i++) {
		if (i)
			ldns_buffer_write_u8(text, ' ');
		if (ldns_rdf2buffer_str(text, ldns_rr_rdf(rr, i)) != LDNS_STATUS_OK ||
				!ldns_buffer_reserve(text, 2))
			return false;
	}
	*out = arena_copy(arena,
			view_of(ldns_buffer_begin(text), ldns_buffer_position(text)));
	return count > 0;
}

int rrset_record(struct view name, struct view type, uint32_t ttl, struct view value,
		ldns_rr **out)
{
	CLEANUP(rrset_free_rr) ldns_rr *rr = NULL;
	CLEANUP(rrset_free_name)
	ldns_rdf *origin = ldns_dname_new_frm_str("relative.posthus.invalid.");
	CLEANUP(buf_free) struct buf line = BUF_NULL(limit_value(LIMIT_DNS_OCTETS) + 512);
	ldns_rr_type number = rrset_type(type);

	if (!number)
		return RRSET_E_TYPE;
	if (!is_plain(value))
		return RRSET_E_VALUE;
	buf_addf(&line, "%.*s. %" PRIu32 " IN %.*s %.*s", VIEW_ARG(name), ttl,
			VIEW_ARG(type), VIEW_ARG(value));
	buf_add_byte(&line, '\0');
	if (buf_failed(&line))
		return RRSET_E_TOO_MANY;
	if (ldns_rr_new_frm_str(&rr, line.data, 0, origin, NULL) != LDNS_STATUS_OK ||
			ldns_rr_get_type(rr) != number || !is_absolute(rr, origin) ||
			!numbers_fit(rr, value))
		return RRSET_E_VALUE;
	*out = TAKE(rr);
	return RRSET_OK;
}

int rrset_value(struct arena *arena, struct view type, struct view value,
		struct view *out)
{
	CLEANUP(rrset_free_rr) ldns_rr *rr = NULL;
	int r = rrset_record(VIEW_NULL, type, 0, value, &rr);

	if (r)
		return r;
	return rrset_print(arena, rr, out) ? RRSET_OK : RRSET_E_VALUE;
}

/* -- two values -- */

/* Walks the octets of a TXT value: digits behind a backslash are one, blanks and quotes
 * between strings none. -1: it is at its end. */
static int next_octet(struct view value, size_t *at, bool *quoted)
{
	while (*at < value.len) {
		char c = value.data[(*at)++];
		uint64_t octet;

		if (c == '"') {
			*quoted = !*quoted;
			continue;
		}
		if (!*quoted)
			continue;
		if (c != '\\' || *at == value.len)
			return (unsigned char)c;
		if (view_to_u64(view_sub(value, *at, 3), &octet)) {
			*at += 3;
			return (int)(octet & 0xff);
		}
		return (unsigned char)value.data[(*at)++];
	}
	return -1;
}

void rrset_text(struct view value, struct buf *out)
{
	bool quoted = false;
	size_t at = 0;
	int octet;

	while ((octet = next_octet(value, &at, &quoted)) >= 0)
		buf_add_byte(out, (char)octet);
}

static bool text_eq(struct view left, struct view right)
{
	bool left_quoted = false, right_quoted = false;
	size_t i = 0, j = 0;
	int octet;

	do {
		octet = next_octet(left, &i, &left_quoted);
		if (octet != next_octet(right, &j, &right_quoted))
			return false;
	} while (octet >= 0);
	return true;
}

bool rrset_value_eq(struct view type, struct view left, struct view right)
{
	/* clang-format off */
	static const char *const of_names[] = { "MX", "NS", "CNAME", "DNAME", "PTR", "SRV" };
	/* clang-format on */

	if (view_eq(type, VIEW("TXT")))
		return text_eq(left, right);
	for (size_t i = 0; i < ARRAY_LEN(of_names); i++)
		if (view_eq(type, view_z(of_names[i])))
			return view_eq_nocase(left, right);
	return view_eq(left, right);
}

/* -- sets -- */

/* Adds it in its place, unless there is one like it. There is room. */
static void add(struct rrset *set, struct view value)
{
	size_t at = set->count;

	if (rrset_has(set, value))
		return;
	for (; at && view_compare(set->values[at - 1], value) > 0; at--)
		set->values[at] = set->values[at - 1];
	set->values[at] = value;
	set->count++;
}

ldns_rdf *rrset_wire_name(struct view name)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(LDNS_MAX_DOMAINLEN + 2);

	buf_add(&text, name);
	buf_add(&text, view_of(".", 2));
	return buf_failed(&text) ? NULL : ldns_dname_new_frm_str(text.data);
}

static bool name_fits(struct arena *arena, struct view name, struct view *out)
{
	char *lower;

	if (view_ends(name, VIEW(".")))
		name.len--;
	if (!dns_name_fits(name))
		return false;
	lower = arena_copy_z(arena, name);
	for (size_t i = 0; i < name.len; i++) {
		if (lower[i] == ' ' || lower[i] == '"' || lower[i] == ';')
			return false;
		lower[i] = byte_lower(lower[i]);
	}
	*out = view_of(lower, name.len);
	return true;
}

int rrset_make(struct arena *arena, struct view name, struct view type, uint32_t ttl,
		const struct view *values, size_t count, struct rrset *out)
{
	struct rrset set = { .ttl = ttl, .type = arena_copy(arena, type) };
	size_t octets = 0;

	if (!name_fits(arena, name, &set.name))
		return RRSET_E_NAME;
	if (!rrset_type(type))
		return RRSET_E_TYPE;
	if (count > limit_value(LIMIT_DNS_RECORDS))
		return RRSET_E_TOO_MANY;
	set.values = arena_array(arena, count, sizeof(*set.values));
	for (size_t i = 0; i < count; i++) {
		struct view value;
		int r = rrset_value(arena, type, values[i], &value);

		if (r)
			return r;
		octets += value.len;
		if (octets > limit_value(LIMIT_DNS_OCTETS))
			return RRSET_E_TOO_MANY;
		add(&set, value);
	}
	*out = set;
	return RRSET_OK;
}

bool rrset_has(const struct rrset *set, struct view value)
{
	for (size_t i = 0; i < set->count; i++)
		if (rrset_value_eq(set->type, set->values[i], value))
			return true;
	return false;
}

static bool has_all(const struct rrset *set, const struct rrset *of)
{
	for (size_t i = 0; i < of->count; i++)
		if (!rrset_has(set, of->values[i]))
			return false;
	return true;
}

bool rrset_eq(const struct rrset *left, const struct rrset *right)
{
	return view_eq(left->name, right->name) && view_eq(left->type, right->type) &&
	       has_all(left, right) && has_all(right, left);
}

struct rrset rrset_with(
		struct arena *arena, const struct rrset *set, const struct rrset *more)
{
	struct rrset with = *set;

	with.ttl = set->count ? set->ttl : more->ttl;
	with.values = arena_array(arena, set->count + more->count, sizeof(*with.values));
	if (set->count)
		memcpy(with.values, set->values, set->count * sizeof(*with.values));
	for (size_t i = 0; i < more->count; i++)
		add(&with, more->values[i]);
	return with;
}

struct rrset rrset_without(
		struct arena *arena, const struct rrset *set, const struct rrset *less)
{
	struct rrset without = *set;

	without.count = 0;
	without.values = arena_array(arena, set->count, sizeof(*without.values));
	for (size_t i = 0; i < set->count; i++)
		if (!rrset_has(less, set->values[i]))
			without.values[without.count++] = set->values[i];
	return without;
}
