#include "schema/desired.h"

#include "runtime/base/map.h"
#include "runtime/crypto/digest.h"
#include "schema/check.h"
#include "schema/value.h"

/* A kind's objects as they stand in struct desired. */
struct shelf {
	const char *items;
	size_t size;
	size_t count;
};

struct desired_index {
	struct map keys[KINDS];
	struct map ids[KINDS];
};

/* The shelves in the order of a walk; KIND_NONE where there are no more. */
static struct shelf shelf_of(const struct desired *d, enum kind kind)
{
	switch (kind) {
	case KIND_HOST:
		return (struct shelf){ (const char *)d->hosts, sizeof(*d->hosts),
			d->host_count };
	case KIND_GROUP:
		return (struct shelf){ (const char *)d->groups, sizeof(*d->groups),
			d->group_count };
	case KIND_DOMAIN:
		return (struct shelf){ (const char *)d->domains, sizeof(*d->domains),
			d->domain_count };
	case KIND_USER:
		return (struct shelf){ (const char *)d->users, sizeof(*d->users),
			d->user_count };
	case KIND_SHARED:
		return (struct shelf){ (const char *)d->shared, sizeof(*d->shared),
			d->shared_count };
	case KIND_SERVICE:
		return (struct shelf){ (const char *)d->services, sizeof(*d->services),
			d->service_count };
	case KIND_ALIAS:
		return (struct shelf){ (const char *)d->aliases, sizeof(*d->aliases),
			d->alias_count };
	case KIND_RELAY:
		return (struct shelf){ (const char *)d->relays, sizeof(*d->relays),
			d->relay_count };
	case KIND_DESTINATION:
		return (struct shelf){ (const char *)d->destinations,
			sizeof(*d->destinations), d->destination_count };
	case KIND_ISSUER:
		return (struct shelf){ (const char *)d->issuers, sizeof(*d->issuers),
			d->issuer_count };
	case KIND_DNS_PROVIDER:
		return (struct shelf){ (const char *)d->dns_providers,
			sizeof(*d->dns_providers), d->dns_provider_count };
	case KIND_BACKUP:
		return (struct shelf){ (const char *)d->backups, sizeof(*d->backups),
			d->backup_count };
	case KIND_CERTIFICATE:
		return (struct shelf){ (const char *)d->certificates,
			sizeof(*d->certificates), d->certificate_count };
	case KIND_POLICY:
		return (struct shelf){ (const char *)&d->policy, sizeof(d->policy), 1 };
	case KIND_ALERTS:
		return (struct shelf){ (const char *)&d->alerts, sizeof(d->alerts), 1 };
	default:
		return (struct shelf){ 0 };
	}
}

const struct desired_object *desired_next(const struct desired *desired, size_t *at)
{
	size_t i = *at;

	for (enum kind kind = KIND_NONE + 1; kind < KINDS; kind++) {
		struct shelf shelf = shelf_of(desired, kind);

		if (i < shelf.count) {
			++*at;
			return (const struct desired_object *)(const void
							*)(shelf.items + i * shelf.size);
		}
		i -= shelf.count;
	}
	return NULL;
}

void desired_hash(struct desired_object *object)
{
	digest_bytes(object->canonical, object->hash);
}

void desired_index(struct desired *desired, struct objects *kinds)
{
	struct desired_index *index = ARENA_NEW(desired->arena, struct desired_index);

	for (enum kind kind = KIND_NONE; kind < KINDS; kind++) {
		index->keys[kind] = kinds[kind].keys;
		index->ids[kind] = kinds[kind].ids;
		kinds[kind].keys = kinds[kind].ids = MAP_NULL;
	}
	map_set(&index->keys[KIND_POLICY], desired->policy.object.key, &desired->policy);
	map_set(&index->keys[KIND_ALERTS], desired->alerts.object.key, &desired->alerts);
	desired->index = index;
}

void desired_forget_origins(struct desired *desired)
{
	const struct desired_object *object;
	size_t at = 0;

	desired->root = NULL;
	memset(desired->defaults, 0, sizeof(desired->defaults));
	while ((object = desired_next(desired, &at))) {
		struct desired_object *ours = (struct desired_object *)object;

		ours->node = NULL;
		ours->values = NULL;
	}
}

const struct desired_object *desired_find(
		const struct desired *desired, enum kind kind, struct view name)
{
	const struct desired_object *object = map_get(&desired->index->ids[kind], name);

	return object ? object : map_get(&desired->index->keys[kind], name);
}

