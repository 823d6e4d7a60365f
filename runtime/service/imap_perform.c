#include "runtime/service/imap_perform.h"

#include "runtime/service/imap_decoding.h"
#include "runtime/service/imap_performer.h"
#include "runtime/store/message.h"

#include <assert.h>
#include <stdlib.h>

enum {
	KEYWORDS_MAX = 8192 /* octets of the names of all bits */
};

/* The engine's flags are the store's. */
static_assert((uint64_t)IMAP_FLAG_SEEN == FLAG_SEEN, "flags differ");
static_assert((uint64_t)IMAP_FLAG_ANSWERED == FLAG_ANSWERED, "flags differ");
static_assert((uint64_t)IMAP_FLAG_FLAGGED == FLAG_FLAGGED, "flags differ");
static_assert((uint64_t)IMAP_FLAG_DELETED == FLAG_DELETED, "flags differ");
static_assert((uint64_t)IMAP_FLAG_DRAFT == FLAG_DRAFT, "flags differ");

/* clang-format off */
static imap_perform_one *const performers[] = {
	[IMAP_OP_LIST]          = imap_perform_list,
	[IMAP_OP_STATUS]        = imap_perform_status,
	[IMAP_OP_CREATE]        = imap_perform_create,
	[IMAP_OP_DELETE]        = imap_perform_delete,
	[IMAP_OP_RENAME]        = imap_perform_rename,
	[IMAP_OP_SUBSCRIBE]     = imap_perform_subscribe,
	[IMAP_OP_UNSUBSCRIBE]   = imap_perform_subscribe,
	[IMAP_OP_SELECT]        = imap_perform_select,
	[IMAP_OP_SYNC]          = imap_perform_sync,
	[IMAP_OP_FETCH]         = imap_perform_fetch,
	[IMAP_OP_READ]          = imap_perform_read,
	[IMAP_OP_STORE]         = imap_perform_store,
	[IMAP_OP_APPEND_BEGIN]  = imap_perform_append,
	[IMAP_OP_APPEND_NEXT]   = imap_perform_append,
	[IMAP_OP_APPEND_CHUNK]  = imap_perform_append,
	[IMAP_OP_APPEND_COMMIT] = imap_perform_append,
	[IMAP_OP_APPEND_ABORT]  = imap_perform_append,
	[IMAP_OP_COPY]          = imap_perform_copy,
	[IMAP_OP_EXPUNGE]       = imap_perform_expunge,
	[IMAP_OP_SEARCH]        = imap_perform_search,
};
/* clang-format on */

int imap_perform(
		struct imap_performer *p, struct account_store *store, struct imap_op *op)
{
	int r;

	assert((size_t)op->op.kind < ARRAY_LEN(performers) && performers[op->op.kind]);
	p->changed_count = 0;
	p->again = false;
	if (op->op.kind == IMAP_OP_SELECT)
		imap_decoding_free(TAKE(p->decoding)); /* it may be another account */
	r = performers[op->op.kind](p, store, op);
	op->outcome = imap_outcome_of(r);
	if (r)
		p->changed_count = 0;
	return r;
}

void imap_perform_end(struct imap_performer *p)
{
	imap_appending_free(TAKE(p->append));
	if (p->found)
		search_result_free(p->found);
	free(TAKE(p->found));
	imap_decoding_free(TAKE(p->decoding));
}

enum imap_outcome imap_outcome_of(int r)
{
	switch (r) {
	case STORE_OK:
		return IMAP_OK;
	case STORE_E_ABSENT:
		return IMAP_E_ABSENT;
	case STORE_E_EXISTS:
		return IMAP_E_EXISTS;
	case STORE_E_NAME:
	case STORE_E_INBOX:
		return IMAP_E_CANNOT;
	case STORE_E_LIMIT:
		return IMAP_E_LIMIT;
	case STORE_E_QUOTA:
		return IMAP_E_QUOTA;
	default:
		return IMAP_E_UNAVAILABLE;
	}
}

void imap_perform_changed(struct imap_performer *p, int64_t mailbox)
{
	assert(p->changed_count < IMAP_CHANGES_MAX);
	p->changed[p->changed_count++] = (uint64_t)mailbox;
}

struct imap_flags imap_flags_of(const struct account_store *store, uint64_t bits,
		struct imap_flag_names *names, struct arena *arena)
{
	uint64_t keywords = bits & ~FLAGS_SYSTEM;

	if (keywords != names->bits) {
		CLEANUP(buf_free) struct buf text = BUF_NULL(KEYWORDS_MAX);

		flags_keywords(store, keywords, &text);
		*names = (struct imap_flag_names){ keywords,
			arena_copy(arena, buf_view(&text)) };
	}
	return (struct imap_flags){ (unsigned)(bits & FLAGS_SYSTEM), names->keywords };
}

struct flag_list imap_flag_list(const struct imap_flags *flags)
{
	return (struct flag_list){ .system = flags->system, .keywords = flags->keywords };
}
