/* Scalars to plain values, and what to say where one is wrong. */
#include "schema/check.h"

#include "schema/rewrite.h"

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
	size_t digits = 0;

	while (digits < text.len && byte_is_digit(text.data[digits]))
		digits++;
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

const char *example_of(const struct type *type)
{
	switch (type->kind) {
	case TYPE_ID:
		return " like `anna` or `scanner-2`: small letters, digits and `-`";
	case TYPE_NAME:
		return " like `mail` or `nightly`: small letters, digits, `-`, `.` and "
		       "`_`";
	case TYPE_DOMAIN:
		return " like `a.example`";
	case TYPE_ADDRESS:
		return " like `anna@a.example`, nothing around it";
	case TYPE_IP:
		return " like `203.0.113.10` or `\"2001:db8::10\"`";
	case TYPE_URL:
		return " like `https://host.example/path`";
	case TYPE_PATH:
		return " like `/etc/ssl/mail/chain.pem`";
	case TYPE_TEXT:
		return " of one line, without control characters";
	case TYPE_RECIPIENT:
		return ": `age-keygen -y KEYFILE` prints it";
	default:
		return "";
	}
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
	} else if (type->kind == TYPE_ROLE) {
		help_with_role(c, item, text);
	} else if (type->kind == TYPE_HASH) {
		help(c, item, "%s",
				view_find_view(text, VIEW("}$")) < text.len
						? "leave out the braces before the `$`, "
						  "and what "
						  "they hold"
						: "write the whole line that `mkpasswd "
						  "-m "
						  "sha512crypt` prints, in quotes");
	} else if (type->words) {
		help_with_words(c, item, type, text);
	} else {
		wanted = type_describe(c->scratch, type);
		help(c, item, "write %.*s%s", VIEW_ARG(wanted), example_of(type));
	}
}

static bool is_nothing(struct view text)
{
	static const char *const words[] = { "null", "nil", "none", "default",
		"undefined", "auto", "inherit" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (view_eq_nocase(text, view_z(words[i])))
			return true;
	return false;
}

/* “ ” „ ‘ ’ and « »: what word processors make of quotes. */
static bool has_curly_quote(struct view text)
{
	return view_starts(text, VIEW("\xe2\x80\x98")) ||
	       view_starts(text, VIEW("\xe2\x80\x99")) ||
	       view_starts(text, VIEW("\xe2\x80\x9c")) ||
	       view_starts(text, VIEW("\xe2\x80\x9d")) ||
	       view_starts(text, VIEW("\xe2\x80\x9e")) ||
	       view_starts(text, VIEW("\xc2\xab"));
}

/* What was meant, where that can be guessed; else what is wanted. */
static void help_with_value(struct check *c, enum diagnostic_name name,
		struct diagnostic *item, const struct type *type,
		const struct field *field, struct view text)
{
	const char *fallback = field ? field->fallback : NULL;
	struct view meant = VIEW_NULL;

	if (diagnostics_full(c->d))
		return;
	if (type->kind != TYPE_NAME)
		meant = rewrite_value(c->scratch, type, fallback, text);
	if (meant.len)
		help(c, item, "write `%.*s`", VIEW_ARG(meant));
	else if (has_curly_quote(text))
		help(c, item, "quotes are straight: `\"`");
	else if (is_nothing(text) && fallback)
		help(c, item, "leave the line out: then it is `%s`", fallback);
	else if (type->kind == TYPE_TEXT && name == OUT_OF_RANGE)
		help(c, item, "write a text of at most %lld bytes",
				type->most ? (long long)type->most : 1000);
	else
		help_with_scalar(c, name, item, type, text);
}

struct value *shape_plain(struct check *c, const struct type *type,
		const struct field *field, struct node *node)
{
	struct value *value = ARENA_NEW(c->tree, struct value);
	bool lines = field && field->flags & FIELD_LINES;
	struct diagnostic *item;
	const char *why = "";
	int r;

	r = scalar_parse(c->arena, type, node->text, lines, value, &why);
	if (r) {
		item = complain(c, (enum diagnostic_name)r, node, "%s", why);
		help_with_value(c, (enum diagnostic_name)r, item, type, field,
				node->text);
		return NULL;
	}
	return value;
}
