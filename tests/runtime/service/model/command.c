/* What a command does when it is performed, and whether its answer is right. */
#include "tests/runtime/service/model/command.h"

#include "runtime/base/error.h"
#include "tests/runtime/service/model/report.h"

#include <inttypes.h>
#include <stdio.h>

/* -- what it does -- */

static void expect_set(struct command *c, const struct uid_set *set)
{
	const char *before = " ";

	for (size_t k = 0; k < set->count; k++, before = ",") {
		struct uid_range r = set->ranges[k];

		buf_addf(&c->expected, r.first == r.last ? "%s%u" : "%s%u:%u", before,
				r.first, r.last);
	}
}

static void do_append(struct command *c, struct truth *truth, const struct imap_op *op)
{
	c->box = truth_find(truth, c->name);
	c->refused = !c->box;
	if (op->op.kind != IMAP_OP_APPEND_COMMIT || c->refused)
		return;
	buf_addf(&c->expected, " %u]", c->box->uidnext);
	truth_add(truth, c->box, &c->message);
}

static void do_select(struct command *c, struct told *told, const struct truth *truth)
{
	struct truth_box *box = truth_find(truth, c->name);

	c->refused = !box;
	if (box)
		told_select(told, box, c->verb == VERB_EXAMINE);
}

static void do_status(struct command *c, const struct truth *truth)
{
	c->box = truth_find(truth, c->name);
	c->refused = !c->box;
	if (c->refused)
		return;
	c->messages = c->box->count;
	c->unseen = truth_unseen(c->box);
	c->uidnext = c->box->uidnext;
	c->size = truth_box_size(c->box);
}

static void do_list(struct command *c, const struct truth *truth)
{
	c->lines = truth->there;
	for (size_t i = 0; i < truth->there; i++) {
		char above[TRUTH_NAME];
		char *slash;
		bool counted = false;

		memcpy(above, truth->boxes[i]->name, sizeof(above));
		while ((slash = strrchr(above, '/'))) {
			*slash = '\0';
			/* a bare level is counted with the first mailbox below it */
			counted = truth_find(truth, above) != NULL;
			for (size_t k = 0; k < i && !counted; k++)
				counted = strncmp(truth->boxes[k]->name, above,
							  strlen(above)) == 0 &&
					  truth->boxes[k]->name[strlen(above)] == '/';
			c->lines += !counted;
		}
	}
}

/* A batch: the next of those that are there. */
static void do_fetch(struct command *c, struct told *told, const struct truth *truth,
		const struct imap_fetch_op *op)
{
	struct truth_box *box = told->box;
	uint32_t last = c->rows.count ? c->rows.ranges[c->rows.count - 1].last : 0;
	size_t row = 0;

	for (size_t i = 0; i < box->count; i++) {
		struct truth_message *m = &box->messages[i];

		bool is_next = row < op->count && op->rows[row].uid == m->uid;
		int later = c->has_since ? truth_later(m, c->since) : 1;

		if (m->uid <= last || !uid_set_has(&c->uids, m->uid) || later == 0)
			continue;
		if (row == op->count && op->next_uid)
			break;
		if (!is_next && later < 0)
			continue;
		if (!is_next)
			report_difference(told->who, "UID %u is not read", m->uid);
		row++;
		uid_set_add(&c->rows, m->uid, m->uid);
		if (c->sets_seen)
			truth_flags(truth, m, m->flags | IMAP_FLAG_SEEN);
	}
	if (row != op->count)
		report_difference(
				told->who, "%zu rows are read, not %zu", op->count, row);
}

/* Whether UNCHANGEDSINCE leaves it alone; what nobody was told decides the server. */
static bool is_modified(const struct command *c, const struct told *told,
		const struct truth_message *m, const struct imap_store_op *op)
{
	bool said = uid_set_has(&op->modified, m->uid);
	int later = c->has_since ? truth_later(m, c->since) : 0;

	if (later >= 0 && said != (later > 0))
		report_difference(told->who, "UID %u was%s changed since", m->uid,
				later ? "" : " not");
	return said;
}

static void do_store(struct command *c, struct told *told, const struct truth *truth,
		const struct imap_store_op *op)
{
	for (size_t i = 0; i < told->box->count; i++) {
		struct truth_message *m = &told->box->messages[i];

		if (!uid_set_has(&c->uids, m->uid))
			continue;
		if (is_modified(c, told, m, op)) {
			uint32_t n = c->by_uid ? m->uid
					       : (uint32_t)told_number(told, m->uid);

			uid_set_add(&c->modified, n, n);
			continue;
		}
		if (c->sign > 0)
			truth_flags(truth, m, m->flags | c->flags);
		else
			truth_flags(truth, m,
					c->sign < 0 ? m->flags & ~c->flags : c->flags);
		if (c->silent)
			told_stored(told, m->uid, c->sign, c->flags);
		if (!c->silent || told->condstore)
			uid_set_add(&c->rows, m->uid, m->uid);
	}
}

