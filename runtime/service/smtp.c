/* A session's operations. Paths are judged on the loop, since that is a look into the
 * configuration; what waits for the disk or a password hash is a worker's. One operation
 * is out at a time, so that the session is touched by one thread at a time. */
#include "runtime/service/smtp.h"

#include "runtime/base/error.h"
#include "runtime/base/limit.h"
#include "runtime/base/log.h"
#include "runtime/net/net.h"
#include "runtime/net/tls_session.h"
#include "runtime/service/account.h"
#include "runtime/service/login.h"
#include "runtime/service/receive.h"
#include "runtime/service/service.h"
#include "runtime/service/sessions.h"
#include "runtime/smtp/smtp_server.h"

#include <netinet/in.h>
#include <stdlib.h>

enum {
	TLS_TEXT = 160,
	/* On MX ports, for peers that are not this host: a mail server waits for the
	 * greeting, much of what sends spam does not. */
	GREETING_DELAY_MS = 200
};

struct session {
	struct service *service;
	struct connection *connection;
	uint64_t id;

	struct op *op; /* the one that is out */
	struct job job;

	bool logged_in;
	struct receive_login login;
	struct login_request request;

	struct receive *transaction;
	uint64_t declared; /* its size; 0: it was not */
	struct account *account;
	struct account_job account_job;
	unsigned messages; /* begun, for their ids */
	struct buf hello;
	bool extended;
	int outcome; /* of the commit */
};

static struct view peer_text(const struct session *n)
{
	return view_z(connection_peer(n->connection)->text);
}

static struct view reply_of(const struct op *op)
{
	return buf_view(&((const struct smtp_op *)op)->reply);
}

/* The session may be gone when this returns. */
static void answer(struct session *n)
{
	connection_answer(service_net(n->service), TAKE(n->op));
}

static void run_on_worker(struct session *n, void (*run)(struct job *job))
{
	n->job.run = run;
	worker_submit(service_workers(n->service), &n->job);
}

/* -- logging in -- */

/* A revocation may have come while the password was checked. */
static bool is_still_valid(struct session *n)
{
	CLEANUP(configuration_unrefp)
	struct configuration *now = service_configuration(n->service);

	return sessions_valid(now, n->login.account, n->login.revocation, PROTOCOL_SMTP);
}

static void enter_account(struct session *n, const struct account_spec *account)
{
	memcpy(n->login.account, account->uid, sizeof(account->uid));
	n->login.revocation = account->revocation;
	connection_set_known(n->connection);
	sessions_add(service_sessions(n->service), n->id, account, PROTOCOL_SMTP);
	n->logged_in = true;
}

static void login_done(struct login_request *request)
{
	struct session *n = request->context;
	struct smtp_login *op = (struct smtp_login *)n->op;

	switch (request->outcome) {
	case LOGIN_ACCEPTED:
		enter_account(n, request->account);
		op->outcome = is_still_valid(n) ? SMTP_LOGIN_OK : SMTP_LOGIN_REFUSED;
		break;
	case LOGIN_REFUSED:
		op->outcome = SMTP_LOGIN_REFUSED;
		break;
	case LOGIN_UNAVAILABLE:
		op->outcome = SMTP_LOGIN_UNAVAILABLE;
		break;
	}
	log_event(LOG_INFO,
			op->outcome == SMTP_LOGIN_OK ? "smtp.login"
						     : "smtp.login.refused",
			log_id("session", n->id), log_view("from", peer_text(n)),
			log_view("user", buf_view(&op->user)),
			log_text("mechanism", op->mechanism),
			log_text("reason", request->reason));
	answer(n);
}

static void log_in(struct session *n, struct smtp_login *op)
{
	if (n->logged_in) {
		/* a session logs in once; this one was revoked as it did */
		op->outcome = SMTP_LOGIN_REFUSED;
		answer(n);
		return;
	}
	n->request = (struct login_request){
		.user = buf_view(&op->user),
		.password = &op->password,
		.protocol = PROTOCOL_SMTP,
		.peer = connection_peer(n->connection),
		.done = login_done,
		.context = n,
	};
	login_check(service_logins(n->service), &n->request);
}

/* -- the envelope -- */

