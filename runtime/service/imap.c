/* A session's operations. A login is the checker's; all else is work on the account that
 * imap_place finds: the session's own, or one that is shared with it. Most is one job on
 * that account's queue; a LIST goes from account to account, a COPY may go back and forth
 * between two. One operation is out at a time, so that the session is touched by one thread
 * at a time.
 *
 * Mailboxes are told to the engine by their number, which is unique within an account. It
 * takes a change of a mailbox of the same number in the other account for one of its own,
 * looks, and finds nothing. */
#include "runtime/service/imap.h"

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/metric.h"
#include "runtime/imap/imap_server.h"
#include "runtime/net/net.h"
#include "runtime/service/account.h"
#include "runtime/service/imap_listing.h"
#include "runtime/service/imap_perform.h"
#include "runtime/service/imap_place.h"
#include "runtime/service/imap_transfer.h"
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

	struct account *account; /* its own, once logged in */
	struct imap_self self;
	uint64_t revocation;
	struct account *append_at; /* where an APPEND is open; its store is kept open */
	struct imap_performer performer;

	/* of the operation that is out */
	struct configuration *configuration;
	struct imap_place place;
	struct view name;   /* as the engine said it */
	struct account *at; /* where it is performed */
	struct account_job job;
	struct imap_listing listing;
	size_t listed; /* shared accounts that it is through with */
	struct imap_transfer *transfer;
};

static struct view peer_text(const struct session *n)
{
	return view_z(connection_peer(n->connection)->text);
}

/* The session may be gone when this returns. */
static void answer(struct session *n)
{
	account_unref(TAKE(n->at));
	configuration_unref(TAKE(n->configuration));
	connection_answer(service_net(n->service), TAKE(n->op));
}

/* -- logging in -- */

/* A revocation may have come while the password was checked. */
static bool is_still_valid(struct session *n)
{
	CLEANUP(configuration_unrefp)
	struct configuration *now = service_configuration(n->service);

	return sessions_valid(now, n->self.own, n->revocation, PROTOCOL_IMAP);
}

