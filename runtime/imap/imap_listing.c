/* Which mailboxes a LIST tells of, and what it says of each. */
#include "runtime/imap/imap_list.h"
#include "runtime/imap/imap_name.h"
#include "runtime/imap/imap_status.h"

enum {
	ROWS_A_TURN = 500 /* looked at before the output may drain */
};

static const char *const special_uses[] = {
	[IMAP_USE_NONE] = "",
	[IMAP_USE_DRAFTS] = " \\Drafts",
	[IMAP_USE_SENT] = " \\Sent",
	[IMAP_USE_TRASH] = " \\Trash",
	[IMAP_USE_JUNK] = " \\Junk",
	[IMAP_USE_ARCHIVE] = " \\Archive",
};

/* -- the order of rows -- */

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

/* NULL: there is no row of that name. */
static const struct imap_mailbox_row *find_row(
		const struct imap_list_op *op, struct view name)
{
	size_t low = 0, high = op->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = view_compare(op->rows[middle].name, name);

		if (order == 0)
			return &op->rows[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* -- what is listed -- */

static bool matches(struct imap_list *list, struct view name)
{
	for (size_t i = 0; i < list->pattern_count; i++)
		if (imap_pattern_matches(&list->patterns[i], name))
			return true;
	return false;
}

/* Each name once, though it may be looked at for each level above it. */
static void match_rows(struct imap_session *s, struct imap_list *list,
		const struct imap_list_op *op)
{
	list->matched = arena_array(s->command->arena, op->count, sizeof(bool));
	for (size_t i = 0; i < op->count; i++)
		list->matched[i] = matches(list, op->rows[i].name);
}

static bool matches_by_percent(struct imap_list *list, struct view name)
{
	return list->pattern_count && list->patterns[0].ends_in_percent &&
	       matches(list, name);
}

/* It meets every selection option; without one, it is there. */
static bool is_selected(const struct imap_list *list, const struct imap_mailbox_row *row)
{
	if (list->selects & IMAP_LIST_SPECIAL_USE && row->use == IMAP_USE_NONE)
		return false;
	if (list->lsub || list->selects & IMAP_LIST_SUBSCRIBED)
		return row->subscribed;
	return row->exists;
}

static bool has_children(const struct imap_list_op *op, struct view name)
{
	for (size_t i = find_below(op, name);
			i < op->count && is_below(op->rows[i].name, name); i++)
		if (op->rows[i].exists)
			return true;
	return false;
}

/* What is selected below a name. */
struct selected_below {
	bool any;
	bool unlisted; /* one of it is not told of itself */
};

static struct selected_below look_below(
		struct imap_list *list, const struct imap_list_op *op, struct view name)
{
	struct selected_below below = { 0 };

	if (!(list->selects & IMAP_LIST_RECURSIVE))
		return below;
	for (size_t i = find_below(op, name); !below.unlisted && i < op->count &&
					      is_below(op->rows[i].name, name);
			i++) {
		if (!is_selected(list, &op->rows[i]))
			continue;
		below.any = true;
		below.unlisted = !list->matched[i];
	}
	return below;
}

/* -- telling -- */

/* As CHILDINFO names them (RFC 5258, 3.5). */
static const char *criteria(const struct imap_list *list)
{
	if (!(list->selects & IMAP_LIST_SPECIAL_USE))
		return "\"SUBSCRIBED\"";
	if (!(list->selects & IMAP_LIST_SUBSCRIBED))
		return "\"SPECIAL-USE\"";
	return "\"SUBSCRIBED\" \"SPECIAL-USE\"";
}

/* A whole line; `attributes` may begin with a blank. */
static void tell(struct imap_session *s, const struct imap_list *list, struct view name,
		struct view attributes, struct selected_below below)
{
	if (view_starts(attributes, VIEW(" ")))
		attributes = view_from(attributes, 1);
	imap_sayf(s, "* %s (%.*s) \"/\" ", list->lsub ? "LSUB" : "LIST",
			VIEW_ARG(attributes));
	imap_name_add(&s->out, name);
	if (below.any)
		imap_sayf(s, " (\"CHILDINFO\" (%s))", criteria(list));
	imap_say(s, VIEW("\r\n"));
}

void imap_list_tell_root(struct imap_session *s, const struct imap_list *list)
{
	tell(s, list, VIEW(""), VIEW("\\Noselect"), (struct selected_below){ 0 });
}

/* A bare level above others is a name that cannot be selected; the extended LIST says that
 * there is no such mailbox (RFC 5258, 3). */
static const char *existence(
		const struct imap_list *list, const struct imap_mailbox_row *row)
{
	if (row->selectable)
		return "";
	if (list->lsub || (row->exists && !list->extended))
		return " \\Noselect";
	return " \\NonExistent";
}

static void tell_row(struct imap_session *s, struct imap_list *list,
		const struct imap_list_op *op, const struct imap_mailbox_row *row)
{
	CLEANUP(buf_free) struct buf attributes = BUF_NULL(256);
	struct selected_below below = look_below(list, op, row->name);
	bool selected = is_selected(list, row);

	if (!selected && !below.unlisted)
		return;
	buf_add_z(&attributes, existence(list, row));
	if (!list->lsub) {
		buf_add_z(&attributes, has_children(op, row->name) ? " \\HasChildren"
								   : " \\HasNoChildren");
		if (row->subscribed &&
				(list->selects & IMAP_LIST_SUBSCRIBED ||
						list->returns & IMAP_LIST_RETURN_SUBSCRIBED))
			buf_add_z(&attributes, " \\Subscribed");
		buf_add_z(&attributes, special_uses[row->use]);
	}
	tell(s, list, row->name, buf_view(&attributes), below);
	if (selected && row->selectable && list->returns & IMAP_LIST_RETURN_STATUS)
		imap_status_tell(s, list->status, row->name, &row->counts);
}

/* A level above a name that is only subscribed to has no row of its own. It is told once,
 * since the names below it stand together: by LSUB with '%' as one that is not subscribed
 * to (RFC 3501, 6.3.9), by LIST with RECURSIVEMATCH as one that is not there. */
static void tell_level(struct imap_session *s, struct imap_list *list,
		const struct imap_list_op *op, struct view level)
{
	const struct imap_mailbox_row *row = find_row(op, level);
	struct selected_below below;

	if (list->lsub) {
		if (matches_by_percent(list, level) && !(row && row->subscribed))
			tell(s, list, level, VIEW("\\Noselect"),
					(struct selected_below){ 0 });
		return;
	}
	if (row || !matches(list, level))
		return;
	below = look_below(list, op, level);
	if (below.unlisted)
		tell(s, list, level,
				has_children(op, level)
						? VIEW("\\NonExistent \\HasChildren")
						: VIEW("\\NonExistent \\HasNoChildren"),
				below);
}

static void tell_levels(struct imap_session *s, struct imap_list *list,
		const struct imap_list_op *op, const struct imap_mailbox_row *row)
{
	struct view name = row->name;

	if (!is_selected(list, row) ||
			!(list->lsub || list->selects & IMAP_LIST_RECURSIVE))
		return;
	for (size_t len = 1; len < name.len; len++)
		if (name.data[len] == IMAP_SEPARATOR &&
				!is_below(list->previous, view_sub(name, 0, len)))
			tell_level(s, list, op, view_sub(name, 0, len));
	list->previous = name;
}

void imap_list_tell_rows(struct imap_session *s, struct imap_list *list,
		const struct imap_list_op *op)
{
	size_t end = list->at + ROWS_A_TURN < op->count ? list->at + ROWS_A_TURN
							: op->count;

	if (!list->matched)
		match_rows(s, list, op);
	for (; list->at < end; list->at++) {
		const struct imap_mailbox_row *row = &op->rows[list->at];

		tell_levels(s, list, op, row);
		if (list->matched[list->at])
			tell_row(s, list, op, row);
	}
}
