#include "runtime/service/login.h"

#include "runtime/base/error.h"
#include "runtime/base/metric.h"
#include "runtime/crypto/password.h"
#include "runtime/net/connection.h"
#include "runtime/net/loop.h"
#include "runtime/net/net.h"
#include "runtime/service/login_cache.h"
#include "runtime/service/penalty.h"
#include "runtime/service/service.h"

#include <assert.h>
#include <stdlib.h>

struct logins {
	struct service *service;
	struct login_cache cache;

	pthread_mutex_t lock;
	struct login_request *first, *last; /* that wait for a check */
	unsigned waiting, running;
	struct penalty penalty;

	/* touched on this loop alone: refusals that wait, the soonest first */
	struct loop *loop;
	struct timer timer;
	struct login_request *delayed;
	bool stopped;
};

/* -- refusals wait -- */

static nstime fail(struct logins *l, const struct login_request *r, nstime now)
{
	const struct penalty_who who = { r->user, r->peer };
	nstime delay;

	pthread_mutex_lock(&l->lock);
	delay = penalty_failed(&l->penalty, &who, now);
	pthread_mutex_unlock(&l->lock);
	return delay;
}

static bool is_barred(struct logins *l, const struct login_request *r, nstime now)
{
	const struct penalty_who who = { r->user, r->peer };
	bool barred;

	pthread_mutex_lock(&l->lock);
	barred = penalty_bars(&l->penalty, &who, now);
	pthread_mutex_unlock(&l->lock);
	return barred;
}

static void remember(struct logins *l, const struct login_request *r)
{
	const struct penalty_who who = { r->user, r->peer };

	pthread_mutex_lock(&l->lock);
	penalty_succeeded(&l->penalty, &who);
	pthread_mutex_unlock(&l->lock);
}

static void count(const struct login_request *r, enum metric_login outcome)
{
	metric_add(METRIC_LOGINS,
			r->protocol == PROTOCOL_IMAP ? METRIC_IMAP : METRIC_SUBMISSION,
			outcome, 1);
}

static void delay_on_loop(struct job *job)
{
	struct login_request *r = CONTAINER_OF(job, struct login_request, job);
	struct logins *l = r->logins;
	struct login_request **at = &l->delayed;

	if (l->stopped) {
		r->done(r);
		return;
	}
	while (*at && (*at)->due <= r->due)
		at = &(*at)->next;
	r->next = *at;
	*at = r;
	timer_set(&l->timer, l->delayed->due);
}

static void answer_due(struct logins *l, nstime now)
{
	while (l->delayed && l->delayed->due <= now) {
		struct login_request *r = l->delayed;

		l->delayed = r->next;
		r->done(r);
	}
}

static void timer_fired(struct timer *timer, nstime now)
{
	struct logins *l = CONTAINER_OF(timer, struct logins, timer);

	answer_due(l, now);
	timer_set(&l->timer, l->delayed ? l->delayed->due : NSTIME_NEVER);
}

static void refuse(struct login_request *r, const char *reason)
{
	struct logins *l = r->logins;
	nstime now = clock_now();

	configuration_unref(TAKE(r->configuration));
	r->account = NULL;
	r->outcome = LOGIN_REFUSED;
	count(r, METRIC_LOGIN_REFUSED);
	r->reason = reason;
	r->due = now + fail(l, r, now);
	r->job.run = delay_on_loop;
	loop_post(l->loop, &r->job);
}

/* -- what a verified password opens -- */

static void accept_or_refuse(struct login_request *r)
{
	struct configuration *c = r->configuration;

	if (r->account->state != ACCOUNT_ACTIVE) {
		refuse(r, "account-disabled");
		return;
	}
	if (!(r->account->protocols & r->protocol)) {
		refuse(r, "protocol-not-allowed");
		return;
	}
	if (!account_spec_comes_from(r->account, &r->peer->address)) {
		refuse(r, "network-not-allowed");
		return;
	}
	remember(r->logins, r);
	r->outcome = LOGIN_ACCEPTED;
	count(r, METRIC_LOGIN_ACCEPTED);
	r->reason = "ok";
	/* done() may free the request */
	r->configuration = NULL;
	r->done(r);
	configuration_unref(c);
}

static void upgrade(struct logins *l, const struct login_request *r)
{
	char hash[PASSWORD_HASH_TEXT];

	password_hash(r->password, hash);
	service_notify(l->service, SERVICE_PASSWORD_UPGRADED, r->account->uid,
			view_z(hash));
}

/* -- checks -- */

static void start_waiting(struct logins *l);

static const struct app_password_spec *find_app_password(
		const struct account_spec *account, const struct secret *password)
{
	static const unsigned char nobodys[APP_PASSWORD_SALT];
	size_t count = account ? account->app_password_count : 0;
	const struct app_password_spec *found = NULL;
	struct app_verifier verifier;

	app_password_verifier(password, count ? account->app_passwords[0].salt : nobodys,
			&verifier);
	for (size_t i = 0; i < count; i++)
		if (app_verifier_same(&account->app_passwords[i].verifier, &verifier))
			found = &account->app_passwords[i];
	return found;
}

