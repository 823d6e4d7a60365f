#include "tests/runtime/service/model/told.h"

#include "runtime/base/error.h"
#include "runtime/imap/imap_op.h"
#include "runtime/mail/date.h"
#include "tests/runtime/service/model/report.h"

#include <inttypes.h>
#include <stdlib.h>

void told_select(struct told *told, struct truth_box *box, bool read_only)
{
	told->box = box;
	told->read_only = read_only;
	told->count = 0;
	told->uidnext = 1;
	told->highest = 0;
}

void told_deselect(struct told *told)
{
	told->box = NULL;
	told->count = 0;
	uid_set_free(&told->saved);
}

void told_free(struct told *told)
{
	free(told->messages);
	uid_set_free(&told->saved);
	*told = (struct told){ 0 };
}

/* -- lines -- */

static void add(struct told *told, uint32_t uid)
{
	array_grow(&told->messages, &told->capacity, told->count + 1,
			sizeof(*told->messages));
	told->messages[told->count++] = (struct told_message){ uid, TOLD_UNKNOWN };
}

void told_exists(struct told *told, uint64_t n)
{
	const struct truth_box *box = told->box;
	size_t first;

	if (!box)
		report_difference(told->who, "EXISTS with no mailbox selected");
	first = truth_below(box, told->uidnext);
	if (n != told->count + box->count - first)
		report_difference(told->who, "EXISTS %" PRIu64 ", not %zu + %zu", n,
				told->count, box->count - first);
	for (size_t i = first; i < box->count; i++)
		add(told, box->messages[i].uid);
	told->uidnext = box->uidnext;
}

static struct told_message *numbered(struct told *told, uint64_t n)
{
	if (n == 0 || n > told->count)
		report_difference(told->who, "a line about message %" PRIu64 " of %zu", n,
				told->count);
	return &told->messages[n - 1];
}

void told_expunge(struct told *told, uint64_t n)
{
	struct told_message *m = numbered(told, n);

	if (truth_message(told->box, m->uid))
		report_difference(told->who, "EXPUNGE of UID %u, which is there", m->uid);
	memmove(m, m + 1, (told->count - n) * sizeof(*m));
	told->count--;
}

bool told_flags(struct view *rest, unsigned *out)
{
	static const char *const names[] = { "\\Seen", "\\Answered", "\\Flagged",
		"\\Deleted", "\\Draft" };
	struct view list;

	if (!rest->len || rest->data[0] != '(')
		return false;
	list = view_sub(*rest, 1, view_find(*rest, ')') - 1);
	*rest = view_from(*rest, list.len + 2);
	*out = 0;
	while (list.len) {
		struct view word = view_cut(&list, ' ');
		unsigned bit = 0;

		for (size_t i = 0; i < ARRAY_LEN(names); i++)
			if (view_eq(word, view_z(names[i])))
				bit = 1U << i;
		if (word.len == 2 && word.data[0] == 'k' && word.data[1] >= '0' &&
				word.data[1] < '0' + TRUTH_KEYWORDS)
			bit = (unsigned)TRUTH_KEYWORD << (word.data[1] - '0');
		if (!bit || *out & bit)
			return false;
		*out |= bit;
	}
	return true;
}

static bool take_number(struct view *rest, uint64_t *out)
{
	size_t len = 0;

	while (len < rest->len && byte_is_digit(rest->data[len]))
		len++;
	if (!view_to_u64(view_sub(*rest, 0, len), out))
		return false;
	*rest = view_from(*rest, len);
	return true;
}

/* "{n}" CRLF and n octets. */
static bool take_literal(struct view *rest, struct view *out)
{
	uint64_t len;

	*rest = view_from(*rest, 1);
	if (!take_number(rest, &len) || !view_starts(*rest, VIEW("}\r\n")))
		return false;
	*out = view_sub(*rest, 3, len);
	*rest = view_from(*rest, 3 + len);
	return out->len == len;
}

static bool body_is_right(const struct truth_message *m, struct view octets)
{
	CLEANUP(buf_free) struct buf body = BUF_NULL(TRUTH_TEXT_MAX);

	truth_body(&body, m->number);
	return view_eq(octets, buf_view(&body));
}

static bool body_size_is_right(const struct truth_message *m, uint64_t size)
{
	CLEANUP(buf_free) struct buf body = BUF_NULL(TRUTH_TEXT_MAX);

	truth_body(&body, m->number);
	return size == body.len;
}

static bool text_is_right(
		const struct truth_message *m, struct view name, struct view octets)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(TRUTH_TEXT_MAX);
	struct view right;

	buf_add_z(&text, m->above ? m->above : "");
	truth_text(&text, m->number);
	right = buf_view(&text);
	if (view_eq(name, VIEW("BODY[TEXT]")))
		right = view_from(right, view_find_view(right, VIEW("\r\n\r\n")) + 4);
	else if (!view_eq(name, VIEW("BODY[]")))
		return false;
	return view_eq(octets, right);
}

