/* Within sending: what its parts share. All of it on the sending thread, but what is said
 * to be posted. */
#ifndef SERVICE_SENDING_WORK_H
#define SERVICE_SENDING_WORK_H

#include "runtime/base/arena.h"
#include "runtime/base/list.h"
#include "runtime/dns/mx.h"
#include "runtime/mailauth/sts.h"
#include "runtime/net/connection.h"
#include "runtime/net/dial.h"
#include "runtime/net/resolver.h"
#include "runtime/net/tls_session.h"
#include "runtime/net/worker.h"
#include "runtime/queue/queue.h"
#include "runtime/queue/schedule.h"
#include "runtime/service/route.h"
#include "runtime/service/sending.h"
#include "runtime/smtp/smtp_client.h"

#include <pthread.h>
#include <stdatomic.h>

struct attempt;
struct channel;

struct sending {
	struct service *service;
	void (*taken)(void *state, struct intake_message *message);
	void (*settled)(void *state, struct intake_message *message);
	void *state;

	struct queue *queue;
	struct schedule *schedule;
	struct resolver *resolver; /* the service's; NULL: domains cannot be looked up */
	struct tls_trust *trust;
	struct workers *fetchers; /* of policies: they wait for other people's web servers */
	atomic_bool abandons;     /* … as long as this is not set */
	struct port port, tls_port; /* of its connections; TLS from the first byte */
	struct list takings;        /* to be written with the next commit */
	struct list outcomes;       /* the same: attempts */
	nstime again;               /* when a commit that failed is tried again */
	struct list reports;        /* on their way into the intake log */
	nstime reports_due;         /* when owed reports are looked for */
	size_t attempts, channels;

	pthread_t thread;
	pthread_mutex_t lock; /* for what follows */
	pthread_cond_t wake;
	pthread_cond_t answered; /* an asking is done */
	struct job_queue jobs;
	bool started, draining, stopping;
	struct sending_observed observed;
	char tests[SENDING_TESTS][SENDING_TEST_NAME]; /* those that are watched */
	size_t next_test;
};

/* Any thread: runs on the sending thread, later. */
void sending_post(struct sending *s, struct job *job);
/* Whether new work is begun: it is not to end, and the disk is well. */
bool sending_goes_on(struct sending *s);
walltime sending_wall(const struct sending *s);
/* The queue's disk has failed: nothing is begun any more. */
void sending_break_off(struct sending *s, int r);

enum taking_kind {
	TAKING_OUT,     /* what leads out of it */
	TAKING_TELLS,   /* it was delivered here, and its sender hears of it */
	TAKING_SETTLES, /* a report that is durable */
};

/* A message that comes from the intake log. */
struct taking {
	struct list link;
	struct job job;
	struct sending *sending;
	struct intake_message *message;
	enum taking_kind kind;
	uint64_t id; /* in the queue */
};

/* -- attempts -- */

/* What a connection to a host must be. */
enum security {
	SECURITY_MAY,       /* TLS where it is offered, by any certificate; else none */
	SECURITY_HERE,      /* the same, within this machine: a password may be sent */
	SECURITY_ENCRYPTED, /* TLS, by any certificate (RFC 7672, 2.2) */
	SECURITY_VERIFIED,  /* TLS, and a certificate for that name from a trusted root */
	SECURITY_PINNED,    /* TLS, and what the DNS says of the certificate (DANE) */
};

enum {
	MOST_PINS = 16 /* of a host; more are not looked at */
};

struct host {
	struct view name;
	enum security security;
	struct tls_pins pins; /* of SECURITY_PINNED */
	bool looked;          /* what is known of its addresses is known */
	struct sockaddr_storage addresses[MX_ADDRESSES];
	size_t count;
};

/* An errand that is out. */
struct attempt {
	struct sending *sending;
	struct errand *errand;
	struct arena *arena;
	struct queue_message message;
	struct queue_recipient **to; /* of the message, those of this errand */
	size_t count;
	struct route route;
	struct host *hosts;
	size_t host_count;
	size_t host, address; /* the next to be tried */
	size_t loops;         /* hosts that are this machine */
	bool secure;          /* DNSSEC says which hosts these are */
	bool has_policy;      /* its domain enforces one */
	struct sts_policy policy;
	bool plain;             /* STARTTLS failed there: without it */
	struct smtp_result why; /* the last host could not be used … */
	struct view why_host;
	bool again;       /* a connection was gone before it was of use */
	struct view test; /* that it is part of; empty: nobody watches it */
	struct job job;
	/* What it brought, until that is written. */
	struct list link;        /* sending->outcomes */
	struct channel *channel; /* that waits for it; NULL: none */
	struct queue_result *results;
	bool reports; /* whether a report is owed then */
};

