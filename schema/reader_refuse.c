/* What YAML offers and a state has no need of: each is refused with what to write
 * instead. */
#include "schema/reader_inside.h"

#include "runtime/base/limit.h"

void refuse_anchor_and_tag(struct reader *r, const yaml_char_t *anchor,
		const yaml_char_t *tag, struct span span)
{
	struct diagnostic *item;

	if (anchor) {
		item = diagnostics_add(r->d, ANCHOR_NOT_ALLOWED, path_here(r), span,
				"an anchor");
		diagnostic_help(r->d, item,
				"write the value out; what many share belongs into "
				"`defaults` or `groups`, a second domain like a first is "
				"`same_as`. A text that begins with `&` needs quotes");
	}
	if (tag) {
		item = diagnostics_add(
				r->d, TAG_NOT_ALLOWED, path_here(r), span, "a tag");
		diagnostic_help(r->d, item,
				"remove it: types come from the schema; quote a text "
				"that "
				"begins with `!`");
	}
}

void refuse_alias(struct reader *r, struct span span)
{
	struct diagnostic *item = diagnostics_add(
			r->d, ALIAS_NOT_ALLOWED, path_here(r), span, "a YAML alias");

	diagnostic_help(r->d, item,
			"write the value out; what many share belongs into `defaults` or "
			"`groups`. A text that begins with `*` needs quotes");
}

static bool is_merge_key(struct view key, yaml_scalar_style_t style)
{
	return style == YAML_PLAIN_SCALAR_STYLE && view_eq(key, VIEW("<<"));
}

/* `{port:587}` is one key with no value to YAML. */
static bool is_key_with_colon(
		const struct level *top, struct view key, yaml_scalar_style_t style)
{
	return top->node->style == STYLE_FLOW && style == YAML_PLAIN_SCALAR_STYLE &&
	       view_find(key, ':') < key.len;
}

bool check_key(struct reader *r, struct view key, yaml_scalar_style_t style,
		struct span span)
{
	struct level *top = &r->levels[r->depth - 1];
	struct diagnostic *item;

	if (key.len == 0) {
		item = diagnostics_add(
				r->d, EMPTY_KEY, path_here(r), span, "a key is missing");
		diagnostic_help(r->d, item, "write a name before the colon");
	} else if (style == YAML_PLAIN_SCALAR_STYLE && view_starts(key, VIEW("//"))) {
		item = diagnostics_add(r->d, BAD_YAML, path_here(r), span,
				"a comment of another language");
		diagnostic_help(r->d, item, "a comment begins with `# `");
	} else if (is_merge_key(key, style)) {
		item = diagnostics_add(r->d, MERGE_KEY_NOT_ALLOWED, path_here(r), span,
				"a merge key");
		diagnostic_help(r->d, item,
				"what many share belongs into `defaults` or `groups`");
	} else if (is_key_with_colon(top, key, style)) {
		struct view rest = key, name = view_cut(&rest, ':');

		if (view_starts(rest, VIEW("\xc2\xa0"))) /* a no-break space */
			rest = view_from(rest, 2);
		item = diagnostics_add(r->d, KEY_WITH_COLON, path_here(r), span,
				"a blank is missing behind the colon");
		diagnostic_help(r->d, item,
				"write `%.*s: %.*s`, or quote a key that contains a "
				"colon",
				VIEW_ARG(name), VIEW_ARG(rest));
	} else if (view_find(key, '\0') < key.len || view_find(key, '\n') < key.len) {
		item = diagnostics_add(r->d, CONTROL_BYTE, path_here(r), span,
				"a control character in a key");
		diagnostic_help(r->d, item, "keys are names and addresses on one line");
	} else {
		return true;
	}
	return false;
}

/* A plain value that a ` #` follows closely: half of it may be meant as value. */
static bool is_cut_off(const struct reader *r, struct span span)
{
	struct view rest = view_from(r->bytes, span.end);
	size_t blanks = 0;

	while (blanks < rest.len &&
			(rest.data[blanks] == ' ' || rest.data[blanks] == '\t'))
		blanks++;
	if (blanks == 0 || blanks + 1 >= rest.len || rest.data[blanks] != '#')
		return false;
	switch (rest.data[blanks + 1]) {
	case ' ':
	case '\t':
	case '\r':
	case '\n':
	case '#':
	case '!':
		return false;
	default:
		return true;
	}
}

/* `{hash: {SSHA512}…}` and `{members: anna, bo}` are two slips that end here. */
static const char *help_with_nothing(const struct reader *r)
{
	const struct level *top = r->depth ? &r->levels[r->depth - 1] : NULL;
	bool in_braces = top && top->node->kind == NODE_MAP &&
			 top->node->style == STYLE_FLOW;

	if (in_braces && view_eq(top->node->key, VIEW("hash")))
		return "quote the hash: `{hash: \"{SSHA512}…\"}`";
	if (in_braces && top->node->first)
		return "write a value; a list of several is `[a, b]`, in brackets";
	return "write a value, `{}` for an entry without settings, `[]` for an empty "
	       "list, \"\" for "
	       "an empty text; or leave the line out";
}

bool check_scalar(struct reader *r, struct view text, yaml_scalar_style_t style,
		struct span span)
{
	bool plain = style == YAML_PLAIN_SCALAR_STYLE;
	struct diagnostic *item;

	if (text.len > limit_value(LIMIT_STATE_SCALAR)) {
		item = diagnostics_add(r->d, VALUE_TOO_LONG, path_here(r), span,
				"a value of %zu bytes; at most %llu", text.len,
				(unsigned long long)limit_value(LIMIT_STATE_SCALAR));
		diagnostic_help(r->d, item,
				"no value of a state needs that; is a quote not closed?");
	} else if (plain && (text.len == 0 || view_eq(text, VIEW("~")))) {
		item = diagnostics_add(r->d, EMPTY_VALUE, path_here(r), span,
				text.len ? "`~` is no value" : "a value is missing");
		diagnostic_help(r->d, item, "%s", help_with_nothing(r));
	} else if (plain && is_cut_off(r, span)) {
		item = diagnostics_add(r->d, VALUE_CUT_OFF, path_here(r), span,
				"the value ends here: ` #` begins a comment");
		diagnostic_help(r->d, item,
				"quote the value if the rest belongs to it; put a blank "
				"behind the # of a comment");
	} else if (view_find(text, '\0') < text.len) {
		item = diagnostics_add(r->d, CONTROL_BYTE, path_here(r), span,
				"a NUL in a value");
		diagnostic_help(r->d, item, "leave the `\\0` out");
	} else {
		return true;
	}
	return false;
}
