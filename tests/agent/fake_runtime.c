#include "tests/agent/fake_runtime.h"

#include <errno.h>

void fake_runtime_deinit(struct runtime *rt)
{
	configuration_unref(rt->configuration);
	*rt = FAKE_RUNTIME_NEW;
}

int runtime_configure(struct runtime *rt, struct configuration *next,
		struct runtime_failure *failure)
{
	const struct host_spec *host = configuration_host(next);

	for (size_t i = 0; i < host->listener_count; i++) {
		if (!rt->taken_port || host->listeners[i].port != rt->taken_port)
			continue;
		failure->listener = host->listeners[i];
		failure->error = EADDRINUSE;
		return RUNTIME_E_LISTENER;
	}
	configuration_ref(next);
	configuration_unref(rt->configuration);
	rt->configuration = next;
	rt->configured++;
	rt->closed = LISTENER_KINDS;
	return 0;
}

int runtime_destroy_account(struct runtime *rt, const unsigned char uid[ACCOUNT_UID_SIZE])
{
	(void)uid;
	if (rt->busy)
		return -EBUSY;
	rt->destroyed++;
	return 0;
}

int runtime_accept_account(
		struct runtime *rt, const unsigned char uid[ACCOUNT_UID_SIZE], bool empty)
{
	(void)empty;
	if (rt->accept_outcome)
		return rt->accept_outcome;
	if (memcmp(rt->set_apart.uid, uid, ACCOUNT_UID_SIZE) == 0)
		rt->set_apart.why = QUARANTINE_NONE;
	rt->accepted++;
	return 0;
}

size_t runtime_reached(struct runtime *rt, struct account_reached *out, size_t most)
{
	if (!rt->has_reached || !most)
		return 0;
	*out = rt->reached;
	return 1;
}

bool runtime_has_reached(struct runtime *rt)
{
	return rt->has_reached;
}

void runtime_remembered(
		struct runtime *rt, const struct account_reached *reached, size_t count)
{
	if (count && reached->mark.commits == rt->reached.mark.commits)
		rt->has_reached = false;
}

int runtime_queue(struct runtime *rt, uint64_t after, size_t most, struct arena *arena,
		struct queue_message **out, size_t *count_out)
{
	(void)rt;
	(void)after;
	(void)most;
	(void)arena;
	*out = NULL;
	*count_out = 0;
	return 0;
}

int runtime_queue_change(
		struct runtime *rt, enum runtime_queue_change change, uint64_t message)
{
	(void)rt;
	(void)change;
	return message ? RUNTIME_E_NO_MESSAGE : 0;
}

void runtime_observe(struct runtime *rt, struct runtime_observed *out)
{
	const struct host_spec *host =
			rt->configuration ? configuration_host(rt->configuration) : NULL;

	*out = (struct runtime_observed){
		.accepting = true, .sending = true, .keys_locked = true
	};
	if (rt->set_apart.why) {
		out->quarantined = out->set_apart_count = 1;
		out->set_apart[0] = rt->set_apart;
	}
	for (size_t i = 0; host && i < host->listener_count; i++)
		if (host->listeners[i].kind != rt->closed)
			out->listeners[out->listener_count++].spec = host->listeners[i];
}