/* Puts the errands of a message in order: all of its destinations. */
int attempts_schedule(struct sending *s, uint64_t message);
/* The same; a queue that cannot be read is the end of sending. */
void attempts_put_in_order(struct sending *s, uint64_t message);
void attempt_begin(struct sending *s, struct errand *errand);
/* With its message and recipients; NULL: nothing of the errand is left to be tried now, and
 * it has been given back. */
MUST_USE struct attempt *attempt_new(struct sending *s, struct errand *errand);
/* Looks its hosts up; attempt_go_on follows, or attempt_put_off. */
void hosts_find(struct attempt *a);
/* What its domain asks of TLS; hosts_ask follows. */
void policy_find(struct attempt *a);
/* The hosts of its domain. */
void hosts_ask(struct attempt *a);
/* The same of the addresses of the host whose turn it is; or attempt_cannot follows. */
void hosts_look_up(struct attempt *a);
/* Dials the next address; where none is left all recipients are put off. */
void attempt_go_on(struct attempt *a);
/* That host cannot be used. */
void attempt_cannot(struct attempt *a, const struct smtp_result *why, struct view host);
/* The same result for all its recipients. */
void attempt_put_off(struct attempt *a, const struct smtp_result *why, struct view host);
/* The n-th recipient's result, as a host gave it; its bytes are copied. */
void attempt_note(struct attempt *a, size_t n, const struct smtp_result *result,
		struct view host, bool dsn);
/* All are noted: they are written with the next commit. */
void attempt_brought(struct attempt *a, struct channel *channel);
/* They are written: gives the errand back to the order, by what the queue says now. */
void attempt_end(struct attempt *a);
/* It came to nothing, and the errand stays out: nothing is sent any more. */
void attempt_drop(struct attempt *a);

/* -- questions to the DNS, at most two at once -- */

struct looking {
	struct attempt *attempt;
	void *data;
	void (*then)(struct looking *looking); /* on the sending thread */
	struct asked {
		struct resolver_question question;
		struct dns_lookup *lookup;
		struct looking *looking;
	} asked[2];
	size_t left;
	struct job job;
};

void looking_ask(struct attempt *a, struct view name, const enum dns_type *types,
		size_t count, void (*then)(struct looking *looking), void *data);
/* In the order of the types. */
const struct dns_answer *looking_answer(const struct looking *l, size_t n);

/* -- channels -- */

/* One connection to one host. */
struct channel {
	struct sending *sending;
	struct attempt *attempt; /* NULL: none is under way */
	struct attempt *next;    /* that follows once its outcome is written */
	char *name;              /* the host's */
	struct view host;
	enum security security;
	bool plain; /* never TLS */
	char *user; /* NULL: no login */
	struct secret password;
	uint64_t piece; /* of the message, the next */
	struct op *op;  /* that is out */
	struct job job;
	struct dial_failure failure;
	bool transcribes;     /* it was dialled for a test */
	struct tls_facts tls; /* of a test, once it is open */
};

void channel_dial(struct attempt *a, const struct host *host,
		const struct sockaddr_storage *to);
/* What its attempt brought is written and the attempt about to end: what follows it on this
 * connection? */
void channel_follow(struct channel *channel);
/* It has ended. */
void channel_written(struct channel *channel);

extern const struct port_class sending_port_class;

/* -- tests: all of these say nothing of an attempt that nobody watches -- */

/* Whether its message is a test. */
void attempt_see_test(struct attempt *a);
void attempt_tell(const struct attempt *a, const char *step, const char *format, ...)
		__attribute__((format(printf, 3, 4)));
void attempt_tell_hosts(const struct attempt *a, const struct mx_list *list);
void attempt_tell_addresses(const struct attempt *a, const struct host *host);
void attempt_tell_dial(const struct attempt *a, const struct host *host,
		const struct sockaddr_storage *to);
/* As of struct smtp_client_next. */
void attempt_tell_transcript(const struct attempt *a, struct view transcript);
void attempt_tell_security(const struct attempt *a, const struct tls_facts *tls,
		enum security security);
void attempt_tell_result(const struct attempt *a, size_t n,
		const struct smtp_result *result, struct view host);
void attempt_tell_unreachable(
		const struct attempt *a, const struct dial_failure *failure);

/* -- reports -- */

/* Makes those that are owed and not on their way. */
void reports_make(struct sending *s, nstime now);
/* One is durable. */
void report_arrived(struct sending *s, uint64_t report);
/* Those that never arrived are owed still. */
void reports_forget(struct sending *s);

#endif
