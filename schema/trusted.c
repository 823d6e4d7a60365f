/* `trust` of agent.yaml: who may say what. */
#include "schema/agent_file.h"
#include "schema/check.h"

/* clang-format off */
static const struct {
	const char *word;
	enum scope_verb verb;
} verbs[] = {
	{ "add",    SCOPE_ADD },
	{ "change", SCOPE_CHANGE },
	{ "remove", SCOPE_REMOVE },
};
/* clang-format on */

static size_t count_of(const struct value *list)
{
	size_t count = 0;

	for (const struct value *v = list ? list->first : NULL; v; v = v->next)
		count++;
	return count;
}

/* The kind of the objects of a section; rules are for those alone who may all. */
static enum kind kind_of_section(struct view word)
{
	const struct field *section = table_field(&state_table, word);
	const struct type *type = section ? section->type : NULL;

	if (!type || type->kind != TYPE_MAP || type->item->kind != TYPE_RECORD)
		return KIND_NONE;
	return type->item->table->kind;
}

static bool read_domain(struct check *c, struct view word, struct view *out)
{
	static const struct type type = { .kind = TYPE_DOMAIN };
	struct value value = { .type = &type };
	const char *why;

	if (scalar_parse(c->arena, &type, word, false, &value, &why))
		return false;
	*out = value.text;
	return true;
}

static void refuse_scope(struct check *c, const struct value *word)
{
	struct diagnostic *item = complain(
			c, UNKNOWN_WORD, word->node, "nobody can be given this alone");

	help(c, item,
			"write `*`, `approve`, a section of objects as `users` or "
			"`aliases`, with what is done to them as `users.add`, "
			"`users.change` or `users.remove`, or a domain and all its "
			"addresses as `domains.org.example`");
}

/* users · users.add · domains.org.example */
static void take_scope(struct check *c, const struct value *word, struct trusted *out)
{
	struct trusted_scope *scope = &out->scopes[out->scope_count];
	struct view rest = word->text, section;

	if (view_eq(rest, VIEW("*")) || view_eq(rest, VIEW("approve"))) {
		out->all |= view_eq(rest, VIEW("*"));
		out->approve |= view_eq(rest, VIEW("approve"));
		return;
	}
	section = view_cut(&rest, '.');
	*scope = (struct trusted_scope){ .kind = kind_of_section(section) };
	if (!rest.data)
		scope->verbs = SCOPE_ADD | SCOPE_CHANGE | SCOPE_REMOVE;
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (view_eq(rest, view_z(verbs[i].word)))
			scope->verbs = verbs[i].verb;
	if (scope->kind == KIND_DOMAIN && !scope->verbs &&
			read_domain(c, rest, &scope->domain))
		scope->verbs = SCOPE_ADD | SCOPE_CHANGE | SCOPE_REMOVE;
	if (scope->kind == KIND_NONE || !scope->verbs)
		refuse_scope(c, word);
	else
		out->scope_count++;
}

/* A person without a user has a repository's keys. */
static void check_is_known(
		struct check *c, const struct value *entry, const struct trusted *one)
{
	struct diagnostic *item;

	if (one->scope_count && !one->keys.len) {
		item = complain_key(c, MISSING_FIELD, entry->node,
				"`keys` is missing: what may be done to objects is done "
				"by commits");
		help(c, item, "add `keys:`, a file of allowed signers");
		return;
	}
	if (node_child(entry->node, VIEW("uid")) || one->keys.len)
		return;
	item = complain_key(c, MISSING_FIELD, entry->node,
			"`uid` or `keys` is missing: nobody would know this person");
	help(c, item,
			"add `uid:`, the number that `id -u NAME` prints, or `keys:`, a "
			"file of "
			"allowed signers");
}

static void take_operator(struct check *c, const struct value *entry, struct trusted *out)
{
	const struct value *uid = value_at(entry->first, "uid");
	const struct value *keys = value_at(entry->first, "keys");
	const struct value *may = value_at(entry->first, "may");
	const struct value *approval = value_at(entry->first, "require.approval");

	out->name = entry->key;
	out->uid = uid ? (uint32_t)uid->number : 0;
	out->keys = keys ? keys->text : VIEW_NULL;
	out->approval = approval ? (enum approval)(approval->number + 1) : APPROVAL_NONE;
	out->scopes = arena_array(c->arena, count_of(may), sizeof(*out->scopes));
	for (const struct value *v = may ? may->first : NULL; v; v = v->next)
		take_scope(c, v, out);
}

static void check_operator(struct check *c, const struct value *entry,
		const struct agent_file *file, size_t i)
{
	const struct trusted *one = &file->operators[i];
	struct diagnostic *item;

	check_is_known(c, entry, one);
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

void trusted_take(struct check *c, struct agent_file *out)
{
	const struct value *trust = value_at(c->root, "trust");

	out->operators = arena_array(c->arena, count_of(trust), sizeof(*out->operators));
	for (const struct value *v = trust ? trust->first : NULL; v; v = v->next) {
		take_operator(c, v, &out->operators[out->operator_count]);
		check_operator(c, v, out, out->operator_count++);
	}
}
