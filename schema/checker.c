#include "schema/checker.h"

#include "runtime/base/limit.h"
#include "schema/check.h"
#include "schema/join.h"

#include <assert.h>

enum {
	CANONICAL_MAX = 16 * 1024 * 1024
};

/* What was collected from disk was within its limits; what came over the wire is asked
 * here. */
static bool files_fit(struct diagnostics *d)
{
	size_t count = sources_count(d->sources);
	uint64_t total = 0;

	if (count == 0)
		diagnostics_add_unplaced(d, NO_FILES, VIEW_NULL, "a state has a file");
	if (count > limit_value(LIMIT_STATE_FILES))
		diagnostics_add_unplaced(d, TOO_MANY_FILES, VIEW_NULL,
				"%zu files; a state has at most %llu", count,
				(unsigned long long)limit_value(LIMIT_STATE_FILES));
	for (uint32_t i = 0; i < count && d->errors == 0; i++) {
		const struct source_file *file = sources_file(d->sources, i);

		total += file->bytes.len;
		if (file->bytes.len > limit_value(LIMIT_STATE_FILE))
			diagnostics_add_unplaced(d, FILE_TOO_LARGE, VIEW_NULL,
					"%.*s has %zu bytes; a file of a state has at "
					"most %llu",
					VIEW_ARG(file->path), file->bytes.len,
					(unsigned long long)limit_value(
							LIMIT_STATE_FILE));
	}
	if (total > limit_value(LIMIT_STATE_TOTAL))
		diagnostics_add_unplaced(d, STATE_TOO_LARGE, VIEW_NULL,
				"%llu bytes; a state has at most %llu",
				(unsigned long long)total,
				(unsigned long long)limit_value(LIMIT_STATE_TOTAL));
	return d->errors == 0;
}

static void check_tree(struct check *c)
{
	struct node *root =
			join_files(c->arena, c->tree, &state_table, c->d, &c->incomplete);

	overlay_index(c);
	overlay_add(c, root);
	shape_state(c, root);
	identity_collect(c);
	if (c->incomplete)
		return;
	reference_check(c);
	layer_objects(c);
	decode_objects(c);
	route_domains(c);
	rules_check(c);
}

/* -- the result -- */

/* A part of the state that is one object; `value` is NULL where nothing is said of it. */
static void take_part(struct desired_object *object, enum kind kind, struct view key,
		const struct value *value)
{
	object->kind = kind;
	object->key = key;
	if (!value)
		return;
	object->values = value->first;
	object->node = value->node;
	object->span = node_whole_span(value->node);
	object->key_span = node_key_span(value->node);
}

static void take_policy(struct check *c, struct desired_policy *policy)
{
	const struct value *value = value_at(c->root, "policy");
	const struct value *protect = value_at(c->root, "policy.protect");

	take_part(&policy->object, KIND_POLICY, VIEW("policy"), value);
	decode_fields(c, &policy_table, policy->object.values, policy);
	decode_drift(c, policy);
	if (protect)
		decode_texts(c, protect, &policy->protect);
	hash_object(c, &policy->object);
}

static void take_alerts(struct check *c, struct desired_alerts *alerts)
{
	const struct value *value = value_at(c->root, "alerts");

	take_part(&alerts->object, KIND_ALERTS, VIEW("alerts"), value);
	decode_fields(c, &alerts_table, alerts->object.values, alerts);
	hash_object(c, &alerts->object);
}

static void take_recipients(struct check *c, struct desired *desired)
{
	const struct value *recipients = value_at(c->root, "secrets.recipients");
	size_t count = 0;

	for (const struct value *r = recipients ? recipients->first : NULL; r;
			r = r->next)
		count++;
	desired->recipients = arena_array(c->arena, count, sizeof(*desired->recipients));
	for (const struct value *r = recipients ? recipients->first : NULL; r;
			r = r->next)
		desired->recipients[desired->recipient_count++] =
				(struct desired_recipient){ r->key, r->text,
					r->node->span };
}

static void *take_objects(struct check *c, enum kind kind, size_t *count_out)
{
	*count_out = c->kinds[kind].count;
	return c->kinds[kind].items;
}

