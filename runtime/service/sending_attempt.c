/* An attempt: one message to the hosts of one destination, one after the other, until one
 * has taken it or said no.
 *
 *   begin ──► look up ──► host ──dial──► a channel sends it ──► brought ──written──► end
 *                          ▲  └─cannot─┐                          ▲
 *                          └───next────┴── none is left: put off ─┘
 */
#include "runtime/service/sending_work.h"

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/metric.h"
#include "runtime/crypto/random.h"
#include "runtime/dns/name.h"
#include "runtime/mail/address.h"
#include "runtime/queue/retry.h"
#include "runtime/service/service.h"

#include <stdlib.h>

enum {
	HOLD_MAX_S = 300, /* a destination that is down is left alone, at most */
};

/* -- the order -- */

/* The domain that a message comes from: the one that sends it on, or else its sender's;
 * empty of a report. */
static struct view sender_domain(struct arena *arena, const struct queue_message *m,
		const struct queue_recipient *to)
{
	struct view sender = to->forwarder.len ? to->forwarder : m->sender;
	struct view local, domain;

	if (!address_split(sender, &local, &domain) ||
			!name_normalise(arena, domain, &domain))
		return VIEW_NULL;
	return domain;
}

static void route_of(struct sending *s, struct arena *arena,
		const struct queue_message *m, const struct queue_recipient *to,
		struct route *out)
{
	CLEANUP(configuration_unrefp)
	struct configuration *c = service_configuration(s->service);

	route_find(c, sender_domain(arena, m, to), to->domain, arena, out);
}

static bool is_on_lane(struct attempt *a, const struct queue_message *m,
		const struct queue_recipient *to)
{
	struct route route;

	route_of(a->sending, a->arena, m, to, &route);
	return view_eq(route.lane, errand_destination(a->errand));
}

int attempts_schedule(struct sending *s, uint64_t message)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct queue_message m;
	int r = queue_load(s->queue, message, arena, &m);

	for (size_t i = 0; !r && i < m.recipient_count; i++) {
		const struct queue_recipient *recipient = &m.recipients[i];
		struct route route;

		if (recipient->state != QUEUE_WAITING)
			continue;
		route_of(s, arena, &m, recipient, &route);
		schedule_add(s->schedule, route.lane, message,
				clock_now() + retry_left(recipient->due,
							      sending_wall(s)));
	}
	return r;
}

void attempts_put_in_order(struct sending *s, uint64_t message)
{
	int r = attempts_schedule(s, message);

	if (r && r != DATABASE_E_ABSENT)
		sending_break_off(s, r);
}

/* What of the message waits on the errand's lane: when the next of it is due. */
static nstime next_due(struct attempt *a, const struct queue_message *m)
{
	nstime due = NSTIME_NEVER;

	for (size_t i = 0; i < m->recipient_count; i++)
		if (m->recipients[i].state == QUEUE_WAITING &&
				is_on_lane(a, m, &m->recipients[i]))
			due = nstime_min(due,
					clock_now() + retry_left(m->recipients[i].due,
								      sending_wall(a->sending)));
	return due;
}

static void attempt_free(struct attempt *a)
{
	a->sending->attempts--;
	free(a->results);
	arena_free(a->arena);
	free(a);
}

void attempt_drop(struct attempt *a)
{
	attempt_free(a);
}

/* Another lane may have become the right one meanwhile. */
void attempt_end(struct attempt *a)
{
	struct sending *s = a->sending;
	uint64_t id = a->message.id;
	struct queue_message m = { 0 };
	int r = queue_load(s->queue, id, a->arena, &m);
	nstime due = r ? NSTIME_NEVER : next_due(a, &m);

	if (due == NSTIME_NEVER) {
		schedule_done(s->schedule, a->errand);
		attempt_tell(a, "end", "The test is over.");
	} else {
		schedule_again(s->schedule, a->errand, due);
		attempt_tell(a, "waits",
				"It stays in the queue; the next attempt is in %lld s.",
				(long long)((due - clock_now()) / NS_PER_S));
	}
	attempt_free(a);
	if (!r)
		attempts_put_in_order(s, id);
	else if (r != DATABASE_E_ABSENT)
		sending_break_off(s, r);
}

/* -- the beginning -- */

