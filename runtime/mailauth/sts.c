#include "runtime/mailauth/sts.h"

#include "runtime/base/error.h"
#include "runtime/dns/name.h"

static const char *const modes[] = { "none", "testing", "enforce" };

const char *sts_mode_name(enum sts_mode mode)
{
	return modes[mode];
}

/* `name` "=" value, blanks around both; false where it is another field. */
static bool take_field(
		struct view field, char separator, struct view name, struct view *out)
{
	struct view value = field, key = view_cut(&value, separator);

	if (!value.data || !view_eq(view_trim(key), name))
		return false;
	*out = view_trim(value);
	return true;
}

static bool is_id(struct view id)
{
	for (size_t i = 0; i < id.len; i++)
		if (!byte_is_alpha(id.data[i]) && !byte_is_digit(id.data[i]))
			return false;
	return id.len > 0 && id.len <= STS_ID_MAX;
}

bool sts_record_read(struct view text, struct view *id_out)
{
	struct view version, id = VIEW_NULL, value;

	if (!take_field(view_cut(&text, ';'), '=', VIEW("v"), &version) ||
			!view_eq(version, VIEW("STSv1")))
		return false;
	while (text.data)
		if (take_field(view_cut(&text, ';'), '=', VIEW("id"), &value) && !id.len)
			id = value;
	if (!is_id(id))
		return false;
	*id_out = id;
	return true;
}

/* -- the file -- */

struct reading {
	struct sts_policy policy;
	bool version, mode, age;
	bool bad;
};

static void read_mode(struct reading *r, struct view value)
{
	r->bad = true;
	for (size_t i = 0; i < ARRAY_LEN(modes); i++)
		if (view_eq(value, view_z(modes[i]))) {
			r->policy.mode = (enum sts_mode)i;
			r->bad = false;
		}
	r->mode = true;
}

static void read_age(struct reading *r, struct view value)
{
	uint64_t age;

	if (!view_to_u64(value, &age)) {
		r->bad = true;
		return;
	}
	r->policy.max_age = age > STS_AGE_MAX ? STS_AGE_MAX : (walltime)age;
	r->age = true;
}

static void read_host(struct reading *r, struct arena *arena, struct view value)
{
	bool wild = view_starts(value, VIEW("*."));
	struct view name;

	if (r->policy.host_count == STS_HOSTS ||
			!name_normalise(arena, wild ? view_from(value, 2) : value,
					&name)) {
		r->bad = true;
		return;
	}
	r->policy.hosts[r->policy.host_count++] =
			wild ? arena_printf(arena, "*.%.*s", VIEW_ARG(name)) : name;
}

/* The first of a field counts, but for `mx`. */
static void read_line(struct reading *r, struct arena *arena, struct view line)
{
	struct view value;

	if (take_field(line, ':', VIEW("version"), &value)) {
		r->bad |= !view_eq(value, VIEW("STSv1"));
		r->version = true;
	} else if (take_field(line, ':', VIEW("mode"), &value) && !r->mode) {
		read_mode(r, value);
	} else if (take_field(line, ':', VIEW("max_age"), &value) && !r->age) {
		read_age(r, value);
	} else if (take_field(line, ':', VIEW("mx"), &value)) {
		read_host(r, arena, value);
	}
}

bool sts_policy_read(struct arena *arena, struct view text, struct sts_policy *out)
{
	struct reading r = { 0 };

	if (text.len > STS_POLICY_MAX)
		return false;
	r.policy.hosts = arena_array(arena, STS_HOSTS, sizeof(*r.policy.hosts));
	while (text.data && text.len && !r.bad)
		read_line(&r, arena, view_trim(view_cut(&text, '\n')));
	if (r.bad || !r.version || !r.mode || !r.age ||
			(r.policy.mode != STS_NONE && r.policy.host_count == 0))
		return false;
	*out = r.policy;
	return true;
}

bool sts_policy_has(const struct sts_policy *policy, struct view host)
{
	for (size_t i = 0; i < policy->host_count; i++) {
		struct view pattern = policy->hosts[i];
		struct view rest = host;

		if (view_eq_nocase(pattern, host))
			return true;
		if (!view_starts(pattern, VIEW("*.")))
			continue;
		view_cut(&rest, '.');
		if (rest.len && view_eq_nocase(view_from(pattern, 2), rest))
			return true;
	}
	return false;
}
