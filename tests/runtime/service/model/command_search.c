/* SEARCH, with what it returns (RFC 4731), saves (RFC 5182) and tells of MODSEQs. */
#include "runtime/base/error.h"
#include "tests/runtime/service/model/command_parts.h"
#include "tests/runtime/service/model/dice.h"
#include "tests/runtime/service/model/report.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const search_names[FLAG_NAMES] = { "SEEN", "ANSWERED", "FLAGGED",
	"DELETED", "DRAFT", "KEYWORD k0", "KEYWORD k1", "KEYWORD k2" };

/* -- its text -- */

static void make_key(struct command *c, const struct told *told,
		const struct truth *truth, struct command_key *key)
{
	if (key->negated)
		buf_add_z(&c->text, "NOT ");
	switch (key->kind) {
	case KEY_ALL:
		buf_add_z(&c->text, "ALL");
		break;
	case KEY_FLAG:
		key->number = dice(ARRAY_LEN(search_names));
		key->flag = command_flag_bit(key->number);
		buf_add_z(&c->text, search_names[key->number]);
		break;
	case KEY_WORD:
		key->number = dice(TRUTH_WORDS);
		buf_addf(&c->text, "BODY word%u", key->number);
		break;
	case KEY_SUBJECT:
		key->number = dice(20);
		buf_addf(&c->text, "SUBJECT s%u", key->number);
		break;
	case KEY_LARGER:
		key->number = dice(500);
		buf_addf(&c->text, "LARGER %u", key->number);
		break;
	case KEY_UIDS:
		if (told->count == 0 || once_in(2)) {
			buf_add_z(&c->text, "UID ");
			command_add_messages(&c->text, told, true, false, &key->uids);
		} else {
			command_add_messages(&c->text, told, false, false, &key->uids);
		}
		break;
	case KEY_MODSEQ:
		c->tells_modseq = true;
		key->modseq = command_any_modseq(told, truth);
		buf_addf(&c->text, "MODSEQ %" PRIu64, key->modseq);
		break;
	}
}

static void make_returns(struct command *c)
{
	static const char *const names[] = { "MIN", "MAX", "COUNT", "ALL", "SAVE" };
	const char *before = " RETURN (";

	c->returns = dice(1 << ARRAY_LEN(names));
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (!(c->returns & 1U << i))
			continue;
		buf_addf(&c->text, "%s%s", before, names[i]);
		before = " ";
	}
	buf_add_z(&c->text, c->returns ? ")" : " RETURN ()");
	if (!c->returns)
		c->returns = RETURN_ALL;
}

void search_make(struct command *c, const struct told *told, const struct truth *truth)
{
	buf_add_z(&c->text, "SEARCH");
	if (once_in(3))
		make_returns(c);
	c->key_count = 1 + dice(COMMAND_KEYS);
	for (size_t i = 0; i < c->key_count; i++) {
		struct command_key *key = &c->keys[i];

		key->kind = i == 0 && c->condstore ? KEY_MODSEQ : dice(KEY_UIDS + 1);
		key->negated = once_in(3);
		key->or_next = i + 1 < c->key_count && once_in(3) &&
			       !(i && c->keys[i - 1].or_next);
		buf_add_z(&c->text, key->or_next ? " OR " : " ");
		make_key(c, told, truth, key);
	}
	told_uids(told, &c->uids);
}

/* -- what it finds -- */

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
		command_expect_set(c, numbers);
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

void search_perform(struct command *c, struct told *told, const struct imap_search_op *op)
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

void search_line(const struct command *c, const struct told *told, struct view rest)
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
