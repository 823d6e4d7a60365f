/* What a state may use of its machine stands in agent.yaml, never in the state: files to read,
 * folders to write to, credentials, each of them in its one place. */
#include "schema/check.h"

struct walk {
	struct check *c;
	struct view object; /* backups/nightly; empty: a section of the root */
	struct view kind;   /* backup/nightly */
	struct view path;   /* to.s3.access_key */
};

static bool is_listed(const struct view *list, size_t count, struct view text)
{
	for (size_t i = 0; i < count; i++)
		if (view_eq(list[i], text))
			return true;
	return false;
}

/* A folder of the list, or one below. */
static bool is_below(const struct view *list, size_t count, struct view path)
{
	for (size_t i = 0; i < count; i++)
		if (view_starts(path, list[i]) &&
				(path.len == list[i].len ||
						path.data[list[i].len] == '/' ||
						list[i].data[list[i].len - 1] == '/'))
			return true;
	return false;
}

static void check_file(struct check *c, const struct value *value)
{
	const struct agent_file *agent = c->options->agent;
	struct diagnostic *item;

	if (is_listed(agent->host_files, agent->host_file_count, value->text))
		return;
	item = complain(c, FILE_NOT_ALLOWED, value->node,
			"this machine does not allow a state to use this file");
	help(c, item, "add it to `allow.host_files` in agent.yaml");
}

static void check_folder(struct check *c, const struct value *value)
{
	const struct agent_file *agent = c->options->agent;
	struct diagnostic *item;

	if (is_below(agent->write, agent->write_count, value->text))
		return;
	item = complain(c, FOLDER_NOT_ALLOWED, value->node,
			"this machine does not allow a state to write here");
	help(c, item, "add it to `allow.write` in agent.yaml");
}

/* `OBJECT/path.to.field`, the object by its section or its kind; or, where that is short
 * enough, the field's own name. */
static bool is_slot(const struct walk *w, struct view slot)
{
	struct view own = view_from(
			w->path, view_find_last(w->path, '.') < w->path.len
						 ? view_find_last(w->path, '.') + 1
						 : 0);
	const struct view objects[] = { w->object, w->kind };
	const struct view paths[] = { w->path, own };

	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < 2; k++)
			if (view_eq(slot, arena_printf(w->c->scratch, "%.*s/%.*s",
							  VIEW_ARG(objects[i]),
							  VIEW_ARG(paths[k]))))
				return true;
	return false;
}

static void check_credential(const struct walk *w, const struct value *value)
{
	const struct agent_file *agent = w->c->options->agent;
	struct diagnostic *item;
	bool known = false;

	for (size_t i = 0; i < agent->credential_count; i++) {
		if (!view_eq(agent->credentials[i].name, value->text))
			continue;
		if (is_slot(w, agent->credentials[i].slot))
			return;
		known = true;
	}
	item = complain(w->c, CREDENTIAL_NOT_ALLOWED, value->node,
			known ? "this machine allows this credential in another place"
			      : "this machine does not allow a state to use this "
				"credential");
	help(w->c, item, "in agent.yaml: `allow: {credentials: {%.*s: %.*s/%.*s}}`",
			VIEW_ARG(value->text), VIEW_ARG(w->object), VIEW_ARG(w->path));
}

static void check_value(const struct walk *w, const struct value *value)
{
	unsigned flags = value->field->flags;

	if (flags & FIELD_READS)
		check_file(w->c, value);
	if (flags & FIELD_WRITES)
		check_folder(w->c, value);
	if (flags & FIELD_CREDENTIAL)
		check_credential(w, value);
}

/* As deep as the tables are. The form of a secret is no part of its place. */
static void walk(const struct walk *w, const struct value *value)
{
	struct walk below = *w;
	struct view name = value->field ? view_z(value->field->name) : value->key;
	bool is_form = value->field && value->field->flags & FIELD_CREDENTIAL;

	if (name.len && !is_form)
		below.path = w->path.len ? arena_printf(w->c->scratch, "%.*s.%.*s",
							   VIEW_ARG(w->path),
							   VIEW_ARG(name))
					 : name;
	if (value->word)
		return;
	if (type_is_plain(value->type)) {
		if (value->field)
			check_value(&below, value);
		return;
	}
	for (const struct value *v = value->first; v; v = v->next)
		walk(&below, v);
}

static void check_object(struct check *c, const struct desired_object *object)
{
	const struct field *section = table_section(object->kind);
	const struct walk w = {
		.c = c,
		.object = arena_printf(c->scratch, "%s/%.*s", section->name,
				VIEW_ARG(desired_identity(object))),
		.kind = arena_printf(c->scratch, "%s/%.*s", kind_name(object->kind),
				VIEW_ARG(desired_identity(object))),
	};

	for (const struct value *v = object->values; v; v = v->next)
		walk(&w, v);
}

static void check_part(struct check *c, const struct value *part)
{
	const struct walk w = {
		.c = c,
		.object = view_z(part->field->name),
		.kind = view_z(part->field->name),
	};

	if (part->word || type_is_plain(part->type))
		return;
	for (const struct value *v = part->first; v; v = v->next)
		walk(&w, v);
}

/* Kinds whose rows name nothing of the machine are not walked: there are many users. */
static bool may_name(enum kind kind)
{
	return kind != KIND_GROUP && kind != KIND_DOMAIN && kind != KIND_HOST;
}

void allowed_check(struct check *c)
{
	if (!c->options->agent)
		return;
	for (enum kind kind = KIND_NONE + 1; kind < KINDS; kind++)
		for (size_t i = 0; may_name(kind) && i < c->kinds[kind].count; i++)
			check_object(c, object_at(&c->kinds[kind], i));
	for (const struct value *part = c->root; part; part = part->next)
		if (part->field)
			check_part(c, part);
}