static void fill(struct check *c, struct desired *desired)
{
	desired->hosts = take_objects(c, KIND_HOST, &desired->host_count);
	desired->groups = take_objects(c, KIND_GROUP, &desired->group_count);
	desired->domains = take_objects(c, KIND_DOMAIN, &desired->domain_count);
	desired->users = take_objects(c, KIND_USER, &desired->user_count);
	desired->shared = take_objects(c, KIND_SHARED, &desired->shared_count);
	desired->services = take_objects(c, KIND_SERVICE, &desired->service_count);
	desired->aliases = take_objects(c, KIND_ALIAS, &desired->alias_count);
	desired->relays = take_objects(c, KIND_RELAY, &desired->relay_count);
	desired->destinations =
			take_objects(c, KIND_DESTINATION, &desired->destination_count);
	desired->issuers = take_objects(c, KIND_ISSUER, &desired->issuer_count);
	desired->dns_providers =
			take_objects(c, KIND_DNS_PROVIDER, &desired->dns_provider_count);
	desired->backups = take_objects(c, KIND_BACKUP, &desired->backup_count);
	desired->certificates =
			take_objects(c, KIND_CERTIFICATE, &desired->certificate_count);
	take_policy(c, &desired->policy);
	take_alerts(c, &desired->alerts);
	take_recipients(c, desired);
	desired->root = c->root;
	memcpy(desired->defaults, c->defaults, sizeof(desired->defaults));
	moved_take(c, desired);
	purge_take(c, desired);
	desired_index(desired, c->kinds);
	diagnostics_sort(&c->not_served);
	desired->not_served = c->not_served;
	c->not_served = (struct diagnostics){ 0 };
}

/* The lines are in the tree, and what is desired is not. */
static void end_tree(struct check *c, struct desired *desired)
{
	if (desired && !c->options->forget_origins) {
		desired->tree = c->tree;
		return;
	}
	if (desired)
		desired_forget_origins(desired);
	arena_free(c->tree);
}

static void drop_passwords(struct check *c)
{
	struct objects *users = &c->kinds[KIND_USER];
	struct objects *services = &c->kinds[KIND_SERVICE];

	for (size_t i = 0; i < users->count; i++) {
		void *user = object_at(users, i);

		secret_free(&((struct desired_user *)user)->password);
	}
	for (size_t i = 0; i < services->count; i++) {
		void *service = object_at(services, i);

		secret_free(&((struct desired_service *)service)->password);
	}
}

static void release(struct check *c)
{
	for (enum kind kind = KIND_NONE; kind < KINDS; kind++) {
		map_free(&c->kinds[kind].keys);
		map_free(&c->kinds[kind].ids);
	}
	map_free(&c->addresses);
	map_free(&c->lost);
	map_free(&c->overlaid);
	map_free(&c->kept);
	map_free(&c->schema_defaults);
	buf_wipe(&c->text);
	diagnostics_deinit(&c->not_served);
	arena_free(c->scratch);
	arena_free(c->line);
}

int checker_check(const struct source_file *files, size_t count,
		const struct check_options *options, struct checked *out)
{
	static const struct check_options no_options = { 0 };
	struct check c = {
		.arena = arena_new(),
		.tree = arena_new(),
		.scratch = arena_new(),
		.line = arena_new(),
		.options = options ? options : &no_options,
		.root_table = &state_table,
		.text = BUF_NULL(CANONICAL_MAX),
	};

	*out = (struct checked){ .arena = c.arena };
	c.desired = ARENA_NEW(c.arena, struct desired);
	c.desired->arena = c.arena;
	c.desired->sources = sources_new(c.arena, files, count);
	diagnostics_init(&out->diagnostics, c.arena, c.desired->sources);
	diagnostics_init(&c.not_served, c.arena, c.desired->sources);
	c.d = &out->diagnostics;
	if (files_fit(c.d))
		check_tree(&c);
	diagnostics_sort(c.d);
	if (c.d->errors == 0) {
		fill(&c, c.desired);
		out->desired = c.desired;
	} else {
		drop_passwords(&c);
	}
	end_tree(&c, out->desired);
	release(&c);
	return out->desired ? CHECK_OK : CHECK_E_INVALID;
}

struct desired *checked_take(struct checked *checked)
{
	struct desired *desired = checked->desired;

	assert(desired);
	diagnostics_deinit(&checked->diagnostics);
	*checked = (struct checked){ 0 };
	return desired;
}

void checked_deinit(struct checked *checked)
{
	diagnostics_deinit(&checked->diagnostics);
	if (checked->desired)
		desired_free(checked->desired);
	else
		arena_free(checked->arena);
	*checked = (struct checked){ 0 };
}
