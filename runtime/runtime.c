#include "runtime/runtime_inside.h"

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/metric.h"
#include "runtime/base/os.h"
#include "runtime/crypto/broker.h"
#include "runtime/crypto/keyring.h"
#include "runtime/net/net.h"
#include "runtime/net/resolver.h"
#include "runtime/net/tls_session.h"
#include "runtime/service/account.h"
#include "runtime/service/admin.h"
#include "runtime/service/delivery.h"
#include "runtime/service/desk.h"
#include "runtime/service/login.h"
#include "runtime/service/ports.h"
#include "runtime/service/sending.h"
#include "runtime/service/service.h"
#include "runtime/service/sessions.h"
#include "runtime/store/database.h"
#include "runtime/store/intake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	INTAKE_BUDGET = 64 * 1024 * 1024, /* bytes of messages on their way, in memory */
};

/* -- start -- */

static struct configuration *current_configuration(void *state)
{
	struct runtime *rt = state;

	return service_configuration(rt->service);
}

static void mailbox_changed(void *state, const unsigned char account[ACCOUNT_UID_SIZE],
		uint64_t mailbox)
{
	struct runtime *rt = state;

	sessions_changed(service_sessions(rt->service), account, mailbox, 0);
}

static void account_moved(void *state)
{
	struct runtime *rt = state;

	service_event_raise(rt->service);
}

static int failed_at(const struct runtime_options *options, const char *path, int r)
{
	if (options->failed)
		*options->failed = xstrndup(path, strlen(path));
	return fault(r);
}

static int make_folder(
		const struct runtime_options *options, const char *name, char **out)
{
	CLEANUP(freep) char *path = NULL;
	int r;

	if (asprintf(&path, "%s/%s", options->data, name) < 0)
		die("out of memory");
	r = os_make_dir(path);
	if (r)
		return failed_at(options, path, r);
	if (out)
		*out = TAKE(path);
	return 0;
}

static int open_intake(struct runtime *rt, const struct runtime_options *options)
{
	CLEANUP(freep) char *folder = NULL;
	struct key *key;
	struct intake_options intake = {
		.os = os_real(),
		.budget = INTAKE_BUDGET,
		.committed = delivery_committed,
		.state = rt->delivery,
	};
	struct intake_recovery found;
	int r;

	r = make_folder(options, "intake", &folder);
	if (r)
		return r;
	r = keyring_new(3, &rt->keyring);
	if (r)
		return fault(r);
	key = keyring_take(rt->keyring); /* the log keeps it until it is closed */
	r = broker_purpose_key(options->broker, PURPOSE_INTAKE, key);
	if (r)
		return r < 0 ? fault(r) : fault(-EACCES);
	intake.key = key;
	intake.folder = folder;
	r = intake_open(&intake, &rt->intake);
	if (r)
		return failed_at(options, folder, r < 0 ? r : -EIO);
	service_set_intake(rt->service, rt->intake);
	found = intake_recovered(rt->intake);
	metric_set(METRIC_INTAKE_DAMAGED, 0, 0, (int64_t)found.damaged);
	metric_set(METRIC_INTAKE_BUDGET, 0, 0, INTAKE_BUDGET);
	log_event(found.damaged ? LOG_ERROR : LOG_INFO, "intake.recovered",
			log_number("segments", (int64_t)found.segments),
			log_number("messages", (int64_t)found.messages),
			log_number("damaged", (int64_t)found.damaged));
	return 0;
}

static void lead_out(void *state, struct intake_message *message)
{
	struct runtime *rt = state;

	if (rt->sending)
		sending_take(rt->sending, message);
}

static void tell(void *state, struct intake_message *message)
{
	struct runtime *rt = state;

	if (rt->sending)
		sending_tell(rt->sending, message);
}

static void settle(void *state, struct intake_message *message)
{
	struct runtime *rt = state;

	if (rt->sending)
		sending_settle(rt->sending, message);
}

static void taken(void *state, struct intake_message *message)
{
	struct runtime *rt = state;

	delivery_taken(rt->delivery, message);
}

static void settled(void *state, struct intake_message *message)
{
	struct runtime *rt = state;

	delivery_settled(rt->delivery, message);
}

