/* A channel: one connection to one host. It carries the attempt that it was dialled for,
 * then whatever else waits for the same destination. Its operations are answered on the
 * sending thread, one at a time. */
#include "runtime/service/sending_work.h"

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/mail/address.h"
#include "runtime/mailauth/srs.h"
#include "runtime/net/connection.h"
#include "runtime/net/net.h"
#include "runtime/net/tls_session.h"
#include "runtime/service/service.h"

#include <stdlib.h>

enum {
	TLS_PORT = 465 /* RFC 8314, 3.3 */
};

/* -- giving a message -- */

/* What a stranger wrote and one of ours sends on comes from the domain that sends it on, so
 * that SPF finds it right; a sender who fits into no address of ours is left out. */
static struct view sender_of(const struct channel *c, struct arena *arena)
{
	struct service *service = c->sending->service;
	CLEANUP(configuration_unrefp)
	struct configuration *configuration = service_configuration(service);
	const struct queue_message *m = &c->attempt->message;
	const struct os *os = service_os(service);
	struct view forwarder = c->attempt->to[0]->forwarder, local, domain, out;

	if (!m->sender.len || !forwarder.len || !service_srs_key(service))
		return arena_copy(arena, m->sender);
	if (address_split(m->sender, &local, &domain) &&
			configuration_has_domain(configuration, domain))
		return arena_copy(arena, m->sender);
	if (!address_split(forwarder, &local, &domain) ||
			srs_rewrite(service_srs_key(service), arena, m->sender, domain,
					os->wall(os->state), &out))
		return VIEW_NULL;
	return out;
}

static void give(struct channel *c, struct smtp_client_next *next)
{
	const struct attempt *a = c->attempt;
	const struct queue_message *m = &a->message;

	c->piece = 0;
	next->any = true;
	next->sender = sender_of(c, next->arena);
	next->size = m->size;
	next->utf8 = m->utf8;
	next->eight_bit = m->eight_bit;
	next->ret = m->ret;
	next->envid = arena_copy(next->arena, m->envid);
	next->recipients = arena_array(next->arena, a->count, sizeof(*next->recipients));
	next->recipient_count = a->count;
	for (size_t i = 0; i < a->count; i++)
		next->recipients[i] = (struct smtp_client_recipient){
			.mailbox = arena_copy(next->arena, a->to[i]->address),
			.notify = a->to[i]->notify,
			.orcpt = arena_copy(next->arena, a->to[i]->orcpt),
		};
}

static void answer(struct channel *c)
{
	connection_answer(service_net(c->sending->service), TAKE(c->op));
}

/* The first time the attempt that it was dialled for, then what follows it. */
static void perform_next(struct channel *c, struct smtp_client_next *next)
{
	if (c->attempt && c->transcribes) {
		attempt_tell_transcript(c->attempt, next->transcript);
		attempt_tell_security(c->attempt, &c->tls, c->security);
	}
	if (c->attempt && !sending_goes_on(c->sending))
		attempt_drop(TAKE(c->attempt));
	if (c->attempt)
		give(c, next);
	answer(c);
}

static void perform_body(struct channel *c, struct smtp_client_body *body)
{
	const struct queue_message *m = &c->attempt->message;

	body->failed = queue_read(c->sending->queue, m->id, c->piece++, &body->bytes) ||
		       body->bytes.len == 0;
	body->last = body->offset + body->bytes.len == m->size;
	answer(c);
}

/* -- what became of it -- */

/* The server had gone before it heard of the message: another connection, once. */
static bool is_untried(const struct smtp_client_outcome *outcome)
{
	return outcome->count && outcome->results[0].cause == SMTP_CAUSE_UNTRIED;
}

static void perform_outcome(struct channel *c, const struct smtp_client_outcome *outcome)
{
	struct attempt *a = c->attempt;

	attempt_tell_transcript(a, outcome->transcript);
	if (is_untried(outcome) && !a->again && sending_goes_on(c->sending)) {
		c->attempt = NULL;
		a->again = true;
		answer(c);
		if (a->host_count)
			attempt_go_on(a);
		else
			hosts_find(a);
		return;
	}
	for (size_t i = 0; i < outcome->count; i++)
		attempt_note(a, i, &outcome->results[i], c->host, outcome->dsn);
	attempt_brought(a, c);
}

