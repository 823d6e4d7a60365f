#include "runtime/service/imap_place.h"

#include "runtime/base/arena.h"

#include <assert.h>

enum where {
	NOWHERE, /* a row is missing */
	IN_OWN,
	IN_SELECTED,
	IN_APPEND,
	BY_NAME,
};

/* clang-format off */
static const struct {
	enum where where;
	enum right right;
} rules[] = {
	[IMAP_OP_LIST]          = { IN_OWN,      RIGHT_READ },
	[IMAP_OP_STATUS]        = { BY_NAME,     RIGHT_READ },
	[IMAP_OP_CREATE]        = { BY_NAME,     RIGHT_MANAGE },
	[IMAP_OP_DELETE]        = { BY_NAME,     RIGHT_MANAGE },
	[IMAP_OP_RENAME]        = { BY_NAME,     RIGHT_MANAGE },
	/* what somebody subscribes to is her own matter, and kept in her own account */
	[IMAP_OP_SUBSCRIBE]     = { IN_OWN,      RIGHT_READ },
	[IMAP_OP_UNSUBSCRIBE]   = { IN_OWN,      RIGHT_READ },
	[IMAP_OP_SELECT]        = { BY_NAME,     RIGHT_READ },
	[IMAP_OP_SYNC]          = { IN_SELECTED, RIGHT_READ },
	[IMAP_OP_FETCH]         = { IN_SELECTED, RIGHT_READ },
	[IMAP_OP_READ]          = { IN_SELECTED, RIGHT_READ },
	[IMAP_OP_STORE]         = { IN_SELECTED, RIGHT_WRITE },
	[IMAP_OP_APPEND_BEGIN]  = { BY_NAME,     RIGHT_WRITE },
	[IMAP_OP_APPEND_NEXT]   = { IN_APPEND,   RIGHT_WRITE },
	[IMAP_OP_APPEND_CHUNK]  = { IN_APPEND,   RIGHT_WRITE },
	[IMAP_OP_APPEND_COMMIT] = { IN_APPEND,   RIGHT_WRITE },
	[IMAP_OP_APPEND_ABORT]  = { IN_APPEND,   RIGHT_NONE },
	[IMAP_OP_COPY]          = { IN_SELECTED, RIGHT_READ },
	[IMAP_OP_EXPUNGE]       = { IN_SELECTED, RIGHT_WRITE },
	[IMAP_OP_SEARCH]        = { IN_SELECTED, RIGHT_READ },
};
/* clang-format on */

/* -- accounts -- */

static bool same_uid(const unsigned char *a, const unsigned char *b)
{
	return memcmp(a, b, ACCOUNT_UID_SIZE) == 0;
}

static enum imap_outcome find_own(const struct configuration *c,
		const struct imap_self *self, struct imap_place *out)
{
	out->account = configuration_account(c, self->own);
	out->right = RIGHT_MANAGE;
	return out->account ? IMAP_OK : IMAP_E_UNAVAILABLE;
}

/* One that the session was in before. */
static enum imap_outcome find_account(const struct configuration *c,
		const struct imap_self *self, const unsigned char *uid, enum right right,
		struct imap_place *out)
{
	const struct membership *membership;

	if (same_uid(uid, self->own))
		return find_own(c, self, out);
	membership = configuration_membership_of(c, self->own, uid);
	if (!membership)
		return IMAP_E_ABSENT;
	out->account = membership->account;
	out->right = membership->right;
	return out->right < right ? IMAP_E_NOT_PERMITTED : IMAP_OK;
}

/* -- names -- */

/* INBOX has no case, there as here. */
static struct view fold_inbox(struct arena *arena, struct view name)
{
	static const struct view inbox = { "INBOX", 5 };
	char *folded;

	if (!view_starts_nocase(name, inbox) ||
			(name.len > inbox.len && name.data[inbox.len] != '/'))
		return name;
	folded = arena_copy_z(arena, name);
	memcpy(folded, inbox.data, inbox.len);
	return view_of(folded, name.len);
}

enum {
	NAME_OWN,      /* a mailbox of one's own */
	NAME_RESERVED, /* the same, and no new one can have that name */
	NAME_LEVEL,    /* a level above shared mailboxes, and no mailbox */
	NAME_SHARED,
};

static int read_name(const struct configuration *c, const struct imap_self *self,
		struct view name, const struct membership **membership_out,
		struct view *inner_out)
{
	static const struct view shared = { IMAP_SHARED, sizeof(IMAP_SHARED) - 1 };
	struct view inner = name, address;
	size_t count;

