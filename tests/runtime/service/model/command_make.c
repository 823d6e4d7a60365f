/* Commands at random. They are those that a session may send in its state. */
#include "runtime/base/error.h"
#include "tests/runtime/service/model/command_parts.h"
#include "tests/runtime/service/model/dice.h"

#include <inttypes.h>
#include <stdio.h>

enum {
	CROWDED = 60,     /* messages, and deletions become frequent */
	TEXT_MAX = 65536, /* of a command */
	DATE = 1795505623,
};

static const char *const flag_names[FLAG_NAMES] = { "\\Seen", "\\Answered", "\\Flagged",
	"\\Deleted", "\\Draft", "k0", "k1", "k2" };
static const char *const box_names[] = { "INBOX", "box0", "INBOX", "box0", "box1",
	"box0/a", "box1/a", "box0/a/b", "Archive", "Trash" };

unsigned command_flag_bit(unsigned i)
{
	return i < 5 ? 1U << i : (unsigned)TRUTH_KEYWORD << (i - 5);
}

static unsigned any_flags(void)
{
	unsigned flags = 0;

	for (uint32_t n = dice(4); n; n--)
		flags |= command_flag_bit(dice(ARRAY_LEN(flag_names)));
	return flags;
}

static void add_flags(struct buf *text, unsigned flags)
{
	const char *before = "(";

	for (unsigned i = 0; i < ARRAY_LEN(flag_names); i++) {
		if (!(flags & command_flag_bit(i)))
			continue;
		buf_addf(text, "%s%s", before, flag_names[i]);
		before = " ";
	}
	buf_add_z(text, *before == '(' ? "()" : ")");
}

static void any_name(char out[TRUTH_NAME])
{
	snprintf(out, TRUTH_NAME, "%s", box_names[dice(ARRAY_LEN(box_names))]);
}

/* Mostly one that is there. */
static void present_name(char out[TRUTH_NAME], const struct truth *truth)
{
	do {
		any_name(out);
	} while (!truth_find(truth, out) && !once_in(5));
}

/* -- sets of messages -- */

static uint32_t any_number(const struct told *told, bool by_uid)
{
	uint32_t top = by_uid ? told->uidnext + 1 : (uint32_t)told->count;

	if (by_uid && told->count && !once_in(4))
		return told->messages[dice((uint32_t)told->count)].uid;
	return 1 + dice(top);
}

static uint32_t star(const struct told *told, bool by_uid)
{
	if (!by_uid)
		return (uint32_t)told->count;
	return told->count ? told->messages[told->count - 1].uid : 0;
}

static void add_range(struct buf *text, const struct told *told, bool by_uid, bool few,
		struct uid_set *numbers)
{
	uint32_t first = any_number(told, by_uid), last = star(told, by_uid);

	if (!few && last && once_in(4)) {
		buf_addf(text, "%u:*", first);
	} else if (!few && once_in(3)) {
		last = any_number(told, by_uid);
		buf_addf(text, "%u:%u", first, last);
	} else if (last && once_in(8)) {
		first = last;
		buf_add_z(text, "*");
	} else {
		last = first;
		buf_addf(text, "%u", first);
	}
	uid_set_add(numbers, first < last ? first : last, first < last ? last : first);
}

/* `$` */
static void add_saved(struct buf *text, const struct told *told, struct uid_set *uids)
{
	buf_add_byte(text, '$');
	for (size_t i = 0; i < told->count; i++)
		if (uid_set_has(&told->saved, told->messages[i].uid))
			uid_set_add(uids, told->messages[i].uid, told->messages[i].uid);
}

void command_add_messages(struct buf *text, const struct told *told, bool by_uid,
		bool few, struct uid_set *uids)
{
	CLEANUP(uid_set_free) struct uid_set numbers = UID_SET_NULL;

	if (!few && told->saved.count && once_in(4)) {
		add_saved(text, told, uids);
		return;
	}
	for (uint32_t n = dice(3); n; n--) {
		add_range(text, told, by_uid, few, &numbers);
		buf_add_byte(text, ',');
	}
	add_range(text, told, by_uid, few, &numbers);
	for (size_t i = 0; i < told->count; i++) {
		uint32_t uid = told->messages[i].uid;

		if (uid_set_has(&numbers, by_uid ? uid : (uint32_t)i + 1))
			uid_set_add(uids, uid, uid);
	}
}

static void name_messages(struct command *c, const struct told *told, bool few)
{
	command_add_messages(&c->text, told, c->by_uid, few, &c->uids);
}

/* -- commands -- */

static void make_status(struct command *c)
{
	buf_addf(&c->text,
			"STATUS %s (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN SIZE%s)",
			c->name, c->condstore ? " HIGHESTMODSEQ" : "");
}

uint64_t command_any_modseq(const struct told *told, const struct truth *truth)
{
	uint64_t modseq = told->highest;

	if (once_in(3))
		modseq = truth->high;
	if (told->box->count && once_in(2))
		modseq = told->box->messages[dice((uint32_t)told->box->count)].high;
	modseq += dice(3);
	return modseq ? modseq - 1 : 0;
}

