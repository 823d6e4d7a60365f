/* The table of commands, and the functions of its rows: a file a noun. */
#ifndef IMAP_COMMAND_H
#define IMAP_COMMAND_H

#include "runtime/imap/imap_session.h"

/* NULL: no such command. */
const struct imap_command_row *imap_command_find(struct view name);
/* Counts a command that begins. */
void imap_command_count(struct imap_session *s, const struct imap_command_row *row);
/* For commands without arguments. */
void imap_parse_nothing(struct imap_session *s, struct imap_parse *p);
/* What CAPABILITY tells now. */
const char *imap_capabilities(const struct imap_session *s);

/* imap_basic.c */
void imap_capability_proceed(struct imap_session *s, struct imap_op *answer);
void imap_noop_proceed(struct imap_session *s, struct imap_op *answer);
void imap_logout_proceed(struct imap_session *s, struct imap_op *answer);
void imap_id_parse(struct imap_session *s, struct imap_parse *p);
void imap_id_proceed(struct imap_session *s, struct imap_op *answer);
void imap_enable_parse(struct imap_session *s, struct imap_parse *p);
void imap_enable_proceed(struct imap_session *s, struct imap_op *answer);
void imap_namespace_proceed(struct imap_session *s, struct imap_op *answer);

/* imap_login.c */
void imap_starttls_proceed(struct imap_session *s, struct imap_op *answer);
void imap_login_parse(struct imap_session *s, struct imap_parse *p);
void imap_login_proceed(struct imap_session *s, struct imap_op *answer);
void imap_authenticate_parse(struct imap_session *s, struct imap_parse *p);
void imap_authenticate_proceed(struct imap_session *s, struct imap_op *answer);
void imap_authenticate_line(struct imap_session *s, struct view line);

/* imap_mailbox.c */
void imap_create_parse(struct imap_session *s, struct imap_parse *p);
void imap_delete_parse(struct imap_session *s, struct imap_parse *p);
void imap_rename_parse(struct imap_session *s, struct imap_parse *p);
void imap_subscribe_parse(struct imap_session *s, struct imap_parse *p);
void imap_unsubscribe_parse(struct imap_session *s, struct imap_parse *p);
void imap_mailbox_proceed(struct imap_session *s, struct imap_op *answer);

/* imap_status.c */
void imap_status_parse(struct imap_session *s, struct imap_parse *p);
void imap_status_proceed(struct imap_session *s, struct imap_op *answer);

/* imap_list.c */
void imap_list_parse(struct imap_session *s, struct imap_parse *p);
void imap_lsub_parse(struct imap_session *s, struct imap_parse *p);
void imap_list_proceed(struct imap_session *s, struct imap_op *answer);

/* imap_select.c */
void imap_select_parse(struct imap_session *s, struct imap_parse *p);
void imap_examine_parse(struct imap_session *s, struct imap_parse *p);
void imap_select_proceed(struct imap_session *s, struct imap_op *answer);
void imap_unselect_proceed(struct imap_session *s, struct imap_op *answer);
void imap_close_proceed(struct imap_session *s, struct imap_op *answer);

/* imap_fetch.c */
void imap_fetch_parse(struct imap_session *s, struct imap_parse *p);
void imap_fetch_proceed(struct imap_session *s, struct imap_op *answer);

/* imap_store.c */
void imap_store_parse(struct imap_session *s, struct imap_parse *p);
void imap_store_proceed(struct imap_session *s, struct imap_op *answer);

/* imap_copy.c */
void imap_copy_parse(struct imap_session *s, struct imap_parse *p);
void imap_move_parse(struct imap_session *s, struct imap_parse *p);
void imap_copy_proceed(struct imap_session *s, struct imap_op *answer);

/* imap_expunge.c */
void imap_expunge_parse(struct imap_session *s, struct imap_parse *p);
void imap_expunge_proceed(struct imap_session *s, struct imap_op *answer);

/* imap_search.c */
void imap_search_parse(struct imap_session *s, struct imap_parse *p);
void imap_search_proceed(struct imap_session *s, struct imap_op *answer);

/* imap_idle.c */
void imap_idle_proceed(struct imap_session *s, struct imap_op *answer);
void imap_idle_line(struct imap_session *s, struct view line);

/* imap_append.c: its literal is announced before the command is whole, and its octets
 * come by imap_append_octets while the command runs. */
void imap_append_parse(struct imap_session *s, struct imap_parse *p);
void imap_append_proceed(struct imap_session *s, struct imap_op *answer);
/* True where `p` stands at the announcement of the message, not of its mailbox: the
 * arguments before it are parsed and the command has begun. */
void imap_append_begin(struct imap_session *s, struct imap_parse *p);
/* Another message is announced behind one. */
void imap_append_next(struct imap_session *s);
/* How many octets it can take now. */
size_t imap_append_room(const struct imap_session *s);
void imap_append_octets(struct imap_session *s, struct view octets);
/* The literal is over; then the rest of the line, where no other message is announced. */
void imap_append_end(struct imap_session *s);
void imap_append_line(struct imap_session *s, struct view line);

#endif
