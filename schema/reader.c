/* One file at a time: a scan of its bytes, then libyaml's events pushed on a stack of at
 * most LIMIT_STATE_DEPTH containers.
 *
 * libyaml 0.2.5 has no limit of depth and is quadratic in it, does not see duplicate
 * keys, and counts code points where we need bytes. So depth is counted at every event,
 * keys are compared when their map ends, and marks are turned into bytes by walking along
 * with them. */
#include "schema/reader_inside.h"

#include "runtime/base/error.h"
#include "runtime/base/limit.h"

#include <assert.h>

/* -- places -- */

/* Marks grow from event to event, so this walks each byte about once. */
static uint32_t byte_of(struct reader *r, const yaml_mark_t *mark)
{
	const char *data = r->bytes.data;

	while (r->mark_index < mark->index && r->mark_byte < r->bytes.len) {
		r->mark_byte++;
		while (r->mark_byte < r->bytes.len && (data[r->mark_byte] & 0xc0) == 0x80)
			r->mark_byte++;
		r->mark_index++;
	}
	while (r->mark_index > mark->index && r->mark_byte > 0) {
		r->mark_byte--;
		while (r->mark_byte > 0 && (data[r->mark_byte] & 0xc0) == 0x80)
			r->mark_byte--;
		r->mark_index--;
	}
	return r->mark_byte;
}

static struct span span_of(
		struct reader *r, const yaml_mark_t *start, const yaml_mark_t *end)
{
	struct span span = { .file = r->file };

	span.start = byte_of(r, start);
	span.end = byte_of(r, end);
	return span;
}

struct span span_at(struct reader *r, size_t start, size_t len)
{
	return (struct span){ r->file, (uint32_t)start, (uint32_t)(start + len) };
}

struct view path_here(struct reader *r)
{
	const struct level *top = r->depth ? &r->levels[r->depth - 1] : NULL;
	struct view path;

	if (diagnostics_full(r->d) || !top)
		return VIEW("$");
	path = node_path(r->arena, top->node);
	if (top->node->kind == NODE_MAP && top->has_key && !top->key_bad)
		path = arena_printf(r->arena,
				node_is_plain_word(top->key) ? "%.*s.%.*s" : "%.*s[%.*s]",
				VIEW_ARG(path), VIEW_ARG(view_sub(top->key, 0, 200)));
	return path;
}

/* -- building -- */

static enum node_style style_of(yaml_scalar_style_t style)
{
	switch (style) {
	case YAML_SINGLE_QUOTED_SCALAR_STYLE:
	case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
		return STYLE_QUOTED;
	case YAML_LITERAL_SCALAR_STYLE:
	case YAML_FOLDED_SCALAR_STYLE:
		return STYLE_BLOCK;
	default:
		return STYLE_PLAIN;
	}
}

/* The text as it stands in the file, where it does. */
static struct view keep_text(struct reader *r, struct view text, struct span span,
		enum node_style style)
{
	struct view written = view_sub(r->bytes, span.start, span.end - span.start);

	if (style == STYLE_QUOTED && written.len >= 2)
		written = view_sub(written, 1, written.len - 2);
	return view_eq(written, text) ? written : arena_copy(r->arena, text);
}

static bool charge(struct reader *r, struct span span)
{
	struct diagnostic *item;

	if (r->values && *r->budget) {
		r->values--;
		--*r->budget;
		return true;
	}
	item = diagnostics_add(r->d, TOO_MANY_VALUES, VIEW("$"), span,
			"more than %llu values in %s",
			(unsigned long long)limit_value(
					r->values ? LIMIT_STATE_VALUES
						  : LIMIT_STATE_FILE_VALUES),
			r->values ? "a state" : "a file");
	diagnostic_help(r->d, item, "spread them over several files");
	r->broken = true;
	return false;
}

