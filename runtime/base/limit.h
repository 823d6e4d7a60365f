/* The table of limits: every size that a peer can choose, by name, with its reply.
 *
 * A limit is a row here and nowhere else; tests walk the table at limit - 1, limit and
 * limit + 1. Zero never means "unlimited". The reply is the text a peer gets, for
 * protocols that answer in lines; limits of other input name their error. */
#ifndef BASE_LIMIT_H
#define BASE_LIMIT_H

#include "runtime/base/view.h"

enum limit {
	LIMIT_SMTP_COMMAND_LINE,
	LIMIT_SMTP_AUTH_LINE,
	LIMIT_SMTP_RECIPIENTS,
	LIMIT_SMTP_PATH,
	LIMIT_SMTP_LOCAL_PART,
	LIMIT_SMTP_DOMAIN,
	LIMIT_SMTP_MESSAGE,
	LIMIT_SMTP_HEADER,
	LIMIT_SMTP_ERRORS,
	LIMIT_SMTP_RECEIVED,
	LIMIT_SMTP_FORWARD_PATH,
	LIMIT_SMTP_AUTHOR,
	LIMIT_SMTP_DISCARD,
	LIMIT_SMTP_IDLE_COMMANDS,
	LIMIT_SMTP_LOGINS,
	LIMIT_SMTP_CHUNKS,
	LIMIT_SMTP_EMPTY_CHUNKS,
	LIMIT_SMTP_ENVID,
	LIMIT_SMTP_ORCPT,
	LIMIT_IMAP_LINE,
	LIMIT_IMAP_LITERAL,
	LIMIT_IMAP_NONSYNC_LITERAL,
	LIMIT_IMAP_COMMAND,
	LIMIT_IMAP_COMMAND_BEFORE_LOGIN,
	LIMIT_IMAP_DEPTH,
	LIMIT_IMAP_SET,
	LIMIT_IMAP_SECTIONS,
	LIMIT_IMAP_SEARCH_KEYS,
	LIMIT_IMAP_SEARCH_EFFORT,
	LIMIT_IMAP_KEYWORD,
	LIMIT_IMAP_KEYWORDS,
	LIMIT_IMAP_MAILBOX_LEVELS,
	LIMIT_IMAP_ERRORS_BEFORE_LOGIN,
	LIMIT_IMAP_ERRORS,
	LIMIT_IMAP_MAILBOX_NAME,
	LIMIT_IMAP_APPEND,
	LIMIT_IMAP_APPEND_MESSAGES,
	LIMIT_MIME_DEPTH,
	LIMIT_MIME_PARTS,
	LIMIT_MIME_HEADER,
	LIMIT_MIME_BOUNDARY,
	LIMIT_MIME_PARAMETERS,
	LIMIT_MIME_ADDRESSES,
	LIMIT_MIME_COMMENT_DEPTH,
	LIMIT_MIME_KEPT,
	LIMIT_HTTP_HEAD,
	LIMIT_HTTP_TARGET,
	LIMIT_HTTP_FIELDS,
	LIMIT_HTTP_BODY,
	LIMIT_NET_PROXY_HEADER,
	LIMIT_STATE_FILE,
	LIMIT_STATE_TOTAL,
	LIMIT_STATE_FILES,
	LIMIT_STATE_DEPTH,
	LIMIT_STATE_SCALAR,
	LIMIT_STORE_MAILBOXES,
	LIMIT_STORE_KEYWORDS,
	LIMIT_STORE_SEARCH_TERMS,
	LIMIT_STATE_FILE_VALUES,
	LIMIT_STATE_VALUES,
	LIMIT_COUNT,
};

struct limit_row {
	const char *name;  /* as the docs print it */
	uint64_t value;    /* bytes, or a count where the name says so */
	const char *reply; /* what the peer is told */
};

const struct limit_row *limit_row(enum limit limit);

static inline uint64_t limit_value(enum limit limit)
{
	return limit_row(limit)->value;
}

static inline const char *limit_reply(enum limit limit)
{
	return limit_row(limit)->reply;
}

#endif
