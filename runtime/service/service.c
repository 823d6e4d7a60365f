#include "runtime/service/service.h"

#include "runtime/base/error.h"
#include "runtime/net/net.h"
#include "runtime/net/worker.h"
#include "runtime/service/allowance.h"
#include "runtime/service/desk.h"
#include "runtime/service/login.h"
#include "runtime/service/sessions.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct service {
	char *data;
	const struct os *os;
	struct broker *broker;
	struct net *net;
	struct workers *workers;
	struct sessions *sessions;
	struct logins *logins;
	struct desk *desk;
	struct allowances *allowances;
	struct intake *intake;
	atomic_bool sends;
	atomic_size_t long_headers;
	struct resolver *resolver;
	const struct key *srs_key;
	const struct suffix_list *suffixes;
	struct accounts *accounts;

	/* Held for as long as it takes to count a reference: long enough for the pointer
	 * to be taken, too. */
	pthread_mutex_t configuration_lock;
	struct configuration *configuration;

	pthread_mutex_t notice_lock;
	struct service_notice *first_notice, *last_notice;
	int event_fd;
};

struct service *service_new(const struct service_options *options)
{
	struct service *s = xcalloc(1, sizeof(*s));

	s->data = xstrndup(options->data, strlen(options->data));
	s->os = options->os;
	s->broker = options->broker;
	pthread_mutex_init(&s->configuration_lock, NULL);
	pthread_mutex_init(&s->notice_lock, NULL);
	s->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->event_fd < 0)
		die("cannot make an eventfd: raise the limit of open files");
	s->workers = workers_new(options->workers);
	s->net = net_new(options->loops);
	s->sessions = sessions_new(s->net);
	s->logins = logins_new(s);
	s->desk = desk_new(s);
	s->allowances = allowances_new(s->data, s->os);
	return s;
}

void service_free(struct service *s)
{
	struct service_notice *notice;

	if (!s)
		return;
	logins_stop(s->logins);
	desk_close(s->desk);
	workers_free(s->workers);
	net_free(s->net);
	logins_free(s->logins);
	desk_free(s->desk);
	allowances_free(s->allowances);
	sessions_free(s->sessions);
	while ((notice = service_next_notice(s)))
		free(notice);
	configuration_unref(s->configuration);
	close(s->event_fd);
	pthread_mutex_destroy(&s->notice_lock);
	pthread_mutex_destroy(&s->configuration_lock);
	free(s->data);
	free(s);
}

struct configuration *service_configuration(struct service *s)
{
	struct configuration *now;

	pthread_mutex_lock(&s->configuration_lock);
	now = configuration_ref(s->configuration);
	pthread_mutex_unlock(&s->configuration_lock);
	return now;
}

struct configuration *service_swap(struct service *s, struct configuration *next)
{
	struct configuration *before;

	configuration_ref(next);
	pthread_mutex_lock(&s->configuration_lock);
	before = s->configuration;
	s->configuration = next;
	pthread_mutex_unlock(&s->configuration_lock);
	return before;
}

const char *service_data(const struct service *s)
{
	return s->data;
}

const struct os *service_os(const struct service *s)
{
	return s->os;
}

struct broker *service_broker(const struct service *s)
{
	return s->broker;
}

struct net *service_net(const struct service *s)
{
	return s->net;
}

struct workers *service_workers(const struct service *s)
{
	return s->workers;
}

struct sessions *service_sessions(const struct service *s)
{
	return s->sessions;
}

struct logins *service_logins(const struct service *s)
{
	return s->logins;
}

struct desk *service_desk(const struct service *s)
{
	return s->desk;
}

struct allowances *service_allowances(const struct service *s)
{
	return s->allowances;
}

void service_set_intake(struct service *s, struct intake *intake)
{
	s->intake = intake;
}

struct intake *service_intake(const struct service *s)
{
	return s->intake;
}

void service_set_sends(struct service *s, bool sends)
{
	s->sends = sends;
}

bool service_sends(const struct service *s)
{
	return s->sends;
}

atomic_size_t *service_long_headers(struct service *s)
{
	return &s->long_headers;
}

void service_set_resolver(struct service *s, struct resolver *resolver)
{
	s->resolver = resolver;
}

struct resolver *service_resolver(const struct service *s)
{
	return s->resolver;
}

void service_set_srs_key(struct service *s, const struct key *key)
{
	s->srs_key = key;
}

const struct key *service_srs_key(const struct service *s)
{
	return s->srs_key;
}

void service_set_suffixes(struct service *s, const struct suffix_list *suffixes)
{
	s->suffixes = suffixes;
}

const struct suffix_list *service_suffixes(const struct service *s)
{
	return s->suffixes;
}

void service_set_accounts(struct service *s, struct accounts *accounts)
{
	s->accounts = accounts;
}

struct accounts *service_accounts(const struct service *s)
{
	return s->accounts;
}

void service_notify(struct service *s, enum service_notice_kind kind,
		const unsigned char account[ACCOUNT_UID_SIZE], struct view text)
{
	struct service_notice *notice = xcalloc(1, sizeof(*notice) + text.len);
	char *copy = (char *)(notice + 1);

	notice->kind = kind;
	memcpy(notice->account, account, ACCOUNT_UID_SIZE);
	if (text.len)
		memcpy(copy, text.data, text.len);
	notice->text = view_of(copy, text.len);
	pthread_mutex_lock(&s->notice_lock);
	if (s->last_notice)
		s->last_notice->next = notice;
	else
		s->first_notice = notice;
	s->last_notice = notice;
	pthread_mutex_unlock(&s->notice_lock);
	service_event_raise(s);
}

struct service_notice *service_next_notice(struct service *s)
{
	struct service_notice *notice;

	pthread_mutex_lock(&s->notice_lock);
	notice = s->first_notice;
	if (notice)
		s->first_notice = notice->next;
	if (!s->first_notice)
		s->last_notice = NULL;
	pthread_mutex_unlock(&s->notice_lock);
	return notice;
}

bool service_has_notice(struct service *s)
{
	bool has;

	pthread_mutex_lock(&s->notice_lock);
	has = s->first_notice;
	pthread_mutex_unlock(&s->notice_lock);
	return has;
}

int service_event_fd(const struct service *s)
{
	return s->event_fd;
}

void service_event_raise(struct service *s)
{
	const uint64_t one = 1;

	if (write(s->event_fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		die("the agent cannot be woken");
}

void service_event_clear(struct service *s)
{
	uint64_t count;

	if (read(s->event_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		die("an eventfd cannot be read");
}
