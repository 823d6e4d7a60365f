/* The machines of a state. What this one listens on is shown by the listeners. */
#include "agent/driver/host.h"

#include "agent/database/text.h"
#include "agent/plan/targets.h"

enum {
	ADDRESSES_A_NETWORK = 4, /* that come at once, where nothing is said of it */
	LONGEST_SPEC = 1024 * 1024,
};

uint64_t host_connections_per_network(const struct desired_host *host)
{
	return host->connections_per_network
			       ? host->connections_per_network
			       : ADDRESSES_A_NETWORK * host->connections_per_ip;
}

static bool owns(struct view path)
{
	return !view_eq(path, VIEW("listen")) && !view_starts(path, VIEW("listen."));
}

/* What the machine is served from where the state cannot be read. */
static struct view applied(
		struct arena *arena, const struct desired_host *host, bool is_here)
{
	CLEANUP(buf_free) struct buf json = BUF_NULL(LONGEST_SPEC);

	buf_addf(&json,
			"{\"connections\":%llu,\"connections_per_ip\":%llu,"
			"\"connections_per_network\":%llu,\"here\":%s,\"memory\":%llu,"
			"\"message_size\":%llu,\"name\":",
			(unsigned long long)host->connections,
			(unsigned long long)host->connections_per_ip,
			(unsigned long long)host_connections_per_network(host),
			is_here ? "true" : "false", (unsigned long long)host->memory,
			(unsigned long long)host->message_size);
	text_add_json(&json, host->name);
	buf_add_z(&json, ",\"proxy\":");
	targets_add_list(&json, &host->proxy);
	buf_add_z(&json, ",\"send_via\":");
	text_add_json(&json, targets_relay(&host->send_via));
	buf_add_byte(&json, '}');
	return arena_copy(arena, buf_view(&json));
}

static void want(const struct driver *driver, const struct desired *desired,
		struct wanted_list *out)
{
	for (size_t i = 0; i < desired->host_count; i++) {
		const struct desired_host *host = &desired->hosts[i];
		struct wanted *wanted = wanted_add_object(out, driver, &host->object);

		wanted->applied = applied(out->arena, host, host == desired->host);
	}
}

const struct driver driver_host = {
	.kind = "host",
	.schema = KIND_HOST,
	.absence = ABSENCE_REMOVES,
	.risk = RISK_SERVICE,
	.owns = owns,
	.want = want,
};