/* " (flags) date {n}", each where it pleases */
static void make_message(struct command_message *message)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(TRUTH_TEXT_MAX);

	*message = (struct command_message){
		.head = BUF_NULL(TEXT_MAX),
		.message = { .number = truth_new_number(), .flags = any_flags() },
	};
	truth_text(&text, message->message.number);
	buf_add_byte(&message->head, ' ');
	if (message->message.flags || once_in(2)) {
		add_flags(&message->head, message->message.flags);
		buf_add_byte(&message->head, ' ');
	}
	if (once_in(2)) {
		message->message.date = DATE;
		buf_add_z(&message->head, "\"24-Nov-2026 08:33:43 +0100\" ");
	}
	message->nonsync = text.len <= 4096 && once_in(2);
	buf_addf(&message->head, "%s{%zu%s}", once_in(4) ? "~" : "", text.len,
			message->nonsync ? "+" : "");
}

static void make_append(struct command *c)
{
	buf_addf(&c->text, "APPEND %s", c->name);
	do {
		make_message(&c->appended[c->appended_count++]);
	} while (c->appended_count < COMMAND_MESSAGES && once_in(3));
}

static void make_list(struct command *c)
{
	static const char *const patterns[] = { "*", "*", "%", "box0/*", "%/%" };

	c->pattern = patterns[dice(ARRAY_LEN(patterns))];
	c->with_status = once_in(3);
	buf_addf(&c->text, "LIST \"\" %s%s", c->pattern,
			c->with_status ? " RETURN (STATUS (MESSAGES UNSEEN UIDNEXT))"
				       : "");
}

static void make_fetch(
		struct command *c, const struct told *told, const struct truth *truth)
{
	static const char *const items[] = { "FLAGS", "(UID FLAGS)", "UID",
		"(FLAGS INTERNALDATE RFC822.SIZE)", "BODY.PEEK[TEXT]",
		"(FLAGS BODY.PEEK[])", "(FLAGS BINARY.PEEK[1])", "BINARY.SIZE[1]",
		"(RFC822.SIZE BODY[TEXT])", "BODY[]", "BINARY[1]" };
	uint32_t which = dice(ARRAY_LEN(items));

	buf_add_z(&c->text, "FETCH ");
	name_messages(c, told, false);
	buf_addf(&c->text, " %s", items[which]);
	c->sets_seen = which >= ARRAY_LEN(items) - 3 && !told->read_only;
	if (!c->condstore)
		return;
	c->has_since = true;
	c->since = command_any_modseq(told, truth);
	buf_addf(&c->text, " (CHANGEDSINCE %" PRIu64 ")", c->since);
}

static void make_store(
		struct command *c, const struct told *told, const struct truth *truth)
{
	static const char *const signs[] = { "-", "", "+" };

	c->sign = (int)dice(3) - 1;
	c->flags = any_flags();
	c->silent = once_in(2);
	if (once_in(told->count > CROWDED ? 1 : 4)) {
		c->sign = 1;
		c->flags |= IMAP_FLAG_DELETED;
	}
	buf_add_z(&c->text, "STORE ");
	name_messages(c, told, false);
	if (c->condstore) {
		c->has_since = true;
		c->since = command_any_modseq(told, truth);
		buf_addf(&c->text, " (UNCHANGEDSINCE %" PRIu64 ")", c->since);
	}
	buf_addf(&c->text, " %sFLAGS%s ", signs[c->sign + 1], c->silent ? ".SILENT" : "");
	add_flags(&c->text, c->flags);
}

static void make_copy(struct command *c, const struct told *told, const char *verb)
{
	bool is_copy = c->verb == VERB_COPY;

	buf_addf(&c->text, "%s ", verb);
	name_messages(c, told, is_copy);
	buf_addf(&c->text, " %s", c->to);
}

static void make_expunge(struct command *c, const struct told *told)
{
	buf_add_z(&c->text, "EXPUNGE");
	if (c->by_uid) {
		buf_add_byte(&c->text, ' ');
		name_messages(c, told, false);
	} else {
		told_uids(told, &c->uids);
	}
}

