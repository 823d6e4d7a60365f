#include "agent/driver/certificate_text.h"

#include "agent/database/text.h"
#include "agent/effect/secret_form.h"
#include "agent/provider/provider.h"
#include "runtime/base/error.h"

#include <stdlib.h>

enum {
	LONGEST_TEXT = 64 * 1024,
};

static const char *const key_kinds[CERTIFICATE_KEY_KINDS] = {
	[CERTIFICATE_KEY_P256] = "ecdsa-p256",
	[CERTIFICATE_KEY_P384] = "ecdsa-p384",
	[CERTIFICATE_KEY_RSA2048] = "rsa2048",
};

const char *certificate_key_name(enum certificate_key_kind kind)
{
	return key_kinds[kind];
}

/* -- writing -- */

static int by_name(const void *a, const void *b)
{
	return view_compare(*(const struct view *)a, *(const struct view *)b);
}

static void add_list(struct buf *out, const struct view *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buf_add_byte(out, i ? ',' : '[');
		text_add_json(out, items[i]);
	}
	buf_add_byte(out, ']');
}

static bool is_in(struct view name, struct view zone)
{
	return view_eq(name, zone) ||
	       (name.len > zone.len && view_ends(name, zone) &&
			       name.data[name.len - zone.len - 1] == '.');
}

const struct desired_domain *certificate_zone_of(
		const struct desired *desired, struct view name)
{
	const struct desired_domain *found = NULL;

	for (size_t i = 0; i < desired->domain_count; i++) {
		const struct desired_domain *domain = &desired->domains[i];

		if (domain->dns_mode != DNS_MANAGE || !domain->dns_provider.count ||
				!is_in(name, domain->object.key))
			continue;
		if (!found || domain->object.key.len > found->object.key.len)
			found = domain;
	}
	return found;
}

static bool came_before(const struct desired *desired, const struct view *names, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (certificate_zone_of(desired, names[k]) ==
				certificate_zone_of(desired, names[i]))
			return true;
	return false;
}

static void add_zones(struct buf *out, struct arena *arena, const struct desired *desired,
		const struct view *names, size_t count)
{
	const char *between = "";

	buf_add_z(out, ",\"zones\":[");
	for (size_t i = 0; i < count; i++) {
		const struct desired_domain *zone =
				certificate_zone_of(desired, names[i]);
		const struct desired_object *provider;

		if (!zone || came_before(desired, names, i))
			continue;
		provider = desired_find(desired, KIND_DNS_PROVIDER,
				zone->dns_provider.items[0].address);
		if (!provider)
			continue;
		buf_addf(out, "%s{\"provider\":%.*s,\"zone\":", between,
				VIEW_ARG(dns_provider_spec(arena,
						(const struct desired_dns_provider
										*)(const void
										*)
								provider)));
		text_add_json(out, zone->object.key);
		buf_add_byte(out, '}');
		between = ",";
	}
	buf_add_byte(out, ']');
}

struct view certificate_text_write(struct arena *arena, const struct desired *desired,
		const struct desired_certificate *wanted, struct view *names,
		size_t count, walltime linger)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST_TEXT);

	if (count)
		qsort(names, count, sizeof(*names), by_name);
	buf_addf(&text, "{\"challenge\":\"%s\",\"issuers\":",
			acme_challenge_name((enum acme_challenge)wanted->challenge));
	for (size_t i = 0; i < wanted->issuer_count; i++) {
		const struct desired_issuer *issuer = wanted->issuers[i];

		buf_add_z(&text, i ? ",{\"acme\":" : "[{\"acme\":");
		text_add_json(&text, issuer->acme);
		if (issuer->eab_id.len) {
			buf_add_z(&text, ",\"eab\":{\"id\":");
			text_add_json(&text, issuer->eab_id);
			buf_add_z(&text, ",\"key\":");
			secret_form_add(&text, &issuer->eab_key);
			buf_add_byte(&text, '}');
		}
		buf_add_z(&text, ",\"name\":");
		text_add_json(&text, issuer->object.key);
		buf_add_byte(&text, '}');
	}
	buf_addf(&text, "],\"key\":\"%s\"", key_kinds[wanted->key_kind]);
	if (linger)
		buf_addf(&text, ",\"linger\":%lld", (long long)linger);
	buf_add_z(&text, ",\"names\":");
	add_list(&text, names, count);
	buf_add_z(&text, ",\"profile\":");
	text_add_json(&text, wanted->profile);
	if (wanted->challenge == CHALLENGE_DNS)
		add_zones(&text, arena, desired, names, count);
	buf_add_byte(&text, '}');
	return arena_copy(arena, buf_view(&text));
}