/* The errand that follows on this connection goes out before the one that is done comes
 * home, so that the lane stays within its bound. */
void channel_follow(struct channel *c)
{
	struct sending *s = c->sending;
	struct errand *errand = NULL;
	struct attempt *a = NULL;

	while (!a && sending_goes_on(s) &&
			(errand = schedule_follow(
					 s->schedule, c->attempt->errand, clock_now())))
		a = attempt_new(s, errand);
	c->next = a;
}

void channel_written(struct channel *c)
{
	c->attempt = TAKE(c->next);
	answer(c);
}

static bool may_be_plain(const struct channel *c)
{
	return c->security == SECURITY_MAY || c->security == SECURITY_HERE;
}

/* Who asks for TLS. */
static const char *by_whom(const struct attempt *a, enum security security)
{
	if (security == SECURITY_ENCRYPTED || security == SECURITY_PINNED)
		return "by its records TLSA (DANE)";
	return a->route.way == WAY_MX ? "by the policy of its domain (MTA-STS)"
				      : "where a password is sent";
}

/* Why there is no TLS, where there has to be. */
static void say_required(
		const struct channel *c, const struct attempt *a, struct smtp_result *why)
{
	struct view reason = c->failure.reason[0] ? view_z(c->failure.reason) : why->text;

	if (may_be_plain(c))
		return;
	why->status = VIEW("4.7.5");
	why->text = arena_printf(a->arena, "TLS is required %s: %.*s",
			by_whom(a, c->security), VIEW_ARG(reason));
}

static enum tls_verify verify_of(enum security security)
{
	static const enum tls_verify ways[] = {
		[SECURITY_MAY] = TLS_VERIFY_RECORD,
		[SECURITY_HERE] = TLS_VERIFY_RECORD,
		[SECURITY_ENCRYPTED] = TLS_VERIFY_RECORD,
		[SECURITY_VERIFIED] = TLS_VERIFY_REQUIRE,
		[SECURITY_PINNED] = TLS_VERIFY_PINS,
	};

	return ways[security];
}

/* No transaction is possible here: without TLS where that was what failed, else the next
 * host. */
static void perform_failed(struct channel *c, const struct smtp_client_failed *failed)
{
	struct attempt *a = TAKE(c->attempt);
	struct smtp_result why = failed->result;

	attempt_tell_transcript(a, failed->transcript);
	if (why.stage == SMTP_STAGE_TLS)
		say_required(c, a, &why);

	log_event(LOG_INFO, "sending.host.failed",
			log_number("message", (int64_t)a->message.id),
			log_view("host", c->host),
			log_text("stage", smtp_stage_name(why.stage)),
			log_number("code", why.code), log_view("reply", why.text));
	if (why.stage == SMTP_STAGE_TLS && !a->plain && may_be_plain(c)) {
		a->plain = true;
		attempt_tell(a, "failed",
				"TLS did not come about: %.*s. The same host is tried "
				"without, since nobody asks for it.",
				VIEW_ARG(c->failure.reason[0] ? view_z(c->failure.reason)
							      : why.text));
		attempt_go_on(a);
	} else {
		attempt_cannot(a, &why, c->host);
	}
	answer(c);
}

static void perform_on_thread(struct job *job)
{
	struct channel *c = CONTAINER_OF(job, struct channel, job);

	switch ((enum smtp_client_op_kind)c->op->kind) {
	case SMTP_CLIENT_OP_NEXT:
		perform_next(c, (struct smtp_client_next *)c->op);
		break;
	case SMTP_CLIENT_OP_BODY:
		perform_body(c, (struct smtp_client_body *)c->op);
		break;
	case SMTP_CLIENT_OP_OUTCOME:
		perform_outcome(c, (struct smtp_client_outcome *)c->op);
		break;
	case SMTP_CLIENT_OP_FAILED:
		perform_failed(c, (struct smtp_client_failed *)c->op);
		break;
	}
}

/* -- the connection; on its loop -- */

static enum smtp_tls_policy policy_of(const struct channel *c)
{
	if (c->plain)
		return SMTP_TLS_NEVER;
	return may_be_plain(c) ? SMTP_TLS_MAY : SMTP_TLS_MUST;
}

