#include "runtime/mailauth/dkim_signature.h"

#include "runtime/base/limit.h"
#include "runtime/dns/name.h"
#include "runtime/mail/lexer.h"
#include "runtime/mailauth/tag_list.h"

enum {
	TIME_DIGITS_MAX = 12, /* RFC 6376, 3.5: up to the year 200,000 */
	MARK_LETTERS = 8
};

struct reader {
	struct arena *arena;
	struct tag_list tags;
	struct dkim_signature *out;
};

/* Each reads one tag, or says what is wrong with it. */

static const char *read_version(struct reader *r)
{
	return view_eq(tag_list_get(&r->tags, "v"), VIEW("1")) ? NULL : "v= is not 1";
}

static const char *read_algorithm(struct reader *r)
{
	struct view value = tag_list_get(&r->tags, "a");

	if (view_eq_nocase(value, VIEW("rsa-sha1")))
		return "rsa-sha1 is no longer believed"; /* RFC 8301, 3.1 */
	if (view_eq_nocase(value, VIEW("rsa-sha256"))) {
		r->out->algorithm = KEY_RSA;
		r->out->algorithm_name = "rsa-sha256";
	} else if (view_eq_nocase(value, VIEW("ed25519-sha256"))) {
		r->out->algorithm = KEY_ED25519;
		r->out->algorithm_name = "ed25519-sha256";
	} else {
		return "a= names no algorithm that we know";
	}
	return NULL;
}

static bool canonical_of(struct view word, enum dkim_canonical *out)
{
	*out = view_eq_nocase(word, VIEW("relaxed")) ? DKIM_RELAXED : DKIM_SIMPLE;
	return *out == DKIM_RELAXED || view_eq_nocase(word, VIEW("simple"));
}

static const char *read_canonical(struct reader *r)
{
	struct view body = VIEW_NULL, header;

	if (!tag_list_find(&r->tags, "c", &body))
		return NULL; /* simple/simple */
	header = view_cut(&body, '/');
	if (!canonical_of(header, &r->out->header) ||
			(body.data && !canonical_of(body, &r->out->body)))
		return "c= names no form that we know";
	return NULL;
}

/* What is asked of the DNS is a plain name and nothing cleverer. */
static bool read_name(struct reader *r, struct view value, struct view *out)
{
	return !view_ends(value, VIEW(".")) && name_normalise(r->arena, value, out);
}

static const char *read_domain(struct reader *r)
{
	struct view name;

	if (!read_name(r, tag_list_get(&r->tags, "d"), &name) || !name_is_domain(name))
		return "d= is no domain";
	r->out->domain = name;
	return NULL;
}

static const char *read_selector(struct reader *r)
{
	struct view name;

	if (!read_name(r, tag_list_get(&r->tags, "s"), &name))
		return "s= is no selector";
	r->out->selector = name;
	return NULL;
}

static const char *read_identity(struct reader *r)
{
	struct view value, domain;
	size_t at;

	r->out->identity = arena_printf(r->arena, "@%.*s", VIEW_ARG(r->out->domain));
	if (!tag_list_find(&r->tags, "i", &value))
		return NULL;
	at = view_find_last(value, '@');
	if (at == value.len || !read_name(r, view_from(value, at + 1), &domain))
		return "i= is no identity";
	r->out->identity_below = name_is_under(domain, r->out->domain);
	if (!r->out->identity_below && !view_eq(domain, r->out->domain))
		return "i= is not of the domain d=";
	r->out->identity = value;
	return NULL;
}

static bool is_field_name(struct view name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] <= ' ' || name.data[i] > '~')
			return false;
	return name.len > 0;
}

static const char *read_names(struct reader *r)
{
	struct view rest = tag_list_get(&r->tags, "h");
	struct view *names;
	size_t most = 1, count = 0;
	bool from = false;

	for (size_t i = 0; i < rest.len; i++)
		most += rest.data[i] == ':';
	if (most > limit_value(LIMIT_DKIM_NAMES))
		return "h= names too many fields";
	names = arena_array(r->arena, most, sizeof(*names));
	while (rest.data) {
		names[count] = view_trim(view_cut(&rest, ':'));
		if (!is_field_name(names[count]))
			return "h= is no list of field names";
		from |= view_eq_nocase(names[count++], VIEW("From"));
	}
	if (!from)
		return "From is not signed"; /* RFC 6376, 5.4 */
	r->out->names = names;
	r->out->name_count = count;
	return NULL;
}

