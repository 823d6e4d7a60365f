/* What the service files share: the current configuration and the parts that it moves.
 *
 * One a process, made by runtime/runtime.c, alive longer than every session. All of it is
 * for any thread. Parts are handed out by accessors; who makes a part owns it. */
#ifndef SERVICE_SERVICE_H
#define SERVICE_SERVICE_H

#include "runtime/base/os.h"
#include "runtime/configuration.h"

#include <stdatomic.h>

struct allowances; /* service/allowance.h: who may still write to how many */
struct accounts;   /* service/account.h: the open account files, each a serial queue */
struct broker;     /* crypto/broker.h */
struct desk;       /* service/desk.h: requests that wait for the agent */
struct intake;     /* store/intake.h */
struct key;        /* crypto/key.h */
struct logins;     /* service/login.h */
struct net;        /* net/net.h */
struct resolver;   /* net/resolver.h */
struct service;
struct sessions;    /* service/sessions.h: who is logged in where */
struct suffix_list; /* dns/suffix.h */
struct workers;     /* net/worker.h */

struct service_options {
	const char *data; /* the data directory; copied */
	const struct os *os;
	struct broker *broker; /* the agent's */
	unsigned loops;        /* 0: one a core */
	unsigned workers;      /* 0: chosen from the cores */
};

/* Starts loops and workers; intake and accounts are set by whoever opens them. */
MUST_USE struct service *service_new(const struct service_options *options);
/* Ends loops and workers; every session has ended and the others are closed.
 * NULL is fine. */
void service_free(struct service *s);

/* The current one, with a reference that the caller gives back by configuration_unref:
 * taken for a transaction or a command, never held while idle. Never NULL: before the
 * first runtime_configure no port is open. */
MUST_USE struct configuration *service_configuration(struct service *s);
/* Makes `next` the current one (its own reference) and gives the one before, with its
 * reference; NULL at first. */
MUST_USE struct configuration *service_swap(
		struct service *s, struct configuration *next);

const char *service_data(const struct service *s);
const struct os *service_os(const struct service *s);
struct broker *service_broker(const struct service *s);
struct net *service_net(const struct service *s);
struct workers *service_workers(const struct service *s);
struct sessions *service_sessions(const struct service *s);
struct logins *service_logins(const struct service *s);
struct desk *service_desk(const struct service *s);
struct allowances *service_allowances(const struct service *s);

/* Whether mail is accepted is intake_accepting()'s to say. */
void service_set_intake(struct service *s, struct intake *intake);
struct intake *service_intake(const struct service *s);
/* Whether mail to other hosts is taken: there is a queue for it. */
void service_set_sends(struct service *s, bool sends);
bool service_sends(const struct service *s);
/* Octets of long headers that all transactions hold (receive.c). */
atomic_size_t *service_long_headers(struct service *s);
/* Who answers questions to the DNS; NULL: nobody does. */
void service_set_resolver(struct service *s, struct resolver *resolver);
struct resolver *service_resolver(const struct service *s);
/* What senders of mail that is sent on are rewritten with, borrowed; NULL: none is. */
void service_set_srs_key(struct service *s, const struct key *key);
const struct key *service_srs_key(const struct service *s);
/* Which names belong together; NULL: nobody knows. */
void service_set_suffixes(struct service *s, const struct suffix_list *suffixes);
const struct suffix_list *service_suffixes(const struct service *s);
void service_set_accounts(struct service *s, struct accounts *accounts);
struct accounts *service_accounts(const struct service *s);

/* -- for the agent -- */

enum service_notice_kind {
	SERVICE_PASSWORD_UPGRADED, /* `text`: the Argon2id successor of an old hash */
	SERVICE_LIMIT_REACHED,     /* it may send no more for now */
	SERVICE_APP_PASSWORD_USED, /* `text`: its name */
	SERVICE_KEY_ROTATED,       /* `text`: why it was not, or empty */
};

struct service_notice {
	struct service_notice *next;
	enum service_notice_kind kind;
	unsigned char account[ACCOUNT_UID_SIZE];
	struct view text; /* behind the struct, in the same allocation */
};

void service_notify(struct service *s, enum service_notice_kind kind,
		const unsigned char account[ACCOUNT_UID_SIZE], struct view text);
/* The oldest, the caller's to free(); NULL where there is none. */
MUST_USE struct service_notice *service_next_notice(struct service *s);
bool service_has_notice(struct service *s);
/* An eventfd that is readable while notices or control requests wait. */
int service_event_fd(const struct service *s);
/* Makes it readable; service_event_clear() before looking for what came. */
void service_event_raise(struct service *s);
void service_event_clear(struct service *s);

/* -- ports -- */

/* The context of every port_class: service/smtp.h and service/imap.h give the classes
 * (`smtp_port_class`, `imap_port_class`). */
struct service_port {
	struct service *service;
	enum listener_kind kind;
};

#endif
