/* Mailboxes in memory, as the world of IMAP dialogs has them. */
#ifndef TESTS_DIALOG_IMAP_MAILBOXES_H
#define TESTS_DIALOG_IMAP_MAILBOXES_H

#include "runtime/imap/imap_op.h"

enum {
	MAILBOXES_MAX = 200,
	APPENDS_MAX = 1000,
};

struct world_message {
	uint32_t uid;
	unsigned flags;
	struct buf keywords;
	int64_t date;
	struct buf text;
	uint64_t modseq;
	bool gone;
};

struct world_mailbox {
	struct buf name;
	uint64_t id;
	bool there, subscribed;
	enum imap_special_use use;
	uint32_t uidvalidity, uidnext;
	struct world_message *messages;
	size_t count, capacity;
};

struct world {
	struct world_mailbox boxes[MAILBOXES_MAX];
	size_t box_count;
	uint64_t modseq;
	uint32_t uidvalidity;
	bool ill;
	uint64_t quota;
	uint64_t logins;
	size_t batch_rows, batch_bytes;
	uint64_t largest; /* message that an APPEND may have */
	/* the messages of the APPEND that is open */
	struct world_append {
		struct buf text, keywords;
		unsigned flags;
		int64_t date;
		uint64_t size;
	} appends[APPENDS_MAX];
	size_t append_count;
	uint64_t append_to;
};

void world_init(struct world *w);
void world_deinit(struct world *w);
void world_drop_appends(struct world *w);

/* NULL: not there. */
struct world_mailbox *world_find(struct world *w, struct view name);
struct world_mailbox *world_find_id(struct world *w, uint64_t id);
/* NULL: there are too many. A name that was there before begins anew. */
struct world_mailbox *world_create(struct world *w, struct view name);
void world_remove(struct world *w, struct world_mailbox *box);

struct world_message *world_add(struct world *w, struct world_mailbox *box,
		struct view text, const struct imap_flags *flags, int64_t date);
/* NULL: not there, or gone. */
struct world_message *world_message(struct world_mailbox *box, uint32_t uid);
void world_expunge(struct world *w, struct world_message *message);
void world_store(struct world *w, struct world_message *message,
		enum imap_store_mode mode, const struct imap_flags *flags);
struct imap_flags world_flags(const struct world_message *message, struct arena *arena);

/* A section with all of its octets. */
void world_section(const struct world_message *message,
		const struct imap_section *section, struct arena *arena,
		struct imap_section_data *out);
/* ENVELOPE, BODY and BODYSTRUCTURE, as `items` has it. */
void world_render(const struct world_message *message, unsigned items,
		struct arena *arena, struct imap_row *row);
bool world_matches(const struct world_message *message, const struct imap_search_op *op);

#endif
