#include "tests/agent/random_state_inside.h"

#include <string.h>

static const char letters[SPECIES] = { 'u', 's', 'v', 'a' };
static const char *const kinds[SPECIES] = { "user", "shared", "service", "alias" };

/* The part of a look that the field number `at` is made of. */
static unsigned part(uint64_t look, unsigned at, unsigned below)
{
	uint64_t x = (look + at) * 0x9e3779b97f4a7c15ull;

	return (unsigned)((x ^ (x >> 29)) >> 16) % below;
}

/* -- names -- */

#define HASH "$6$saltsalt$" X43 X42 /* and a letter */
#define X42  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X43  X42 "x"

/* Texts that a careless writer of YAML would turn into something else. */
static const char *const texts[] = { "\"Anna Ek\"", "\"No\"", "\"1.10\"", "\"~\"",
	"\"room #7\"", "\"a: b\"", "\"- x\"", "\"say \\\"hi\\\"\"", "\"back\\\\slash\"",
	"\"0x1F\"", "\"2026-01-01\"", "\"\xc3\x85sa \xe2\x98\x83\"", "\"'tis\"", "\"on\"",
	"\"{a}\"", "\"12:30:45\"", "\"@home\"", "\"*star\"", "\"null\"", "\"#\"" };

static const char *const quotas[] = { "5GiB", "10GiB", "512MiB", "1TiB", "1536KiB" };
static const char *const rates[] = { "300/d", "20/h", "5/m", "1/s" };
static const char *const locales[] = { "en", "sv", "de-AT", "no" };

static const char *text_of(uint64_t look, unsigned at)
{
	return texts[part(look, at, sizeof(texts) / sizeof(*texts))];
}

#define ONE_OF(words, look, at)                                                          \
	((words)[part((look), (at), sizeof(words) / sizeof(*(words)))])

static void add_address(struct buf *out, enum species species, const struct place *at)
{
	buf_addf(out, "%c%ux%u@d%u.example", letters[species], at->slot, at->name,
			at->domain);
}

static unsigned index_of(
		const struct random_state *s, enum species species, const void *thing)
{
	return (unsigned)((const struct thing *)thing - s->shelves[species].items);
}

/* The id, or the address of what has none; the address, too, where somebody likes. */
static void add_name(struct buf *out, const struct random_state *s, enum species species,
		const struct thing *thing, bool by_address)
{
	if (thing->named && !by_address)
		buf_addf(out, "%c%u", letters[species], index_of(s, species, thing));
	else
		add_address(out, species, &thing->at);
}

/* The first present one from slot `at` on; NULL where none is. */
static const struct thing *present_one(
		const struct random_state *s, enum species species, unsigned at)
{
	const struct shelf *shelf = &s->shelves[species];

	for (unsigned i = 0; i < shelf->count; i++) {
		const struct thing *thing = &shelf->items[(at + i) % shelf->count];

		if (thing->present)
			return thing;
	}
	return NULL;
}

static unsigned user_slot(const struct random_state *s, uint64_t look)
{
	return part(look, 60, s->shelves[USER].count);
}

static void add_user(struct buf *out, const struct random_state *s, uint64_t look)
{
	add_name(out, s, USER, present_one(s, USER, user_slot(s, look)),
			part(look, 61, 3) == 0);
}

/* `[a, b]`, each once. */
static void add_users(struct buf *out, const struct random_state *s, uint64_t look,
		const char *between, const char *behind)
{
	const struct thing *first = present_one(s, USER, user_slot(s, look));
	const struct thing *thing = first;

	for (unsigned n = 0; n <= part(look, 62, TARGETS); n++) {
		if (n)
			thing = present_one(s, USER, index_of(s, USER, thing) + 1);
		if (n && thing == first)
			break;
		buf_add_z(out, n ? between : "");
		add_name(out, s, USER, thing, part(look, 63 + n, 3) == 0);
		buf_add_z(out, behind);
	}
}

static bool domain_is_used(const struct random_state *s, unsigned domain)
{
	if (s->domains[domain].present)
		return true;
	for (int i = 0; i < SPECIES; i++)
		for (unsigned j = 0; j < s->shelves[i].count; j++) {
			const struct thing *thing = &s->shelves[i].items[j];

			if (thing->present && thing->at.domain == domain)
				return true;
		}
	return false;
}

static const struct group *present_group(const struct random_state *s, unsigned at)
{
	for (unsigned i = 0; i < GROUPS; i++)
		if (s->groups[(at + i) % GROUPS].present)
			return &s->groups[(at + i) % GROUPS];
	return NULL;
}

