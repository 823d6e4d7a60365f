/* LIST and LSUB (RFC 3501, 6.3.8 and 6.3.9), with CHILDREN (3348) and SPECIAL-USE (6154),
 * and of LIST-EXTENDED (5258) the selection and return options that those need. */
#include "runtime/imap/imap_command.h"
#include "runtime/imap/imap_name.h"
#include "runtime/imap/imap_pattern.h"
#include "runtime/mail/utf7.h"

#include <string.h>

enum select_option {
	SELECT_SUBSCRIBED = 1 << 0,
	SELECT_SPECIAL_USE = 1 << 1,
};

enum return_option {
	RETURN_SUBSCRIBED = 1 << 0,
	RETURN_CHILDREN = 1 << 1,
	RETURN_SPECIAL_USE = 1 << 2,
};

enum {
	PATTERNS_MAX = 16,
	ROWS_A_TURN = 500, /* looked at before the output may drain */
};

struct list {
	bool lsub;
	bool root;  /* the pattern is empty: tells the separator */
	bool asked; /* the rows are there, or on their way */
	unsigned selects, returns;
	struct imap_pattern patterns[PATTERNS_MAX];
	size_t pattern_count;
	size_t at;            /* the row that is next */
	struct view previous; /* the last name that was subscribed to; LSUB */
};

/* -- reading -- */

static void parse_select_options(struct imap_parse *p, struct list *list)
{
	while (!p->error && !imap_parse_take(p, ')')) {
		if (imap_parse_take_word(p, "SUBSCRIBED"))
			list->selects |= SELECT_SUBSCRIBED;
		else if (imap_parse_take_word(p, "SPECIAL-USE"))
			list->selects |= SELECT_SPECIAL_USE;
		else if (!imap_parse_take_word(p, "REMOTE"))
			imap_parse_fail(p, "BAD That selection option is not offered");
		if (!imap_parse_peek(p, ')'))
			imap_parse_space(p);
	}
}

static void parse_return_options(struct imap_parse *p, struct list *list)
{
	if (!imap_parse_take(p, ' '))
		return;
	if (!imap_parse_take_word(p, "RETURN"))
		imap_parse_fail(p, "BAD RETURN is expected here");
	imap_parse_space(p);
	imap_parse_expect(p, '(', "BAD A list of return options is expected here");
	while (!p->error && !imap_parse_take(p, ')')) {
		if (imap_parse_take_word(p, "SUBSCRIBED"))
			list->returns |= RETURN_SUBSCRIBED;
		else if (imap_parse_take_word(p, "CHILDREN"))
			list->returns |= RETURN_CHILDREN;
		else if (imap_parse_take_word(p, "SPECIAL-USE"))
			list->returns |= RETURN_SPECIAL_USE;
		else
			imap_parse_fail(p, "BAD That return option is not offered");
		if (!imap_parse_peek(p, ')'))
			imap_parse_space(p);
	}
}

/* A pattern that no name can match is left out: so is one that is not modified UTF-7. */
static void parse_pattern(struct imap_session *s, struct imap_parse *p, struct list *list,
		struct view reference)
{
	size_t max = limit_value(LIMIT_IMAP_MAILBOX_NAME);
	CLEANUP(buf_free) struct buf wire = BUF_NULL(4 * max);
	CLEANUP(buf_free) struct buf text = BUF_NULL(max);
	struct view pattern = imap_parse_list_mailbox(p);

	if (list->pattern_count == PATTERNS_MAX)
		imap_parse_fail(p, "NO [LIMIT] Too many patterns in one LIST");
	if (p->error)
		return;
	list->root = pattern.len == 0;
	buf_add(&wire, reference);
	buf_add(&wire, pattern);
	if (buf_failed(&wire)) {
		imap_parse_fail(p, limit_reply(LIMIT_IMAP_MAILBOX_NAME));
		return;
	}
	if (utf7_decode(&text, buf_view(&wire)) && !buf_failed(&text))
		imap_pattern_init(&list->patterns[list->pattern_count++], buf_view(&text),
				s->command->arena);
}

static struct list *begin(struct imap_session *s, struct imap_parse *p, bool lsub)
{
	struct list *list = ARENA_NEW(s->command->arena, struct list);

	(void)imap_command_op(s, IMAP_OP_LIST);
	list->lsub = lsub;
	s->command->state = list;
	imap_parse_space(p);
	return list;
}

void imap_list_parse(struct imap_session *s, struct imap_parse *p)
{
	struct list *list = begin(s, p, false);
	struct view reference;

	if (imap_parse_take(p, '(')) {
		parse_select_options(p, list);
		imap_parse_space(p);
	}
	reference = imap_parse_astring(p);
	imap_parse_space(p);
	if (imap_parse_take(p, '(')) {
		do {
			parse_pattern(s, p, list, reference);
		} while (imap_parse_take(p, ' '));
		imap_parse_expect(p, ')', "BAD A list of patterns is not closed");
		list->root = false;
	} else {
		parse_pattern(s, p, list, reference);
	}
	parse_return_options(p, list);
	imap_parse_end(p);
}

void imap_lsub_parse(struct imap_session *s, struct imap_parse *p)
{
	struct list *list = begin(s, p, true);
	struct view reference = imap_parse_astring(p);

	imap_parse_space(p);
	parse_pattern(s, p, list, reference);
	imap_parse_end(p);
}

/* -- telling -- */

