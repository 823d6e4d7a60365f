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

void runtime_observe(struct runtime *rt, struct runtime_observed *out)
{
	const struct host_spec *host =
			rt->configuration ? configuration_host(rt->configuration) : NULL;

	*out = (struct runtime_observed){ .accepting = true };
	for (size_t i = 0; host && i < host->listener_count; i++)
		if (host->listeners[i].kind != rt->closed)
			out->listeners[out->listener_count++].spec = host->listeners[i];
}
