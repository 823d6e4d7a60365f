#include "runtime/service/sessions.h"

#include "runtime/base/error.h"
#include "runtime/base/list.h"
#include "runtime/base/log.h"
#include "runtime/base/map.h"
#include "runtime/base/metric.h"
#include "runtime/net/connection.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

/* An account with at least one session, or one that watches it. */
struct household {
	unsigned char uid[ACCOUNT_UID_SIZE];
	struct list members;
	struct list watchers;
};

struct member {
	struct list link;
	struct household *household;
	uint64_t session;
	uint64_t revocation;
	enum protocol protocol;
	struct list watch;         /* of `watched` */
	struct household *watched; /* NULL: none */
	uint64_t mailbox;
};

struct sessions {
	struct net *net;
	pthread_mutex_t lock;
	struct map households; /* by uid */
	struct map members;    /* by session */
};

struct sessions *sessions_new(struct net *net)
{
	struct sessions *s = xcalloc(1, sizeof(*s));

	s->net = net;
	pthread_mutex_init(&s->lock, NULL);
	return s;
}

void sessions_free(struct sessions *s)
{
	if (!s)
		return;
	assert(map_count(&s->members) == 0 && map_count(&s->households) == 0);
	map_free(&s->members);
	map_free(&s->households);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static struct view session_key(const uint64_t *session)
{
	return view_of(session, sizeof(*session));
}

static struct view uid_key(const unsigned char uid[ACCOUNT_UID_SIZE])
{
	return view_of(uid, ACCOUNT_UID_SIZE);
}

/* Locked. */
static struct household *household_of(
		struct sessions *s, const unsigned char uid[ACCOUNT_UID_SIZE])
{
	struct household *household = map_get(&s->households, uid_key(uid));

	if (household)
		return household;
	household = xcalloc(1, sizeof(*household));
	memcpy(household->uid, uid, ACCOUNT_UID_SIZE);
	list_init(&household->members);
	list_init(&household->watchers);
	map_set(&s->households, uid_key(household->uid), household);
	return household;
}

/* Locked: nobody may be left in it. */
static void settle(struct sessions *s, struct household *household)
{
	if (!list_empty(&household->members) || !list_empty(&household->watchers))
		return;
	map_remove(&s->households, uid_key(household->uid));
	free(household);
}

/* Locked. */
static void unwatch(struct sessions *s, struct member *member)
{
	struct household *watched = TAKE(member->watched);

	if (!watched)
		return;
	list_remove(&member->watch);
	settle(s, watched);
}

static unsigned shown_as(enum protocol protocol)
{
	return protocol == PROTOCOL_IMAP ? METRIC_IMAP : METRIC_SUBMISSION;
}

void sessions_add(struct sessions *s, uint64_t session,
		const struct account_spec *account, enum protocol protocol)
{
	struct member *member = xcalloc(1, sizeof(*member));
	struct household *household;

	member->session = session;
	member->revocation = account->revocation;
	member->protocol = protocol;
	pthread_mutex_lock(&s->lock);
	household = household_of(s, account->uid);
	member->household = household;
	list_push(&household->members, &member->link);
	metric_add(METRIC_SESSIONS, shown_as(protocol), 0, 1);
	if (map_set(&s->members, session_key(&member->session), member))
		die("a session logged in twice");
	pthread_mutex_unlock(&s->lock);
}

void sessions_remove(struct sessions *s, uint64_t session)
{
	struct household *household;
	struct member *member;

	pthread_mutex_lock(&s->lock);
	member = map_remove(&s->members, session_key(&session));
	if (member) {
		household = member->household;
		unwatch(s, member);
		list_remove(&member->link);
		metric_add(METRIC_SESSIONS, shown_as(member->protocol), 0, -1);
		free(member);
		settle(s, household);
	}
	pthread_mutex_unlock(&s->lock);
}

void sessions_watch(struct sessions *s, uint64_t session,
		const unsigned char shared[ACCOUNT_UID_SIZE], uint64_t mailbox)
{
	struct member *member;

	pthread_mutex_lock(&s->lock);
	member = map_get(&s->members, session_key(&session));
	if (member) { /* else it has ended meanwhile */
		unwatch(s, member);
		member->watched = household_of(s, shared);
		member->mailbox = mailbox;
		list_push(&member->watched->watchers, &member->watch);
	}
	pthread_mutex_unlock(&s->lock);
}

void sessions_unwatch(struct sessions *s, uint64_t session)
{
	struct member *member;

	pthread_mutex_lock(&s->lock);
	member = map_get(&s->members, session_key(&session));
	if (member)
		unwatch(s, member);
	pthread_mutex_unlock(&s->lock);
}

size_t sessions_count(struct sessions *s)
{
	size_t count;

	pthread_mutex_lock(&s->lock);
	count = map_count(&s->members);
	pthread_mutex_unlock(&s->lock);
	return count;
}

/* Locked. */
static void tell(const struct sessions *s, const struct member *member, uint64_t mailbox,
		uint64_t except)
{
	if (member->session != except)
		connection_event(s->net, member->session, ENGINE_CHANGED, mailbox);
}

void sessions_changed(struct sessions *s, const unsigned char account[ACCOUNT_UID_SIZE],
		uint64_t mailbox, uint64_t except)
{
	struct household *household;

	pthread_mutex_lock(&s->lock);
	household = map_get(&s->households, uid_key(account));
	if (household) {
		LIST_EACH (link, &household->members)
			tell(s, LIST_ITEM(link, struct member, link), mailbox, except);
		LIST_EACH (link, &household->watchers)
			tell(s, LIST_ITEM(link, struct member, watch), mailbox, except);
	}
	pthread_mutex_unlock(&s->lock);
}

void sessions_renounce(struct sessions *s, const unsigned char shared[ACCOUNT_UID_SIZE])
{
	struct household *household;

	pthread_mutex_lock(&s->lock);
	household = map_get(&s->households, uid_key(shared));
	if (household)
		LIST_EACH (link, &household->watchers) {
			const struct member *member =
					LIST_ITEM(link, struct member, watch);

			log_event(LOG_INFO, "session.revoked",
					log_id("session", member->session),
					log_text("reason", "mailbox-replaced"));
			connection_event(s->net, member->session, ENGINE_REVOKED,
					member->mailbox);
		}
	pthread_mutex_unlock(&s->lock);
}

static bool may_watch(const struct configuration *now, const struct member *member)
{
	return !member->watched ||
	       configuration_membership_of(
			       now, member->household->uid, member->watched->uid);
}

size_t sessions_revoke(struct sessions *s, const struct configuration *now)
{
	size_t revoked = 0, at = 0;
	void *value;
	struct view key;

	pthread_mutex_lock(&s->lock);
	while (map_next(&s->members, &at, &key, &value)) {
		const struct member *member = value;
		bool valid = sessions_valid(now, member->household->uid,
				member->revocation, member->protocol);

		if (valid && may_watch(now, member))
			continue;
		log_event(LOG_INFO, "session.revoked", log_id("session", member->session),
				log_text("reason", valid ? "no-longer-a-member"
							 : "account"));
		connection_event(s->net, member->session, ENGINE_REVOKED,
				valid ? member->mailbox : 0);
		revoked++;
	}
	pthread_mutex_unlock(&s->lock);
	return revoked;
}

bool sessions_valid(const struct configuration *now,
		const unsigned char uid[ACCOUNT_UID_SIZE], uint64_t revocation,
		enum protocol protocol)
{
	const struct account_spec *account = configuration_account(now, uid);

	return account && account->state == ACCOUNT_ACTIVE &&
	       account->revocation == revocation && account->protocols & protocol;
}
