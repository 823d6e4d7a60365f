/* Values to typed structs: a field with a place in the struct is written there in the
 * form of its type, from the object's layers or else from the schema's default. */
#include "schema/check.h"

#include "schema/name.h"
#include "schema/sealed.h"
#include "schema/unit.h"

#include <assert.h>
#include <stdlib.h>

static size_t count_items(const struct value *list)
{
	size_t count = 0;

	for (const struct value *item = list->first; item; item = item->next)
		count++;
	return count;
}

static void write_words(const struct value *list, uint64_t *out)
{
	*out = 0;
	for (const struct value *item = list->first; item; item = item->next)
		*out |= (uint64_t)1 << item->number;
}

static void write_targets(
		struct check *c, const struct value *first, struct target_list *out)
{
	size_t count = 0;

	for (const struct value *item = first; item; item = item->next)
		count++;
	out->items = arena_array(c->arena, count, sizeof(*out->items));
	out->count = 0;
	for (const struct value *item = first; item; item = item->next)
		if (reference_target(c, item, &out->items[out->count]))
			out->count++;
}

void decode_texts(struct check *c, const struct value *list, struct view_list *out)
{
	out->items = arena_array(c->arena, count_items(list), sizeof(*out->items));
	out->count = 0;
	for (const struct value *item = list->first; item; item = item->next)
		out->items[out->count++] = item->text;
}

static void write_list(struct check *c, const struct value *list, void *at)
{
	switch (list->type->item->kind) {
	case TYPE_WORD:
		write_words(list, at);
		break;
	case TYPE_REFERENCE:
		write_targets(c, list->first, at);
		break;
	default:
		decode_texts(c, list, at);
		break;
	}
}

static struct desired_rate read_rate(struct view text)
{
	static const struct {
		char per;
		int seconds;
	} periods[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	struct desired_rate rate = { 0 };
	int64_t count;
	char per;
	int r = rate_parse(text, &count, &per);

	assert(!r);
	(void)r;
	rate.count = (uint64_t)count;
	for (size_t i = 0; i < ARRAY_LEN(periods); i++)
		if (periods[i].per == per)
			rate.period = nstime_seconds(periods[i].seconds);
	return rate;
}

static void write_value(struct check *c, const struct value *value, void *at)
{
	const char *why;
	int r;

	switch (value->type->kind) {
	case TYPE_BOOL:
		*(bool *)at = value->number;
		break;
	case TYPE_INT:
	case TYPE_SIZE:
	case TYPE_WORD:
		*(uint64_t *)at = (uint64_t)value->number;
		break;
	case TYPE_DURATION:
		*(nstime *)at = nstime_seconds(value->number);
		break;
	case TYPE_RATE:
		*(struct desired_rate *)at = read_rate(value->text);
		break;
	case TYPE_ENDPOINT:
		r = endpoint_parse(c->arena, value->text, at, &why);
		assert(!r);
		(void)r;
		break;
	case TYPE_REFERENCE: {
		struct value alone = *value;

		alone.next = NULL;
		write_targets(c, &alone, at);
		break;
	}
	case TYPE_LIST:
		write_list(c, value, at);
		break;
	default:
		*(struct view *)at = value->text;
		break;
	}
}

static bool check_sealed(struct check *c, const struct value *sealed)
{
	CLEANUP(buf_free) struct buf file = BUF_NULL(SEALED_MAX);
	struct diagnostic *item;

	if (sealed_decode(sealed->text, &file))
		return true;
	item = complain(c, BAD_SEALED, sealed->node, "this is no age file in base64");
	help(c, item, "`posthus seal KIND/NAME path.to.field` makes one");
	return false;
}

static void write_secret(struct check *c, const struct value *record, struct view path,
		const struct desired_object *object, struct desired_secret *out)
{
	struct value *forms = record ? record->first : NULL;
	const struct value *credential = value_at(forms, "credential");
	const struct value *file = value_at(forms, "host_file");
	const struct value *sealed = value_at(forms, "sealed");

	if (credential)
		*out = (struct desired_secret){ .form = SECRET_CREDENTIAL,
			.name = credential->text };
	else if (file)
		*out = (struct desired_secret){ .form = SECRET_HOST_FILE,
			.name = file->text };
	else if (sealed && check_sealed(c, sealed))
		*out = (struct desired_secret){ SECRET_SEALED, sealed->text,
			sealed_place(c->arena, object, path),
			sealed_endpoint(c->arena, object, path) };
}

static struct value *default_of(struct check *c, const struct field *field)
{
	struct view key = view_of(&field, sizeof(field));
	struct value *value = map_get(&c->schema_defaults, key);