static void sender_named(struct session *n, struct smtp_path_op *op)
{
	const struct receive_sender sender = {
		.mailbox = buf_view(&op->mailbox),
		.utf8 = op->utf8,
		.eight_bit = op->eight_bit,
		.ret = op->ret,
		.envid = buf_view(&op->envid),
	};

	n->declared = op->size;
	n->transaction = receive_open(n->service, n->logged_in ? &n->login : NULL,
			&sender, &op->base.reply);
	if (!n->transaction)
		log_event(LOG_INFO, "smtp.sender.refused", log_id("session", n->id),
				log_view("from", peer_text(n)),
				log_view("sender", buf_view(&op->mailbox)),
				log_view("reply", reply_of(&op->base.op)));
	answer(n);
}

static void recipient_done(struct session *n)
{
	struct smtp_path_op *op = (struct smtp_path_op *)n->op;

	if (op->base.reply.len)
		log_event(LOG_INFO, "smtp.rcpt.refused", log_id("session", n->id),
				log_view("from", peer_text(n)),
				log_view("sender", receive_sender(n->transaction)),
				log_view("rcpt", buf_view(&op->mailbox)),
				log_view("reply", reply_of(&op->base.op)));
	answer(n);
}

static int account_seen(
		struct account_job *job, struct account_store *store, int outcome);

/* Goes on once all accounts behind the recipient have been opened since the start. */
static void look_at_accounts(struct session *n)
{
	struct smtp_path_op *op = (struct smtp_path_op *)n->op;

	n->account = receive_look(n->transaction);
	if (n->account) {
		n->account_job.run = account_seen;
		account_submit(n->account, &n->account_job);
		return;
	}
	receive_recipient(n->transaction, n->declared, op->notify, buf_view(&op->orcpt),
			&op->base.reply);
	recipient_done(n);
}

/* What the account holds was noted when its file was opened for this job. */
static int account_seen(struct account_job *job, struct account_store *store, int outcome)
{
	struct session *n = CONTAINER_OF(job, struct session, account_job);

	(void)store;
	(void)outcome;
	account_unref(TAKE(n->account));
	look_at_accounts(n);
	return 0;
}

static void recipient(struct session *n, struct smtp_path_op *op)
{
	const struct os *os = service_os(n->service);

	if (receive_resolve(n->transaction, buf_view(&op->mailbox), os->wall(os->state),
			    &op->base.reply))
		look_at_accounts(n);
	else
		recipient_done(n);
}

/* -- the message -- */

static bool is_this_host(const struct peer *peer)
{
	struct network network;

	if (!network_of(&peer->address, &network))
		return true; /* a UNIX socket's */
	return network.six ? memcmp(network.bytes, &in6addr_loopback,
					     sizeof(in6addr_loopback)) == 0
			   : network.bytes[0] == IN_LOOPBACKNET;
}

static void begin(struct session *n, struct smtp_begin *op)
{
	const struct os *os = service_os(n->service);
	const struct peer *peer = connection_peer(n->connection);
	struct receive_client client = { 0 };

	buf_clear(&n->hello);
	buf_add(&n->hello, buf_view(&op->hello));
	n->extended = op->with[0] != 'S'; /* "SMTP" */
	n->messages++;
	client.hello = buf_view(&n->hello);
	if (!is_this_host(peer))
		client.address = &peer->address;
	receive_begin(n->transaction, os->wall(os->state), &client, &op->base.reply);
	answer(n);
}

static void chunk_on_worker(struct job *job)
{
	struct session *n = CONTAINER_OF(job, struct session, job);
	struct smtp_chunk *op = (struct smtp_chunk *)n->op;

	receive_chunk(n->transaction, buf_view(&op->bytes), &op->base.reply);
	answer(n);
}

static void add_tls_text(const struct session *n, struct buf *out)
{
	const struct tls_facts *facts = connection_tls(n->connection);

	if (facts)
		buf_addf(out, "%s %s", facts->version, facts->cipher);
}

static void end_transaction(struct session *n)
{
	receive_free(TAKE(n->transaction));
}

/* Says what became of the message, and answers. */
static void report_on_worker(struct job *job)
{
	struct session *n = CONTAINER_OF(job, struct session, job);
	struct smtp_commit *op = (struct smtp_commit *)n->op;
	bool kept;

	receive_outcome(n->outcome, &op->base.reply);
	kept = op->base.reply.len == 0;
	if (kept)
		receive_sent(n->transaction);
	log_event(LOG_INFO, kept ? "smtp.message.accepted" : "smtp.message.refused",
			log_id("session", n->id), log_view("message", buf_view(&op->id)),
			log_view("from", peer_text(n)),
			log_view("sender", receive_sender(n->transaction)),
			log_number("recipients",
					(int64_t)receive_recipients(n->transaction)),
			log_number("accounts", (int64_t)receive_accounts(n->transaction)),
			log_number("size", (int64_t)op->size),
			log_view("verdict", receive_verdict(n->transaction)),
			log_view("reply", kept ? VIEW("250") : reply_of(&op->base.op)));
	end_transaction(n);
	answer(n);
}