static void add_group_name(
		struct buf *out, const struct random_state *s, const struct group *group)
{
	buf_addf(out, "group/g%u", (unsigned)(group - s->groups));
}

/* -- things -- */

static void add_user_fields(struct buf *out, const struct random_state *s, uint64_t look)
{
	static const char *const roles[] = { "[admin]", "[]", "[planner, auditor]",
		"[domain-admin:d0.example]" };
	static const char *const protocols[] = { "[imap]", "[imap, smtp]", "pop3",
		"[api, dav, imap, pop3, smtp]" };

	(void)s;
	if (part(look, 1, 3) == 0)
		buf_addf(out, ", name: %s", text_of(look, 2));
	if (part(look, 3, 4) == 0)
		buf_addf(out, ", password: {hash: \"%s%c\"}", HASH,
				'a' + part(look, 4, 3));
	if (part(look, 5, 3) == 0)
		buf_addf(out, ", quota: %s", ONE_OF(quotas, look, 6));
	if (part(look, 7, 5) == 0)
		buf_addf(out, ", roles: %s", ONE_OF(roles, look, 8));
	if (part(look, 9, 5) == 0)
		buf_addf(out, ", protocols: %s", ONE_OF(protocols, look, 10));
	if (part(look, 11, 5) == 0)
		buf_addf(out, ", locale: \"%s\"", ONE_OF(locales, look, 12));
	if (part(look, 13, 5) == 0)
		buf_addf(out, ", send_limit: %s", ONE_OF(rates, look, 14));
	if (part(look, 15, 8) == 0)
		buf_add_z(out, ", encryption: managed");
}

static void add_shared_fields(
		struct buf *out, const struct random_state *s, uint64_t look)
{
	static const char *const rights[] = { ": read", ": write", ": manage" };
	const struct group *group = present_group(s, part(look, 1, GROUPS));

	buf_add_z(out, ", members: {");
	add_users(out, s, look, ", ", ONE_OF(rights, look, 2));
	if (group && part(look, 3, 2)) {
		buf_add_z(out, ", ");
		add_group_name(out, s, group);
		buf_add_z(out, ONE_OF(rights, look, 4));
	}
	buf_add_z(out, "}");
	if (part(look, 5, 3) == 0)
		buf_addf(out, ", name: %s", text_of(look, 6));
	if (part(look, 7, 3) == 0)
		buf_addf(out, ", quota: %s", ONE_OF(quotas, look, 8));
	if (part(look, 9, 3) == 0)
		buf_addf(out, ", send_as: %s", part(look, 10, 2) ? "none" : "members");
}

static void add_service_fields(
		struct buf *out, const struct random_state *s, uint64_t look)
{
	(void)s;
	buf_addf(out, ", password: {hash: \"%s%c\"}", HASH, 'a' + part(look, 1, 3));
	if (part(look, 2, 3) == 0)
		buf_addf(out, ", name: %s", text_of(look, 3));
	if (part(look, 4, 2) == 0)
		buf_add_z(out, ", from: [192.0.2.0/24, \"2001:db8::/32\"]");
	if (part(look, 5, 3) == 0)
		buf_add_z(out, ", to: [d0.example, boss@else.example]");
	if (part(look, 6, 3) == 0)
		buf_addf(out, ", send_limit: %s", ONE_OF(rates, look, 7));
}

/* An alias may lead to one before it, never behind: no loops. */
static const struct thing *alias_before(
		const struct random_state *s, const struct thing *alias)
{
	for (const struct thing *thing = alias; thing-- > s->shelves[ALIAS].items;)
		if (thing->present)
			return thing;
	return NULL;
}

static void add_targets(
		struct buf *out, const struct random_state *s, const struct thing *alias)
{
	const struct group *group = present_group(s, part(alias->look, 1, GROUPS));
	const struct thing *before = alias_before(s, alias);
	const struct thing *shared = present_one(s, SHARED, part(alias->look, 2, 8));

	buf_add_z(out, "[");
	add_users(out, s, alias->look, ", ", "");
	if (group && part(alias->look, 3, 3) == 0) {
		buf_add_z(out, ", ");
		add_group_name(out, s, group);
	}
	if (before && part(alias->look, 4, 3) == 0) {
		buf_add_z(out, ", ");
		add_address(out, ALIAS, &before->at);
	}
	if (shared && part(alias->look, 5, 4) == 0) {
		buf_add_z(out, ", ");
		add_name(out, s, SHARED, shared, part(alias->look, 6, 2));
	}
	buf_add_z(out, "]");
}