/* A new node under the open container, with the key that waits there. */
static struct node *add_node(struct reader *r, enum node_kind kind, enum node_style style,
		struct span span)
{
	struct level *top = r->depth ? &r->levels[r->depth - 1] : NULL;
	struct node *node = ARENA_NEW(r->tree, struct node), *parent;

	node->kind = kind;
	node->style = style;
	node->span = span;
	if (!top) {
		r->root = node;
		return node;
	}
	parent = top->node;
	if (parent->kind == NODE_MAP) {
		if (!top->has_key)
			return node; /* a complex key: belongs nowhere */
		node->key = top->key;
		node->key_start = top->key_start;
		node->key_end = top->key_end;
		top->has_key = false;
		if (top->key_bad)
			return node;
	}
	node->parent = parent;
	if (parent->last)
		parent->last->next = node;
	else
		parent->first = node;
	parent->last = node;
	parent->count++;
	return node;
}

static bool wants_key(const struct reader *r)
{
	const struct level *top = r->depth ? &r->levels[r->depth - 1] : NULL;

	return top && top->node->kind == NODE_MAP && !top->has_key;
}

static void take_key(struct reader *r, const yaml_event_t *event, struct span span)
{
	struct level *top = &r->levels[r->depth - 1];
	struct view key = view_of(event->data.scalar.value, event->data.scalar.length);
	enum node_style style = style_of(event->data.scalar.style);

	top->key_bad = !check_key(r, key, event->data.scalar.style, span);
	top->has_key = true;
	top->key = keep_text(r, key, span, style);
	top->key_start = span.start;
	top->key_end = span.end;
}

static void take_scalar(struct reader *r, const yaml_event_t *event)
{
	struct span span = span_of(r, &event->start_mark, &event->end_mark);
	struct view text = view_of(event->data.scalar.value, event->data.scalar.length);
	enum node_style style = style_of(event->data.scalar.style);
	struct node *node;
	bool good;

	refuse_anchor_and_tag(r, event->data.scalar.anchor, event->data.scalar.tag, span);
	if (wants_key(r)) {
		take_key(r, event, span);
		return;
	}
	good = (r->depth && r->levels[r->depth - 1].key_bad) ||
					       (text.len == 0 &&
							       event->data.scalar.anchor)
			       ? false
			       : check_scalar(r, text, event->data.scalar.style, span);
	node = add_node(r, NODE_SCALAR, style, span);
	node->bad = !good;
	node->text = keep_text(r, text, span, style);
}

static void open_container(struct reader *r, const yaml_event_t *event)
{
	bool map = event->type == YAML_MAPPING_START_EVENT;
	bool flow = map ? event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE
			: event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
	struct span span = span_of(r, &event->start_mark, &event->end_mark);
	bool is_key = wants_key(r);
	struct diagnostic *item;
	struct node *node;

	refuse_anchor_and_tag(r,
			map ? event->data.mapping_start.anchor
			    : event->data.sequence_start.anchor,
			map ? event->data.mapping_start.tag
			    : event->data.sequence_start.tag,
			span);
	if (r->depth == limit_value(LIMIT_STATE_DEPTH)) {
		item = diagnostics_add(r->d, TOO_DEEP, VIEW("$"), span,
				"nested deeper than %llu",
				(unsigned long long)limit_value(LIMIT_STATE_DEPTH));
		diagnostic_help(r->d, item,
				"no part of a state needs that; is a bracket "
				"not closed?");
		r->broken = true;
		return;
	}
	if (is_key) {
		item = diagnostics_add(r->d, COMPLEX_KEY, path_here(r), span,
				"a map or list as a key");
		diagnostic_help(r->d, item,
				"keys are names; quote one that begins with a bracket");
	}
	node = add_node(r, map ? NODE_MAP : NODE_LIST, flow ? STYLE_FLOW : STYLE_PLAIN,
			span);
	r->levels[r->depth++] = (struct level){ .node = node, .is_key = is_key };
}