	if (value || !field->fallback)
		return value;
	value = value_default(c->arena, field);
	if (value)
		map_set(&c->schema_defaults, arena_copy(c->scratch, key), value);
	return value;
}

static struct view below(struct check *c, struct view path, const struct field *field)
{
	return path.len ? arena_printf(c->scratch, "%.*s.%s", VIEW_ARG(path), field->name)
			: view_z(field->name);
}

/* `path`: of the table's fields, below the object. */
static void decode_below(struct check *c, const struct table *table, struct value *values,
		struct view path, void *object)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct field *field = &table->fields[i];
		struct value *value;

		if (!field->at && field->type->kind != TYPE_RECORD)
			continue;
		value = value_field(values, field);
		if (field->at && field->type->table == &secret_table)
			write_secret(c, value, below(c, path, field), object,
					(void *)((char *)object + field->at));
		else if (field->type->kind == TYPE_RECORD)
			decode_below(c, field->type->table, value ? value->first : NULL,
					below(c, path, field), object);
		else if (value || (value = default_of(c, field)))
			write_value(c, value, (char *)object + field->at);
	}
}

void decode_fields(struct check *c, const struct table *table, struct value *values,
		void *object)
{
	decode_below(c, table, values, VIEW_NULL, object);
}

/* -- what one kind has of its own -- */

static void finish_roles(struct check *c, struct desired_user *user)
{
	const struct value *roles = value_at(user->object.values, "roles");

	if (!roles)
		return;
	user->role_domains.items =
			arena_array(c->arena, count_items(roles), sizeof(struct view));
	for (const struct value *item = roles->first; item; item = item->next) {
		enum desired_role role;
		struct view domain;
		const char *why;

		if (role_parse(c->arena, item->text, &role, &domain, &why))
			continue;
		user->roles |= role;
		if (domain.len)
			user->role_domains.items[user->role_domains.count++] = domain;
	}
}

static void finish_password(const struct desired_object *object,
		enum password_scheme *scheme, struct secret *password)
{
	const struct value *hash = value_at(object->values, "password.hash");
	const char *why;

	if (hash && hash_check(hash->text, scheme, &why) == 0)
		*password = secret_copy(hash->text);
}

static void finish_user(struct check *c, struct desired_user *user)
{
	finish_roles(c, user);
	finish_password(&user->object, &user->password_scheme, &user->password);
}

static void finish_service(struct desired_service *service)
{
	finish_password(&service->object, &service->password_scheme, &service->password);
}

static int by_address(const void *left, const void *right)
{
	const struct desired_user *const *a = left, *const *b = right;

	return view_compare((*a)->object.key, (*b)->object.key);
}

static void finish_group(struct check *c, struct desired_group *group)
{
	const struct value *members = value_at(group->object.values, "members");

	if (!members)
		return;
	group->members = arena_array(
			c->arena, count_items(members), sizeof(struct desired_user *));
	for (const struct value *item = members->first; item; item = item->next) {
		struct desired_target target;

		if (reference_target(c, item, &target) && target.kind == TARGET_USER)
			group->members[group->member_count++] = target.user;
	}
	if (group->member_count > 1)
		qsort(group->members, group->member_count, sizeof(struct desired_user *),
				by_address);
}

static enum desired_right right_of(const struct value *entry)
{
	static const enum desired_right rights[] = { MAY_READ, MAY_WRITE, MAY_MANAGE };

	return rights[entry->number]; /* in the order of the words */
}

/* Who is in the list already, or a new one. */
static struct desired_member *member_of(struct check *c, struct map *by_user,
		struct desired_shared *shared, const struct desired_user *user)
{
	struct view key = view_of(&user, sizeof(user));
	struct desired_member *member = map_get(by_user, key);

	if (member)
		return member;
	member = &shared->members[shared->member_count++];
	*member = (struct desired_member){ .user = user };
	map_set(by_user, arena_copy(c->scratch, key), member);
	return member;
}

static void add_group(struct check *c, struct map *by_user, struct desired_shared *shared,
		const struct desired_group *group, enum desired_right right)
{
	for (size_t i = 0; i < group->member_count; i++) {
		struct desired_member *member =
				member_of(c, by_user, shared, group->members[i]);

		if (member->right < right)
			member->right = right;
	}
}

static int by_member(const void *left, const void *right)
{
	const struct desired_member *a = left, *b = right;

	return view_compare(a->user->object.key, b->user->object.key);
}

static bool entry_target(const struct check *c, const struct value *entry,
		struct desired_target *out)
{
	struct value name = *entry;

	name.text = entry->key;
	return reference_target(c, &name, out);
}

