/* Scalars to plain values, and what to say where one is wrong. */
#include "schema/check.h"

static void help_with_words(struct check *c, struct diagnostic *item,
		const struct type *type, struct view text)
{
	struct view wanted = type_describe(c->scratch, type);
	const char *otherwise = (const char *)arena_copy_z(c->scratch,
			arena_printf(c->scratch, "write %.*s", VIEW_ARG(wanted)));
	size_t count = 0;

	while (type->words && type->words[count])
		count++;
	help_nearest(c, item, text, type->words, count, otherwise);
}

static void help_with_size(struct check *c, struct diagnostic *item, struct view text)
{
	static const char letters[] = "KMGT";
	size_t digits = 0;
	const char *letter;

	while (digits < text.len && byte_is_digit(text.data[digits]))
		digits++;
	letter = digits < text.len ? strchr(letters, byte_upper(text.data[digits]))
				   : NULL;
	if (letter && *letter)
		help(c, item, "did you mean `%.*s%ciB`?",
				VIEW_ARG(view_sub(text, 0, digits)), *letter);
	else
		help(c, item, "units of a size are B, KiB, MiB, GiB and TiB: `%.*sMiB`",
				VIEW_ARG(view_sub(text, 0, digits)));
}

static void help_with_role(struct check *c, struct diagnostic *item, struct view text)
{
	static const char *const roles[] = { "admin", "auditor", "planner",
		"domain-admin:DOMAIN" };

	help_nearest(c, item, text, roles, ARRAY_LEN(roles),
			"a role is `admin`, `auditor`, `planner` or "
			"`domain-admin:DOMAIN`");
}

static void help_with_scalar(struct check *c, enum diagnostic_name name,
		struct diagnostic *item, const struct type *type, struct view text)
{
	struct view wanted;

	if (name == NOT_A_BOOLEAN) {
		help(c, item, "booleans are `true` and `false` alone");
	} else if (name == UNKNOWN_UNIT && type->kind == TYPE_SIZE) {
		help_with_size(c, item, text);
	} else if (name == UNKNOWN_UNIT && type->kind == TYPE_DURATION) {
		help(c, item,
				"units of a duration are w, d, h, m and s, the larger "
				"first: "
				"`2h30m`");
	} else if (name == UNKNOWN_UNIT) {
		help(c, item, "a rate is a number, `/`, and s, m, h or d: `300/d`");
	} else if (type->kind == TYPE_ROLE && name == UNKNOWN_WORD) {
		help_with_role(c, item, text);
	} else if (type->kind == TYPE_HASH) {
		help(c, item,
				"write the whole line that `posthus account passwd "
				"--hash` or "
				"`doveadm pw` prints, in quotes");
	} else if (type->words) {
		help_with_words(c, item, type, text);
	} else {
		wanted = type_describe(c->scratch, type);
		help(c, item, "%.*s is wanted", VIEW_ARG(wanted));
	}
}

struct value *shape_plain(struct check *c, const struct type *type,
		const struct field *field, struct node *node)
{
	struct value *value = ARENA_NEW(c->arena, struct value);
	bool lines = field && field->flags & FIELD_LINES;
	struct diagnostic *item;
	const char *why = "";
	int r;

	r = scalar_parse(c->arena, type, node->text, lines, value, &why);
	if (r) {
		item = complain(c, (enum diagnostic_name)r, node, "%s", why);
		help_with_scalar(c, (enum diagnostic_name)r, item, type, node->text);
		return NULL;
	}
	return value;
}