static const char *read_body_digest(struct reader *r)
{
	if (!tag_value_decode(r->arena, tag_list_get(&r->tags, "bh"), &r->out->digest) ||
			r->out->digest.len != DIGEST_SIZE)
		return "bh= is no digest";
	return NULL;
}

static const char *read_octets(struct reader *r)
{
	struct view value = tag_list_get(&r->tags, "b");
	CLEANUP(buf_free) struct buf mark = BUF_NULL(MARK_LETTERS);

	for (size_t i = 0; i < value.len && mark.len < MARK_LETTERS; i++)
		if (!byte_is_blank(value.data[i]))
			buf_add_byte(&mark, value.data[i]);
	if (!tag_value_decode(r->arena, value, &r->out->octets) ||
			r->out->octets.len == 0)
		return "b= is no signature";
	r->out->mark = arena_copy(r->arena, buf_view(&mark));
	return NULL;
}

static const char *read_length(struct reader *r)
{
	struct view value;

	r->out->has_length = tag_list_find(&r->tags, "l", &value);
	if (r->out->has_length && !view_to_u64(value, &r->out->length))
		return "l= is no number";
	return NULL;
}

static bool read_time(struct reader *r, const char *name, bool *has, walltime *out)
{
	struct view value;
	uint64_t seconds;

	*has = tag_list_find(&r->tags, name, &value);
	if (!*has)
		return true;
	if (value.len > TIME_DIGITS_MAX || !view_to_u64(value, &seconds))
		return false;
	*out = (walltime)seconds;
	return true;
}

static const char *read_times(struct reader *r)
{
	struct dkim_signature *out = r->out;

	if (!read_time(r, "t", &out->has_time, &out->time) ||
			!read_time(r, "x", &out->has_expiry, &out->expiry))
		return "t= or x= is no time";
	if (out->has_time && out->has_expiry && out->expiry <= out->time)
		return "it ends before it begins";
	return NULL;
}

static const char *read_query(struct reader *r)
{
	struct view value;

	if (tag_list_find(&r->tags, "q", &value) &&
			!tag_value_has(value, VIEW("dns/txt")))
		return "q= names no way to the key that we know";
	return NULL;
}

/* Where the value of b= stands, with the blanks about it (3.7). */
static void find_octets(struct reader *r, const struct header_field *field)
{
	struct view value = tag_list_get(&r->tags, "b");
	size_t start = (size_t)(value.data - field->whole.data);
	size_t end = start + value.len;

	while (start && byte_is_blank(field->whole.data[start - 1]))
		start--;
	while (end < field->whole.len && byte_is_blank(field->whole.data[end]))
		end++;
	r->out->before = view_sub(field->whole, 0, start);
	r->out->after = view_from(field->whole, end);
}

int dkim_signature_parse(struct arena *arena, const struct header_field *field,
		struct dkim_signature *out, const char **why_out)
{
	/* Whose it is comes first: a report wants it whatever else is wrong. */
	static const char *(*const readers[])(struct reader *) = { read_domain,
		read_selector, read_version, read_algorithm, read_octets, read_canonical,
		read_identity, read_names, read_body_digest, read_length, read_times,
		read_query };
	struct reader r = { .arena = arena, .out = out };

	*out = (struct dkim_signature){ 0 };
	*why_out = "it is no list of tags";
	if (field->whole.len > limit_value(LIMIT_DKIM_SIGNATURE) ||
			tag_list_parse(arena, field->value, &r.tags))
		return DKIM_SIGNATURE_E_SYNTAX;
	for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
		*why_out = readers[i](&r);
		if (*why_out)
			return DKIM_SIGNATURE_E_SYNTAX;
	}
	find_octets(&r, field);
	return 0;
}