/* In block style libyaml ends a container where the next thing begins; the end that
 * people see is that of its last child. */
static void close_container(struct reader *r, const yaml_event_t *event)
{
	struct level *top = &r->levels[--r->depth];
	struct node *node = top->node;

	if (node->style == STYLE_FLOW)
		node->span.end = byte_of(r, &event->end_mark);
	else if (node->last)
		node->span.end = node->last->span.end;
	if (node->kind == NODE_MAP)
		node_drop_duplicates(node, r->d);
	if (top->is_key) {
		top = &r->levels[r->depth - 1];
		top->has_key = true;
		top->key_bad = true;
	}
}

static void take_alias(struct reader *r, const yaml_event_t *event)
{
	struct span span = span_of(r, &event->start_mark, &event->end_mark);

	refuse_alias(r, span);
	if (wants_key(r)) {
		r->levels[r->depth - 1].has_key = true;
		r->levels[r->depth - 1].key_bad = true;
		return;
	}
	add_node(r, NODE_SCALAR, STYLE_PLAIN, span)->bad = true;
}

static void open_document(struct reader *r, const yaml_event_t *event)
{
	struct span span = span_of(r, &event->start_mark, &event->end_mark);
	struct diagnostic *item;

	if (r->documents) {
		item = diagnostics_add(r->d, SECOND_DOCUMENT, VIEW("$"), span,
				"a second document begins");
		diagnostic_help(r->d, item,
				"remove the `---`, or move what follows into a file of "
				"its own: all files of a state are read together");
		r->broken = true;
		return;
	}
	r->documents = true;
	if (event->data.document_start.version_directive ||
			event->data.document_start.tag_directives.start !=
					event->data.document_start.tag_directives.end) {
		item = diagnostics_add(r->d, DIRECTIVE_NOT_ALLOWED, VIEW("$"),
				span_at(r, span.start, 1), "a directive");
		diagnostic_help(r->d, item, "remove the lines that begin with `%%`");
	}
}

static void take_event(struct reader *r, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		open_document(r, event);
		break;
	case YAML_SCALAR_EVENT:
	case YAML_ALIAS_EVENT:
	case YAML_MAPPING_START_EVENT:
	case YAML_SEQUENCE_START_EVENT:
		if (!charge(r, span_of(r, &event->start_mark, &event->end_mark)))
			break;
		if (event->type == YAML_SCALAR_EVENT)
			take_scalar(r, event);
		else if (event->type == YAML_ALIAS_EVENT)
			take_alias(r, event);
		else
			open_container(r, event);
		break;
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		close_container(r, event);
		break;
	default:
		break;
	}
}

/* -- libyaml's own errors -- */

struct advice {
	const char *problem;
	const char *help;
};

/* clang-format off */
static const struct advice advices[] = {
	{ "could not find expected ':'",                       "a key needs a colon and a blank behind it; it is often missing on the line above" },
	{ "mapping values are not allowed in this context",    "a second `: ` in one line: begin a new line, or quote the value" },
	{ "did not find expected key",                         "this line is indented neither like its neighbours nor deeper; or a quote ended too early" },
	{ "did not find expected '-' indicator",               "this line is indented like the list above it, but is no item of it" },
	{ "found a tab character that violates indentation",   "indent with blanks, not tabs" },
	{ "found a tab character where an indentation space is expected", "indent with blanks, not tabs" },
	{ "did not find expected ',' or '}'",                  "a comma or a closing `}` is missing" },
	{ "did not find expected ',' or ']'",                  "a comma or a closing `]` is missing" },
	{ "found unexpected end of stream",                    "a quote that was opened is not closed" },
	{ "block sequence entries are not allowed in this context", "a list begins on a line of its own, or is written in brackets" },
	{ "did not find expected node content",                "a value is missing here, or a comma stands too much" },
	{ "found unknown escape character",                    "in double quotes write `\\\\` for a backslash, or use single quotes" },
	{ "did not find expected whitespace or line break",    "quote a value that begins with `!`" },
	{ "found undefined tag handle",                        "quote a value that begins with `!`" },
	{ "did not find expected alphabetic or numeric character", "quote a value that begins with `*` or `&`" },
	{ "did not find expected <document start>",            "a file has one top level: is this line indented less than it should be?" },
};
/* clang-format on */