static void open_accounts(struct runtime *rt, const struct runtime_options *options)
{
	const struct accounts_options accounts = {
		.data = options->data,
		.broker = options->broker,
		.workers = service_workers(rt->service),
		.os = os_real(),
		.moved = account_moved,
		.state = rt,
	};
	const struct delivery_options delivery = {
		.configuration = current_configuration,
		.changed = mailbox_changed,
		.take = lead_out,
		.tell = tell,
		.settle = settle,
		.state = rt,
		.accounts = rt->accounts = accounts_new(&accounts),
	};

	service_set_accounts(rt->service, rt->accounts);
	rt->delivery = delivery_new(&delivery);
}

/* Name servers on loopback are asked where the operator names one: a resolver of his. */
static void open_resolver(struct runtime *rt, const struct runtime_options *options)
{
	const struct resolver_options resolver = {
		.anchors = options->anchors,
		.forwarders = options->name_servers,
		.forwarder_count = options->name_server_count,
		.on_loopback = options->name_server_count > 0,
	};
	int r = resolver_new(&resolver, &rt->resolver);
	const char *reason = r < 0                     ? strerror(-r)
			     : r == RESOLVER_E_ANCHORS ? "no-trust-anchor"
						       : "no-address";

	if (r)
		log_event(LOG_ERROR, "resolver.closed", log_text("reason", reason),
				log_text("next", "mail goes by relays only, and what "
						 "comes in is not checked; install "
						 "dns-root-data, or say `resolver` in "
						 "agent.yaml"));
	service_set_resolver(rt->service, rt->resolver);
	service_set_suffixes(rt->service, options->suffixes);
}

/* Without its queue the rest goes on: what leads out waits in the intake log, and no more
 * of it is taken. */
static int open_sending(struct runtime *rt, const struct runtime_options *options)
{
	struct key *key = keyring_take(rt->keyring);
	const struct sending_options sending = {
		.service = rt->service,
		.key = key,
		.taken = taken,
		.settled = settled,
		.state = rt,
	};
	struct key *srs = keyring_take(rt->keyring);
	int r = broker_purpose_key(options->broker, PURPOSE_QUEUE, key);

	if (!r)
		r = broker_purpose_key(options->broker, PURPOSE_SRS, srs);
	if (r)
		return r < 0 ? fault(r) : fault(-EACCES);
	service_set_srs_key(rt->service, srs);
	r = sending_new(&sending, &rt->sending);
	if (r)
		log_event(LOG_ERROR, "queue.closed",
				log_text("reason", r < 0                  ? strerror(-r)
						   : r == DATABASE_E_FULL ? "disk-full"
									  : "damaged"),
				log_text("next",
						"no mail to other hosts is taken or sent "
						"before a restart; look at queue.db"));
	service_set_sends(rt->service, r == 0);
	return 0;
}

/* In the reverse order of the start; each part is done with those that close after it. */
static void close_parts(struct runtime *rt)
{
	if (rt->sending)
		sending_stop(rt->sending);
	if (rt->delivery)
		delivery_stop(rt->delivery);
	intake_close(rt->intake);
	sending_free(rt->sending);
	resolver_free(rt->resolver);
	keyring_free(rt->keyring);
	delivery_free(rt->delivery);
	accounts_close(rt->accounts);
	admin_close(rt->admin);
	desk_close(service_desk(rt->service));
	service_free(rt->service);
	ports_free(rt->ports);
	admin_free(rt->admin);
}

void runtime_free(struct runtime *rt)
{
	if (!rt)
		return;
	accounts_free(rt->accounts);
	free(rt);
}

int runtime_start(const struct runtime_options *options, struct runtime **out)
{
	const struct service_options service = {
		.data = options->data,
		.os = os_real(),
		.broker = options->broker,
		.loops = options->loops,
		.workers = options->workers,
	};
	struct runtime *rt;
	int r;

	r = make_folder(options, "accounts", NULL);
	if (r)
		return r;
	rt = xcalloc(1, sizeof(*rt));
	rt->service = service_new(&service);
	rt->ports = ports_new(rt->service);
	open_accounts(rt, options);
	open_resolver(rt, options);
	r = open_intake(rt, options);
	if (!r)
		r = open_sending(rt, options);
	if (!r) {
		r = admin_open(rt->service, options->control,
				&(const struct admin_operators){ options->operators,
						options->operator_count },
				&rt->admin);
		if (r)
			r = failed_at(options, options->control, r);
	}
	if (r) {
		close_parts(rt);
		runtime_free(rt);
		return r;
	}
	*out = rt;
	return 0;
}

