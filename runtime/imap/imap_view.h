/* A session's view of the mailbox that it selected: which UIDs it knows, and so which
 * sequence numbers they have.
 *
 * UIDs are kept as ranges with the number of messages before each, so a mailbox that was
 * never expunged is one range however large it is. A message that went stays in the view
 * until the session may be told (RFC 3501, 7.4.1). */
#ifndef IMAP_VIEW_H
#define IMAP_VIEW_H

#include "runtime/base/buf.h"
#include "runtime/base/uid_set.h"

struct imap_view {
	uint64_t mailbox;
	uint64_t modseq;   /* changes up to it are known */
	uint64_t told;     /* and up to it the client knows them, too */
	uint32_t next_uid; /* the first UID that is not */
	bool read_only;
	bool held_back;          /* the client was told that it does not know all */
	bool changed;            /* something happened that is not known yet */
	struct uid_set uids;     /* in the order of sequence numbers */
	uint32_t *before;        /* messages before each range of uids */
	uint32_t exists;         /* messages in it */
	struct uid_set vanished; /* gone, and the session does not know */
};

MUST_USE struct imap_view *imap_view_new(uint64_t mailbox, bool read_only);
/* NULL is fine. */
void imap_view_free(struct imap_view *view);

/* Fills a new view; takes the set over. */
void imap_view_set(struct imap_view *view, struct uid_set *uids, uint32_t next_uid);
/* Messages first..last came, behind all that are there. */
void imap_view_add(struct imap_view *view, uint32_t first, uint32_t last);
/* The sequence number of a UID, 0 where it is not in the view. */
uint32_t imap_view_number(const struct imap_view *view, uint32_t uid);
/* The highest UID, 0 where the view is empty. */
uint32_t imap_view_last(const struct imap_view *view);
/* Adds to the empty `uids` those of the messages with these sequence numbers. */
void imap_view_to_uids(const struct imap_view *view, const struct uid_set *numbers,
		struct uid_set *uids);
/* Adds to the empty `numbers` the sequence numbers of these messages, which are all in
 * the view. */
void imap_view_to_numbers(const struct imap_view *view, const struct uid_set *uids,
		struct uid_set *numbers);
/* Takes out what vanished and adds a line `* n EXPUNGE` for each, from the last to the
 * first, so that every number is right when it is read. */
void imap_view_expunge(struct imap_view *view, struct buf *out);

#endif
