/* Inviting people: the letter with the link, and what the link's page may do.
 *
 * Whoever has the link may set the password of its account, once, for three days: nothing else
 * of this server is asked who she is. The digest of its token is all that is kept. */
#ifndef AGENT_INVITE_H
#define AGENT_INVITE_H

#include "agent/agent.h"
#include "agent/people/password_rules.h"
#include "agent/people/settings.h"
#include "runtime/base/arena.h"

enum invite_outcome {
	INVITE_OK = 0,
	INVITE_E_ABSENT =
			30, /* no such account; of a link: there never was, or another one
				  was made since */
	INVITE_E_USED,      /* its account has a password */
	INVITE_E_EXPIRED,
	INVITE_E_GONE,     /* its account is disabled */
	INVITE_E_UNSERVED, /* https is closed: nothing would open the link */
	INVITE_E_WEAK,     /* the password is not taken */
};

/* -- for who administers -- */

struct invite_link {
	struct view url;     /* in the arena, as the others */
	struct view address; /* of the account */
	walltime until;
};

/* Makes a link for a user, by id or address, who has no password yet; with `mail`, it goes
 * there by letter, too. A link that was made before ends. */
MUST_USE int agent_invite(struct agent *agent, struct view account, struct view mail,
		struct view actor, struct arena *arena, struct invite_link *out);
/* Makes the links of those whom the state invites, and puts their letters: as long as https is
 * closed, none. */
MUST_USE int invitations_write(struct agent *agent);

/* -- for the page -- */

/* Of what is served now; its views live until the next change. */
struct mail_settings agent_mail_settings(const struct agent *agent);

struct invite {
	unsigned char uid[16];
	struct view address; /* the login */
	struct view name;    /* the person's; or empty */
	walltime until;
};

/* Whom a link is for, in the arena; written where it is not ABSENT. */
MUST_USE int agent_invite_look(struct agent *agent, struct view token,
		struct arena *arena, struct invite *out);
/* Sets the password and ends the link. INVITE_E_WEAK: *why_out says what is wrong with it, and
 * the link stays. Takes a fifth of a second (Argon2id), and only where the link is open. */
MUST_USE int agent_invite_take(struct agent *agent, struct view token,
		const struct secret *password, const char *from,
		enum password_fault *why_out);

#endif