static void add_alias_fields(
		struct buf *out, const struct random_state *s, const struct thing *alias)
{
	switch (part(alias->look, 10, 6)) {
	case 0:
		buf_addf(out, ", reject: %s", text_of(alias->look, 11));
		break;
	case 1:
		buf_add_z(out, ", discard: true");
		break;
	default:
		buf_add_z(out, ", to: ");
		add_targets(out, s, alias);
		break;
	}
	if (part(alias->look, 12, 4) == 0) {
		buf_add_z(out, ", send_as: [");
		add_users(out, s, alias->look * 31, ", ", "");
		buf_add_z(out, "]");
	}
}

static void add_thing(struct buf *out, const struct random_state *s, enum species species,
		const struct thing *thing)
{
	size_t begin;

	buf_add_z(out, "  ");
	add_address(out, species, &thing->at);
	buf_add_z(out, ": {");
	begin = out->len;
	if (species == USER)
		add_user_fields(out, s, thing->look);
	else if (species == SHARED)
		add_shared_fields(out, s, thing->look);
	else if (species == SERVICE)
		add_service_fields(out, s, thing->look);
	else
		add_alias_fields(out, s, thing);
	if (thing->named)
		buf_addf(out, ", id: %c%u", letters[species],
				index_of(s, species, thing));
	if ((species == USER || species == SHARED) && part(thing->look, 20, 4) == 0)
		buf_addf(out, ", addresses: [%c%uy%u@d%u.example]", letters[species],
				index_of(s, species, thing), part(thing->look, 21, 3),
				thing->at.domain);
	if (out->len > begin)
		memmove(out->data + begin, out->data + begin + 2, out->len - begin - 2);
	buf_truncate(out, out->len > begin ? out->len - 2 : out->len);
	buf_add_z(out, "}\n");
}

static void add_things(struct buf *out, const struct random_state *s,
		enum species species, const char *section)
{
	const struct shelf *shelf = &s->shelves[species];

	if (!present_one(s, species, 0))
		return;
	buf_addf(out, "%s:\n", section);
	for (unsigned i = 0; i < shelf->count; i++)
		if (shelf->items[i].present)
			add_thing(out, s, species, &shelf->items[i]);
}

/* -- the rest -- */

static void add_host(struct buf *out, uint64_t look)
{
	buf_add_z(out, "hosts:\n  mail:\n    name: mail.a.example\n");
	if (part(look, 1, 2))
		buf_addf(out,
				"    listen: {smtp: %u, imaps: \"127.0.0.1:%u\", "
				"submission: off}\n",
				2025 + part(look, 2, 3), 2993 + part(look, 3, 3));
	if (part(look, 4, 2))
		buf_addf(out, "    limits: {message_size: %uMiB, connections: %u}\n",
				1 + part(look, 5, 50), 100 + part(look, 6, 1000));
	if (part(look, 7, 4) == 0)
		buf_add_z(out, "    proxy: [198.51.100.7, \"2001:db8:1::/48\"]\n");
}

static void add_policy(struct buf *out, const struct random_state *s)
{
	static const char *const protect[] = { "user/u0", "domain/d0.example",
		"host/mail" };
	uint64_t look = s->policy;

	if (part(look, 1, 4) == 0)
		return;
	buf_addf(out, "policy:\n  retain: %ud\n", 30 + part(look, 2, 3));
	if (part(look, 3, 2))
		buf_addf(out,
				"  gates: {users: {percent: %u, at_least: %u}, other: "
				"{percent: %u}}\n",
				part(look, 4, 101), part(look, 5, 20),
				part(look, 6, 101));
	if (part(look, 7, 2))
		buf_addf(out, "  protect: [%s]\n", ONE_OF(protect, look, 8));
	if (part(look, 9, 2))
		buf_addf(out, "  interval: %um\n", 1 + part(look, 10, 120));
}

static void add_defaults(struct buf *out, uint64_t look)
{
	if (part(look, 1, 4) == 0)
		return;
	buf_addf(out, "defaults:\n  user: {quota: %s", ONE_OF(quotas, look, 2));
	if (part(look, 3, 2))
		buf_addf(out, ", locale: \"%s\"", ONE_OF(locales, look, 4));
	if (part(look, 5, 2))
		buf_addf(out, ", send_limit: %s", ONE_OF(rates, look, 6));
	buf_add_z(out, "}\n");
	if (part(look, 7, 2))
		buf_addf(out, "  domain: {subaddress: \"%s\", contact: u0}\n",
				part(look, 8, 2) ? "-" : "none");
	if (part(look, 9, 2))
		buf_addf(out, "  shared: {quota: %s}\n  service: {send_limit: %s}\n",
				ONE_OF(quotas, look, 10), ONE_OF(rates, look, 11));
	if (part(look, 12, 3) == 0)
		buf_addf(out, "  host: {limits: {connections_per_ip: %u}}\n",
				10 + part(look, 13, 90));
}

