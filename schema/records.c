/* Further records of a zone, as a domain's `records` says them: names made whole, values in
 * the one form that zone files have (RFC 1035, 5.1), and what nobody could publish refused. */
#include "schema/check.h"

#include "runtime/base/error.h"
#include "runtime/dns/name.h"
#include "schema/name.h"

#include <string.h>

enum {
	TEXT_MOST = 8192, /* octets of a text: an answer of the DNS has to carry it */
	WORDS_MOST = 4,
};

/* -- names -- */

static bool is_label_octet(char c)
{
	return byte_is_alpha(c) || byte_is_digit(c) || c == '-' || c == '_';
}

/* `shop`, `_sip._tcp`, `*`, `*.shop`: labels below the domain. */
static bool is_below(struct view name)
{
	struct view rest = name;

	if (view_eq(rest, VIEW("*")))
		return true;
	if (view_starts(rest, VIEW("*.")))
		rest = view_from(rest, 2);
	while (rest.len) {
		struct view label = view_cut(&rest, '.');

		if (!label.len || label.len > NAME_LABEL_MAX)
			return false;
		for (size_t i = 0; i < label.len; i++)
			if (!is_label_octet(label.data[i]))
				return false;
	}
	return name.len && !view_ends(name, VIEW("."));
}

static struct view lowered(struct arena *arena, struct view text)
{
	char *copy = arena_alloc(arena, text.len + 1);

	for (size_t i = 0; i < text.len; i++)
		copy[i] = byte_lower(text.data[i]);
	return view_of(copy, text.len);
}

/* Empty where there can be no such name. */
static struct view whole_name(struct arena *arena, struct view name,
		const struct desired_domain *domain)
{
	struct view whole;

	if (view_eq(name, VIEW("@")))
		return domain->object.key;
	if (!is_below(name))
		return VIEW_NULL;
	whole = arena_printf(arena, "%.*s.%.*s", VIEW_ARG(lowered(arena, name)),
			VIEW_ARG(domain->object.key));
	return whole.len <= NAME_MAX ? whole : VIEW_NULL;
}

static struct view name_of(struct check *c, const struct value *entry,
		const struct desired_domain *domain)
{
	struct view whole = whole_name(c->arena, entry->key, domain);

	if (!whole.len)
		help(c,
				complain_key(c, BAD_NAME, entry->node,
						"this is no name below `%.*s`",
						VIEW_ARG(domain->object.key)),
				"write it without the domain: `shop`, `_sip._tcp`, `*`; "
				"the domain itself is `\"@\"`");
	return whole;
}

/* -- values -- */

/* Words parted by blanks; false where there are not so many. The last one takes the rest. */
static bool cut_words(struct view text, struct view *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		while (text.len && text.data[0] == ' ')
			text = view_from(text, 1);
		words[i] = i + 1 == count ? text : view_cut(&text, ' ');
		if (!words[i].len)
			return false;
	}
	return true;
}

static bool is_number(struct view word, uint64_t most, uint64_t *out)
{
	return view_to_u64(word, out) && *out <= most;
}

/* A host's name with its final dot, or the root. */
static bool host_of(struct arena *arena, struct view word, struct view *out)
{
	if (view_eq(word, VIEW("."))) {
		*out = VIEW_NULL;
		return true;
	}
	return name_normalise(arena, word, out);
}

static bool read_mx(struct arena *arena, struct view text, struct view *out)
{
	struct view words[2], host;
	uint64_t preference;

	if (!cut_words(text, words, 2) || !is_number(words[0], 65535, &preference) ||
			!host_of(arena, words[1], &host))
		return false;
	*out = arena_printf(arena, "%u %.*s.", (unsigned)preference, VIEW_ARG(host));
	return true;
}

static bool read_srv(struct arena *arena, struct view text, struct view *out)
{
	struct view words[4], host;
	uint64_t numbers[3];

	if (!cut_words(text, words, 4) || !host_of(arena, words[3], &host))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		if (!is_number(words[i], 65535, &numbers[i]))
			return false;
	*out = arena_printf(arena, "%u %u %u %.*s.", (unsigned)numbers[0],
			(unsigned)numbers[1], (unsigned)numbers[2], VIEW_ARG(host));
	return true;
}

static bool is_tag(struct view tag)
{
	for (size_t i = 0; i < tag.len; i++)
		if (!byte_is_alpha(tag.data[i]) && !byte_is_digit(tag.data[i]))
			return false;
	return tag.len > 0;
}

/* RFC 8659, 4.1.1: the value is printable ASCII, quoted here. */
static bool read_caa(struct arena *arena, struct view text, struct view *out)
{
	struct view words[3], value;
	uint64_t flags;

	if (!cut_words(text, words, 3) || !is_number(words[0], 255, &flags) ||
			!is_tag(words[1]))
		return false;
	value = words[2];
	if (value.len >= 2 && value.data[0] == '"' && view_ends(value, VIEW("\"")))
		value = view_sub(value, 1, value.len - 2);
	for (size_t i = 0; i < value.len; i++)
		if (value.data[i] < ' ' || value.data[i] > '~' || value.data[i] == '"' ||
				value.data[i] == '\\')
			return false;
	*out = arena_printf(arena, "%u %.*s \"%.*s\"", (unsigned)flags,
			VIEW_ARG(lowered(arena, words[1])), VIEW_ARG(value));
	return true;
}

static bool read_ipv4(struct arena *arena, struct view text, struct view *out)
{
	(void)arena;
	*out = text;
	return view_find(text, ':') == text.len;
}

static bool read_ipv6(struct arena *arena, struct view text, struct view *out)
{
	(void)arena;
	*out = text;
	return view_find(text, ':') < text.len;
}

