/* The runtime's configuration: built from what was written, swapped in, and put back where
 * the commit fails. */
#include "agent/inside.h"

#include "agent/build/build.h"
#include "agent/driver/listener.h"
#include "agent/partial.h"
#include "agent/plan/diff.h"
#include "agent/plan/holding.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/runtime.h"

#include <errno.h>

static void say_listener(
		struct agent_result *result, const struct runtime_failure *failure)
{
	const char *where = failure->address[0] ? failure->address : "all addresses";
	const char *service = listener_name(failure->listener.kind);
	unsigned port = failure->listener.port;

	if (failure->error == EADDRINUSE)
		result_say(result, EXIT_ERROR, "PortTaken",
				"port %u on %s (%s) is taken by another program: `ss "
				"-ltnp "
				"sport = :%u` says which. Stop it, or give `listen: {%s: "
				"…}` of this host another port. Nothing was changed.",
				port, where, service, port, service);
	else if (failure->error == EACCES)
		result_say(result, EXIT_ERROR, "PortDenied",
				"port %u on %s (%s) may not be opened by this user: let "
				"systemd give CAP_NET_BIND_SERVICE, or use a port above "
				"1023. Nothing was changed.",
				port, where, service);
	else if (failure->error == EADDRNOTAVAIL)
		result_say(result, EXIT_ERROR, "AddressAbsent",
				"%s is no address of this machine (%s): `ip address` "
				"lists "
				"them. Nothing was changed.",
				where, service);
	else
		result_say(result, EXIT_ERROR, "PortFailed",
				"port %u on %s (%s) could not be opened: %s. Nothing was "
				"changed.",
				port, where, service, strerrordesc_np(failure->error));
}

static int swap_configuration(struct agent *agent, struct configuration *next,
		struct configured *done, struct agent_result *result)
{
	struct runtime_failure failure = { 0 };
	int r = runtime_configure(agent->runtime, next, &failure);

	if (r == RUNTIME_E_LISTENER)
		say_listener(result, &failure);
	else if (r == RUNTIME_E_IDENTITY)
		result_say(result, EXIT_ERROR, "CertificateUnusable",
				"a certificate and its key could not be loaded. Nothing "
				"was "
				"changed.");
	if (r)
		return r;
	done->before = agent->configuration;
	done->swapped = true;
	agent->configuration = configuration_ref(next);
	return 0;
}

/* What the state says, but for what of it is held. */
static int part_of_desired(struct agent *agent, struct observation *o, struct plan *plan,
		struct partial *partial)
{
	const struct authority nobody = { .cooling = &agent->cooling };
	struct rules rules;
	int r = rules_load(o, &rules);

	o->rules = &rules;
	if (r == 0)
		r = diff(o, plan);
	if (r == 0)
		r = holding_mark(o, &rules, &nobody, plan);
	if (r == 0)
		r = partial_make(agent, o, plan, partial);
	o->rules = partial->o.rules = NULL;
	return r;
}

static int configure_from(struct agent *agent, const struct desired *desired,
		struct configuration **out)
{
	CLEANUP(plan_freep) struct plan *plan = plan_new();
	CLEANUP(observation_deinit) struct observation o = { 0 };
	CLEANUP(partial_deinit) struct partial partial = { 0 };
	struct runtime_observed live;
	int r;

	agent_observation(agent, desired, &live, plan, &o);
	o.lets_be = true;
	r = observe(&o);
	if (r == 0 && desired)
		r = part_of_desired(agent, &o, plan, &partial);
	if (r)
		return r;
	return build_configuration(partial.plan ? &partial.o : &o, agent->tls_key,
			agent->configuration, out);
}

/* Without a plan: the desired generation against the objects as they are; or these alone,
 * where this version does not take that generation, or what is left of it does not stand by
 * itself. */
static int configure_from_database(struct agent *agent, struct configuration **out)
{
	const struct desired *desired;
	int r = agent_desired(agent, &desired);

	if (r == 0)
		r = configure_from(agent, desired, out);
	return r == PARTIAL_E_TORN ? configure_from(agent, NULL, out) : r;
}

int agent_configure(struct agent *agent, struct observation *o, struct configured *done,
		struct agent_result *result)
{
	CLEANUP(configuration_unrefp) struct configuration *next = NULL;
	int r;

	*done = (struct configured){ 0 };
	if (o)
		r = build_configuration(o, agent->tls_key, agent->configuration, &next);
	else
		r = configure_from_database(agent, &next);
	if (r)
		return result_database(result, r);
	r = swap_configuration(agent, next, done, result);
	return r < 0 ? r : 0;
}

/* What serves nothing: for the case that the first configuration cannot be kept. */
static struct configuration *nothing_served(void)
{
	return configuration_new(
			&(const struct host_spec){ .name = VIEW("localhost") }, NULL);
}

void agent_unconfigure(struct agent *agent, struct configured *done)
{
	CLEANUP(configuration_unrefp) struct configuration *nothing = NULL;
	struct runtime_failure failure;
	int r;

	if (!done->swapped)
		return;
	if (!done->before)
		nothing = nothing_served();
	r = runtime_configure(
			agent->runtime, done->before ? done->before : nothing, &failure);
	if (r)
		log_event(LOG_ERROR, "agent.configure.back_failed",
				log_number("outcome", r));
	configuration_unref(agent->configuration);
	agent->configuration = TAKE(done->before);
	done->swapped = false;
}

void configured_deinit(struct configured *done)
{
	configuration_unref(done->before);
	done->before = NULL;
}

int agent_commit(struct agent *agent, struct transaction *t)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	CLEANUP(configured_deinit) struct configured done = { 0 };
	int r = 0;

	if (agent->configuration)
		r = agent_configure(agent, NULL, &done, &result);
	if (r == 0 && result.code != EXIT_FINE)
		r = fault(-EIO);
	if (r)
		return r;
	r = transaction_commit(t);
	if (r)
		agent_unconfigure(agent, &done);
	return r > 0 ? fault(r == DATABASE_E_FULL ? -ENOSPC : -EIO) : r;
}