/* Senders are made by who sends on: one transaction has one. */
static bool has_one_sender(
		const struct queue_recipient *one, const struct queue_recipient *other)
{
	return view_eq(one->forwarder, other->forwarder);
}

static bool load(struct attempt *a)
{
	struct sending *s = a->sending;
	walltime now = sending_wall(s);
	struct queue_message *m = &a->message;

	m->id = errand_message(a->errand);
	if (queue_load(s->queue, m->id, a->arena, m))
		return false;
	a->to = arena_array(
			a->arena, m->recipient_count, sizeof(struct queue_recipient *));
	for (size_t i = 0; i < m->recipient_count && a->count < SMTP_CLIENT_RECIPIENTS;
			i++) {
		struct queue_recipient *recipient = &m->recipients[i];

		if (recipient->state == QUEUE_WAITING &&
				retry_left(recipient->due, now) == 0 &&
				is_on_lane(a, m, recipient) &&
				(!a->count || has_one_sender(a->to[0], recipient)))
			a->to[a->count++] = recipient;
	}
	return a->count > 0;
}

struct attempt *attempt_new(struct sending *s, struct errand *errand)
{
	struct attempt *a = xcalloc(1, sizeof(*a));

	s->attempts++;
	a->sending = s;
	a->errand = errand;
	a->arena = arena_new();
	list_init(&a->link);
	if (!load(a)) {
		attempt_end(a);
		return NULL;
	}
	route_of(s, a->arena, &a->message, a->to[0], &a->route);
	attempt_see_test(a);
	a->results = xcalloc(a->count, sizeof(*a->results));
	return a;
}

void attempt_begin(struct sending *s, struct errand *errand)
{
	struct attempt *a = attempt_new(s, errand);

	if (a)
		hosts_find(a);
}

/* -- what it brought -- */

static enum queue_outcome outcome_of(const struct smtp_result *result, bool dsn)
{
	switch (result->verdict) {
	case SMTP_DELIVERED:
		return dsn ? QUEUE_DELIVERED : QUEUE_RELAYED;
	case SMTP_REFUSED:
		return QUEUE_REFUSED;
	case SMTP_DEFERRED:
	case SMTP_UNKNOWN:
		break;
	}
	return QUEUE_DEFERRED;
}

static const char *event_of(enum queue_outcome outcome)
{
	if (outcome == QUEUE_REFUSED)
		return "sending.refused";
	return outcome == QUEUE_DEFERRED ? "sending.deferred" : "sending.delivered";
}

static void count(struct sending *s, enum queue_outcome outcome)
{
	/* in the order of the metric's words */
	unsigned word = outcome == QUEUE_DEFERRED ? 1 : outcome == QUEUE_REFUSED ? 2 : 0;

	metric_add(METRIC_RECIPIENTS_SENT, word, 0, 1);
	pthread_mutex_lock(&s->lock);
	s->observed.deferred += outcome == QUEUE_DEFERRED;
	s->observed.failed += outcome == QUEUE_REFUSED;
	s->observed.delivered += outcome == QUEUE_DELIVERED || outcome == QUEUE_RELAYED;
	pthread_mutex_unlock(&s->lock);
}

/* Before a host spoke there are stages that SMTP does not know. */
static const char *stage_of(const struct smtp_result *result)
{
	if (result->stage != SMTP_STAGE_GREETING || result->code)
		return smtp_stage_name(result->stage);
	return result->cause == SMTP_CAUSE_OURS ? "lookup" : "connect";
}

void attempt_note(struct attempt *a, size_t n, const struct smtp_result *result,
		struct view host, bool dsn)
{
	struct queue_result *out = &a->results[n];
	enum queue_outcome outcome = outcome_of(result, dsn);

	*out = (struct queue_result){ .recipient = a->to[n]->id,
		.outcome = outcome,
		.host = result->code ? arena_copy(a->arena, host) : VIEW_NULL,
		.code = result->code,
		.status = arena_copy(a->arena, result->status),
		.text = arena_copy(a->arena, result->text) };
	random_bytes(&out->random, sizeof(out->random));
	attempt_tell_result(a, n, result, host);
	count(a->sending, outcome);
	log_event(outcome == QUEUE_REFUSED ? LOG_WARN : LOG_INFO, event_of(outcome),
			log_number("message", (int64_t)a->message.id),
			log_view("sender", a->message.sender),
			log_view("rcpt", a->to[n]->address), log_view("host", host),
			log_text("stage", stage_of(result)),
			log_number("code", result->code),
			log_view("status", result->status),
			log_view("reply", result->text),
			log_number("attempt", a->to[n]->attempts + 1));
}