static void enter_account(struct session *n, const struct account_spec *account)
{
	memcpy(n->self.own, account->uid, sizeof(n->self.own));
	n->revocation = account->revocation;
	n->account = account_ref(service_accounts(n->service), account);
	connection_set_known(n->connection);
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

/* -- work on accounts -- */

static void report_fault(const struct session *n, int r)
{
	if (r < 0)
		log_event(LOG_ERROR, "imap.fault", log_id("session", n->id),
				log_number("operation", n->op->kind), log_fault(r));
	else if (r == STORE_E_FULL)
		log_event(LOG_ERROR, "imap.disk.full", log_id("session", n->id),
				log_number("operation", n->op->kind));
}

static void tell_others(struct session *n)
{
	for (size_t i = 0; i < n->performer.changed_count; i++)
		sessions_changed(service_sessions(n->service), account_uid(n->at),
				n->performer.changed[i], n->id);
}

static bool is_own(const struct session *n, const struct account *account)
{
	return account == n->account;
}

/* With a reference. */
static struct account *account_at(const struct session *n, const struct imap_place *place)
{
	if (memcmp(place->account->uid, n->self.own, ACCOUNT_UID_SIZE) == 0)
		return account_ref_again(n->account);
	return account_ref(service_accounts(n->service), place->account);
}

static void submit(struct session *n, struct account *account,
		int (*run)(struct account_job *, struct account_store *, int))
{
	n->job.run = run;
	account_submit(account, &n->job);
}

/* An open APPEND keeps its store open. On the account's queue. */
static void follow_append(struct session *n)
{
	bool is_open = n->performer.append != NULL;

	if (is_open && !n->append_at) {
		n->append_at = account_ref_again(n->at);
		memcpy(n->self.append, account_uid(n->at), ACCOUNT_UID_SIZE);
		account_pin(n->append_at);
	}
	if (!is_open && n->append_at) {
		account_unpin(n->append_at);
		account_unref(TAKE(n->append_at));
	}
}

/* A mailbox of a shared account is watched while it is selected. False where the
 * membership ended as that began. */
static bool follow_select(struct session *n, const struct imap_select_op *op)
{
	CLEANUP(configuration_unrefp) struct configuration *now = NULL;

	memcpy(n->self.selected, account_uid(n->at), ACCOUNT_UID_SIZE);
	if (is_own(n, n->at))
		return true;
	sessions_watch(service_sessions(n->service), n->id, n->self.selected,
			op->mailbox);
	now = service_configuration(n->service);
	return configuration_membership_of(now, n->self.own, n->self.selected);
}

/* -- in one account -- */

/* Names are told as they were asked for. The engine compares the number of a mailbox that
 * went with that of the one it has selected: in another account it is not the same. */
static void restore_names(struct session *n)
{
	int kind = n->op->kind;

	if (kind == IMAP_OP_STATUS)
		((struct imap_status_op *)n->op)->name = n->name;
	if ((kind == IMAP_OP_DELETE || kind == IMAP_OP_RENAME) && n->at &&
			memcmp(account_uid(n->at), n->self.selected, ACCOUNT_UID_SIZE) !=
					0)
		((struct imap_name_op *)n->op)->mailbox = 0;
}

static int run_on_account(
		struct account_job *job, struct account_store *store, int outcome)
{
	struct session *n = CONTAINER_OF(job, struct session, job);
	struct imap_op *op = (struct imap_op *)n->op;
	int r;

	if (outcome) {
		op->outcome = IMAP_E_UNAVAILABLE;
		answer(n);
		return 0;
	}
	r = imap_perform(&n->performer, store, op);
	follow_append(n);
	report_fault(n, r);
	tell_others(n);
	if (n->performer.again) {
		account_submit(n->at, &n->job);
		return r;
	}
	if (op->op.kind == IMAP_OP_SELECT && !op->outcome &&
			!follow_select(n, (struct imap_select_op *)op))
		op->outcome = IMAP_E_ABSENT;
	restore_names(n);
	answer(n);
	return r;
}

/* -- a list: from account to account -- */

static int run_listing(struct account_job *job, struct account_store *store, int outcome);

static const struct membership *next_shared(const struct session *n)
{
	size_t count;
	const struct membership *all =
			configuration_memberships(n->configuration, n->self.own, &count);

	return n->listed < count ? &all[n->listed] : NULL;
}

static void list_next(struct session *n)
{
	const struct membership *shared = next_shared(n);

	if (!shared) {
		imap_listing_end(&n->listing);
		answer(n);
		return;
	}
	account_unref(n->at);
	n->at = account_ref(service_accounts(n->service), shared->account);
	submit(n, n->at, run_listing);
}

/* A shared account that cannot be opened does not keep anybody from her own. */
static int run_listing(struct account_job *job, struct account_store *store, int outcome)
{
	struct session *n = CONTAINER_OF(job, struct session, job);
	struct imap_list_op *op = (struct imap_list_op *)n->op;
	bool own = is_own(n, n->at);
	int r = 0;

	op->count = 0;
	if (!outcome)
		r = imap_perform(&n->performer, store, &op->op);
	report_fault(n, r);
	if (own && (outcome || op->op.outcome)) {
		op->op.outcome = outcome ? IMAP_E_UNAVAILABLE : op->op.outcome;
		answer(n);
		return r;
	}
	op->op.outcome = IMAP_OK;
	if (own)
		imap_listing_begin(&n->listing, op);
	else
		imap_listing_add(&n->listing, next_shared(n)->account);
	n->listed += !own;
	list_next(n);
	return r;
}

/* -- a copy between two accounts -- */

static int run_transfer(struct account_job *job, struct account_store *store, int outcome)
{
	struct session *n = CONTAINER_OF(job, struct session, job);
	const struct account *here = imap_transfer_next(n->transfer);
	struct account *next;
	uint64_t changed;
	int r = imap_transfer_step(n->transfer, store, outcome, &changed);

	report_fault(n, r);
	if (changed)
		sessions_changed(service_sessions(n->service), account_uid(here), changed,
				n->id);
	next = imap_transfer_next(n->transfer);
	if (next) {
		account_submit(next, &n->job);
		return r;
	}
	imap_transfer_free(TAKE(n->transfer));
	answer(n);
	return r;
}

/* -- which of these -- */

static void refuse(struct session *n, enum imap_outcome outcome)
{
	((struct imap_op *)n->op)->outcome = outcome;
	answer(n);
}

static void copy(struct session *n, struct imap_copy_op *op)
{
	struct imap_place target;
	enum imap_outcome outcome =
			imap_place_find_target(n->configuration, &n->self, op, &target);

	if (outcome) {
		refuse(n, outcome);
	} else if (target.account == n->place.account) {
		submit(n, n->at, run_on_account);
	} else {
		struct account *to = account_at(n, &target);

		n->transfer = imap_transfer_new(n->at, to, op);
		account_unref(to);
		submit(n, imap_transfer_next(n->transfer), run_transfer);
	}
}

static int drop_append(struct account_job *job, struct account_store *store, int outcome)
{
	struct session *n = CONTAINER_OF(job, struct session, job);

	(void)store;
	(void)outcome;
	imap_perform_end(&n->performer);
	follow_append(n);
	answer(n);
	return 0;
}

/* A message that may no longer be put in does not stay half there. */
static void refuse_here(struct session *n, enum imap_outcome outcome)
{
	if (n->op->kind != IMAP_OP_APPEND_COMMIT && n->op->kind != IMAP_OP_APPEND_ABORT) {
		refuse(n, outcome);
		return;
	}
	((struct imap_op *)n->op)->outcome = outcome;
	submit(n, n->append_at, drop_append);
}

/* The host's limit may be less than the one of the protocol. */
static bool is_too_big(const struct session *n, const struct imap_op *op)
{
	uint64_t most = configuration_host(n->configuration)->message_size;

	if (op->op.kind != IMAP_OP_APPEND_BEGIN && op->op.kind != IMAP_OP_APPEND_NEXT)
		return false;
	return ((const struct imap_append_op *)op)->size > most;
}

static void work(struct session *n, struct imap_op *op)
{
	enum imap_outcome outcome;

	n->configuration = service_configuration(n->service);
	if (is_too_big(n, op)) {
		refuse(n, IMAP_E_TOO_BIG);
		return;
	}
	if (op->op.kind == IMAP_OP_STATUS)
		n->name = ((struct imap_status_op *)op)->name;
	if (op->op.kind == IMAP_OP_SELECT)
		sessions_unwatch(service_sessions(n->service), n->id);
	outcome = imap_place_find(n->configuration, &n->self, op, &n->place);
	if (outcome) {
		restore_names(n);
		refuse_here(n, outcome);
		return;
	}
	n->at = account_at(n, &n->place);
	switch (op->op.kind) {
	case IMAP_OP_LIST:
		n->listed = 0;
		submit(n, n->at, run_listing);
		break;
	case IMAP_OP_COPY:
		copy(n, (struct imap_copy_op *)op);
		break;
	default:
		submit(n, n->at, run_on_account);
		break;
	}
}

static void perform(void *context, struct connection *c, struct op *op)
{
	struct session *n = connection_data(c);

	(void)context;
	n->op = op;
	if (op->kind == IMAP_OP_LOGIN)
		log_in(n, (struct imap_login_op *)op);
	else
		work(n, (struct imap_op *)op);
}

/* -- the port -- */

static struct engine *open_session(void *context, struct connection *c)
{
	const struct service_port *port = context;
	struct session *n = xcalloc(1, sizeof(*n));
	const struct imap_server_options options = {
		.tls = connection_tls(c) != NULL,
		.can_start_tls = connection_can_start_tls(c),
		.counts = metric_values(METRIC_IMAP_COMMANDS),
	};

	n->service = port->service;
	n->connection = c;
	n->id = connection_session(c);
	n->began = clock_now();
	connection_set_data(c, n);
	return imap_server_new(&options, n->began);
}

/* No APPEND is open. */
static void session_free(struct session *n)
{
	imap_perform_end(&n->performer);
	account_unref(n->account);
	free(n);
}

/* What is unfinished is dropped where the store may be used. */
static int end_on_account(
		struct account_job *job, struct account_store *store, int outcome)
{
	struct session *n = CONTAINER_OF(job, struct session, job);

	(void)store;
	(void)outcome;
	imap_perform_end(&n->performer);
	follow_append(n);
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
	if (n->append_at) {
		n->job.run = end_on_account;
		account_submit(n->append_at, &n->job);
	} else {
		session_free(n);
	}
}

const struct port_class imap_port_class = {
	.open = open_session,
	.perform = perform,
	.closed = closed,
};
