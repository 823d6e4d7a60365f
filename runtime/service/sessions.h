/* Who is logged in where, and who looks at which shared mailbox: account → sessions. For
 * change events and revocation.
 *
 * For any thread. Session ids are those of net/connection.h. */
#ifndef SERVICE_SESSIONS_H
#define SERVICE_SESSIONS_H

#include "runtime/configuration.h"

struct net;
struct sessions;

MUST_USE struct sessions *sessions_new(struct net *net);
/* Nobody is logged in any more. NULL is fine. */
void sessions_free(struct sessions *sessions);

/* A login: `revocation` is that of the configuration it was checked against, `protocol`
 * the one it came by. A session logs in once. After it, check once more by
 * sessions_valid(): a configuration may have come in between. */
void sessions_add(struct sessions *sessions, uint64_t session,
		const struct account_spec *account, enum protocol protocol);
/* A session that never logged in is fine. From port_class.closed. */
void sessions_remove(struct sessions *sessions, uint64_t session);
/* The session has a mailbox of a shared account open: it hears of that account's changes,
 * and of its own right's end. One at a time; an earlier one is forgotten. */
void sessions_watch(struct sessions *sessions, uint64_t session,
		const unsigned char shared[ACCOUNT_UID_SIZE], uint64_t mailbox);
/* None is fine. */
void sessions_unwatch(struct sessions *sessions, uint64_t session);
size_t sessions_count(struct sessions *sessions);

/* ENGINE_CHANGED to every session of the account, and to those that watch it, but `except` (0: to all). `mailbox`: 0
 * for the list of mailboxes. */
void sessions_changed(struct sessions *sessions,
		const unsigned char account[ACCOUNT_UID_SIZE], uint64_t mailbox,
		uint64_t except);

/* ENGINE_REVOKED to every session whose account is absent from `now`, disabled, lost the
 * session's protocol, or has another revocation number; with the mailbox to those that
 * watch a shared account and may no longer read it. Returns how many. */
size_t sessions_revoke(struct sessions *sessions, const struct configuration *now);

/* ENGINE_REVOKED, with its mailbox, to those that watch that account: what they have open is
 * not true any more. Its own sessions end by the revocation. */
void sessions_renounce(
		struct sessions *sessions, const unsigned char shared[ACCOUNT_UID_SIZE]);

/* True while a session of that account, begun under that number, may go on. */
bool sessions_valid(const struct configuration *now,
		const unsigned char account[ACCOUNT_UID_SIZE], uint64_t revocation,
		enum protocol protocol);

#endif