static const char *const special_uses[] = {
	[IMAP_USE_NONE] = "",
	[IMAP_USE_DRAFTS] = " \\Drafts",
	[IMAP_USE_SENT] = " \\Sent",
	[IMAP_USE_TRASH] = " \\Trash",
	[IMAP_USE_JUNK] = " \\Junk",
	[IMAP_USE_ARCHIVE] = " \\Archive",
};

static bool matches(struct list *list, struct view name, bool parent)
{
	for (size_t i = 0; i < list->pattern_count; i++)
		if ((!parent || list->patterns[i].ends_in_percent) &&
				imap_pattern_matches(&list->patterns[i], name))
			return true;
	return false;
}

static bool is_below(struct view name, struct view parent)
{
	return name.len > parent.len && name.data[parent.len] == IMAP_SEPARATOR &&
	       view_starts(name, parent);
}

/* True where `name` stands before all that is below `parent`, in bytewise order. */
static bool is_before(struct view name, struct view parent)
{
	int order = view_compare(view_sub(name, 0, parent.len), parent);

	if (order || name.len == parent.len)
		return order <= 0;
	return (unsigned char)name.data[parent.len] < IMAP_SEPARATOR;
}

/* The first row whose name is `parent`/ or behind it, in bytewise order. */
static size_t find_below(const struct imap_list_op *op, struct view parent)
{
	size_t low = 0, high = op->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (is_before(op->rows[middle].name, parent))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool has_children(const struct imap_list_op *op, struct view name)
{
	for (size_t i = find_below(op, name);
			i < op->count && is_below(op->rows[i].name, name); i++)
		if (op->rows[i].exists)
			return true;
	return false;
}

static void tell(struct imap_session *s, const struct list *list, struct view name,
		struct view attributes)
{
	if (view_starts(attributes, VIEW(" ")))
		attributes = view_from(attributes, 1);
	imap_sayf(s, "* %s (%.*s) \"/\" ", list->lsub ? "LSUB" : "LIST",
			VIEW_ARG(attributes));
	imap_name_add(&s->out, name);
	imap_say(s, VIEW("\r\n"));
}

static void tell_row(struct imap_session *s, const struct list *list,
		const struct imap_list_op *op, const struct imap_mailbox_row *row)
{
	CLEANUP(buf_free) struct buf attributes = BUF_NULL(256);
	bool tells_subscribed = list->selects & SELECT_SUBSCRIBED ||
				list->returns & RETURN_SUBSCRIBED;

	if (!row->exists && !list->lsub)
		buf_add_z(&attributes, " \\NonExistent");
	else if (!row->selectable)
		buf_add_z(&attributes, " \\Noselect");
	if (!list->lsub)
		buf_add_z(&attributes, has_children(op, row->name) ? " \\HasChildren"
								   : " \\HasNoChildren");
	if (row->subscribed && tells_subscribed)
		buf_add_z(&attributes, " \\Subscribed");
	if (!list->lsub)
		buf_add_z(&attributes, special_uses[row->use]);
	tell(s, list, row->name, buf_view(&attributes));
}

static bool is_listed(const struct list *list, const struct imap_mailbox_row *row)
{
	if (list->selects & SELECT_SPECIAL_USE && row->use == IMAP_USE_NONE)
		return false;
	if (list->lsub || list->selects & SELECT_SUBSCRIBED)
		return row->subscribed;
	return row->exists;
}

static bool is_subscribed(const struct imap_list_op *op, struct view name)
{
	size_t low = 0, high = op->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = view_compare(op->rows[middle].name, name);

		if (order == 0)
			return op->rows[middle].subscribed;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* With '%', a level above a subscribed name that is not subscribed to itself is told, too
 * (RFC 3501, 6.3.9): once, since the names below it stand together. */
static void tell_parents(struct imap_session *s, struct list *list,
		const struct imap_list_op *op, struct view name)
{
	for (size_t len = 1; len < name.len; len++) {
		struct view parent = view_sub(name, 0, len);

		if (name.data[len] == IMAP_SEPARATOR &&
				!is_below(list->previous, parent) &&
				matches(list, parent, true) && !is_subscribed(op, parent))
			tell(s, list, parent, VIEW("\\Noselect"));
	}
	list->previous = name;
}

static void tell_rows(
		struct imap_session *s, struct list *list, const struct imap_list_op *op)
{
	size_t end = list->at + ROWS_A_TURN < op->count ? list->at + ROWS_A_TURN
							: op->count;

	for (; list->at < end; list->at++) {
		const struct imap_mailbox_row *row = &op->rows[list->at];

		if (!is_listed(list, row))
			continue;
		if (list->lsub)
			tell_parents(s, list, op, row->name);
		if (matches(list, row->name, false))
			tell_row(s, list, op, row);
	}
}

void imap_list_proceed(struct imap_session *s, struct imap_op *answer)
{
	struct list *list = s->command->state;
	const struct imap_list_op *op = (struct imap_list_op *)s->command->op;

	if (list->root) {
		tell(s, list, VIEW(""), VIEW("\\Noselect"));
		imap_finish(s, VIEW("OK Listed"));
		return;
	}
	if (!list->asked) {
		list->asked = true;
		imap_issue_command_op(s);
		return;
	}
	if (op->op.outcome) {
		imap_refuse(s, op->op.outcome);
		return;
	}
	while (list->at < op->count && imap_output_waiting(s) < IMAP_OUTPUT_HIGH)
		tell_rows(s, list, op);
	if (list->at < op->count)
		imap_wait_flush(s);
	else
		imap_finish(s, VIEW("OK Listed"));
}
