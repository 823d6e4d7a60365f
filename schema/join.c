#include "schema/join.h"

#include "runtime/base/limit.h"
#include "runtime/base/map.h"
#include "schema/reader.h"

static bool is_known(const struct table *root_table, const struct node *file_root)
{
	for (const struct node *child = file_root->first; child; child = child->next)
		if (table_field(root_table, child->key))
			return true;
	return false;
}

static void say_not_a_state(struct diagnostics *d, const struct table *root_table,
		const struct node *file_root)
{
	const struct node *first = file_root->kind == NODE_MAP && file_root->first
						   ? file_root->first
						   : file_root;
	struct diagnostic *item =
			diagnostics_add(d, NOT_A_STATE, VIEW("$"), node_key_span(first),
					"nothing here is a part of %s", root_table->noun);

	if (root_table == &state_table)
		diagnostic_help(d, item,
				"a state has sections like `users:` and `domains:`; if "
				"this file belongs to something else, let `state: {path: "
				"…}` in agent.yaml, or the path given, not reach it");
	else
		diagnostic_help(d, item,
				"write fields like `data: /var/lib/posthus`, one a line");
}

static void attach(struct node *parent, struct node *child)
{
	child->parent = parent;
	child->next = NULL;
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
	parent->count++;
}

static void say_twice(struct diagnostics *d, const struct node *first,
		const struct node *second)
{
	struct diagnostic *item = diagnostics_add(d, DUPLICATE_KEY,
			node_path(d->arena, second), node_key_span(second),
			"this key stands here a second time");

	diagnostic_frame(d, item, node_key_span(first), "first declared here");
	diagnostic_help(d, item, "keep one of them, with what both say");
}

struct joining {
	struct diagnostics *d;
	struct node *root;
	struct map sections; /* of the root, by name */
};

static bool is_version(const struct node *node)
{
	return view_eq(node->key, VIEW("version")) && node->kind == NODE_SCALAR &&
	       !node->bad;
}

/* `version` may stand in every file and must agree. */
static void join_version(struct diagnostics *d, const struct node *first,
		const struct node *second)
{
	struct diagnostic *item;

	if (view_eq(first->text, second->text))
		return;
	item = diagnostics_add(d, VERSION_DISAGREES, node_path(d->arena, second),
			second->span, "another version than in the first file");
	diagnostic_frame(d, item, first->span, "the first file says this");
	diagnostic_help(d, item, "all files of a state are of one version");
}

static void check_version(struct diagnostics *d, struct node *node)
{
	struct diagnostic *item;
	uint64_t number;

	if (!view_to_u64(node->text, &number) || number == 1)
		return;
	node->bad = true;
	item = diagnostics_add(d, UNSUPPORTED_VERSION, node_path(d->arena, node),
			node->span, "this program knows version 1 of the language");
	diagnostic_help(d, item, "write `version: 1`, or run a newer posthus");
}

static void join_section(struct joining *j, struct node *section)
{
	struct diagnostics *d = j->d;
	struct node *root = j->root, *first = map_get(&j->sections, section->key), *next;

	if (!first) {
		attach(root, section);
		map_set(&j->sections, section->key, section);
		if (is_version(section))
			check_version(d, section);
		return;
	}
	section->parent = root;
	if (is_version(first) && is_version(section)) {
		join_version(d, first, section);
		return;
	}
	if (first->kind != section->kind || first->kind == NODE_SCALAR) {
		if (!first->bad && !section->bad)
			say_twice(d, first, section);
		return;
	}
	for (struct node *child = section->first; child; child = next) {
		next = child->next;
		attach(first, child);
	}
}

static void join_file(
		struct joining *j, const struct table *root_table, struct node *file_root)
{
	struct diagnostics *d = j->d;
	struct node *next;

	/* of agent.yaml every field that it does not have is named */
	if (file_root->kind != NODE_MAP ||
			(root_table == &state_table &&
					!is_known(root_table, file_root))) {
		if (!file_root->bad)
			say_not_a_state(d, root_table, file_root);
		return;
	}
	for (struct node *section = file_root->first; section; section = next) {
		next = section->next;
		join_section(j, section);
	}
}

struct node *join_files(struct arena *arena, struct arena *tree,
		const struct table *root_table, struct diagnostics *d, bool *broken_out)
{
	uint64_t budget = limit_value(LIMIT_STATE_VALUES);
	struct node *root = ARENA_NEW(tree, struct node);
	struct joining j = { .d = d, .root = root };
	size_t files = sources_count(d->sources);

	root->kind = NODE_MAP;
	*broken_out = false;
	for (uint32_t file = 0; file < files; file++) {
		bool broken;
		struct node *file_root =
				reader_read(arena, tree, file, d, &budget, &broken);

		*broken_out = *broken_out || broken;
		if (file_root)
			join_file(&j, root_table, file_root);
	}
	map_free(&j.sections);
	/* what is missing proves nothing where all that there is was no state */
	if (!root->first && d->errors)
		*broken_out = true;
	for (struct node *section = root->first; files > 1 && section;
			section = section->next)
		if (section->kind == NODE_MAP)
			node_drop_duplicates(section, d);
	return root;
}
