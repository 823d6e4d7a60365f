#include "agent/git/scope.h"

#include "agent/plan/fields.h"
#include "runtime/base/error.h"
#include "runtime/base/map.h"
#include "schema/agent_file.h"
#include "schema/value.h"

#include <jansson.h>
#include <stdlib.h>

enum {
	LONGEST_NAME = 2048,
	LONGEST_SECTION = 64 * 1024 * 1024,
};

static const unsigned beyond_scopes =
		1u << RISK_IRREVERSIBLE | 1u << RISK_POLICY; /* of enum risk */

struct judging {
	const struct desired *before, *after;
	const struct trusted *const *people;
	size_t count;
	struct arena *arena;
	struct scope_refusal *out;
};

/* One object that one state has otherwise than the other. */
struct difference {
	enum scope_verb verb;
	const struct desired_object *before, *after; /* NULL: it is not there */
	const char *beyond; /* what of it no scope gives; NULL: nothing */
};

static const struct desired_object *object_of(const struct difference *d)
{
	return d->after ? d->after : d->before;
}

/* -- what a scope gives -- */

static bool is_in_domain(const struct desired_object *object, struct view domain)
{
	size_t at = view_find_last(object->key, '@');

	if (object->kind == KIND_DOMAIN)
		return view_eq(object->key, domain);
	return at < object->key.len && view_eq(view_from(object->key, at + 1), domain);
}

/* Nor may it reach into another one. */
static bool has_addresses_in_domain(
		const struct desired_object *object, struct view domain)
{
	json_t *spec = json_loadb(object->canonical.data, object->canonical.len, 0, NULL);
	const json_t *address;
	bool all = true;
	size_t i;

	json_array_foreach (json_object_get(spec, "addresses"), i, address) {
		struct view text = view_of(
				json_string_value(address), json_string_length(address));

		all &= view_eq(view_from(text, view_find_last(text, '@') + 1), domain);
	}
	json_decref(spec);
	return all;
}

static bool gives(const struct trusted_scope *scope, const struct difference *d)
{
	const struct desired_object *object = object_of(d);

	if (!(scope->verbs & d->verb))
		return false;
	if (!scope->domain.len)
		return scope->kind == object->kind;
	return is_in_domain(object, scope->domain) &&
	       (!d->after || has_addresses_in_domain(d->after, scope->domain));
}

static bool may(const struct trusted *person, const struct difference *d)
{
	if (person->all)
		return true;
	for (size_t i = 0; i < person->scope_count && !d->beyond; i++)
		if (gives(&person->scopes[i], d))
			return true;
	return false;
}

/* -- refusals -- */

static const char *verb_name(enum scope_verb verb)
{
	return verb == SCOPE_ADD ? "add" : verb == SCOPE_CHANGE ? "change" : "remove";
}

static bool refuse(struct judging *j, const struct trusted *person,
		const struct difference *d)
{
	const struct desired_object *object = object_of(d);
	const struct sources *sources = d->after ? j->after->sources : j->before->sources;
	struct place place = sources_place(sources, object->key_span);

	j->out->person = person;
	j->out->text = arena_printf(j->arena,
			"%.*s may not %s %s/%.*s%s%s (%.*s:%u:%u%s)",
			VIEW_ARG(person->name), verb_name(d->verb),
			kind_name(object->kind), VIEW_ARG(object->key),
			d->beyond ? ": " : "", d->beyond ? d->beyond : "",
			VIEW_ARG(place.path), place.line, place.column,
			d->after ? "" : ", where it was");
	return false;
}

static bool judge(struct judging *j, const struct difference *d)
{
	for (size_t i = 0; i < j->count; i++)
		if (!may(j->people[i], d))
			return refuse(j, j->people[i], d);
	return true;
}

/* -- objects -- */

static const struct driver *driver_for(enum kind kind)
{
	for (size_t i = 0; i < driver_count; i++)
		if (drivers[i]->schema == kind)
			return drivers[i];
	return NULL;
}

/* How its roles are said; or nothing. The caller drops the reference. */
static json_t *roles_of(const struct desired_object *object)
{
	json_t *spec, *roles;

	if (!object)
		return NULL;
	spec = json_loadb(object->canonical.data, object->canonical.len, 0, NULL);
	roles = json_incref(json_object_get(spec, "roles"));
	json_decref(spec);
	if (json_array_size(roles))
		return roles;
	json_decref(roles);
	return NULL;
}

static bool has_other_roles(const struct difference *d)
{
	json_t *before = roles_of(d->before), *after = roles_of(d->after);
	bool differ = (before || after) && !json_equal(before, after);

	json_decref(before);
	json_decref(after);
	return differ;
}

