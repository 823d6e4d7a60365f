/* Apple's profile for a mailbox: a property list that iPhone, iPad and Mac set their mail up
 * by. It is not signed, and has no password: the device asks for it. */
#ifndef AGENT_PROFILE_H
#define AGENT_PROFILE_H

#include "agent/people/settings.h"
#include "runtime/base/buf.h"

/* `uid` makes its identifiers: the same mailbox's profile takes the place of the one before. */
void profile_write(struct buf *out, const struct mail_settings *settings,
		const unsigned char uid[16], struct view address, struct view name);

#endif