static void make_text(
		struct command *c, const struct told *told, const struct truth *truth)
{
	switch (c->verb) {
	case VERB_NOOP:
		buf_add_z(&c->text, "NOOP");
		break;
	case VERB_CHECK:
		buf_add_z(&c->text, "CHECK");
		break;
	case VERB_IDLE:
		buf_add_z(&c->text, "IDLE");
		break;
	case VERB_LIST:
		make_list(c);
		break;
	case VERB_STATUS:
		make_status(c);
		break;
	case VERB_CREATE:
		buf_addf(&c->text, "CREATE %s", c->to);
		break;
	case VERB_DELETE:
		buf_addf(&c->text, "DELETE %s", c->name);
		break;
	case VERB_RENAME:
		buf_addf(&c->text, "RENAME %s %s", c->name, c->to);
		break;
	case VERB_SELECT:
		buf_addf(&c->text, "SELECT %s%s", c->name,
				c->condstore ? " (CONDSTORE)" : "");
		break;
	case VERB_EXAMINE:
		buf_addf(&c->text, "EXAMINE %s%s", c->name,
				c->condstore ? " (CONDSTORE)" : "");
		break;
	case VERB_APPEND:
		make_append(c);
		break;
	case VERB_CLOSE:
		buf_add_z(&c->text, "CLOSE");
		told_uids(told, &c->uids);
		break;
	case VERB_UNSELECT:
		buf_add_z(&c->text, "UNSELECT");
		break;
	case VERB_FETCH:
		make_fetch(c, told, truth);
		break;
	case VERB_STORE:
		make_store(c, told, truth);
		break;
	case VERB_SEARCH:
		search_make(c, told, truth);
		break;
	case VERB_COPY:
		make_copy(c, told, "COPY");
		break;
	case VERB_MOVE:
		make_copy(c, told, "MOVE");
		break;
	default:
		make_expunge(c, told);
	}
}

/* clang-format off */
static const struct {
	enum verb verb;
	unsigned weight;   /* how often */
	bool selected;     /* needs a mailbox */
	bool names;        /* may name messages: by number only where there are some */
	bool ahead;        /* may be sent before the command ahead is answered */
} verbs[] = {
	{ VERB_NOOP,     6, false, false, true  },
	{ VERB_CHECK,    1, true,  false, false },
	{ VERB_IDLE,     6, false, false, false },
	{ VERB_LIST,     2, false, false, true  },
	{ VERB_STATUS,   6, false, false, true  },
	{ VERB_CREATE,   3, false, false, true  },
	{ VERB_DELETE,   3, false, false, true  },
	{ VERB_RENAME,   2, false, false, true  },
	{ VERB_SELECT,   6, false, false, false },
	{ VERB_EXAMINE,  1, false, false, false },
	{ VERB_APPEND,  14, false, false, false },
	{ VERB_CLOSE,    1, true,  false, false },
	{ VERB_UNSELECT, 1, true,  false, false },
	{ VERB_FETCH,   20, true,  true, false },
	{ VERB_STORE,   20, true,  true, false },
	{ VERB_SEARCH,  12, true,  true, false },
	{ VERB_COPY,     6, true,  true, false },
	{ VERB_MOVE,     6, true,  true, false },
	{ VERB_EXPUNGE,  8, true,  true, false },
};
/* clang-format on */

static size_t any_verb(const struct told *told)
{
	unsigned sum = 0, at;

	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		sum += told->box || !verbs[i].selected ? verbs[i].weight : 0;
	at = dice(sum);
	for (size_t i = 0;; i++) {
		unsigned weight = told->box || !verbs[i].selected ? verbs[i].weight : 0;

		if (at < weight)
			return i;
		at -= weight;
	}
}

/* Every other session never asks for MODSEQs. */
static bool knows_modseq(const struct command *c, const struct told *told)
{
	switch (c->verb) {
	case VERB_STATUS:
	case VERB_SELECT:
	case VERB_EXAMINE:
	case VERB_FETCH:
	case VERB_STORE:
	case VERB_SEARCH:
		return told->who % 2 && once_in(told->condstore ? 3 : 12);
	default:
		return false;
	}
}

static void make(struct command *c, const struct told *told, const struct truth *truth,
		size_t row)
{
	*c = (struct command){ .verb = verbs[row].verb,
		.text = BUF_NULL(TEXT_MAX),
		.expected = BUF_NULL(TEXT_MAX) };
	c->by_uid = verbs[row].names && (told->count == 0 || once_in(2));
	present_name(c->name, truth);
	any_name(c->to);
	if (c->verb == VERB_DELETE && !once_in(4))
		snprintf(c->name, TRUTH_NAME, "%s", truth_any(truth)->name);
	if (c->verb == VERB_COPY || c->verb == VERB_MOVE)
		present_name(c->to, truth);
	if (c->by_uid)
		buf_add_z(&c->text, "UID ");
	c->condstore = knows_modseq(c, told);
	make_text(c, told, truth);
}

void command_make(struct command *c, const struct told *told, const struct truth *truth)
{
	make(c, told, truth, any_verb(told));
}

void command_make_ahead(
		struct command *c, const struct told *told, const struct truth *truth)
{
	size_t row;

	do {
		row = any_verb(told);
	} while (!verbs[row].ahead);
	make(c, told, truth, row);
}

void command_free(struct command *c)
{
	for (size_t i = 0; i < c->appended_count; i++)
		buf_free(&c->appended[i].head);
	buf_free(&c->text);
	buf_free(&c->expected);
	uid_set_free(&c->uids);
	uid_set_free(&c->rows);
	uid_set_free(&c->told);
	uid_set_free(&c->modified);
	for (size_t i = 0; i < c->key_count; i++)
		uid_set_free(&c->keys[i].uids);
	*c = (struct command){ 0 };
}
