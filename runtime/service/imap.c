/* A session's operations. A login is the checker's; all else is a job on the queue of the
 * account. One operation is out at a time, so that the session is touched by one thread at
 * a time. */
#include "runtime/service/imap.h"

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/imap/imap_server.h"
#include "runtime/net/net.h"
#include "runtime/service/account.h"
#include "runtime/service/imap_perform.h"
#include "runtime/service/login.h"
#include "runtime/service/service.h"
#include "runtime/service/sessions.h"

#include <stdlib.h>

struct session {
	struct service *service;
	struct connection *connection;
	uint64_t id;
	nstime began;

	struct op *op; /* the one that is out */
	struct login_request request;

	struct account *account; /* once logged in */
	unsigned char uid[ACCOUNT_UID_SIZE];
	uint64_t revocation;
	struct account_job job;
	struct imap_performer performer;
};

static struct view peer_text(const struct session *n)
{
	return view_z(connection_peer(n->connection)->text);
}

/* The session may be gone when this returns. */
static void answer(struct session *n)
{
	connection_answer(service_net(n->service), TAKE(n->op));
}

/* -- logging in -- */

/* A revocation may have come while the password was checked. */
static bool is_still_valid(struct session *n)
{
	CLEANUP(configuration_unrefp)
	struct configuration *now = service_configuration(n->service);

	return sessions_valid(now, n->uid, n->revocation, PROTOCOL_IMAP);
}

static void enter_account(struct session *n, const struct account_spec *account)
{
	memcpy(n->uid, account->uid, sizeof(n->uid));
	n->revocation = account->revocation;
	n->account = account_ref(service_accounts(n->service), account);
	sessions_add(service_sessions(n->service), n->id, account, PROTOCOL_IMAP);
}

static void login_done(struct login_request *request)
{
	struct session *n = request->context;
	struct imap_login_op *op = (struct imap_login_op *)n->op;

	switch (request->outcome) {
	case LOGIN_ACCEPTED:
		enter_account(n, request->account);
		op->op.outcome = is_still_valid(n) ? IMAP_OK : IMAP_E_REFUSED;
		break;
	case LOGIN_REFUSED:
		op->op.outcome = IMAP_E_REFUSED;
		break;
	case LOGIN_UNAVAILABLE:
		op->op.outcome = IMAP_E_UNAVAILABLE;
		break;
	}
	log_event(LOG_INFO, op->op.outcome ? "imap.login.refused" : "imap.login",
			log_id("session", n->id), log_view("from", peer_text(n)),
			log_view("user", op->user), log_text("mechanism", op->mechanism),
			log_text("reason", request->reason));
	answer(n);
}

static void log_in(struct session *n, struct imap_login_op *op)
{
	if (n->account) {
		/* a session logs in once; this one was revoked as it did */
		op->op.outcome = IMAP_E_REFUSED;
		answer(n);
		return;
	}
	n->request = (struct login_request){
		.user = op->user,
		.password = &op->password,
		.protocol = PROTOCOL_IMAP,
		.peer = connection_peer(n->connection),
		.done = login_done,
		.context = n,
	};
	login_check(service_logins(n->service), &n->request);
}

/* -- work on the account -- */

static void tell_others(struct session *n)
{
	for (size_t i = 0; i < n->performer.changed_count; i++)
		sessions_changed(service_sessions(n->service), n->uid,
				n->performer.changed[i], n->id);
}

/* An open APPEND keeps the store open. */
static void pin(struct session *n, bool was_open)
{
	bool is_open = n->performer.append != NULL;

	if (is_open && !was_open)
		account_pin(n->account);
	if (!is_open && was_open)
		account_unpin(n->account);
}

static void report_fault(const struct session *n, int r)
{
	if (r < 0)
		log_event(LOG_ERROR, "imap.fault", log_id("session", n->id),
				log_number("operation", n->op->kind), log_fault(r));
	else if (r == STORE_E_FULL)
		log_event(LOG_ERROR, "imap.disk.full", log_id("session", n->id),
				log_number("operation", n->op->kind));
}

static int run_on_account(
		struct account_job *job, struct account_store *store, int outcome)
{
	struct session *n = CONTAINER_OF(job, struct session, job);
	struct imap_op *op = (struct imap_op *)n->op;
	bool was_open = n->performer.append != NULL;
	int r;

	if (outcome) {
		op->outcome = IMAP_E_UNAVAILABLE;
		answer(n);
		return 0;
	}
	r = imap_perform(&n->performer, store, op);
	pin(n, was_open);
	report_fault(n, r);
	tell_others(n);
	if (n->performer.again)
		account_submit(n->account, &n->job);
	else
		answer(n);
	return r;
}

static void perform(void *context, struct connection *c, struct op *op)
{
	struct session *n = connection_data(c);

	(void)context;
	n->op = op;
	if (op->kind == IMAP_OP_LOGIN) {
		log_in(n, (struct imap_login_op *)op);
		return;
	}
	n->job.run = run_on_account;
	account_submit(n->account, &n->job);
}

/* -- the port -- */

static struct engine *open_session(void *context, struct connection *c)
{
	const struct service_port *port = context;
	struct session *n = xcalloc(1, sizeof(*n));
	const struct imap_server_options options = {
		.tls = connection_tls(c) != NULL,
		.can_start_tls = connection_can_start_tls(c),
	};

	n->service = port->service;
	n->connection = c;
	n->id = connection_session(c);
	n->began = clock_now();
	connection_set_data(c, n);
	return imap_server_new(&options, n->began);
}

static void session_free(struct session *n)
{
	account_unref(n->account);
	free(n);
}

/* What is unfinished is dropped where the store may be used. */
static int end_on_account(
		struct account_job *job, struct account_store *store, int outcome)
{
	struct session *n = CONTAINER_OF(job, struct session, job);
	bool was_open = n->performer.append != NULL;

	(void)store;
	(void)outcome;
	imap_perform_end(&n->performer);
	pin(n, was_open);
	session_free(n);
	return 0;
}

static void closed(void *context, struct connection *c)
{
	struct session *n = connection_data(c);

	(void)context;
	sessions_remove(service_sessions(n->service), n->id);
	if (n->account)
		log_event(LOG_INFO, "imap.session.end", log_id("session", n->id),
				log_view("from", peer_text(n)),
				log_number("seconds",
						(clock_now() - n->began) / NS_PER_S));
	if (n->performer.append) {
		n->job.run = end_on_account;
		account_submit(n->account, &n->job);
	} else {
		session_free(n);
	}
}

const struct port_class imap_port_class = {
	.open = open_session,
	.perform = perform,
	.closed = closed,
};