static void do_expunge(
		const struct command *c, struct truth *truth, struct truth_box *box)
{
	for (size_t i = box->count; i-- > 0;)
		if (box->messages[i].flags & IMAP_FLAG_DELETED &&
				uid_set_has(&c->uids, box->messages[i].uid))
			truth_remove(truth, box, box->messages[i].uid);
}

static void do_copy(struct command *c, struct told *told, struct truth *truth)
{
	CLEANUP(uid_set_free) struct uid_set from = UID_SET_NULL;
	CLEANUP(uid_set_free) struct uid_set to = UID_SET_NULL;
	struct truth_box *source = told->box;

	c->box = truth_find(truth, c->to);
	c->refused = !c->box;
	if (c->refused)
		return;
	for (uint64_t n = 0; n < uid_set_size(&c->uids); n++) {
		uint32_t uid = uid_set_at(&c->uids, n);
		const struct truth_message *m = truth_message(source, uid);

		if (!m)
			continue;
		uid_set_add(&from, uid, uid);
		uid_set_add(&to, c->box->uidnext, c->box->uidnext);
		truth_add(truth, c->box, m);
		if (c->verb == VERB_MOVE)
			truth_remove(truth, source, uid);
	}
	if (from.count == 0)
		return;
	expect_set(c, &from);
	expect_set(c, &to);
	buf_add_byte(&c->expected, ']');
}

static bool key_is_true(const struct command_key *key, const struct truth_message *m,
		struct view number)
{
	char text[20];

	switch (key->kind) {
	case KEY_ALL:
		return !key->negated;
	case KEY_FLAG:
		return !(m->flags & key->flag) == key->negated;
	case KEY_WORD:
		return (truth_word(m->number) == key->number) != key->negated;
	case KEY_SUBJECT:
		snprintf(text, sizeof(text), "s%u", key->number);
		return view_starts(number, view_z(text)) != key->negated;
	case KEY_LARGER:
		return (truth_size(m) > key->number) != key->negated;
	case KEY_UIDS:
		return uid_set_has(&key->uids, m->uid) != key->negated;
	case KEY_MODSEQ: /* or later; zero: all */
		return (!key->modseq || truth_later(m, key->modseq - 1)) != key->negated;
	}
	return false;
}

static bool is_found(const struct command *c, const struct truth_message *m)
{
	char number[20];
	bool found = true;

	snprintf(number, sizeof(number), "s%u", m->number);
	for (size_t i = 0; i < c->key_count; i++) {
		bool one = key_is_true(&c->keys[i], m, view_z(number));

		if (c->keys[i].or_next) {
			i++;
			one |= key_is_true(&c->keys[i], m, view_z(number));
		}
		found &= one;
	}
	return found;
}

/* Nobody was told the MODSEQ that decides. */
static bool is_vague(const struct command *c, const struct truth_message *m)
{
	for (size_t i = 0; i < c->key_count; i++)
		if (c->keys[i].kind == KEY_MODSEQ && c->keys[i].modseq &&
				truth_later(m, c->keys[i].modseq - 1) < 0)
			return true;
	return false;
}

static void expect_returns(struct command *c, const struct uid_set *numbers)
{
	if (!c->returns) {
		for (uint64_t n = 0; n < uid_set_size(numbers); n++)
			buf_addf(&c->expected, " %u", uid_set_at(numbers, n));
		return;
	}
	buf_addf(&c->expected, " (TAG \"a\")%s", c->by_uid ? " UID" : "");
	if (numbers->count && c->returns & RETURN_MIN)
		buf_addf(&c->expected, " MIN %u", uid_set_at(numbers, 0));
	if (numbers->count && c->returns & RETURN_MAX)
		buf_addf(&c->expected, " MAX %u",
				numbers->ranges[numbers->count - 1].last);
	if (c->returns & RETURN_COUNT)
		buf_addf(&c->expected, " COUNT %" PRIu64, uid_set_size(numbers));
	if (numbers->count && c->returns & RETURN_ALL) {
		buf_add_z(&c->expected, " ALL");
		expect_set(c, numbers);
	}
}

/* MIN and MAX without more save what they tell (RFC 5182, 2.4). */
static void save(const struct command *c, struct told *told, const struct uid_set *uids)
{
	bool all = c->returns & (RETURN_ALL | RETURN_COUNT) ||
		   !(c->returns & (RETURN_MIN | RETURN_MAX));
	uint64_t size = uid_set_size(uids);

	uid_set_clear(&told->saved);
	for (uint64_t n = 0; n < size; n++)
		if (all || (n == 0 && c->returns & RETURN_MIN) ||
				(n == size - 1 && c->returns & RETURN_MAX))
			uid_set_add(&told->saved, uid_set_at(uids, n),
					uid_set_at(uids, n));
}