static bool read_txt(struct arena *arena, struct view text, struct view *out)
{
	(void)arena;
	*out = text;
	return text.len <= TEXT_MOST;
}

/* clang-format off */
static const struct form {
	const char *field;
	size_t at; /* of the list in a desired_record */
	bool (*read)(struct arena *, struct view text, struct view *out);
	enum diagnostic_name name;
	const char *wrong, *right;
} forms[] = {
	{ "a",    offsetof(struct desired_record, a),    read_ipv4, BAD_IP,       "this is no IPv4 address", "write IPv6 addresses below `aaaa`" },
	{ "aaaa", offsetof(struct desired_record, aaaa), read_ipv6, BAD_IP,       "this is no IPv6 address", "write IPv4 addresses below `a`" },
	{ "txt",  offsetof(struct desired_record, txt),  read_txt,  OUT_OF_RANGE, "no answer of the DNS carries a text of more than 8192 octets", "shorten it" },
	{ "mx",   offsetof(struct desired_record, mx),   read_mx,   BAD_RECORD,   "not an exchanger", "write `PREFERENCE NAME`, like `20 backup.example`" },
	{ "srv",  offsetof(struct desired_record, srv),  read_srv,  BAD_RECORD,   "not a service", "write `PRIORITY WEIGHT PORT NAME`, like `0 1 5061 sip.example`" },
	{ "caa",  offsetof(struct desired_record, caa),  read_caa,  BAD_RECORD,   "not an authorization", "write `FLAGS TAG VALUE`, like `0 issue letsencrypt.org`" },
};
/* clang-format on */

static size_t count_items(const struct value *list)
{
	size_t count = 0;

	for (const struct value *item = list->first; item; item = item->next)
		count++;
	return count;
}

static void read_list(struct check *c, const struct form *form, const struct value *list,
		struct view_list *out)
{
	out->items = arena_array(c->arena, count_items(list), sizeof(*out->items));
	out->count = 0;
	for (const struct value *item = list->first; item; item = item->next)
		if (form->read(c->arena, item->text, &out->items[out->count]))
			out->count++;
		else
			help(c, complain(c, form->name, item->node, "%s", form->wrong),
					"%s", form->right);
}

/* -- entries -- */

/* A name that stands for another one has nothing else (RFC 1034, 3.6.2). */
static void check_alone(struct check *c, const struct value *entry,
		const struct desired_record *record, bool is_zone)
{
	const struct value *cname = value_at(entry->first, "cname");
	size_t others = 0;

	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		others += value_at(entry->first, forms[i].field) != NULL;
	if (cname && is_zone)
		help(c,
				complain_key(c, EXCLUDES, cname->node,
						"the domain itself has SOA, NS and MX: "
						"it "
						"cannot stand for another name"),
				"write `a` and `aaaa`");
	else if (record->cname.len && others)
		help(c,
				complain_key(c, EXCLUDES, cname->node,
						"a name that stands for another has no "
						"further records"),
				"keep the `cname`, or the rest");
	else if (!cname && !others)
		help(c, complain_key(c, ONE_OF, entry->node, "a record without a value"),
				"write one of `a`, `aaaa`, `cname`, `txt`, `mx`, `srv` "
				"and `caa`");
}

static void read_entry(struct check *c, const struct value *entry,
		const struct desired_domain *domain, struct desired_record *out)
{
	decode_fields(c, entry->type->table, entry->first, out);
	out->name = name_of(c, entry, domain);
	out->span = node_key_span(entry->node);
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		const struct value *list = value_at(entry->first, forms[i].field);
		void *at = (char *)out + forms[i].at;

		if (list)
			read_list(c, &forms[i], list, at);
	}
	check_alone(c, entry, out, view_eq(out->name, domain->object.key));
}

static void refuse_twice(struct check *c, const struct value *entry,
		const struct desired_record *before)
{
	struct diagnostic *item = complain_key(
			c, DUPLICATE_KEY, entry->node, "the same name a second time");

	diagnostic_frame(c->d, item, before->span, "first named here");
	help(c, item, "put all of it into one entry");
}

void records_decode(struct check *c, struct desired_domain *domain)
{
	const struct value *records = value_at(domain->object.values, "records");
	struct map seen = MAP_NULL;

	if (!records)
		return;
	domain->records = arena_array(
			c->arena, count_items(records), sizeof(*domain->records));
	for (const struct value *entry = records->first; entry; entry = entry->next) {
		struct desired_record *record = &domain->records[domain->record_count];
		const struct desired_record *before;

		*record = (struct desired_record){ 0 };
		read_entry(c, entry, domain, record);
		if (!record->name.len)
			continue;
		before = map_set(&seen, record->name, record);
		if (before)
			refuse_twice(c, entry, before);
		domain->record_count++;
	}
	map_free(&seen);
}

/* -- who keeps the zone -- */

static void check_keeper(struct check *c, const struct desired_domain *domain)
{
	const struct value *mode = value_at(domain->object.values, "dns.mode");

	if (!mode || domain->dns_mode != DNS_MANAGE || domain->dns_provider.count)
		return;
	help(c,
			complain(c, MISSING_FIELD, mode->node,
					"nobody is named who holds the zone"),
			"write `dns: {provider: main}`, and what `main` is below `dns`; "
			"or `dns: manual`");
}

void records_check(struct check *c)
{
	const struct objects *domains = &c->kinds[KIND_DOMAIN];

	for (size_t i = 0; i < domains->count; i++) {
		const void *domain = object_at(domains, i);

		check_keeper(c, domain);
	}
}