/* What the byte tells that the problem is with; NULL: nothing more. */
static const char *advice_for_byte(const char *problem, char byte)
{
	bool key = strcmp(problem, "did not find expected key") == 0;
	bool comma = strstr(problem, "did not find expected ','") != NULL;

	if (strcmp(problem, "found character that cannot start any token") == 0)
		return byte == '\t' ? "indent with blanks, not tabs"
				    : "quote a value that begins with `@`, `%` or a "
				      "backtick";
	if (key && (byte == '}' || byte == ']'))
		return "this bracket closes nothing: there is one too many";
	if (key && byte == ':')
		return "a name is missing before the colon";
	if (comma && byte == ':')
		return "a second colon: quote the value; or a comma is missing before it";
	return NULL;
}

static const char *advice_for(const struct reader *r, const char *problem, size_t at)
{
	const char *told = advice_for_byte(
			problem, at < r->bytes.len ? r->bytes.data[at] : '\0');

	if (told)
		return told;
	for (size_t i = 0; i < ARRAY_LEN(advices); i++)
		if (strcmp(advices[i].problem, problem) == 0)
			return advices[i].help;
	return "look here and one line above for a quote, a bracket or a colon too many "
	       "or too "
	       "few";
}

static void report_parser(struct reader *r, const yaml_parser_t *parser)
{
	uint32_t at = byte_of(r, &parser->problem_mark);
	const char *problem = parser->problem ? parser->problem : "not YAML";
	struct diagnostic *item = diagnostics_add(
			r->d, BAD_YAML, path_here(r), span_at(r, at, 1), "%s", problem);

	r->broken = true;
	if (parser->context && parser->context_mark.index != parser->problem_mark.index)
		diagnostic_frame(r->d, item,
				span_at(r, byte_of(r, &parser->context_mark), 1), "%s",
				parser->context);
	diagnostic_help(r->d, item, "%s", advice_for(r, problem, at));
}

static void run_parser(struct reader *r, yaml_parser_t *parser)
{
	bool end = false;

	while (!end && !r->broken) {
		yaml_event_t event;

		if (!yaml_parser_parse(parser, &event)) {
			report_parser(r, parser);
			return;
		}
		end = event.type == YAML_STREAM_END_EVENT;
		take_event(r, &event);
		yaml_event_delete(&event);
	}
}

struct node *reader_read(struct arena *arena, struct arena *tree, uint32_t file,
		struct diagnostics *d, uint64_t *budget, bool *broken_out)
{
	static const char mark[] = "\xef\xbb\xbf";
	struct reader r = {
		.arena = arena, .tree = tree, .d = d, .file = file, .budget = budget
	};
	yaml_parser_t parser;

	assert(limit_value(LIMIT_STATE_DEPTH) <= NODE_DEPTH_MAX);
	r.bytes = sources_file(d->sources, file)->bytes;
	r.values = limit_value(LIMIT_STATE_FILE_VALUES);
	if (view_starts(r.bytes, view_z(mark)))
		r.mark_byte = sizeof(mark) - 1;
	scan_bytes(&r, r.mark_byte);
	if (!r.broken) {
		struct view text = view_from(r.bytes, r.mark_byte);

		if (!yaml_parser_initialize(&parser))
			die("out of memory");
		yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
		yaml_parser_set_input_string(&parser,
				(const unsigned char *)(text.data ? text.data : ""),
				text.len);
		run_parser(&r, &parser);
		yaml_parser_delete(&parser);
	}
	*broken_out = r.broken;
	return r.broken ? NULL : r.root;
}