static unsigned risks_of(struct judging *j, const struct difference *d)
{
	const struct driver *driver = driver_for(object_of(d)->kind);
	struct field_list fields = { .arena = j->arena, .driver = driver };

	if (!driver)
		return 0;
	if (!d->before)
		return fields_risks(driver, d->after->canonical);
	if (!d->after)
		return driver->is_rules ? fields_risks_gone(driver, d->before->canonical)
					: 0;
	fields_compare(&fields, d->before->canonical, d->after->canonical);
	free(fields.items);
	return fields.risks;
}

static const char *find_beyond(struct judging *j, const struct difference *d)
{
	unsigned risks;

	if (d->after && has_other_roles(d))
		return "roles are for those who may all";
	risks = risks_of(j, d) & beyond_scopes;
	if (risks & 1u << RISK_POLICY)
		return "what loosens a rule is for those who may all";
	return risks ? "what cannot be undone is for those who may all" : NULL;
}

static bool is_same(const struct desired_object *a, const struct desired_object *b)
{
	return memcmp(a->hash, b->hash, DESIRED_HASH) == 0 && view_eq(a->id, b->id);
}

static bool judge_object(struct judging *j, const struct desired_object *before,
		const struct desired_object *after)
{
	struct difference d = { SCOPE_CHANGE, before, after, NULL };

	if (before && after && is_same(before, after))
		return true;
	if (!before)
		d.verb = SCOPE_ADD;
	else if (!after)
		d.verb = SCOPE_REMOVE;
	d.beyond = find_beyond(j, &d);
	return judge(j, &d);
}

/* By kind and key: a rename takes one away and adds another. */
static struct view name_of(const struct desired_object *object, struct buf *name)
{
	buf_clear(name);
	buf_addf(name, "%d/%.*s", (int)object->kind, VIEW_ARG(object->key));
	return buf_view(name);
}

static bool judge_objects(struct judging *j)
{
	CLEANUP(buf_free) struct buf name = BUF_NULL(LONGEST_NAME);
	CLEANUP(map_free) struct map known = MAP_NULL;
	const struct desired_object *object;
	bool fine = true;
	size_t at = 0;

	while (j->before && (object = desired_next(j->before, &at)))
		(void)map_set(&known, arena_copy(j->arena, name_of(object, &name)),
				(void *)object);
	at = 0;
	while (fine && (object = desired_next(j->after, &at)))
		fine = judge_object(
				j, map_remove(&known, name_of(object, &name)), object);
	at = 0;
	while (fine && j->before && (object = desired_next(j->before, &at)))
		if (map_get(&known, name_of(object, &name)))
			fine = judge_object(j, object, NULL);
	return fine;
}

/* -- what is said besides -- */

static bool is_of_objects(const struct field *section)
{
	const struct type *type = section->type;

	if (type->kind == TYPE_MAP)
		type = type->item;
	return type->kind == TYPE_RECORD && type->table->kind != KIND_NONE;
}

static void print_value(const struct value *value, struct arena *arena, struct buf *out)
{
	static const struct canonical_options options = { 0 };

	if (value)
		canonical_value(value, &options, arena, out);
	buf_add_z(out, "\n");
}

static void print_section(const struct desired *desired, const struct field *section,
		struct arena *arena, struct buf *out)
{
	const struct table *table = section->type->table;

	if (!desired)
		return;
	if (!view_eq(view_z(section->name), VIEW("defaults"))) {
		print_value(value_field(desired->root, section), arena, out);
		return;
	}
	for (size_t i = 0; i < table->count; i++) {
		const struct type *type = table->fields[i].type;
		const struct value record = { .type = type,
			.first = desired->defaults[type->table->kind] };

		print_value(record.first ? &record : NULL, arena, out);
	}
}

static bool judge_section(struct judging *j, const struct field *section)
{
	CLEANUP(buf_free)
	struct buf before = BUF_NULL(LONGEST_SECTION), after = BUF_NULL(LONGEST_SECTION);

	if (is_of_objects(section) || view_eq(view_z(section->name), VIEW("version")))
		return true;
	print_section(j->before, section, j->arena, &before);
	print_section(j->after, section, j->arena, &after);
	if (view_eq(view_trim(buf_view(&before)), view_trim(buf_view(&after))))
		return true;
	for (size_t i = 0; i < j->count; i++) {
		if (j->people[i]->all)
			continue;
		j->out->person = j->people[i];
		j->out->text = arena_printf(j->arena,
				"%.*s may not change `%s`: it is for those who may all",
				VIEW_ARG(j->people[i]->name), section->name);
		return false;
	}
	return true;
}

bool scope_allows(const struct desired *before, const struct desired *after,
		const struct trusted *const *people, size_t count, struct arena *arena,
		struct scope_refusal *out)
{
	struct judging j = { before, after, people, count, arena, out };

	for (size_t i = 0; i < state_table.count; i++)
		if (!judge_section(&j, &state_table.fields[i]))
			return false;
	return judge_objects(&j);
}
