#include "runtime/service/route.h"

enum {
	SMTP_PORT = 25
};

void route_find(const struct configuration *c, struct view from, struct view to,
		struct arena *arena, struct route *out)
{
	const struct relay_spec *relay = configuration_relay(c, from, to);

	*out = (struct route){ .way = WAY_MX, .port = SMTP_PORT };
	if (relay) {
		out->way = WAY_HOST;
		out->port = relay->port;
		out->host = arena_copy(arena, relay->host);
		out->relay = arena_copy(arena, relay->name);
		out->lane = arena_printf(arena, "relay:%.*s", VIEW_ARG(relay->name));
		return;
	}
	out->host = out->lane = arena_copy(arena, to);
}
