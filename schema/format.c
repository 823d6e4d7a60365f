/* The tree of a file is walked in the order of its bytes. Between its tokens lie gaps: blanks,
 * commas, colons, comments, line ends. A gap of flow style that is nothing but its mark and
 * blanks is written anew; every other one is copied, less what nobody sees. Tokens are copied
 * as they are, but for quotes. */
#include "schema/format.h"

#include "runtime/base/buf.h"
#include "runtime/base/limit.h"
#include "schema/reader.h"

enum {
	TAB = 8
};

enum gap {
	GAP_FREE,
	GAP_OPEN, /* behind a bracket */
	GAP_COLON,
	GAP_COMMA,
	GAP_CLOSE, /* before a bracket */
};

struct writer {
	struct view bytes;
	size_t at; /* what is before was written */
	struct buf *out;
	size_t token_end; /* in `out`: where the last token ended */
	bool block;       /* it was a block scalar: line ends behind it belong to it */
	size_t counted, column; /* of `out`, as far as tabs asked for it */
};

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

static struct view skip_blanks(struct view v)
{
	size_t i = 0;

	while (i < v.len && is_blank(v.data[i]))
		i++;
	return view_from(v, i);
}

/* -- gaps -- */

/* The mark of a gap; '\0': blanks alone. */
static char mark_of(enum gap gap)
{
	return gap == GAP_COLON ? ':' : gap == GAP_COMMA ? ',' : '\0';
}

/* True where it holds its mark and blanks, on one line. */
static bool is_simple(struct view text, enum gap gap)
{
	if (gap == GAP_FREE)
		return false;
	text = skip_blanks(text);
	if (mark_of(gap)) {
		if (text.len == 0 || text.data[0] != mark_of(gap))
			return false;
		text = skip_blanks(view_from(text, 1));
	}
	return text.len == 0;
}

static void add_tab(struct writer *w)
{
	struct buf *out = w->out;

	for (; w->counted < out->len; w->counted++) {
		char byte = out->data[w->counted];

		w->column = byte == '\n' ? 0
					 : w->column + (((unsigned char)byte & 0xc0) !=
								       0x80);
	}
	for (size_t n = TAB - w->column % TAB; n > 0; n--)
		buf_add_byte(out, ' ');
}

/* At a line end: blanks before it go, but none of the last token's. */
static void end_line(struct writer *w)
{
	size_t len = w->out->len;

	while (len > w->token_end && is_blank(w->out->data[len - 1]))
		len--;
	buf_truncate(w->out, len);
	buf_add_byte(w->out, '\n');
	w->counted = w->out->len;
	w->column = 0;
}

static void copy_gap(struct writer *w, struct view text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '\n')
			end_line(w);
		else if (text.data[i] == '\t')
			add_tab(w);
		else if (text.data[i] != '\r')
			buf_add_byte(w->out, text.data[i]);
	}
}

static void add_gap(struct writer *w, size_t end, enum gap gap)
{
	struct view text = view_sub(w->bytes, w->at, end - w->at);

	if (!is_simple(text, gap)) {
		copy_gap(w, text);
	} else if (mark_of(gap)) {
		buf_add_byte(w->out, mark_of(gap));
		buf_add_byte(w->out, ' ');
	}
	w->at = end;
}

/* -- tokens -- */

static void end_token(struct writer *w, size_t end, bool block)
{
	w->at = end;
	w->token_end = w->out->len;
	w->block = block;
}

/* Line feeds alone, as YAML reads them anyway. */
static void add_token(struct writer *w, size_t end, bool block)
{
	for (size_t i = w->at; i < end; i++)
		if (w->bytes.data[i] != '\r')
			buf_add_byte(w->out, w->bytes.data[i]);
	end_token(w, end, block);
}

/* Words that one reader of YAML or another takes for something else than a text. */
static bool is_loaded_word(struct view text)
{
	static const char *const words[] = { "true", "false", "yes", "no", "on", "off",
		"y", "n", "null", "nan", "inf" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (view_eq_nocase(text, view_z(words[i])))
			return true;
	return false;
}

static bool is_plain_byte(char byte)
{
	return byte_is_alpha(byte) || byte_is_digit(byte) ||
	       (unsigned char)byte >= 0x80 || (byte && strchr("._@/+- ", byte));
}

bool format_is_plain(struct view text)
{
	if (text.len == 0 || !byte_is_alpha(text.data[0]) ||
			text.data[text.len - 1] == ' ' || is_loaded_word(text))
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!is_plain_byte(text.data[i]))
			return false;
	return true;
}

/* What stands behind a text decides, too: a comment that follows closely would seem to be a part
 * of it, and a colon without a blank is one. */
static bool may_follow(struct view behind, enum gap next, struct view gap)
{
	if (next == GAP_COLON && is_simple(gap, next))
		return true; /* it gets its blank */
	behind = skip_blanks(behind);
	if (behind.len < 2)
		return true;
	if (behind.data[0] == ':')
		return view_find(VIEW(" \t\r\n"), behind.data[1]) < 4;
	return behind.data[0] != '#' || view_find(VIEW(" \t\r\n#!"), behind.data[1]) < 6;
}

