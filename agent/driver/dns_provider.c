/* DNS providers: Ready once each takes us and has the zones that it is to hold. What lives of
 * one is that: nothing is made there. It goes with nothing left behind; a state that still
 * names it is refused before (schema/reference.c). */
#include "agent/driver.h"

#include "agent/database/text.h"
#include "agent/provider/provider.h"
#include "runtime/base/error.h"

#include <errno.h>
#include <stdlib.h>

enum {
	LONGEST_SPEC = 1024 * 1024
};

/* -- what the state wants -- */

static bool holds(const struct desired_dns_provider *provider,
		const struct desired_domain *domain)
{
	return domain->dns_mode == DNS_MANAGE && domain->dns_provider.count &&
	       view_eq(domain->dns_provider.items[0].address, provider->object.key);
}

static struct view applied(struct arena *arena, const struct desired *desired,
		const struct desired_dns_provider *provider)
{
	CLEANUP(buf_free) struct buf json = BUF_NULL(LONGEST_SPEC);
	const char *between = "";

	buf_add_z(&json, "{\"name\":");
	text_add_json(&json, provider->object.key);
	buf_addf(&json, ",\"provider\":%.*s,\"zones\":[",
			VIEW_ARG(dns_provider_spec(arena, provider)));
	for (size_t i = 0; i < desired->domain_count; i++) {
		if (!holds(provider, &desired->domains[i]))
			continue;
		buf_add_z(&json, between);
		text_add_json(&json, desired->domains[i].object.key);
		between = ",";
	}
	buf_add_z(&json, "]}");
	if (buf_failed(&json))
		die("the zones of a provider take more than %d bytes", LONGEST_SPEC);
	return arena_copy(arena, buf_view(&json));
}

static void want(const struct driver *driver, const struct desired *desired,
		struct wanted_list *out)
{
	for (size_t i = 0; i < desired->dns_provider_count; i++) {
		const struct desired_dns_provider *provider = &desired->dns_providers[i];
		struct wanted *wanted = wanted_add_object(out, driver, &provider->object);

		wanted->applied = applied(out->arena, desired, provider);
	}
}

/* -- that it takes us -- */

static struct view text_at(const json_t *json)
{
	return view_of(json_string_value(json), json_string_length(json));
}

/* A domain may lie in the zone of another one above it. */
static int probe_zone(const struct dns_provider *provider, struct provider_call *call,
		struct view domain, struct effect_answer *answer)
{
	int r;

	call->zone = domain;
	r = provider->probe(call, answer);
	while (r == EFFECT_E_FAILED && strcmp(answer->reason, "ZoneGone") == 0) {
		view_cut(&domain, '.');
		if (view_find(domain, '.') == domain.len)
			break;
		call->zone = domain;
		r = provider->probe(call, answer);
	}
	return r;
}

static int probe_all(const struct effect *effect, const json_t *json, struct arena *arena,
		struct effect_answer *answer)
{
	const json_t *zones = json_object_get(json, "zones"), *zone;
	char *spec = json_dumps(
			json_object_get(json, "provider"), JSON_COMPACT | JSON_SORT_KEYS);
	struct provider_call call = {
		.spec = arena_copy(arena, view_z(spec)),
		.arena = arena,
		.file = effect->file,
		.stopping = effect->stopping,
	};
	const struct dns_provider *provider = dns_provider_of_spec(call.spec);
	int r = provider ? 0 : fault(-EPROTO);
	size_t i;

	free(spec);
	json_array_foreach (zones, i, zone)
		if (r == 0)
			r = probe_zone(provider, &call, text_at(zone), answer);
	if (r == EFFECT_E_FAILED)
		answer->untouched = true;
	return r;
}

static int probe(const struct effect *effect, struct effect_answer *answer)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	json_t *json = json_loadb(effect->text.data, effect->text.len, 0, NULL);
	int r = json ? 0 : fault(-EPROTO);

	if (r == 0 && effect->operation != OPERATION_REMOVE)
		r = probe_all(effect, json, arena, answer);
	json_decref(json);
	return r;
}

static struct view queue_of(struct view text, struct arena *arena)
{
	json_t *json = json_loadb(text.data, text.len, 0, NULL);
	struct view name = text_at(json_object_get(json, "name"));
	struct view queue = arena_printf(arena, "dns/%.*s", VIEW_ARG(name));

	json_decref(json);
	return queue;
}

static int look(const struct effect *effect, struct effect_answer *out)
{
	int r = probe(effect, out);

	if (r == 0 && effect->operation != OPERATION_REMOVE)
		buf_add(&out->live, effect->text);
	return r;
}

static const struct effects effects = {
	.provider = queue_of,
	.look = look,
	.perform = probe,
};

const struct driver driver_dns_provider = {
	.kind = "dns-provider",
	.schema = KIND_DNS_PROVIDER,
	.absence = ABSENCE_REMOVES,
	.risk = RISK_EXPOSING,
	.want = want,
	.effects = &effects,
};
