#include "runtime/imap/imap_command.h"

/* clang-format off */
static const struct imap_command_row commands[] = {
	{ "CAPABILITY",   IMAP_ANY,       0, imap_parse_nothing,      imap_capability_proceed,   NULL },
	{ "NOOP",         IMAP_ANY,       IMAP_LOOKS, imap_parse_nothing, imap_noop_proceed,     NULL },
	{ "LOGOUT",       IMAP_ANY,       0, imap_parse_nothing,      imap_logout_proceed,       NULL },
	{ "ID",           IMAP_ANY,       0, imap_id_parse,           imap_id_proceed,           NULL },

	{ "STARTTLS",     IMAP_GREETED,   0, imap_parse_nothing,      imap_starttls_proceed,     NULL },
	{ "LOGIN",        IMAP_GREETED,   0, imap_login_parse,        imap_login_proceed,        NULL },
	{ "AUTHENTICATE", IMAP_GREETED,   0, imap_authenticate_parse, imap_authenticate_proceed, imap_authenticate_line },

	{ "ENABLE",       IMAP_AUTHENTICATED, 0, imap_enable_parse,   imap_enable_proceed,       NULL },
	{ "NAMESPACE",    IMAP_LOGGED_IN, 0, imap_parse_nothing,      imap_namespace_proceed,    NULL },
	{ "SELECT",       IMAP_LOGGED_IN, 0, imap_select_parse,       imap_select_proceed,       NULL },
	{ "EXAMINE",      IMAP_LOGGED_IN, 0, imap_examine_parse,      imap_select_proceed,       NULL },
	{ "LIST",         IMAP_LOGGED_IN, 0, imap_list_parse,         imap_list_proceed,         NULL },
	{ "LSUB",         IMAP_LOGGED_IN, 0, imap_lsub_parse,         imap_list_proceed,         NULL },
	{ "STATUS",       IMAP_LOGGED_IN, 0, imap_status_parse,       imap_status_proceed,       NULL },
	{ "CREATE",       IMAP_LOGGED_IN, 0, imap_create_parse,       imap_mailbox_proceed,      NULL },
	{ "DELETE",       IMAP_LOGGED_IN, 0, imap_delete_parse,       imap_mailbox_proceed,      NULL },
	{ "RENAME",       IMAP_LOGGED_IN, 0, imap_rename_parse,       imap_mailbox_proceed,      NULL },
	{ "SUBSCRIBE",    IMAP_LOGGED_IN, 0, imap_subscribe_parse,    imap_mailbox_proceed,      NULL },
	{ "UNSUBSCRIBE",  IMAP_LOGGED_IN, 0, imap_unsubscribe_parse,  imap_mailbox_proceed,      NULL },
	{ "APPEND",       IMAP_LOGGED_IN, 0, imap_append_parse,       imap_append_proceed,       NULL },
	{ "IDLE",         IMAP_LOGGED_IN, 0, imap_parse_nothing,      imap_idle_proceed,         imap_idle_line },

	{ "FETCH",        IMAP_SELECTED,  IMAP_HAS_UID | IMAP_KEEPS_NUMBERS, imap_fetch_parse,  imap_fetch_proceed,  NULL },
	{ "STORE",        IMAP_SELECTED,  IMAP_HAS_UID | IMAP_KEEPS_NUMBERS, imap_store_parse,  imap_store_proceed,  NULL },
	{ "SEARCH",       IMAP_SELECTED,  IMAP_HAS_UID | IMAP_KEEPS_NUMBERS, imap_search_parse, imap_search_proceed, NULL },
	{ "COPY",         IMAP_SELECTED,  IMAP_HAS_UID, imap_copy_parse,    imap_copy_proceed,    NULL },
	{ "MOVE",         IMAP_SELECTED,  IMAP_HAS_UID, imap_move_parse,    imap_copy_proceed,    NULL },
	{ "EXPUNGE",      IMAP_SELECTED,  IMAP_HAS_UID, imap_expunge_parse, imap_expunge_proceed, NULL },
	{ "CHECK",        IMAP_SELECTED,  IMAP_LOOKS, imap_parse_nothing,   imap_noop_proceed,    NULL },
	{ "CLOSE",        IMAP_SELECTED,  0, imap_parse_nothing,            imap_close_proceed,   NULL },
	{ "UNSELECT",     IMAP_SELECTED,  0, imap_parse_nothing,            imap_unselect_proceed, NULL },
};
/* clang-format on */

const struct imap_command_row *imap_command_find(struct view name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (view_eq_nocase(name, view_z(commands[i].name)))
			return &commands[i];
	return NULL;
}

const char *imap_command_name(size_t i)
{
	return i < ARRAY_LEN(commands) ? commands[i].name : NULL;
}

void imap_command_count(struct imap_session *s, const struct imap_command_row *row)
{
	if (s->counts)
		atomic_fetch_add_explicit(
				&s->counts[row - commands], 1, memory_order_relaxed);
}

void imap_parse_nothing(struct imap_session *s, struct imap_parse *p)
{
	imap_parse_end(p);
}

const char *imap_capabilities(const struct imap_session *s)
{
#define ALWAYS                                                                           \
	"IMAP4rev1 LITERAL- SASL-IR ENABLE ID IDLE NAMESPACE UIDPLUS MOVE UNSELECT "     \
	"CHILDREN SPECIAL-USE MULTIAPPEND LIST-EXTENDED LIST-STATUS STATUS=SIZE "        \
	"CONDSTORE ESEARCH SEARCHRES BINARY"
	if (s->state != IMAP_GREETED)
		return ALWAYS;
	if (s->tls)
		return ALWAYS " AUTH=PLAIN AUTH=LOGIN";
	return s->can_start_tls ? ALWAYS " STARTTLS LOGINDISABLED"
				: ALWAYS " LOGINDISABLED";
#undef ALWAYS
}
