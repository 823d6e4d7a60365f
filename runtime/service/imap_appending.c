/* APPEND: the messages of one command, kept until all of them are there.
 *
 * What has come waits in memory; past IN_MEMORY the messages that are whole go into the
 * account's file, where nobody sees them before the commit. */
#include "runtime/base/clock.h"
#include "runtime/base/error.h"
#include "runtime/service/imap_performer.h"
#include "runtime/store/mailbox.h"
#include "runtime/store/message.h"
#include "runtime/store/quota.h"

#include <stdlib.h>

enum {
	IN_MEMORY = 1024 * 1024
};

struct imap_appending {
	struct arena *arena;
	struct view name; /* of the mailbox, which must have it at the end, too */
	struct append **messages;
	struct append_options *options; /* of each */
	size_t count, capacity, option_capacity;
	uint64_t size;    /* of all, as announced */
	size_t settled;   /* so many are in the file */
	uint64_t waiting; /* announced bytes of the others */
};

void imap_appending_free(struct imap_appending *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->count; i++)
		append_abort(a->messages[i]);
	free(a->messages);
	free(a->options);
	arena_free(a->arena);
	free(a);
}

/* Before another message: those that came are whole. */
static int settle(struct imap_appending *a)
{
	int r;

	if (a->waiting < IN_MEMORY)
		return 0;
	r = append_settle(a->messages + a->settled, a->count - a->settled);
	if (r)
		return r;
	a->settled = a->count;
	a->waiting = 0;
	return 0;
}

static int add_message(struct account_store *store, struct imap_appending *a,
		const struct imap_append_op *op)
{
	struct append_options options = {
		.flags = imap_flag_list(&op->flags),
		.internal_date = op->has_date ? op->date : clock_wall(),
	};
	int r;

	options.flags.keywords = arena_copy(a->arena, options.flags.keywords);
	array_grow(&a->messages, &a->capacity, a->count + 1, sizeof(struct append *));
	array_grow(&a->options, &a->option_capacity, a->count + 1, sizeof(*a->options));
	r = append_begin(store, &a->messages[a->count]);
	if (r)
		return r;
	a->options[a->count++] = options;
	a->size += op->size;
	a->waiting += op->size;
	return 0;
}

static int begin(struct imap_performer *p, struct account_store *store,
		const struct imap_append_op *op)
{
	int64_t mailbox;
	int r;

	imap_appending_free(TAKE(p->append));
	r = mailbox_find(store, op->name, &mailbox);
	if (r)
		return r;
	p->append = xcalloc(1, sizeof(*p->append));
	p->append->arena = arena_new();
	p->append->name = arena_copy(p->append->arena, op->name);
	return 0;
}

static int next_message(struct imap_appending *a, struct account_store *store,
		const struct imap_append_op *op)
{
	uint64_t size = a->size + op->size;
	struct quota quota;
	int r;

	quota_read(store, &quota);
	if (size > quota.limit || quota.used > quota.limit - size)
		return STORE_E_QUOTA;
	r = settle(a);
	return r ? r : add_message(store, a, op);
}

static int begin_first(struct imap_performer *p, struct account_store *store,
		const struct imap_append_op *op)
{
	int r = begin(p, store, op);

	if (!r)
		r = next_message(p->append, store, op);
	if (r)
		imap_appending_free(TAKE(p->append));
	return r;
}

static int commit(struct imap_performer *p, struct account_store *store,
		struct imap_append_op *op)
{
	struct imap_appending *a = p->append;
	CLEANUP(freep)
	struct append_result *results = xcalloc(a->count, sizeof(*results));
	int64_t mailbox;
	int r;

	r = mailbox_find(store, a->name, &mailbox);
	for (size_t i = 0; r == 0 && i < a->count; i++)
		a->options[i].mailbox = mailbox;
	if (r == 0)
		r = append_commit_all(a->messages, a->options, a->count, results);
	if (r)
		return r;
	op->mailbox = (uint64_t)mailbox;
	op->uidvalidity = results[0].uidvalidity;
	for (size_t i = 0; i < a->count; i++)
		uid_set_add(&op->uids, results[i].uid, results[i].uid);
	imap_perform_changed(p, mailbox);
	return 0;
}

int imap_perform_append(
		struct imap_performer *p, struct account_store *store, struct imap_op *op)
{
	struct imap_append_op *append = (struct imap_append_op *)op;
	int r = 0;

	switch (op->op.kind) {
	case IMAP_OP_APPEND_BEGIN:
		return begin_first(p, store, append);
	case IMAP_OP_APPEND_NEXT:
		return next_message(p->append, store, append);
	case IMAP_OP_APPEND_CHUNK:
		return append_chunk(p->append->messages[p->append->count - 1],
				buf_view(&append->chunk));
	case IMAP_OP_APPEND_COMMIT:
		r = commit(p, store, append);
		break;
	default:
		break;
	}
	imap_appending_free(TAKE(p->append));
	return r;
}