/* Groups come first, so that who is named has the last word. */
static void finish_shared(struct check *c, struct desired_shared *shared)
{
	const struct value *members = value_at(shared->object.values, "members");
	CLEANUP(map_free) struct map by_user = MAP_NULL;
	struct desired_target target;

	if (!members)
		return;
	shared->members = arena_array(
			c->arena, c->kinds[KIND_USER].count, sizeof(*shared->members));
	for (const struct value *entry = members->first; entry; entry = entry->next)
		if (entry_target(c, entry, &target) && target.group)
			add_group(c, &by_user, shared, target.group, right_of(entry));
	for (const struct value *entry = members->first; entry; entry = entry->next)
		if (entry_target(c, entry, &target) && target.user)
			member_of(c, &by_user, shared, target.user)->right =
					right_of(entry);
	if (shared->member_count > 1)
		qsort(shared->members, shared->member_count, sizeof(*shared->members),
				by_member);
}

static void finish_alias(struct desired_alias *alias)
{
	alias->action = alias->to.count     ? ALIAS_TO
			: alias->reject.len ? ALIAS_REJECT
					    : ALIAS_DISCARD;
}

static const struct desired_issuer *issuer_of(
		const struct check *c, const struct target_list *target)
{
	if (target->count == 0)
		return NULL;
	return (const struct desired_issuer *)(const void *)object_named(
			c, KIND_ISSUER, target->items[0].address);
}

static bool has_issuer(const struct desired_certificate *certificate,
		const struct desired_issuer *one)
{
	for (size_t i = 0; i < certificate->issuer_count; i++)
		if (certificate->issuers[i] == one)
			return true;
	return false;
}

/* Each once: a circle of fallbacks ends where it began. Issuers are read before. */
static void finish_certificate(struct check *c, struct desired_certificate *certificate)
{
	const struct desired_issuer *next = issuer_of(c, &certificate->issuer_target);

	certificate->issuers = arena_array(c->arena, c->kinds[KIND_ISSUER].count,
			sizeof(struct desired_issuer *));
	for (; next && !has_issuer(certificate, next);
			next = issuer_of(c, &next->fallback))
		certificate->issuers[certificate->issuer_count++] = next;
}

static enum on_drift on_drift_of(const struct value *drift)
{
	static const char *const words[] = { "correct", "report", "adopt" };
	size_t i = 0;

	while (i + 1 < ARRAY_LEN(words) && !view_eq(drift->text, view_z(words[i])))
		i++;
	return (enum on_drift)i;
}

void decode_drift(struct check *c, struct desired_policy *policy)
{
	const struct value *drift = value_at(policy->object.values, "drift");

	if (!drift)
		return;
	if (drift->word) {
		policy->drift = on_drift_of(drift);
		return;
	}
	policy->drifts = arena_array(
			c->arena, count_items(drift), sizeof(*policy->drifts));
	for (const struct value *entry = drift->first; entry; entry = entry->next)
		policy->drifts[policy->drift_count++] = (struct desired_drift){
			.kind = entry->key,
			.what = (enum on_drift)entry->number,
		};
}

static void finish_domain(struct check *c, struct desired_domain *domain)
{
	const struct value *sts = value_at(domain->object.values, "mta_sts");

	domain->has_sts = sts && sts->node;
	records_decode(c, domain);
}

static void finish(struct check *c, struct desired_object *object)
{
	void *typed = object;

	switch (object->kind) {
	case KIND_USER:
		finish_user(c, typed);
		break;
	case KIND_SERVICE:
		finish_service(typed);
		break;
	case KIND_GROUP:
		finish_group(c, typed);
		break;
	case KIND_SHARED:
		finish_shared(c, typed);
		break;
	case KIND_DOMAIN:
		finish_domain(c, typed);
		break;
	case KIND_ALIAS:
		finish_alias(typed);
		break;
	case KIND_CERTIFICATE:
		finish_certificate(c, typed);
		break;
	default:
		break;
	}
}

void hash_object(struct check *c, struct desired_object *object)
{
	const struct canonical_options options = { c->options->secret_key };
	const struct overlay_entry *kept = overlay_kept(c, object->node);
	struct arena *scratch = c->line;

	if (kept) {
		object->canonical = arena_copy(c->arena, kept->spec);
		desired_hash(object);
		return;
	}
	buf_clear(&c->text);
	canonical_object(object, &options, scratch, &c->text);
	arena_reset(scratch);
	object->canonical = arena_copy(c->arena, buf_view(&c->text));
	desired_hash(object);
}

void decode_objects(struct check *c)
{
	for (enum kind kind = KIND_NONE + 1; kind < KINDS; kind++) {
		struct objects *objects = &c->kinds[kind];

		for (size_t i = 0; i < objects->count; i++) {
			struct desired_object *object = object_at(objects, i);

			if (objects->size > sizeof(*object))
				decode_fields(c, table_of_kind(kind), object->values,
						object);
			finish(c, object);
			hash_object(c, object);
		}
	}
}
