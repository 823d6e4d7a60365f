/* What a sender asks about reports on the delivery of a message (RFC 3461, 4; RFC 6533, 3):
 * the values of the parameters NOTIFY, ORCPT, RET and ENVID, and xtext, in which some of
 * them are written. They are kept as they came: who makes a report or hands the message
 * on repeats them. */
#ifndef MAIL_DSN_H
#define MAIL_DSN_H

#include "runtime/base/view.h"

/* NOTIFY: a set; empty where nothing was said. */
enum dsn_notify {
	DSN_NEVER = 1 << 0, /* stands alone */
	DSN_SUCCESS = 1 << 1,
	DSN_FAILURE = 1 << 2,
	DSN_DELAY = 1 << 3,
};

enum dsn_ret {
	DSN_RET_UNSAID,
	DSN_RET_FULL,
	DSN_RET_HEADERS,
};

/* False where the value is none of that parameter; nothing is written then. */
MUST_USE bool dsn_notify_read(struct view value, unsigned *out);
MUST_USE bool dsn_ret_read(struct view value, enum dsn_ret *out);
/* At most LIMIT_SMTP_ENVID octets. */
MUST_USE bool dsn_is_envid(struct view value);
/* addr-type ";" address, at most LIMIT_SMTP_ORCPT octets. `wide`: an address of the type
 * utf-8 may hold UTF-8, since SMTPUTF8 was asked. */
MUST_USE bool dsn_is_orcpt(struct view value, bool wide);

/* Xtext that stands for printable ASCII only, one octet at least: what could end a line or
 * a string is not let through in disguise. */
MUST_USE bool xtext_is_printable(struct view text);

#endif