void attempt_brought(struct attempt *a, struct channel *channel)
{
	a->channel = channel;
	list_push(&a->sending->outcomes, &a->link);
}

/* The others on the lane would meet the same; they wait with it. */
static void hold_lane(struct attempt *a)
{
	nstime delay = retry_delay(a->to[0]->attempts + 1, a->results[0].random);

	schedule_hold(a->sending->schedule, errand_destination(a->errand),
			clock_now() + nstime_min(delay, nstime_seconds(HOLD_MAX_S)));
}

void attempt_put_off(struct attempt *a, const struct smtp_result *why, struct view host)
{
	for (size_t i = 0; i < a->count; i++)
		attempt_note(a, i, why, host, false);
	if (why->verdict == SMTP_DEFERRED)
		hold_lane(a);
	attempt_brought(a, NULL);
}

/* -- hosts, one after the other -- */

/* Where not even one host is another machine (RFC 5321, 5.1): it would come back for as
 * long as it is kept. */
static void refuse_loop(struct attempt *a)
{
	const struct smtp_result why = { .verdict = SMTP_REFUSED,
		.stage = SMTP_STAGE_GREETING,
		.cause = SMTP_CAUSE_OURS,
		.status = VIEW("5.4.6"),
		.text = VIEW("its mail leads back to this machine") };

	attempt_put_off(a, &why, VIEW_NULL);
}

/* A state says where relays are, and strangers where their mail goes: neither may reach
 * what only this machine can. */
static bool may_go(struct attempt *a, const struct host *host,
		const struct sockaddr_storage *to)
{
	CLEANUP(configuration_unrefp)
	struct configuration *c = service_configuration(a->sending->service);
	enum reach reach = reach_of(to);
	struct smtp_result why = { .stage = SMTP_STAGE_GREETING,
		.cause = SMTP_CAUSE_OURS,
		.status = VIEW("4.4.1") };

	if (a->route.way == WAY_MX && reach != REACH_LOOPBACK)
		return true;
	if (connect_allowed(configuration_connect(c), to))
		return true;
	why.text = arena_printf(a->arena,
			"its address is %s, where `allow.connect` of agent.yaml lets "
			"nothing go",
			reach_name(reach));
	a->loops += reach == REACH_LOOPBACK && a->address + 1 == host->count;
	attempt_cannot(a, &why, host->name);
	return false;
}

static void dial(struct attempt *a)
{
	const struct host *host = &a->hosts[a->host];
	const struct sockaddr_storage *to = &host->addresses[a->address];

	if (!may_go(a, host, to))
		return;
	attempt_tell_dial(a, host, to);
	channel_dial(a, host, to);
}

void attempt_go_on(struct attempt *a)
{
	if (!sending_goes_on(a->sending)) {
		attempt_drop(a);
		return;
	}
	while (a->host < a->host_count && a->hosts[a->host].looked &&
			a->address >= a->hosts[a->host].count) {
		a->host++;
		a->address = 0;
	}
	if (a->host == a->host_count && a->loops == a->host_count &&
			a->route.way == WAY_MX)
		refuse_loop(a);
	else if (a->host == a->host_count)
		attempt_put_off(a, &a->why, a->why_host);
	else if (!a->hosts[a->host].looked)
		hosts_look_up(a);
	else
		dial(a);
}

void attempt_cannot(struct attempt *a, const struct smtp_result *why, struct view host)
{
	attempt_tell(a, "failed", "%.*s cannot be used: %.*s.", VIEW_ARG(host),
			VIEW_ARG(why->text));
	a->why = *why;
	a->why.verdict = SMTP_DEFERRED; /* of a host, not of a message */
	a->why.status = arena_copy(a->arena, why->status);
	a->why.text = arena_copy(a->arena, why->text);
	a->why_host = arena_copy(a->arena, host);
	a->address++;
	a->plain = false;
	attempt_go_on(a);
}