static bool date_is_right(const struct truth_message *m, struct view *rest)
{
	struct date date;
	struct view text;

	view_cut(rest, '"');
	text = view_cut(rest, '"');
	return internaldate_parse(text, &date) && (!m->date || date.time == m->date);
}

static bool take_modseq(struct told *told, struct truth_message *truth, struct view *rest)
{
	uint64_t n;

	*rest = view_from(*rest, 1);
	if (!take_number(rest, &n) || !view_starts(*rest, VIEW(")")))
		return false;
	*rest = view_from(*rest, 1);
	if (told->highest < n)
		told->highest = n;
	return told->late || truth_message_modseq(truth, n);
}

void told_highest(struct told *told, uint64_t n)
{
	told->highest = n;
}

/* One item and its value; false where it is wrong. */
static bool take_item(struct told *told, struct told_message *m,
		struct truth_message *truth, struct view *rest)
{
	size_t blank = view_find(*rest, ' ');
	struct view name = view_sub(*rest, 0, blank), octets;
	unsigned flags;
	uint64_t n;

	*rest = view_from(*rest, blank + 1);
	if (view_eq(name, VIEW("UID")))
		return take_number(rest, &n) && n == m->uid;
	if (view_eq(name, VIEW("RFC822.SIZE")))
		return take_number(rest, &n) && n == truth_size(truth);
	if (view_eq(name, VIEW("INTERNALDATE")))
		return date_is_right(truth, rest);
	if (view_eq(name, VIEW("MODSEQ")))
		return take_modseq(told, truth, rest);
	if (view_starts(name, VIEW("BODY[")))
		return take_literal(rest, &octets) && text_is_right(truth, name, octets);
	if (view_eq(name, VIEW("BINARY[1]")))
		return take_literal(rest, &octets) && body_is_right(truth, octets);
	if (view_eq(name, VIEW("BINARY.SIZE[1]")))
		return take_number(rest, &n) && body_size_is_right(truth, n);
	if (!view_eq(name, VIEW("FLAGS")) || !told_flags(rest, &flags))
		return false;
	m->flags = told->late ? TOLD_UNKNOWN : flags;
	return told->late || flags == truth->flags;
}

struct told_message *told_fetch(struct told *told, uint64_t n, struct view items)
{
	struct told_message *m = numbered(told, n);
	struct truth_message *truth = truth_message(told->box, m->uid);
	struct view rest = items;

	if (!truth && told->late)
		return m;
	if (!truth)
		report_difference(told->who, "FETCH of UID %u, which is gone", m->uid);
	if (!view_starts(rest, VIEW("(")))
		report_difference(told->who, "FETCH without a list");
	do {
		rest = view_from(rest, 1);
		if (!take_item(told, m, truth, &rest))
			report_difference(told->who,
					"FETCH of UID %u: flags %#x, size %" PRIu64
					", MODSEQ %" PRIu64 " (after %" PRIu64
					" to %" PRIu64 "), not %.*s",
					m->uid, truth->flags, truth_size(truth),
					truth->modseq, truth->low, truth->high,
					(int)(items.len < 200 ? items.len : 200),
					items.data);
	} while (view_starts(rest, VIEW(" ")));
	if (!view_eq(rest, VIEW(")")))
		report_difference(told->who, "FETCH does not end");
	return m;
}

/* -- what it knows -- */

size_t told_number(const struct told *told, uint32_t uid)
{
	size_t low = 0, high = told->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (told->messages[middle].uid < uid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < told->count && told->messages[low].uid == uid ? low + 1 : 0;
}

void told_uids(const struct told *told, struct uid_set *uids)
{
	for (size_t i = 0; i < told->count; i++)
		uid_set_add(uids, told->messages[i].uid, told->messages[i].uid);
}

void told_stored(struct told *told, uint32_t uid, int sign, unsigned flags)
{
	size_t number = told_number(told, uid);
	struct told_message *m = &told->messages[number - 1];

	if (!number || (sign && m->flags == TOLD_UNKNOWN))
		return;
	if (sign > 0)
		m->flags |= flags;
	else
		m->flags = sign < 0 ? m->flags & ~flags : flags;
}

void told_check(const struct told *told, bool numbers)
{
	const struct truth_box *box = told->box;
	size_t known = 0;

	if (!box || !box->there)
		return;
	for (size_t i = 0; i < told->count; i++) {
		const struct told_message *m = &told->messages[i];
		const struct truth_message *truth = truth_message(box, m->uid);

		if (!truth && !numbers)
			report_difference(told->who,
					"nothing was said of UID %u, which went", m->uid);
		if (!truth && told->condstore && truth_gone(box, m->uid) <= told->highest)
			report_difference(told->who,
					"UID %u went, and was not told up to MODSEQ "
					"%" PRIu64,
					m->uid, told->highest);
		known += truth != NULL;
		if (truth && m->flags != TOLD_UNKNOWN && m->flags != truth->flags)
			report_difference(told->who,
					"UID %u has flags %#x, and %#x was said", m->uid,
					truth->flags, m->flags);
	}
	if (known != box->count)
		report_difference(told->who, "%zu are there, and %zu were told",
				box->count, known);
}
