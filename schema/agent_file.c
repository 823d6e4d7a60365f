#include "schema/agent_file.h"

#include "runtime/base/limit.h"
#include "schema/check.h"
#include "schema/join.h"

static struct view text_at(struct value *values, const char *path)
{
	const struct value *value = value_at(values, path);

	return value ? value->text : VIEW_NULL;
}

static struct view *texts_at(struct arena *arena, struct value *values, const char *path,
		size_t *count_out)
{
	const struct value *list = value_at(values, path);
	struct view *texts;
	size_t count = 0;

	for (const struct value *v = list ? list->first : NULL; v; v = v->next)
		count++;
	texts = arena_array(arena, count, sizeof(*texts));
	*count_out = 0;
	for (const struct value *v = list ? list->first : NULL; v; v = v->next)
		texts[(*count_out)++] = v->text;
	return texts;
}

/* -- who may what -- */

static void say_unserved(struct check *c, const struct node *node, const char *what)
{
	struct diagnostic *item = complain(c, NOT_SERVED_YET, node, "%s", what);

	help(c, item, "write `*` or `approve`");
}

static void take_operator(
		struct check *c, const struct value *entry, struct operator* out)
{
	const struct value *uid = value_at(entry->first, "uid");
	const struct value *may = value_at(entry->first, "may");

	out->name = entry->key;
	out->uid = uid ? (uint32_t)uid->number : 0;
	for (const struct value *v = may ? may->first : NULL; v; v = v->next) {
		out->all |= view_eq(v->text, VIEW("*"));
		out->approve |= view_eq(v->text, VIEW("approve"));
		if (!view_eq(v->text, VIEW("*")) && !view_eq(v->text, VIEW("approve")))
			say_unserved(c, v->node,
					"this version has no such scope at the control "
					"socket");
	}
}

static void check_operator(struct check *c, const struct value *entry,
		const struct agent_file *file, size_t i)
{
	const struct operator* one = & file->operators[i];
	struct diagnostic *item;

	if (!node_child(entry->node, VIEW("uid"))) {
		item = complain_key(c, MISSING_FIELD, entry->node, "`uid` is missing");
		help(c, item, "add `uid:`, the number that `id -u NAME` prints");
	}
	if (view_eq(one->name, VIEW("root"))) {
		item = complain_key(c, EXCLUDES, entry->node,
				"root is a person of its own already");
		help(c, item, "give this person another name");
	}
	for (size_t k = 0; k < i; k++)
		if (one->uid && file->operators[k].uid == one->uid) {
			item = complain_key(c, EXCLUDES, entry->node,
					"`%.*s` has the same user",
					VIEW_ARG(file->operators[k].name));
			help(c, item, "two people need two users of the machine");
		}
}

static void take_operators(struct check *c, struct agent_file *out)
{
	const struct value *trust = value_at(c->root, "trust");
	size_t count = 0;

	for (const struct value *v = trust ? trust->first : NULL; v; v = v->next)
		count++;
	out->operators = arena_array(c->arena, count, sizeof(*out->operators));
	for (const struct value *v = trust ? trust->first : NULL; v; v = v->next) {
		take_operator(c, v, &out->operators[out->operator_count]);
		check_operator(c, v, out, out->operator_count++);
	}
}

void agent_file_defaults(struct agent_file *out)
{
	const struct field *data = table_field(&agent_table, VIEW("data"));

	*out = (struct agent_file){ .data = view_z(data->fallback) };
}

static void fill(struct arena *arena, struct value *values, struct agent_file *out)
{
	const struct value *watch = value_at(values, "watch");
	const struct value *sandbox = value_at(values, "sandbox");
	const struct value *user = value_at(values, "user");
	struct view data = text_at(values, "data");
	struct view credential = text_at(values, "master_key.credential");
	struct view file = text_at(values, "master_key.host_file");

	agent_file_defaults(out);
	out->host = text_at(values, "host");
	if (data.len)
		out->data = data;
	out->control = text_at(values, "control");
	if (credential.len) {
		out->master_key_kind = MASTER_KEY_CREDENTIAL;
		out->master_key = credential;
	} else if (file.len) {
		out->master_key_kind = MASTER_KEY_HOST_FILE;
		out->master_key = file;
	}
	out->watch = watch && watch->number;
	out->user = user ? user->text : VIEW_NULL;
	out->sandbox = sandbox ? (enum sandbox_wish)sandbox->number : SANDBOX_BEST;
	out->state_paths = texts_at(arena, values, "state.path", &out->state_path_count);
	out->host_files = texts_at(
			arena, values, "allow.host_files", &out->host_file_count);
}

int agent_file_read(struct diagnostics *d, struct agent_file *out)
{
	static const struct check_options no_options = { 0 };
	struct check c = {
		.arena = d->arena,
		.tree = d->arena,
		.scratch = d->arena,
		.d = d,
		.options = &no_options,
		.root_table = &agent_table,
	};
	struct agent_file trusted = { 0 };
	struct node *root;

	diagnostics_init(&c.not_served, d->arena, d->sources);
	root = join_files(d->arena, d->arena, &agent_table, d, &c.incomplete);
	shape_state(&c, root);
	take_operators(&c, &trusted);
	diagnostics_move(d, &c.not_served);
	diagnostics_deinit(&c.not_served);
	diagnostics_sort(d);
	if (d->errors)
		return AGENT_FILE_E_INVALID;
	fill(d->arena, c.root, out);
	out->operators = trusted.operators;
	out->operator_count = trusted.operator_count;
	return AGENT_FILE_OK;
}
