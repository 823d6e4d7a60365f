/* The pages behind an invitation's link: HTML that needs no script, on any phone, light and
 * dark. Functions of their arguments; everything that comes from outside is escaped. */
#ifndef AGENT_PAGE_H
#define AGENT_PAGE_H

#include "agent/people/invite.h"
#include "agent/people/settings.h"
#include "runtime/base/buf.h"

/* Where she chooses the password. `error`: what is wrong with the one she sent; NULL: nothing
 * yet. `token` is the link's. */
void page_choose(struct buf *out, const struct invite *invite,
		const struct mail_settings *settings, struct view token,
		const char *error);
/* She is in: what her phone and mail program want to know. */
void page_welcome(struct buf *out, const struct invite *invite,
		const struct mail_settings *settings, struct view token);
/* Why a link does not work, and what to do next. */
void page_refusal(struct buf *out, enum invite_outcome why);

/* What all of them are styled by. */
extern const char page_style[];

#endif