	if (!view_eq(view_cut(&inner, '/'), view_sub(shared, 0, shared.len - 1)))
		return NAME_OWN;
	if (!inner.data) {
		(void)configuration_memberships(c, self->own, &count);
		return count ? NAME_LEVEL : NAME_RESERVED;
	}
	address = view_cut(&inner, '/');
	*membership_out = configuration_membership(c, self->own, address);
	if (!*membership_out)
		return NAME_RESERVED;
	*inner_out = inner;
	return inner.data ? NAME_SHARED : NAME_LEVEL;
}

/* What a level above is to an operation. */
static enum imap_outcome level_outcome(enum imap_op_kind kind)
{
	switch (kind) {
	case IMAP_OP_CREATE:
		return IMAP_E_EXISTS;
	case IMAP_OP_DELETE:
	case IMAP_OP_RENAME:
		return IMAP_E_CANNOT;
	default:
		return IMAP_E_ABSENT;
	}
}

/* `is_new`: the operation makes a mailbox of that name. */
static enum imap_outcome find_named(const struct configuration *c,
		const struct imap_self *self, const struct imap_op *op, bool is_new,
		enum right right, struct view *name, struct imap_place *out)
{
	const struct membership *membership;
	struct view inner;

	switch (read_name(c, self, *name, &membership, &inner)) {
	case NAME_LEVEL:
		return level_outcome((enum imap_op_kind)op->op.kind);
	case NAME_RESERVED:
		if (is_new)
			return IMAP_E_CANNOT;
		break;
	case NAME_SHARED:
		*name = out->name = fold_inbox(op->arena, inner);
		out->account = membership->account;
		out->right = membership->right;
		return out->right < right ? IMAP_E_NOT_PERMITTED : IMAP_OK;
	default:
		break;
	}
	out->name = *name;
	return find_own(c, self, out);
}

static struct view *name_of(struct imap_op *op)
{
	switch (op->op.kind) {
	case IMAP_OP_STATUS:
		return &((struct imap_status_op *)op)->name;
	case IMAP_OP_SELECT:
		return &((struct imap_select_op *)op)->name;
	case IMAP_OP_APPEND_BEGIN:
		return &((struct imap_append_op *)op)->name;
	default:
		return &((struct imap_name_op *)op)->name;
	}
}

/* A mailbox stays in its account. */
static enum imap_outcome find_new_name(const struct configuration *c,
		const struct imap_self *self, struct imap_op *op,
		const struct imap_place *old)
{
	struct imap_name_op *rename = (struct imap_name_op *)op;
	struct imap_place place = { 0 };
	enum imap_outcome outcome =
			find_named(c, self, op, true, RIGHT_MANAGE, &rename->to, &place);

	if (outcome)
		return outcome;
	return place.account == old->account ? IMAP_OK : IMAP_E_CANNOT;
}

/* -- operations -- */

/* What a reader asks for is done but for what only a writer may. */
static void take_away(struct imap_op *op, enum right right)
{
	if (right >= RIGHT_WRITE)
		return;
	if (op->op.kind == IMAP_OP_SELECT)
		((struct imap_select_op *)op)->read_only = true;
	if (op->op.kind == IMAP_OP_FETCH)
		((struct imap_fetch_op *)op)->set_seen = false;
}

static enum right right_for(const struct imap_op *op)
{
	bool moves = op->op.kind == IMAP_OP_COPY &&
		     ((const struct imap_copy_op *)op)->move;

	return moves ? RIGHT_WRITE : rules[op->op.kind].right;
}

enum imap_outcome imap_place_find(const struct configuration *c,
		const struct imap_self *self, struct imap_op *op, struct imap_place *out)
{
	enum imap_op_kind kind = (enum imap_op_kind)op->op.kind;
	enum imap_outcome outcome = IMAP_E_UNAVAILABLE;

	assert(kind < ARRAY_LEN(rules) && rules[kind].where != NOWHERE);
	*out = (struct imap_place){ 0 };
	switch (rules[kind].where) {
	case NOWHERE:
		return IMAP_E_UNAVAILABLE;
	case IN_OWN:
		outcome = find_own(c, self, out);
		break;
	case IN_SELECTED:
		outcome = find_account(c, self, self->selected, right_for(op), out);
		break;
	case IN_APPEND:
		outcome = find_account(c, self, self->append, right_for(op), out);
		break;
	case BY_NAME:
		outcome = find_named(c, self, op, kind == IMAP_OP_CREATE, right_for(op),
				name_of(op), out);
		if (!outcome && kind == IMAP_OP_RENAME)
			outcome = find_new_name(c, self, op, out);
		break;
	}
	if (!outcome)
		take_away(op, out->right);
	return outcome;
}

enum imap_outcome imap_place_find_target(const struct configuration *c,
		const struct imap_self *self, struct imap_copy_op *op,
		struct imap_place *out)
{
	*out = (struct imap_place){ 0 };
	return find_named(c, self, &op->op, false, RIGHT_WRITE, &op->name, out);
}