/* -- configure -- */

/* NULL where there is no certificate: then TLS is not offered. */
static int load_identities(const struct configuration *next, struct tls_identities **out)
{
	CLEANUP(tls_identities_unrefp) struct tls_identities *all = NULL;

	for (size_t i = 0; i < configuration_identity_count(next); i++) {
		const struct identity_spec *spec = configuration_identity(next, i);
		int r;

		if (!all)
			all = tls_identities_new();
		if (spec->is_challenge)
			r = tls_identities_add_challenge(
					all, spec->name, spec->chain, spec->key);
		else
			r = tls_identities_add(all, spec->chain, spec->key);
		if (r) {
			log_event(LOG_ERROR, "certificate.refused",
					log_view("name", spec->name),
					log_text("reason",
							r == TLS_E_MISMATCH
									? "the key is "
									  "another one's"
							: r == TLS_E_KEY ? "the key does "
									   "not load"
									 : "the chain "
									   "does not "
									   "load"));
			return RUNTIME_E_IDENTITY;
		}
	}
	*out = TAKE(all);
	return 0;
}

static void describe_failure(struct runtime_failure *failure,
		const struct listener_spec *spec, int error)
{
	struct view address = view_sub(spec->address, 0, sizeof(failure->address) - 1);

	*failure = (struct runtime_failure){ .listener = *spec, .error = -error };
	if (address.len)
		memcpy(failure->address, address.data, address.len);
	failure->listener.address = view_of(failure->address, address.len);
}

/* All that can fail has been done. */
static void take_over(struct runtime *rt, struct configuration *next,
		struct tls_identities *identities)
{
	const struct host_spec *host = configuration_host(next);
	struct net *net = service_net(rt->service);
	const struct net_caps caps = { host->connections, host->connections_per_ip,
		host->connections_per_network, host->memory };
	size_t revoked;

	net_set_identities(net, identities);
	net_set_caps(net, caps);
	if (!net_set_proxies(net, host->proxies, host->proxy_count))
		die("a network that is none came through the schema");
	configuration_unref(service_swap(rt->service, next));
	if (!rt->configured) {
		delivery_start(rt->delivery, rt->intake);
		if (rt->sending)
			sending_start(rt->sending);
	}
	rt->configured = true;
	ports_commit(rt->ports);
	revoked = sessions_revoke(service_sessions(rt->service), next);
	log_event(LOG_INFO, "configuration.current",
			log_number("listeners", (int64_t)ports_count(rt->ports)),
			log_number("revoked", (int64_t)revoked));
}

int runtime_configure(struct runtime *rt, struct configuration *next,
		struct runtime_failure *failure)
{
	CLEANUP(tls_identities_unrefp) struct tls_identities *identities = NULL;
	const struct listener_spec *failed = NULL;
	int r;

	r = load_identities(next, &identities);
	if (r)
		return r;
	r = ports_prepare(rt->ports, configuration_host(next), &failed);
	if (r) {
		describe_failure(failure, failed, r);
		return RUNTIME_E_LISTENER;
	}
	take_over(rt, next, identities);
	return 0;
}

/* -- stop -- */

void runtime_stop(struct runtime *rt, nstime grace)
{
	struct net *net;
	size_t cut_off;

	if (!rt)
		return;
	net = service_net(rt->service);
	ports_close(rt->ports);
	if (rt->sending)
		sending_drain(rt->sending);
	resolver_stop(rt->resolver);
	net_drain(net);
	logins_stop(service_logins(rt->service));
	cut_off = net_wait(net, clock_now() + grace);
	log_event(LOG_INFO, "runtime.stopped", log_number("cut_off", (int64_t)cut_off));
	close_parts(rt);
}
