/* Plain values: from text to what their type says, and the texts of what can be wrong. */
#include "schema/name.h"
#include "schema/unit.h"
#include "schema/value.h"

#include <assert.h>

enum {
	TEXT_MAX = 1000 /* bytes of a value of one line */
};

bool type_is_plain(const struct type *type)
{
	return type->kind != TYPE_LIST && type->kind != TYPE_MAP &&
	       type->kind != TYPE_RECORD;
}

/* -- what is wanted -- */

static void add_words(struct buf *out, const char *const *words)
{
	for (size_t i = 0; words[i]; i++) {
		if (i)
			buf_add_z(out, words[i + 1] ? ", " : " or ");
		buf_addf(out, "`%s`", words[i]);
	}
}

static void add_kinds(struct buf *out, unsigned kinds)
{
	const char *between = "the name of ";

	for (enum kind kind = KIND_NONE + 1; kind < KINDS; kind++) {
		if (!(kinds & REFERS(kind)))
			continue;
		kinds &= ~REFERS(kind);
		buf_addf(out, "%s%s", between, table_of_kind(kind)->noun);
		between = kinds & (kinds - 1) ? ", " : " or ";
	}
}

static void add_bound(
		struct buf *out, struct arena *arena, enum type_kind kind, int64_t n)
{
	if (kind == TYPE_SIZE)
		buf_add(out, size_print(arena, n));
	else if (kind == TYPE_DURATION)
		buf_add(out, duration_print(arena, n));
	else
		buf_addf(out, "%lld", (long long)n);
}

struct view type_describe(struct arena *arena, const struct type *type)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(4096);

	if (type->kind == TYPE_WORD) {
		add_words(&out, type->words);
		return arena_copy(arena, buf_view(&out));
	}
	if (type->kind == TYPE_REFERENCE)
		add_kinds(&out, type->kinds);
	else
		buf_add_z(&out, type_what(type));
	if (type->least == type->most && type->most) {
		buf_clear(&out);
		buf_addf(&out, "`%lld`", (long long)type->most);
	} else if (type->least || type->most) {
		buf_add_z(&out, type->kind == TYPE_TEXT ? " of " : " from ");
		add_bound(&out, arena, type->kind, type->least);
		buf_add_z(&out, " to ");
		add_bound(&out, arena, type->kind, type->most);
		if (type->kind == TYPE_TEXT)
			buf_add_z(&out, " bytes");
	}
	if (type->words) {
		buf_add_z(&out, ", or ");
		add_words(&out, type->words);
	}
	return arena_copy(arena, buf_view(&out));
}

/* -- reading -- */

static int word_index(const char *const *words, struct view text)
{
	for (int i = 0; words && words[i]; i++)
		if (view_eq(text, view_z(words[i])))
			return i;
	return -1;
}

static int parse_word(const struct type *type, struct view text, struct value *out,
		const char **why)
{
	int index = word_index(type->words, text);

	*why = "not one of the words that may stand here";
	if (index < 0)
		return UNKNOWN_WORD;
	out->number = index;
	return 0;
}

static int parse_bool(struct view text, struct value *out, const char **why)
{
	*why = "neither `true` nor `false`";
	if (!view_eq(text, VIEW("true")) && !view_eq(text, VIEW("false")))
		return NOT_A_BOOLEAN;
	out->number = text.len == 4;
	return 0;
}

static int in_bounds(const struct type *type, int64_t number, const char **why)
{
	bool bounded = type->least || type->most;

	if (bounded && number < type->least) {
		*why = "too small";
		return OUT_OF_RANGE;
	}
	if (bounded && number > type->most) {
		*why = "too large";
		return OUT_OF_RANGE;
	}
	return 0;
}

static int parse_int(const struct type *type, struct view text, struct value *out,
		const char **why)
{
	uint64_t number;

	for (size_t i = 0; i < text.len; i++)
		if (!byte_is_digit(text.data[i])) {
			*why = "not a whole number";
			return NOT_A_NUMBER;
		}
	if (!view_to_u64(text, &number) || number > INT64_MAX) {
		*why = text.len ? "too large" : "not a whole number";
		return text.len ? OUT_OF_RANGE : NOT_A_NUMBER;
	}
	out->number = (int64_t)number;
	return in_bounds(type, out->number, why);
}

static int unit_error(int outcome, enum diagnostic_name form, const char *what,
		const char **why)
{
	switch (outcome) {
	case UNIT_OK:
		return 0;
	case UNIT_E_UNIT:
		*why = "its unit is missing or unknown";
		return UNKNOWN_UNIT;
	case UNIT_E_RANGE:
		*why = form == BAD_DATE || form == BAD_SCHEDULE ? "no such day or time"
								: "too large";
		return form == BAD_DATE || form == BAD_SCHEDULE ? (int)form
								: OUT_OF_RANGE;
	default:
		*why = what;
		return (int)form;
	}
}

static int parse_size(const struct type *type, struct view text, struct value *out,
		const char **why)
{
	int r = unit_error(size_parse(text, &out->number), BAD_SIZE, "not a size", why);

	return r ? r : in_bounds(type, out->number, why);
}

static int parse_duration(const struct type *type, struct view text, struct value *out,
		const char **why)
{
	int r = unit_error(duration_parse(text, &out->number), BAD_DURATION,
			"not a duration", why);

	return r ? r : in_bounds(type, out->number, why);
}