/* True where it is one of the account's; then *why_not says what it is not good for, or is
 * NULL. */
static bool verify_app_password(
		struct logins *l, struct login_request *r, const char **why_not)
{
	CLEANUP(secret_free) struct secret read = SECRET_NULL;
	const struct app_password_spec *found;

	if (!app_password_read(r->password, &read))
		return false;
	found = find_app_password(r->account, &read);
	if (!found)
		return false;
	*why_not = NULL;
	if (found->expires && found->expires <= clock_wall())
		*why_not = "app-password-expired";
	else if (!(found->protocols & r->protocol))
		*why_not = "app-password-scope";
	else
		service_notify(l->service, SERVICE_APP_PASSWORD_USED, r->account->uid,
				found->name);
	return true;
}

/* Why it is refused, or NULL. */
static const char *verify(struct logins *l, struct login_request *r)
{
	const char *why_not;
	bool old = false;
	int outcome;

	if (verify_app_password(l, r, &why_not))
		return why_not;
	if (!r->account || r->account->password.len == 0) {
		password_verify_nobody(r->password);
		return r->account ? "no-password" : "unknown-user";
	}
	outcome = password_verify(r->account->password, r->password, &old);
	if (outcome)
		return outcome == PASSWORD_E_FORM ? "unknown-hash" : "wrong-password";
	login_cache_add(&l->cache, r->account, r->password, clock_now());
	if (old)
		upgrade(l, r);
	return NULL;
}

static void check(struct job *job)
{
	struct login_request *r = CONTAINER_OF(job, struct login_request, job);
	struct logins *l = r->logins;
	const char *reason = verify(l, r);

	pthread_mutex_lock(&l->lock);
	l->running--;
	start_waiting(l);
	pthread_mutex_unlock(&l->lock);
	if (reason)
		refuse(r, reason);
	else
		accept_or_refuse(r);
}

/* Locked. */
static void start_waiting(struct logins *l)
{
	while (l->first && l->running < LOGIN_AT_ONCE) {
		struct login_request *r = l->first;

		l->first = r->next;
		l->waiting--;
		l->running++;
		r->job.run = check;
		worker_submit(service_workers(l->service), &r->job);
	}
}

/* False where too many wait already. */
static bool enqueue(struct logins *l, struct login_request *r)
{
	bool room;

	r->next = NULL;
	pthread_mutex_lock(&l->lock);
	room = l->waiting < LOGIN_WAITING;
	if (room) {
		if (l->first)
			l->last->next = r;
		else
			l->first = r;
		l->last = r;
		l->waiting++;
		start_waiting(l);
	}
	pthread_mutex_unlock(&l->lock);
	return room;
}

/* Nothing was checked, so that it says nothing of the password. */
static void turn_away(struct login_request *r, const char *reason)
{
	configuration_unref(TAKE(r->configuration));
	r->account = NULL;
	r->outcome = LOGIN_UNAVAILABLE;
	count(r, METRIC_LOGIN_UNAVAILABLE);
	r->reason = reason;
	r->done(r);
}

void login_check(struct logins *l, struct login_request *r)
{
	r->logins = l;
	r->configuration = service_configuration(l->service);
	r->account = configuration_login(r->configuration, r->user);
	if (r->account && r->account->password.len &&
			login_cache_knows(&l->cache, r->account, r->password,
					clock_now())) {
		accept_or_refuse(r);
		return;
	}
	if (is_barred(l, r, clock_now()))
		turn_away(r, "too-many-failures");
	else if (!enqueue(l, r))
		turn_away(r, "too-many-logins");
}

/* -- from beginning to end -- */

static void init_on_loop(void *arg)
{
	struct logins *l = arg;

	timer_init(&l->timer, l->loop, timer_fired);
}

struct logins *logins_new(struct service *s)
{
	struct logins *l = xcalloc(1, sizeof(*l));

	l->service = s;
	l->loop = net_loop(service_net(s));
	pthread_mutex_init(&l->lock, NULL);
	login_cache_init(&l->cache);
	loop_call(l->loop, init_on_loop, l);
	return l;
}

static void stop_on_loop(void *arg)
{
	struct logins *l = arg;

	l->stopped = true;
	answer_due(l, NSTIME_NEVER);
	timer_deinit(&l->timer);
}

void logins_stop(struct logins *l)
{
	loop_call(l->loop, stop_on_loop, l);
}

void logins_free(struct logins *l)
{
	if (!l)
		return;
	assert(!l->first && !l->delayed && l->running == 0);
	login_cache_deinit(&l->cache);
	pthread_mutex_destroy(&l->lock);
	free(l);
}
