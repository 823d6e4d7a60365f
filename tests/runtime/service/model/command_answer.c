/* Whether a command is answered rightly. */
#include "runtime/base/error.h"
#include "tests/runtime/service/model/command_parts.h"
#include "tests/runtime/service/model/report.h"

#include <inttypes.h>
#include <stdio.h>

/* -- lines -- */

static bool keeps_numbers(const struct command *c)
{
	return !c->by_uid &&
	       (c->verb == VERB_FETCH || c->verb == VERB_STORE || c->verb == VERB_SEARCH);
}

static void numbered_line(struct command *c, struct told *told, uint64_t n,
		struct view word, struct view rest)
{
	if (view_eq(word, VIEW("EXISTS"))) {
		told_exists(told, n);
	} else if (view_eq(word, VIEW("EXPUNGE"))) {
		if (!c || keeps_numbers(c) || c->verb == VERB_CLOSE)
			report_difference(told->who, "an EXPUNGE where none may be");
		told_expunge(told, n);
	} else if (view_eq(word, VIEW("FETCH"))) {
		uint32_t uid = told_fetch(told, n, rest)->uid;

		if (c)
			uid_set_add(&c->told, uid, uid);
		if (told->condstore && (!c || c->verb != VERB_FETCH) &&
				view_find_view(rest, VIEW("MODSEQ (")) == rest.len)
			report_difference(told->who, "a FETCH without MODSEQ");
		if (c && c->by_uid && view_find_view(rest, VIEW("UID ")) == rest.len)
			report_difference(told->who, "a FETCH without UID");
	} else if (!view_eq(word, VIEW("RECENT")) || n != 0) {
		report_difference(told->who, "there is no such line");
	}
}

/* "n" and what follows it: the UIDVALIDITY of the other mailbox. */
static void check_validity(struct command *c, struct told *told, struct truth *truth,
		struct view *rest)
{
	size_t len = 0;
	uint64_t value = 0;

	while (len < rest->len && byte_is_digit(rest->data[len]))
		len++;
	if (!view_to_u64(view_sub(*rest, 0, len), &value) ||
			!truth_validity(truth, c->box, value))
		report_difference(told->who, "UIDVALIDITY of %s is %u, not %" PRIu64,
				c->box->name, c->box->uidvalidity, value);
	*rest = view_from(*rest, len);
}

static void check_expected(
		const struct command *c, const struct told *told, struct view rest)
{
	if (!view_starts(rest, buf_view(&c->expected)))
		report_difference(told->who, "expected%.*s",
				VIEW_ARG(buf_view(&c->expected)));
}

static void status_line(struct command *c, struct told *told, struct truth *truth,
		struct view rest)
{
	/* clang-format off */
	const struct {
		struct view name;
		uint64_t value;
	} items[] = {
		{ VIEW("MESSAGES"), c->messages },
		{ VIEW("RECENT"),   0 },
		{ VIEW("UIDNEXT"),  c->uidnext },
		{ VIEW("UNSEEN"),   c->unseen },
		{ VIEW("SIZE"),     c->size },
	};
	/* clang-format on */
	size_t right = 0;

	view_cut(&rest, '(');
	rest.len--;
	while (rest.len) {
		struct view name = view_cut(&rest, ' '), text = view_cut(&rest, ' ');
		uint64_t value = 0;

		if (view_eq(name, VIEW("UIDVALIDITY"))) {
			check_validity(c, told, truth, &text);
			right++;
		}
		for (size_t i = 0; i < ARRAY_LEN(items); i++) {
			if (!view_eq(name, items[i].name))
				continue;
			if (!view_to_u64(text, &value) || value != items[i].value)
				report_difference(told->who, "%.*s is %" PRIu64,
						VIEW_ARG(name), items[i].value);
			right++;
		}
	}
	if (right != ARRAY_LEN(items) + 1)
		report_difference(told->who, "STATUS without what was asked for");
}

