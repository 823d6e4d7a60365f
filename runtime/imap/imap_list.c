/* LIST and LSUB (RFC 3501, 6.3.8 and 6.3.9), with LIST-EXTENDED (RFC 5258) and its options
 * of SPECIAL-USE (RFC 6154) and LIST-STATUS (RFC 5819). */
#include "runtime/imap/imap_list.h"

#include "runtime/imap/imap_command.h"
#include "runtime/imap/imap_status.h"
#include "runtime/mail/utf7.h"

/* -- reading -- */

static void parse_select_option(struct imap_parse *p, struct imap_list *list)
{
	if (imap_parse_take_word(p, "SUBSCRIBED"))
		list->selects |= IMAP_LIST_SUBSCRIBED;
	else if (imap_parse_take_word(p, "SPECIAL-USE"))
		list->selects |= IMAP_LIST_SPECIAL_USE;
	else if (imap_parse_take_word(p, "RECURSIVEMATCH"))
		list->selects |= IMAP_LIST_RECURSIVE;
	else if (!imap_parse_take_word(p, "REMOTE")) /* there are none */
		imap_parse_fail(p, "BAD That selection option is not offered");
}

static void parse_select_options(struct imap_parse *p, struct imap_list *list)
{
	list->extended = true;
	if (!imap_parse_take(p, ')')) {
		do {
			parse_select_option(p, list);
		} while (imap_parse_take(p, ' '));
		imap_parse_expect(p, ')', "BAD A list of options is not closed");
	}
	if (list->selects == IMAP_LIST_RECURSIVE)
		imap_parse_fail(p, "BAD RECURSIVEMATCH needs another selection option");
}

static void parse_return_option(struct imap_parse *p, struct imap_list *list)
{
	if (imap_parse_take_word(p, "SUBSCRIBED")) {
		list->returns |= IMAP_LIST_RETURN_SUBSCRIBED;
	} else if (imap_parse_take_word(p, "CHILDREN")) {
		list->returns |= IMAP_LIST_RETURN_CHILDREN;
	} else if (imap_parse_take_word(p, "SPECIAL-USE")) {
		list->returns |= IMAP_LIST_RETURN_SPECIAL_USE;
	} else if (imap_parse_take_word(p, "STATUS")) {
		list->returns |= IMAP_LIST_RETURN_STATUS;
		imap_parse_space(p);
		list->status |= imap_status_parse_items(p);
	} else {
		imap_parse_fail(p, "BAD That return option is not offered");
	}
}

static void parse_return_options(struct imap_parse *p, struct imap_list *list)
{
	if (!imap_parse_take(p, ' '))
		return;
	list->extended = true;
	if (!imap_parse_take_word(p, "RETURN"))
		imap_parse_fail(p, "BAD RETURN is expected here");
	imap_parse_space(p);
	imap_parse_expect(p, '(', "BAD A list of return options is expected here");
	if (imap_parse_take(p, ')'))
		return;
	do {
		parse_return_option(p, list);
	} while (imap_parse_take(p, ' '));
	imap_parse_expect(p, ')', "BAD A list of options is not closed");
}

/* A pattern that no name can match is left out: so is one that is not modified UTF-7. */
static void parse_pattern(struct imap_session *s, struct imap_parse *p,
		struct imap_list *list, struct view reference)
{
	size_t max = limit_value(LIMIT_IMAP_MAILBOX_NAME);
	CLEANUP(buf_free) struct buf wire = BUF_NULL(4 * max);
	CLEANUP(buf_free) struct buf text = BUF_NULL(max);
	struct view pattern = imap_parse_list_mailbox(p);

	if (list->pattern_count == IMAP_LIST_PATTERNS)
		imap_parse_fail(p, "NO [LIMIT] Too many patterns in one LIST");
	if (p->error)
		return;
	if (pattern.len == 0) {
		list->has_empty = true;
		return;
	}
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

static void parse_patterns(struct imap_session *s, struct imap_parse *p,
		struct imap_list *list, struct view reference)
{
	if (!imap_parse_take(p, '(')) {
		parse_pattern(s, p, list, reference);
		return;
	}
	list->extended = true;
	do {
		parse_pattern(s, p, list, reference);
	} while (imap_parse_take(p, ' '));
	imap_parse_expect(p, ')', "BAD A list of patterns is not closed");
}

static struct imap_list *begin(struct imap_session *s, struct imap_parse *p, bool lsub)
{
	struct imap_list *list = ARENA_NEW(s->command->arena, struct imap_list);

	(void)imap_command_op(s, IMAP_OP_LIST);
	list->lsub = lsub;
	s->command->state = list;
	imap_parse_space(p);
	return list;
}

void imap_list_parse(struct imap_session *s, struct imap_parse *p)
{
	struct imap_list *list = begin(s, p, false);
	struct view reference;

	if (imap_parse_take(p, '(')) {
		parse_select_options(p, list);
		imap_parse_space(p);
	}
	reference = imap_parse_astring(p);
	imap_parse_space(p);
	parse_patterns(s, p, list, reference);
	parse_return_options(p, list);
	imap_parse_end(p);
}

void imap_lsub_parse(struct imap_session *s, struct imap_parse *p)
{
	struct imap_list *list = begin(s, p, true);
	struct view reference = imap_parse_astring(p);

	imap_parse_space(p);
	parse_pattern(s, p, list, reference);
	imap_parse_end(p);
}

/* -- moves -- */

static void ask(struct imap_session *s, struct imap_list *list)
{
	list->asked = true;
	if (imap_status_asks_modseq(list->status))
		imap_enable_condstore(s);
	imap_issue_command_op(s);
}

void imap_list_proceed(struct imap_session *s, struct imap_op *answer)
{
	struct imap_list *list = s->command->state;
	const struct imap_list_op *op = (struct imap_list_op *)s->command->op;

	if (list->has_empty && !list->extended) {
		imap_list_tell_root(s, list);
		imap_finish(s, VIEW("OK Listed"));
		return;
	}
	if (!list->asked) {
		ask(s, list);
		return;
	}
	if (op->op.outcome) {
		imap_refuse(s, op->op.outcome);
		return;
	}
	while (list->at < op->count && imap_output_waiting(s) < IMAP_OUTPUT_HIGH)
		imap_list_tell_rows(s, list, op);
	if (list->at < op->count)
		imap_wait_flush(s);
	else
		imap_finish(s, VIEW("OK Listed"));
}