const struct desired_domain *desired_domain_of(
		const struct desired *desired, struct view name)
{
	return map_get(&desired->index->keys[KIND_DOMAIN], name);
}

static bool is_issued_by(const struct desired *desired, enum desired_challenge challenge)
{
	for (size_t i = 0; i < desired->certificate_count; i++)
		if (desired->certificates[i].issuer_count &&
				desired->certificates[i].challenge == challenge)
			return true;
	return false;
}

static bool has_policies(const struct desired *desired)
{
	for (size_t i = 0; i < desired->domain_count; i++)
		if (desired->domains[i].has_sts)
			return true;
	return false;
}

struct desired_listen desired_listen_of(const struct desired *desired,
		const struct desired_host *host, enum listen_service service)
{
	struct desired_listen listen = host->listen[service];

	if (listen.said)
		return listen;
	if (service == LISTEN_HTTP && is_issued_by(desired, CHALLENGE_HTTP))
		return (struct desired_listen){ .open = true, .port = 80 };
	if (service == LISTEN_HTTPS && (is_issued_by(desired, CHALLENGE_TLS_ALPN) ||
						       has_policies(desired)))
		return (struct desired_listen){ .open = true, .port = 443 };
	return listen;
}

void desired_free(struct desired *desired)
{
	if (!desired)
		return;
	for (size_t i = 0; i < desired->user_count; i++)
		secret_free(&desired->users[i].password);
	for (size_t i = 0; i < desired->service_count; i++)
		secret_free(&desired->services[i].password);
	for (enum kind kind = KIND_NONE; desired->index && kind < KINDS; kind++) {
		map_free(&desired->index->keys[kind]);
		map_free(&desired->index->ids[kind]);
	}
	diagnostics_deinit(&desired->not_served);
	arena_free(desired->tree);
	arena_free(desired->arena);
}

void desired_freep(struct desired **desired)
{
	desired_free(*desired);
}

/* -- origins -- */

struct listing {
	struct arena *arena;
	struct desired_origin *items;
	size_t count;
	size_t capacity;
};

static struct view shown(struct listing *l, const struct value *value)
{
	const struct canonical_options options = { 0 };
	CLEANUP(buf_free) struct buf text = BUF_NULL(16 * 1024 * 1024);
	struct view printed;

	if (value->type->kind == TYPE_HASH)
		return VIEW("(sensitive)");
	canonical_value(value, &options, l->arena, &text);
	printed = buf_view(&text);
	if (printed.len >= 2 && printed.data[0] == '"')
		printed = view_sub(printed, 1, printed.len - 2);
	return arena_copy(l->arena, printed);
}

static void add_origin(struct listing *l, struct view path, const struct value *value)
{
	if (l->count == l->capacity) {
		size_t capacity = l->capacity ? 2 * l->capacity : 16;
		struct desired_origin *more =
				arena_array(l->arena, capacity, sizeof(*more));

		if (l->count)
			memcpy(more, l->items, l->count * sizeof(*more));
		l->items = more;
		l->capacity = capacity;
	}
	l->items[l->count++] = (struct desired_origin){
		.path = path,
		.value = shown(l, value),
		.origin = value->origin,
		.span = value->node ? value->node->span : (struct span){ 0 },
	};
}

static void list_fields(struct listing *l, struct view prefix, const struct table *table,
		struct value *values)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct field *field = &table->fields[i];
		struct value *value = value_field(values, field);
		struct view path = arena_printf(l->arena, "%.*s%s%s", VIEW_ARG(prefix),
				prefix.len ? "." : "", field->name);

		if (field->type->kind == TYPE_RECORD &&
				(value || field->flags & FIELD_SERVED)) {
			if (!field->type->table->one_of || value)
				list_fields(l, path, field->type->table,
						value ? value->first : NULL);
			continue;
		}
		if (!value && field->flags & FIELD_SERVED)
			value = value_default(l->arena, field);
		if (value)
			add_origin(l, path, value);
	}
}

size_t desired_origins(const struct desired *desired, const struct desired_object *object,
		struct arena *arena, struct desired_origin **out)
{
	const struct table *table = table_of_kind(object->kind);
	struct listing l = { .arena = arena };

	(void)desired;
	list_fields(&l, VIEW_NULL, table, object->values);
	for (struct value *value = object->values; value; value = value->next)
		if (table->also &&
				(value->field < table->fields ||
						value->field >= table->fields + table->count))
			add_origin(&l, view_z(value->field->name), value);
	*out = l.items;
	return l.count;
}