bool certificate_text_is_issued(struct view text)
{
	struct view begin = VIEW("{\"challenge\":\"");
	struct view rest;

	if (!view_starts(text, begin))
		return false;
	rest = view_from(text, begin.len);
	view_cut(&rest, '"');
	return view_starts(rest, VIEW(",\"issuers\":["));
}

struct view certificate_text_asked(
		struct arena *arena, const struct certificate_text *text, size_t issuer)
{
	CLEANUP(buf_free) struct buf asked = BUF_NULL(LONGEST_TEXT);

	buf_add_z(&asked, "{\"acme\":");
	text_add_json(&asked, text->issuers[issuer].directory);
	buf_addf(&asked, ",\"key\":\"%s\",\"names\":", key_kinds[text->key_kind]);
	add_list(&asked, text->names, text->name_count);
	buf_add_z(&asked, ",\"profile\":");
	text_add_json(&asked, text->profile);
	buf_add_byte(&asked, '}');
	return arena_copy(arena, buf_view(&asked));
}

/* -- reading -- */

static struct view text_at(struct arena *arena, const json_t *root, const char *name)
{
	const json_t *value = json_object_get(root, name);

	return arena_copy(arena,
			view_of(json_string_value(value), json_string_length(value)));
}

static struct view json_of(struct arena *arena, const json_t *value)
{
	char *text = value ? json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	struct view copy = text ? arena_copy(arena, view_z(text)) : VIEW_NULL;

	free(text);
	return copy;
}

static void read_issuers(
		struct arena *arena, const json_t *list, struct certificate_text *out)
{
	size_t count = json_array_size(list);
	struct certificate_issuer *issuers = arena_array(arena, count, sizeof(*issuers));

	for (size_t i = 0; i < count; i++) {
		const json_t *one = json_array_get(list, i);

		issuers[i].name = text_at(arena, one, "name");
		issuers[i].directory = text_at(arena, one, "acme");
		issuers[i].eab_id = text_at(arena, json_object_get(one, "eab"), "id");
		issuers[i].eab_key = json_of(arena,
				json_object_get(json_object_get(one, "eab"), "key"));
	}
	out->issuers = issuers;
	out->issuer_count = count;
}

static void read_zones(
		struct arena *arena, const json_t *list, struct certificate_text *out)
{
	size_t count = json_array_size(list);
	struct certificate_zone *zones = arena_array(arena, count, sizeof(*zones));

	for (size_t i = 0; i < count; i++) {
		const json_t *one = json_array_get(list, i);

		zones[i].zone = text_at(arena, one, "zone");
		zones[i].provider = json_of(arena, json_object_get(one, "provider"));
	}
	out->zones = zones;
	out->zone_count = count;
}

static void read_names(
		struct arena *arena, const json_t *list, struct certificate_text *out)
{
	size_t count = json_array_size(list);
	struct view *names = arena_array(arena, count, sizeof(*names));

	for (size_t i = 0; i < count; i++) {
		const json_t *one = json_array_get(list, i);

		names[i] = arena_copy(arena,
				view_of(json_string_value(one), json_string_length(one)));
	}
	out->names = names;
	out->name_count = count;
}

bool certificate_text_read(
		struct arena *arena, struct view text, struct certificate_text *out)
{
	struct certificate_text read = { 0 };
	json_t *root = json_loadb(text.len ? text.data : "", text.len, 0, NULL);
	struct view challenge = text_at(arena, root, "challenge");
	struct view key = text_at(arena, root, "key");

	for (int i = 0; i < ACME_CHALLENGES; i++)
		if (view_eq(challenge,
				    view_z(acme_challenge_name((enum acme_challenge)i))))
			read.challenge = (enum acme_challenge)i;
	for (int i = 0; i < CERTIFICATE_KEY_KINDS; i++)
		if (view_eq(key, view_z(key_kinds[i])))
			read.key_kind = (enum certificate_key_kind)i;
	read.profile = text_at(arena, root, "profile");
	read.linger = json_integer_value(json_object_get(root, "linger"));
	read_issuers(arena, json_object_get(root, "issuers"), &read);
	read_names(arena, json_object_get(root, "names"), &read);
	read_zones(arena, json_object_get(root, "zones"), &read);
	json_decref(root);
	if (read.issuer_count == 0 || read.name_count == 0)
		return false;
	*out = read;
	return true;
}
