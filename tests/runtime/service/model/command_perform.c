/* What a command does to the truth. */
#include "runtime/base/error.h"
#include "tests/runtime/service/model/command_parts.h"
#include "tests/runtime/service/model/report.h"

#include <inttypes.h>

void command_expect_set(struct command *c, const struct uid_set *set)
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
	buf_addf(&c->expected, c->appended_count > 1 ? " %u:%u]" : " %u]",
			c->box->uidnext,
			c->box->uidnext + (uint32_t)c->appended_count - 1);
	for (size_t i = 0; i < c->appended_count; i++)
		truth_add(truth, c->box, &c->appended[i].message);
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

/* RFC 3501, 6.3.8: '%' stops at a level. */
static bool matches(const char *pattern, const char *name)
{
	if (!*pattern)
		return !*name;
	if (*pattern != '*' && *pattern != '%')
		return *pattern == *name && matches(pattern + 1, name + 1);
	if (matches(pattern + 1, name))
		return true;
	return *name && (*pattern == '*' || *name != '/') && matches(pattern, name + 1);
}

static void do_list(struct command *c, const struct truth *truth)
{
	for (size_t i = 0; i < truth->there; i++) {
		char above[TRUTH_NAME];
		char *slash;
		bool counted = false;

		c->lines += matches(c->pattern, truth->boxes[i]->name);
		c->statuses += c->with_status &&
			       matches(c->pattern, truth->boxes[i]->name);
		memcpy(above, truth->boxes[i]->name, sizeof(above));
		while ((slash = strrchr(above, '/'))) {
			*slash = '\0';
			/* a bare level is counted with the first mailbox below it */
			counted = truth_find(truth, above) != NULL;
			for (size_t k = 0; k < i && !counted; k++)
				counted = strncmp(truth->boxes[k]->name, above,
							  strlen(above)) == 0 &&
					  truth->boxes[k]->name[strlen(above)] == '/';
			c->lines += !counted && matches(c->pattern, above);
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
	command_expect_set(c, &from);
	command_expect_set(c, &to);
	buf_add_byte(&c->expected, ']');
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
		search_perform(c, told, (const struct imap_search_op *)op);
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
		c->box = truth_find(truth, c->name);
		c->refused = !truth_delete(truth, c->name);
		if (!c->refused && told->box == c->box)
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