/* Of several groups of one person each says a thing of its own, or a list. */
static void add_groups(struct buf *out, const struct random_state *s)
{
	static const char *const roles[] = { "admin", "planner", "auditor" };

	if (!present_group(s, 0))
		return;
	buf_add_z(out, "groups:\n");
	for (unsigned i = 0; i < GROUPS; i++) {
		uint64_t look = s->groups[i].look;

		if (!s->groups[i].present)
			continue;
		buf_addf(out, "  g%u: {members: [", i);
		add_users(out, s, look, ", ", "");
		buf_add_z(out, "]");
		if (part(look, 1, 2))
			buf_addf(out, ", roles: [%s]", ONE_OF(roles, look, 2));
		if (i == 0 && part(look, 3, 2))
			buf_addf(out, ", quota: %s", ONE_OF(quotas, look, 4));
		if (i == 1 && part(look, 5, 2))
			buf_addf(out, ", send_limit: %s", ONE_OF(rates, look, 6));
		buf_add_z(out, "}\n");
	}
}

#define ED25519 "dkim: {algorithms: [ed25519]}, "

static void add_domain(struct buf *out, const struct random_state *s, unsigned i)
{
	static const char *const subaddresses[] = { "\"+\"", "\"-\"", "none", "\"=\"" };
	static const char *const signs[] = { ED25519, ED25519,
		"dkim: {algorithms: [ed25519], rotate: 90d}, ", ED25519, ED25519, ED25519,
		ED25519, "dkim: {rotate: 1000d}, " };
	const struct group *group = present_group(s, i);
	uint64_t look = s->domains[i].look;
	size_t begin;

	buf_addf(out, "  d%u.example: {", i);
	begin = out->len;
	if (part(look, 1, 3) == 0)
		buf_addf(out, "subaddress: %s, ", ONE_OF(subaddresses, look, 2));
	if (part(look, 3, 3) == 0) {
		buf_add_z(out, "catch_all: ");
		add_user(out, s, look);
		buf_add_z(out, ", ");
	}
	if (part(look, 4, 3) == 0 && group) {
		buf_add_z(out, "contact: ");
		add_group_name(out, s, group);
		buf_add_z(out, ", ");
	}
	if (part(look, 5, 4) == 0)
		buf_addf(out, "id: dom%u, ", i);
	if (part(look, 6, 6) == 0)
		buf_add_z(out, "dns: none, ");
	/* mostly without RSA, whose keys take a while to be made */
	buf_add_z(out, ONE_OF(signs, look, 7));
	if (out->len > begin)
		buf_truncate(out, out->len - 2);
	buf_add_z(out, "}\n");
}

static void add_domains(struct buf *out, const struct random_state *s)
{
	buf_add_z(out, "domains:\n");
	for (unsigned i = 0; i < DOMAINS; i++)
		if (domain_is_used(s, i))
			add_domain(out, s, i);
	for (unsigned i = 0; i < TWINS; i++) {
		unsigned of = part(s->twins[i].look, 1, DOMAINS);

		if (s->twins[i].present)
			buf_addf(out,
					"  t%u.example: {same_as: d%u.example, "
					"dkim: {algorithms: [ed25519]}}\n",
					i, domain_is_used(s, of) ? of : 0);
	}
}

static bool has_moved(const struct thing *thing)
{
	return thing->present && thing->was_present && !thing->was_named &&
	       !same_place(&thing->at, &thing->was_at);
}

static void add_moved(struct buf *out, const struct random_state *s)
{
	bool any = false;

	for (int i = 0; i < SPECIES; i++)
		for (unsigned j = 0; j < s->shelves[i].count; j++) {
			const struct thing *thing = &s->shelves[i].items[j];

			if (!has_moved(thing))
				continue;
			buf_addf(out, "%s  - {kind: %s, from: ", any ? "" : "moved:\n",
					kinds[i]);
			add_address(out, (enum species)i, &thing->was_at);
			buf_add_z(out, ", to: ");
			add_name(out, s, (enum species)i, thing, false);
			buf_add_z(out, "}\n");
			any = true;
		}
}

void random_state_write(const struct random_state *s, struct buf *out)
{
	buf_addf(out, "version: 1\n# edit %u\n", s->edits);
	add_host(out, s->host);
	add_defaults(out, s->defaults);
	add_groups(out, s);
	add_domains(out, s);
	add_things(out, s, USER, "users");
	add_things(out, s, SHARED, "shared");
	add_things(out, s, SERVICE, "services");
	add_things(out, s, ALIAS, "aliases");
	add_policy(out, s);
	add_moved(out, s);
}