/* `(\Noselect \HasChildren) "/" "name"` */
static void list_line(
		const struct told *told, const struct truth *truth, struct view rest)
{
	struct view flags = view_cut(&rest, ')');
	bool bare = view_find_view(flags, VIEW("\\Noselect")) < flags.len ||
		    view_find_view(flags, VIEW("\\NonExistent")) < flags.len;
	bool parent = view_find_view(flags, VIEW("\\HasChildren")) < flags.len;
	char name[TRUTH_NAME];

	rest = view_from(rest, strlen(" \"/\" "));
	if (view_starts(rest, VIEW("\"")))
		rest = view_sub(rest, 1, rest.len - 2);
	snprintf(name, sizeof(name), "%.*s", VIEW_ARG(rest));
	if (bare != !truth_find(truth, name) || parent != truth_has_below(truth, name) ||
			(bare && !parent))
		report_difference(told->who, "LIST of %s is wrong", name);
}

/* `box0/a (MESSAGES 3 UNSEEN 1 UIDNEXT 9)`, behind the line of its LIST */
static void list_status_line(
		const struct told *told, const struct truth *truth, struct view rest)
{
	CLEANUP(buf_free) struct buf right = BUF_NULL(TRUTH_NAME + 100);
	struct view name = view_cut(&rest, ' ');
	char text[TRUTH_NAME];
	const struct truth_box *box;

	if (view_starts(name, VIEW("\"")))
		name = view_sub(name, 1, name.len - 2);
	snprintf(text, sizeof(text), "%.*s", VIEW_ARG(name));
	box = truth_find(truth, text);
	if (!box)
		report_difference(told->who, "STATUS of %s, which is not there", text);
	buf_addf(&right, "(MESSAGES %zu UIDNEXT %u UNSEEN %zu)", box->count, box->uidnext,
			truth_unseen(box));
	if (!view_eq(rest, buf_view(&right)))
		report_difference(told->who, "STATUS of %s is %.*s", text,
				VIEW_ARG(buf_view(&right)));
}

static size_t first_unseen(const struct told *told)
{
	for (size_t i = 0; i < told->box->count; i++)
		if (!(told->box->messages[i].flags & IMAP_FLAG_SEEN))
			return i + 1;
	return 0;
}

/* `OK [CODE …] text` */
static void ok_line(struct command *c, struct told *told, struct truth *truth,
		struct view rest)
{
	struct view code = view_cut(&rest, ' ');
	struct view text = rest;
	uint64_t n = 0;

	if (!view_to_u64(view_cut(&text, ']'), &n))
		n = 0;
	if (view_eq(code, VIEW("[COPYUID")) && c && c->verb == VERB_MOVE && c->box) {
		check_validity(c, told, truth, &rest);
		check_expected(c, told, rest);
		c->answers++;
	} else if (view_eq(code, VIEW("[UIDVALIDITY")) && told->box) {
		if (!truth_validity(truth, told->box, n))
			report_difference(told->who, "UIDVALIDITY was %u",
					told->box->uidvalidity);
	} else if (view_eq(code, VIEW("[UIDNEXT")) && told->box) {
		if (n != told->box->uidnext)
			report_difference(told->who, "UIDNEXT is %u", told->box->uidnext);
	} else if (view_eq(code, VIEW("[HIGHESTMODSEQ")) && told->box) {
		if (n > truth->high)
			report_difference(told->who, "MODSEQ is %" PRIu64, truth->high);
		told_highest(told, n);
	} else if (view_eq(code, VIEW("[UNSEEN")) && told->box) {
		if (n != first_unseen(told))
			report_difference(told->who, "message %zu is the first unseen",
					first_unseen(told));
	}
}

void command_line(struct command *c, struct told *told, struct truth *truth,
		struct view line)
{
	struct view rest = line, word = view_cut(&rest, ' ');
	uint64_t n;

