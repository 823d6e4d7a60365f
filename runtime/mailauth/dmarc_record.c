#include "runtime/mailauth/dmarc_record.h"

enum {
	INTERVAL = 86400 /* seconds between reports, where the domain does not say (6.3) */
};

static const char *const policy_names[] = { "none", "quarantine", "reject" };

const char *dmarc_policy_name(enum dmarc_policy policy)
{
	return policy_names[policy];
}

/* Takes the next tag off *rest. False where it is none; *rest has gone on. */
static bool next_tag(struct view *rest, struct view *name, struct view *value)
{
	struct view tag = view_cut(rest, ';');

	*name = view_trim(view_cut(&tag, '='));
	*value = view_trim(tag);
	return tag.data != NULL;
}

bool dmarc_record_is(struct view text)
{
	struct view name, value;

	return next_tag(&text, &name, &value) && view_eq(name, VIEW("v")) &&
	       view_eq(value, VIEW("DMARC1"));
}

/* -- values -- */

static bool read_policy(struct view value, enum dmarc_policy *out)
{
	for (size_t i = 0; i < ARRAY_LEN(policy_names); i++) {
		if (!view_eq_nocase(value, view_z(policy_names[i])))
			continue;
		*out = (enum dmarc_policy)i;
		return true;
	}
	return false;
}

static void read_alignment(struct view value, bool *strict)
{
	if (view_eq_nocase(value, VIEW("s")) || view_eq_nocase(value, VIEW("r")))
		*strict = byte_lower(value.data[0]) == 's';
}

static void read_percent(struct view value, unsigned *out)
{
	uint64_t number;

	if (view_to_u64(value, &number) && number <= 100)
		*out = (unsigned)number;
}

static void read_interval(struct view value, uint64_t *out)
{
	uint64_t number;

	if (view_to_u64(value, &number) && number <= UINT32_MAX)
		*out = number;
}

/* URI [ "!" 1*DIGIT [ "k" / "m" / "g" / "t" ] ] (6.4) */
static bool is_uri(struct view text)
{
	struct view size = text, scheme, rest;
	uint64_t number;

	text = view_trim(view_cut(&size, '!'));
	rest = text;
	scheme = view_cut(&rest, ':');
	if (scheme.len == 0 || !byte_is_alpha(scheme.data[0]) || rest.len == 0)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] <= ' ' || text.data[i] > '~')
			return false;
	if (!size.data)
		return true;
	size = view_trim(size);
	if (size.len && strchr("kmgt", byte_lower(size.data[size.len - 1])))
		size.len--;
	return view_to_u64(size, &number);
}

static bool has_uri(struct view list)
{
	while (list.data)
		if (is_uri(view_cut(&list, ',')))
			return true;
	return false;
}

/* -- the record -- */

/* What has been found so far. */
struct reading {
	struct dmarc_record record;
	bool has_policy, has_subdomains;
	bool bad_subdomains;
};

static void read_tag(struct reading *r, struct view name, struct view value)
{
	struct dmarc_record *record = &r->record;

	if (view_eq(name, VIEW("p")) && !r->has_policy)
		r->has_policy = read_policy(value, &record->policy);
	else if (view_eq(name, VIEW("sp")) && !r->has_subdomains) {
		r->has_subdomains = read_policy(value, &record->subdomains);
		r->bad_subdomains |= !r->has_subdomains;
	} else if (view_eq(name, VIEW("adkim")))
		read_alignment(value, &record->strict_dkim);
	else if (view_eq(name, VIEW("aspf")))
		read_alignment(value, &record->strict_spf);
	else if (view_eq(name, VIEW("pct")))
		read_percent(value, &record->percent);
	else if (view_eq(name, VIEW("ri")))
		read_interval(value, &record->interval);
	else if (view_eq(name, VIEW("rua")))
		record->reports = value;
	else if (view_eq(name, VIEW("ruf")))
		record->failure_reports = value;
	else if (view_eq(name, VIEW("fo")))
		record->failure_options = value;
}

int dmarc_record_parse(struct view text, struct dmarc_record *out)
{
	struct reading r = { .record = { .percent = 100,
					     .interval = INTERVAL,
					     .failure_options = VIEW("0") } };

	while (text.len) {
		struct view name, value;

		if (next_tag(&text, &name, &value))
			read_tag(&r, name, value);
	}
	/* 6.6.3: where the policy is not to be read, but reports are asked for, it is to
	 * watch only. */
	if (!r.has_policy || r.bad_subdomains) {
		if (!has_uri(r.record.reports))
			return DMARC_RECORD_E_POLICY;
		r.record.policy = r.record.subdomains = DMARC_POLICY_NONE;
	} else if (!r.has_subdomains) {
		r.record.subdomains = r.record.policy;
	}
	*out = r.record;
	return 0;
}