/* A scalar or a key; `next` is the gap behind it as far as the byte `until`. */
static void add_scalar(struct writer *w, size_t end, struct view text,
		enum node_style style, enum gap next, size_t until)
{
	struct view written = view_sub(w->bytes, w->at, end - w->at);
	struct view inner = view_sub(written, 1, written.len >= 2 ? written.len - 2 : 0);

	if (style == STYLE_QUOTED && view_eq(inner, text) && format_is_plain(text) &&
			may_follow(view_from(w->bytes, end), next,
					view_sub(w->bytes, end, until - end))) {
		buf_add(w->out, text);
		end_token(w, end, false);
	} else {
		add_token(w, end, style == STYLE_BLOCK);
	}
}

static void add_key(
		struct writer *w, const struct node *child, enum gap before, bool flow)
{
	char first = w->bytes.data[child->key_start];

	add_gap(w, child->key_start, before);
	add_scalar(w, child->key_end, child->key,
			first == '"' || first == '\'' ? STYLE_QUOTED : STYLE_PLAIN,
			flow ? GAP_COLON : GAP_FREE, child->span.start);
}

/* A map of one pair within a list may do without brackets. */
static bool has_brackets(const struct writer *w, const struct node *node)
{
	char first = w->bytes.data[node->span.start];

	return node->style == STYLE_FLOW && (first == '{' || first == '[');
}

/* As deep as a tree may be: NODE_DEPTH_MAX. */
static void add_node(struct writer *w, const struct node *node, enum gap before)
{
	bool flow = node->kind != NODE_SCALAR && has_brackets(w, node);
	enum gap next = before;

	if (node->kind == NODE_SCALAR) {
		add_gap(w, node->span.start, before);
		add_scalar(w, node->span.end, node->text, node->style, GAP_FREE,
				node->span.end);
		return;
	}
	if (flow) {
		add_gap(w, node->span.start, before);
		add_token(w, node->span.start + 1, false);
		next = GAP_OPEN;
	}
	for (const struct node *child = node->first; child; child = child->next) {
		if (node->kind == NODE_MAP) {
			add_key(w, child, next, flow);
			add_node(w, child, flow ? GAP_COLON : GAP_FREE);
		} else {
			add_node(w, child, next);
		}
		next = flow ? GAP_COMMA : GAP_FREE;
	}
	if (flow) {
		add_gap(w, node->span.end - 1, GAP_CLOSE);
		add_token(w, node->span.end, false);
	}
}

/* What follows the last token, and one line end; those behind a block scalar are its own. */
static void add_end(struct writer *w)
{
	struct buf *out = w->out;
	size_t len;

	add_gap(w, w->bytes.len, GAP_FREE);
	for (len = out->len; len > w->token_end &&
			     (is_blank(out->data[len - 1]) || out->data[len - 1] == '\n');
			len--)
		;
	buf_truncate(out, len);
	if (len && !(w->block && len == w->token_end))
		buf_add_byte(out, '\n');
}

/* -- the result -- */

static bool is_same_tree(const struct node *a, const struct node *b)
{
	const struct node *x, *y;

	if (!a || !b)
		return a == b;
	if (a->kind != b->kind || !view_eq(a->key, b->key))
		return false;
	if (a->kind == NODE_SCALAR)
		return view_eq(a->text, b->text);
	for (x = a->first, y = b->first; x && y; x = x->next, y = y->next)
		if (!is_same_tree(x, y))
			return false;
	return x == y;
}

static struct node *read_file(struct arena *arena, uint32_t file, struct diagnostics *d)
{
	uint64_t budget = limit_value(LIMIT_STATE_VALUES);
	bool broken;

	return reader_read(arena, arena, file, d, &budget, &broken);
}

static bool reads_the_same(struct arena *arena, const struct node *root, struct view text)
{
	const struct source_file file = { VIEW("formatted"), text };
	struct diagnostics d;
	bool same;

	diagnostics_init(&d, arena, sources_new(arena, &file, 1));
	same = is_same_tree(root, read_file(arena, 0, &d)) && d.errors == 0;
	diagnostics_deinit(&d);
	return same;
}

int format_file(struct arena *arena, uint32_t file, struct diagnostics *d,
		struct buf *out)
{
	struct writer w = { .bytes = sources_file(d->sources, file)->bytes, .out = out };
	size_t errors = d->errors;
	const struct node *root = read_file(arena, file, d);

	if (d->errors > errors)
		return FORMAT_E_INVALID;
	if (root)
		add_node(&w, root, GAP_FREE);
	add_end(&w);
	if (buf_failed(out) || !reads_the_same(arena, root, buf_view(out)))
		return FORMAT_E_UNSURE;
	return FORMAT_OK;
}