	if (view_to_u64(word, &n)) {
		word = view_cut(&rest, ' ');
		numbered_line(c, told, n, word, rest);
	} else if (view_eq(word, VIEW("BYE"))) {
		if (!told->late && (!told->box || told->box->there))
			report_difference(told->who, "BYE without a reason");
	} else if (view_eq(word, VIEW("OK"))) {
		ok_line(c, told, truth, rest);
	} else if (view_eq(word, VIEW("STATUS")) && c && c->verb == VERB_STATUS) {
		status_line(c, told, truth, rest);
		c->answers++;
	} else if (view_eq(word, VIEW("STATUS")) && c && c->with_status) {
		list_status_line(told, truth, rest);
		c->answers++;
	} else if (view_eq(word, VIEW("LIST")) && c && c->verb == VERB_LIST) {
		list_line(told, truth, view_from(rest, 1));
		c->answers++;
	} else if (c && c->verb == VERB_SEARCH &&
			view_eq(word, c->returns ? VIEW("ESEARCH") : VIEW("SEARCH"))) {
		search_line(c, told, view_from(line, word.len));
		c->answers++;
	} else if (!view_eq(word, VIEW("FLAGS"))) {
		report_difference(told->who, "there is no such line here");
	}
}

/* -- the end -- */

static size_t answers_due(const struct command *c)
{
	switch (c->verb) {
	case VERB_LIST:
		return c->lines + c->statuses;
	case VERB_STATUS:
		return 1;
	case VERB_SEARCH:
		return c->returns != RETURN_SAVE;
	case VERB_MOVE:
		return c->expected.len > 0;
	default:
		return 0;
	}
}

/* Without an operation: nothing was named, or the mailbox is read-only. */
static bool is_refused(const struct command *c, const struct told *told)
{
	bool writes = c->verb == VERB_STORE || c->verb == VERB_MOVE ||
		      c->verb == VERB_EXPUNGE;

	return c->refused || (!c->performed && writes && told->read_only);
}

static void check_code(struct command *c, struct told *told, struct truth *truth,
		struct view reply)
{
	view_cut(&reply, ' ');
	view_cut(&reply, ' ');
	check_validity(c, told, truth, &reply);
	check_expected(c, told, reply);
}

/* "OK [MODIFIED 1,3:4] …" */
static void check_modified(struct command *c, const struct told *told, struct view reply)
{
	buf_clear(&c->expected);
	buf_add_z(&c->expected, "OK [MODIFIED");
	command_expect_set(c, &c->modified);
	buf_add_byte(&c->expected, ']');
	if (view_starts(reply, VIEW("OK [MODIFIED")) != (c->modified.count > 0) ||
			(c->modified.count &&
					!view_starts(reply, buf_view(&c->expected))))
		report_difference(told->who, "%.*s", VIEW_ARG(buf_view(&c->expected)));
}

static void check_rows(const struct command *c, const struct told *told)
{
	CLEANUP(uid_set_free) struct uid_set left = UID_SET_NULL;

	uid_set_subtract(&left, &c->rows, &c->told);
	if (left.count)
		report_difference(told->who, "UID %u was not answered",
				left.ranges[0].first);
}

void command_end(struct command *c, struct told *told, struct truth *truth,
		struct view reply)
{
	bool is_ok = view_starts(reply, VIEW("OK"));

	if (view_starts(reply, VIEW("BAD")))
		report_difference(told->who, "BAD");
	if (c->loose) {
		return;
	}
	if (is_ok == is_refused(c, told))
		report_difference(told->who, is_ok ? "that must be refused"
						   : "that must not be refused");
	if (is_ok && c->answers != answers_due(c))
		report_difference(told->who, "%zu lines answer, not %zu", c->answers,
				answers_due(c));
	if (is_ok && c->expected.len && (c->verb == VERB_APPEND || c->verb == VERB_COPY))
		check_code(c, told, truth, reply);
	if (is_ok && c->verb == VERB_STORE)
		check_modified(c, told, reply);
	if (is_ok)
		check_rows(c, told);
	if (c->verb == VERB_CLOSE || c->verb == VERB_UNSELECT)
		told_deselect(told);
	told_check(told, keeps_numbers(c));
}