/* On the committing thread, which must not wait for a log line. */
static void committed(void *arg, int outcome, uint64_t intake_id)
{
	struct session *n = arg;

	(void)intake_id;
	n->outcome = outcome;
	run_on_worker(n, report_on_worker);
}

static void commit_on_worker(struct job *job)
{
	struct session *n = CONTAINER_OF(job, struct session, job);
	struct smtp_commit *op = (struct smtp_commit *)n->op;
	CLEANUP(buf_free) struct buf tls = BUF_NULL(TLS_TEXT);
	struct receive_trace trace = {
		.hello = buf_view(&n->hello),
		.peer = peer_text(n),
		.extended = n->extended,
		.authenticated = n->logged_in,
	};

	add_tls_text(n, &tls);
	buf_addf(&op->id, "%llx.%u", (unsigned long long)n->id, n->messages);
	trace.tls = buf_view(&tls);
	trace.id = buf_view(&op->id);
	if (receive_commit(n->transaction, buf_view(&op->bytes), buf_view(&op->from),
			    buf_view(&op->sender), &trace, committed, n, &op->base.reply))
		return;
	n->outcome = 0;
	report_on_worker(job);
}

static void abort_on_worker(struct job *job)
{
	struct session *n = CONTAINER_OF(job, struct session, job);

	end_transaction(n);
	answer(n);
}

static void abort_transaction(struct session *n)
{
	if (receive_has_begun(n->transaction)) {
		run_on_worker(n, abort_on_worker);
		return;
	}
	end_transaction(n);
	answer(n);
}

/* -- the port -- */

static void perform(void *context, struct connection *c, struct op *op)
{
	struct session *n = connection_data(c);

	(void)context;
	n->op = op;
	switch ((enum smtp_op_kind)op->kind) {
	case SMTP_OP_LOGIN:
		log_in(n, (struct smtp_login *)op);
		break;
	case SMTP_OP_SENDER:
		sender_named(n, (struct smtp_path_op *)op);
		break;
	case SMTP_OP_RECIPIENT:
		recipient(n, (struct smtp_path_op *)op);
		break;
	case SMTP_OP_BEGIN:
		begin(n, (struct smtp_begin *)op);
		break;
	case SMTP_OP_CHUNK:
		run_on_worker(n, chunk_on_worker);
		break;
	case SMTP_OP_COMMIT:
		run_on_worker(n, commit_on_worker);
		break;
	case SMTP_OP_ABORT:
		abort_transaction(n);
		break;
	}
}

static struct engine *open_session(void *context, struct connection *c)
{
	const struct service_port *port = context;
	CLEANUP(configuration_unrefp)
	struct configuration *configuration = service_configuration(port->service);
	const struct host_spec *host = configuration_host(configuration);
	struct session *n = xcalloc(1, sizeof(*n));
	struct smtp_options options = {
		.mode = port->kind == LISTENER_SMTP ? SMTP_MX : SMTP_SUBMISSION,
		.name = host->name,
		.message_size = host->message_size,
		.tls = connection_tls(c) != NULL,
		.starttls = connection_can_start_tls(c),
		/* Without a queue nobody writes reports. */
		.dsn = service_sends(port->service),
	};

	if (port->kind == LISTENER_SMTP && !is_this_host(connection_peer(c)))
		options.greeting_delay = GREETING_DELAY_MS * NS_PER_MS;
	n->service = port->service;
	n->connection = c;
	n->id = connection_session(c);
	n->hello = BUF_NULL(limit_value(LIMIT_SMTP_DOMAIN));
	connection_set_data(c, n);
	return smtp_server_new(&options, clock_now());
}

static void closed(void *context, struct connection *c)
{
	struct session *n = connection_data(c);

	(void)context;
	sessions_remove(service_sessions(n->service), n->id);
	buf_free(&n->hello);
	/* here, not on a worker: the intake log may close once the last session has */
	receive_free(n->transaction);
	free(n);
}

const struct port_class smtp_port_class = {
	.open = open_session,
	.perform = perform,
	.closed = closed,
};