static void do_search(
		struct command *c, struct told *told, const struct imap_search_op *op)
{
	CLEANUP(uid_set_free) struct uid_set uids = UID_SET_NULL;
	CLEANUP(uid_set_free) struct uid_set numbers = UID_SET_NULL;

	for (size_t i = 0; i < told->count; i++) {
		const struct truth_message *m =
				truth_message(told->box, told->messages[i].uid);
		uint32_t n;

		if (!m || !uid_set_has(&c->uids, m->uid))
			continue;
		c->vague |= is_vague(c, m);
		if (c->vague || !is_found(c, m))
			continue;
		n = c->by_uid ? m->uid : (uint32_t)i + 1;
		uid_set_add(&uids, m->uid, m->uid);
		uid_set_add(&numbers, n, n);
		if (c->low < (m->modseq ? m->modseq : m->low + 1))
			c->low = m->modseq ? m->modseq : m->low + 1;
		if (c->high < (m->modseq ? m->modseq : m->high))
			c->high = m->modseq ? m->modseq : m->high;
	}
	if (c->returns & RETURN_SAVE)
		save(c, told, c->vague ? &op->found : &uids);
	expect_returns(c, &numbers);
}

static void do_on_selected(struct command *c, struct told *told, struct truth *truth,
		const struct imap_op *op)
{
	c->loose = !told->box->there;
	if (c->loose)
		return;
	switch (c->verb) {
	case VERB_FETCH:
		if (op->op.kind == IMAP_OP_FETCH)
			do_fetch(c, told, truth, (const struct imap_fetch_op *)op);
		break;
	case VERB_STORE:
		do_store(c, told, truth, (const struct imap_store_op *)op);
		break;
	case VERB_SEARCH:
		do_search(c, told, (const struct imap_search_op *)op);
		break;
	case VERB_COPY:
	case VERB_MOVE:
		do_copy(c, told, truth);
		break;
	default:
		do_expunge(c, truth, told->box);
	}
}

void command_performed(struct command *c, struct told *told, struct truth *truth,
		const struct imap_op *op)
{
	if (op->op.kind == IMAP_OP_SYNC)
		return;
	c->performed = true;
	switch (c->verb) {
	case VERB_LIST:
		do_list(c, truth);
		break;
	case VERB_STATUS:
		do_status(c, truth);
		break;
	case VERB_CREATE:
		c->refused = truth_find(truth, c->to) != NULL;
		if (!c->refused)
			truth_create(truth, c->to);
		break;
	case VERB_DELETE:
		c->refused = !truth_delete(truth, c->name);
		if (!c->refused && told->box && strcmp(told->box->name, c->name) == 0)
			told_deselect(told);
		break;
	case VERB_RENAME:
		c->refused = !truth_rename(truth, c->name, c->to);
		break;
	case VERB_SELECT:
	case VERB_EXAMINE:
		do_select(c, told, truth);
		break;
	case VERB_APPEND:
		do_append(c, truth, op);
		break;
	case VERB_CLOSE:
		if (told->box->there)
			do_expunge(c, truth, told->box);
		break;
	default:
		do_on_selected(c, told, truth, op);
	}
}

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

/* What was found, and of what was found the highest MODSEQ. */
static void search_line(
		const struct command *c, const struct told *told, struct view rest)
{
	struct view expected = buf_view(&c->expected), modseq;
	bool some = c->returns & (RETURN_MIN | RETURN_MAX) &&
		    !(c->returns & (RETURN_COUNT | RETURN_ALL));
	uint64_t n = 0;

	if (c->loose || c->vague)
		return;
	if (!view_starts(rest, expected))
		report_difference(told->who, "that finds%.*s", VIEW_ARG(expected));
	modseq = view_from(rest, expected.len);
	if (!c->tells_modseq || !c->high) {
		if (modseq.len)
			report_difference(told->who, "more than was asked for");
		return;
	}
	if (!view_starts(modseq, c->returns ? VIEW(" MODSEQ ") : VIEW(" (MODSEQ ")))
		report_difference(told->who, "no MODSEQ");
	modseq = view_from(modseq, strlen(c->returns ? " MODSEQ " : " (MODSEQ "));
	if (!view_to_u64(view_cut(&modseq, ')'), &n) || n > c->high ||
			(!some && n < c->low))
		report_difference(told->who, "MODSEQ is %" PRIu64 " to %" PRIu64, c->low,
				c->high);
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
		return c->lines;
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
	expect_set(c, &c->modified);
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