static struct engine *open_channel(void *context, struct connection *connection)
{
	struct sending *s = context;
	struct channel *c = connection_data(connection);
	CLEANUP(configuration_unrefp)
	struct configuration *configuration = service_configuration(s->service);
	const struct smtp_client_options options = {
		.name = configuration_host(configuration)->name,
		.policy = policy_of(c),
		.tls = connection_port(connection)->implicit_tls,
		.user = c->user ? view_z(c->user) : VIEW_NULL,
		.password = c->user ? &c->password : NULL,
		.on_this_machine = c->security == SECURITY_HERE,
		.transcribes = c->transcribes,
	};

	return smtp_client_new(&options, clock_now());
}

static void perform(void *context, struct connection *connection, struct op *op)
{
	struct channel *c = connection_data(connection);
	const struct dial_failure *failure = connection_failure(connection);

	(void)context;
	if (failure)
		c->failure = *failure;
	if (c->transcribes && connection_tls(connection))
		c->tls = *connection_tls(connection);
	c->op = op;
	c->job.run = perform_on_thread;
	sending_post(c->sending, &c->job);
}

static void channel_free(struct channel *c)
{
	c->sending->channels--;
	secret_free(&c->password);
	free(c->user);
	free(c->name);
	free(c);
}

static void free_on_thread(struct job *job)
{
	channel_free(CONTAINER_OF(job, struct channel, job));
}

static void closed(void *context, struct connection *connection)
{
	struct channel *c = connection_data(connection);

	(void)context;
	c->job.run = free_on_thread;
	sending_post(c->sending, &c->job);
}

static void failed_on_thread(struct job *job)
{
	struct channel *c = CONTAINER_OF(job, struct channel, job);
	struct attempt *a = TAKE(c->attempt);
	struct smtp_result why = { .verdict = SMTP_DEFERRED,
		.stage = c->failure.stage == DIAL_TLS ? SMTP_STAGE_TLS
						      : SMTP_STAGE_GREETING,
		.cause = SMTP_CAUSE_LOST,
		.status = VIEW("4.4.1"),
		.text = view_z(c->failure.reason) };

	if (why.stage == SMTP_STAGE_TLS)
		say_required(c, a, &why);
	log_event(LOG_INFO, "sending.host.failed",
			log_number("message", (int64_t)a->message.id),
			log_view("host", c->host), log_text("stage", "connect"),
			log_text("reason", c->failure.reason));
	attempt_tell_unreachable(a, &c->failure);
	if (c->failure.stage == DIAL_STOPPED)
		attempt_drop(a);
	else
		attempt_cannot(a, &why, c->host);
	free_on_thread(job);
}

static void dial_failed(void *context, struct connection *connection,
		const struct dial_failure *failure)
{
	struct channel *c = connection_data(connection);

	(void)context;
	c->failure = *failure;
	c->job.run = failed_on_thread;
	sending_post(c->sending, &c->job);
}

const struct port_class sending_port_class = {
	.open = open_channel,
	.perform = perform,
	.closed = closed,
	.dial_failed = dial_failed,
};

static void set_login(struct channel *c, const struct attempt *a)
{
	CLEANUP(configuration_unrefp)
	struct configuration *configuration = service_configuration(c->sending->service);
	const struct relay_spec *relay =
			configuration_relay_named(configuration, a->route.relay);

	if (!relay || !relay->password || c->security == SECURITY_MAY)
		return;
	c->user = xstrndup(relay->user.data, relay->user.len);
	c->password = secret_copy(secret_expose(relay->password));
}

void channel_dial(struct attempt *a, const struct host *host,
		const struct sockaddr_storage *to)
{
	struct sending *s = a->sending;
	struct channel *c = xcalloc(1, sizeof(*c));
	const struct dial_options options = {
		.port = a->route.port == TLS_PORT ? &s->tls_port : &s->port,
		.data = c,
		.to = *to,
		.trust = s->trust,
		.verify = verify_of(host->security),
		.pins = &host->pins,
		.host = host->name,
	};

	s->channels++;
	c->sending = s;
	c->attempt = a;
	c->plain = a->plain;
	c->security = host->security;
	c->transcribes = a->test.len > 0;
	set_login(c, a);
	c->name = xstrndup(host->name.data, host->name.len);
	c->host = view_of(c->name, host->name.len);
	connection_dial(service_net(s->service), &options);
}
