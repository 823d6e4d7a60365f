#include "agent/provider/provider.h"

#include "agent/database/text.h"
#include "agent/effect/secret_form.h"
#include "schema/name.h"
#include "schema/table.h"

enum {
	LONGEST_SPEC = 64 * 1024,
};

static const struct dns_provider *const providers[] = {
	&dns_powerdns,
	&dns_rfc2136,
	&dns_zonefile,
};

const struct dns_provider *dns_provider_of(struct view type)
{
	for (size_t i = 0; i < ARRAY_LEN(providers); i++)
		if (view_eq(type, view_z(providers[i]->type)))
			return providers[i];
	return NULL;
}

const struct dns_provider *dns_provider_of_spec(struct view spec)
{
	json_t *json = json_loadb(spec.data, spec.len, 0, NULL);
	const struct dns_provider *provider = dns_provider_of(
			view_z(json_string_value(json_object_get(json, "type"))));

	json_decref(json);
	return provider;
}

int provider_changed_meanwhile(const struct rrset *before, struct effect_answer *answer)
{
	answer->untouched = true;
	return effect_failed(answer, "ChangedMeanwhile",
			"%.*s %.*s is not what it was when it was read",
			VIEW_ARG(before->name), VIEW_ARG(before->type));
}

/* -- the spec -- */

static const char *word_of(const struct table *table, const char *field, uint64_t value)
{
	return table_field(table, view_z(field))->type->words[value];
}

static void add_text(struct buf *json, const char *name, struct view text)
{
	buf_addf(json, "\"%s\":", name);
	text_add_json(json, text);
	buf_add_byte(json, ',');
}

static void add_key(struct buf *json, const struct desired_dns_provider *provider)
{
	const struct table *table =
			type_table(table_field(&dns_provider_table, VIEW("key"))->type);

	buf_add_z(json, "\"key\":{");
	add_text(json, "algorithm",
			view_z(word_of(table, "algorithm", provider->key_algorithm)));
	add_text(json, "name", provider->key_name);
	buf_add_z(json, "\"secret\":");
	secret_form_add(json, &provider->key_secret);
	buf_add_z(json, "},");
}

struct view dns_provider_spec(
		struct arena *arena, const struct desired_dns_provider *provider)
{
	CLEANUP(buf_free) struct buf json = BUF_NULL(LONGEST_SPEC);

	buf_add_byte(&json, '{');
	if (provider->api_key.form != SECRET_NONE) {
		buf_add_z(&json, "\"api_key\":");
		secret_form_add(&json, &provider->api_key);
		buf_add_byte(&json, ',');
	}
	if (provider->directory.len)
		add_text(&json, "directory", provider->directory);
	if (provider->key_name.len)
		add_key(&json, provider);
	if (provider->server.open)
		add_text(&json, "server", endpoint_print(arena, &provider->server));
	buf_addf(&json, "\"type\":\"%s\"",
			word_of(&dns_provider_table, "type", provider->type));
	if (provider->url.len) {
		buf_add_z(&json, ",\"url\":");
		text_add_json(&json, provider->url);
	}
	buf_add_byte(&json, '}');
	return arena_copy(arena, buf_view(&json));
}