static int parse_rate(struct arena *arena, struct view text, struct value *out,
		const char **why)
{
	int64_t count;
	char per;
	int r = unit_error(rate_parse(text, &count, &per), BAD_RATE, "not a rate", why);

	if (!r)
		out->text = arena_printf(arena, "%lld/%c", (long long)count, per);
	return r;
}

static int parse_text(const struct type *type, struct view text, bool lines,
		struct value *out, const char **why)
{
	bool bounded = type->least || type->most;

	out->text = text;
	if (text_check(text, lines, why))
		return BAD_TEXT;
	if (bounded)
		return in_bounds(type, (int64_t)text.len, why);
	if (!lines && text.len > TEXT_MAX) {
		*why = "longer than 1000 bytes";
		return OUT_OF_RANGE;
	}
	return 0;
}

static int parse_endpoint(struct arena *arena, struct view text, struct value *out,
		const char **why)
{
	struct desired_listen endpoint;

	if (endpoint_parse(arena, text, &endpoint, why))
		return BAD_ENDPOINT;
	out->text = endpoint_print(arena, &endpoint);
	return 0;
}

static int parse_reach(struct arena *arena, struct view text, struct value *out,
		const char **why)
{
	if (view_find(text, '@') < text.len)
		return address_check(arena, text, &out->text, why) ? BAD_ADDRESS : 0;
	return domain_check(arena, text, &out->text, why) ? BAD_DOMAIN : 0;
}

static int parse_host(struct arena *arena, struct view text, struct value *out,
		const char **why)
{
	const char *unused;

	if (ip_normalise(arena, text, &out->text, &unused) == 0)
		return 0;
	return domain_check(arena, text, &out->text, why) ? BAD_DOMAIN : 0;
}

static int parse_role(struct arena *arena, struct view text, struct value *out,
		const char **why)
{
	enum desired_role role;
	struct view domain;

	out->text = text;
	if (role_parse(arena, text, &role, &domain, why))
		return domain.data || view_starts(text, VIEW("domain-admin:"))
				       ? BAD_DOMAIN
				       : UNKNOWN_WORD;
	if (domain.len)
		out->text = arena_printf(arena, "domain-admin:%.*s", VIEW_ARG(domain));
	return 0;
}

static int parse_reference(struct view text, struct value *out, const char **why)
{
	out->text = text;
	if (text.len == 0)
		*why = "it is empty";
	return text.len == 0 || text_check(text, false, why) ? BAD_NAME : 0;
}

static int parse_hash(struct view text, struct value *out, const char **why)
{
	enum password_scheme scheme;

	out->text = text;
	return hash_check(text, &scheme, why) ? BAD_HASH : 0;
}

int scalar_parse(struct arena *arena, const struct type *type, struct view text,
		bool lines, struct value *out, const char **why)
{
	struct view *to = &out->text;

	out->type = type;
	if (type->kind != TYPE_WORD && word_index(type->words, text) >= 0) {
		out->word = true;
		out->text = text;
		return 0;
	}
	*to = text;
	switch (type->kind) {
	case TYPE_BOOL:
		return parse_bool(text, out, why);
	case TYPE_INT:
		return parse_int(type, text, out, why);
	case TYPE_SIZE:
		return parse_size(type, text, out, why);
	case TYPE_DURATION:
		return parse_duration(type, text, out, why);
	case TYPE_RATE:
		return parse_rate(arena, text, out, why);
	case TYPE_SCHEDULE:
		return unit_error(schedule_parse(arena, text, to), BAD_SCHEDULE,
				"not a schedule", why);
	case TYPE_DATE:
		return unit_error(date_check(text), BAD_DATE, "not a date", why);
	case TYPE_TEXT:
		return parse_text(type, text, lines, out, why);
	case TYPE_WORD:
		return parse_word(type, text, out, why);
	case TYPE_ID:
		return id_check(text, why) ? BAD_ID : 0;
	case TYPE_NAME:
		return name_check(text, why) ? BAD_NAME : 0;
	case TYPE_DOMAIN:
		return domain_check(arena, text, to, why) ? BAD_DOMAIN : 0;
	case TYPE_ADDRESS:
		return address_check(arena, text, to, why) ? BAD_ADDRESS : 0;
	case TYPE_IP:
		return ip_normalise(arena, text, to, why) ? BAD_IP : 0;
	case TYPE_NETWORK:
		return network_normalise(arena, text, to, why) ? BAD_IP : 0;
	case TYPE_HOST:
		return parse_host(arena, text, out, why);
	case TYPE_REACH:
		return parse_reach(arena, text, out, why);
	case TYPE_ENDPOINT:
		return parse_endpoint(arena, text, out, why);
	case TYPE_URL:
		return url_check(text, why) ? BAD_URL : 0;
	case TYPE_PATH:
		return path_check(text, why) ? BAD_PATH : 0;
	case TYPE_NEAR_PATH:
		return near_path_check(text, why) ? BAD_PATH : 0;
	case TYPE_FILE:
		return file_check(text, why) ? BAD_PATH : 0;
	case TYPE_PATTERN:
		return pattern_check(text, why) ? BAD_PATTERN : 0;
	case TYPE_RECIPIENT:
		return recipient_check(text, why) ? BAD_RECIPIENT : 0;
	case TYPE_HASH:
		return parse_hash(text, out, why);
	case TYPE_REFERENCE:
		return parse_reference(text, out, why);
	case TYPE_ROLE:
		return parse_role(arena, text, out, why);
	case TYPE_LIST:
	case TYPE_MAP:
	case TYPE_RECORD:
		break;
	}
	assert(!"a plain type");
	return WRONG_TYPE;
}
