/* What this machine listens on, one object a service; derived from its host. */
#include "agent/driver/listener.h"

#include "agent/database/text.h"
#include "agent/plan/observe.h"
#include "runtime/runtime.h"

#include <jansson.h>

enum {
	LONGEST_SPEC = 512
};

/* clang-format off */
static const struct {
	const char *name;
	enum listener_kind kind;
} services[LISTEN_SERVICES] = {
	[LISTEN_SMTP]        = { "smtp",        LISTENER_SMTP },
	[LISTEN_SUBMISSION]  = { "submission",  LISTENER_SUBMISSION },
	[LISTEN_SUBMISSIONS] = { "submissions", LISTENER_SUBMISSIONS },
	[LISTEN_IMAP]        = { "imap",        LISTENER_IMAP },
	[LISTEN_IMAPS]       = { "imaps",       LISTENER_IMAPS },
	[LISTEN_METRICS]     = { "metrics",     LISTENER_METRICS },
	[LISTEN_HTTP]        = { "http",        LISTENER_HTTP },
	[LISTEN_HTTPS]       = { "https",       LISTENER_HTTPS },
};
/* clang-format on */

/* What has no login is for this machine, unless an address is written. */
static struct view address_of(const struct desired_listen *listen, int service)
{
	if (listen->address.len)
		return listen->address;
	return service == LISTEN_METRICS ? VIEW("127.0.0.1") : VIEW("all");
}

static void want(const struct driver *driver, const struct desired *desired,
		struct wanted_list *out)
{
	const struct desired_host *host = desired->host;

	for (int i = 0; host && i < LISTEN_SERVICES; i++) {
		CLEANUP(buf_free) struct buf spec = BUF_NULL(LONGEST_SPEC);
		struct desired_listen listen =
				desired_listen_of(desired, host, (enum listen_service)i);
		struct wanted *wanted;

		if (!listen.open)
			continue;
		buf_add_z(&spec, "{\"address\":");
		text_add_json(&spec, address_of(&listen, i));
		buf_addf(&spec, ",\"port\":%u}", listen.port);
		wanted = wanted_add(out, driver);
		wanted->key = view_z(services[i].name);
		wanted->spec = wanted->applied = arena_copy(out->arena, buf_view(&spec));
		wanted->span = host->object.key_span;
		digest_bytes(wanted->spec, wanted->hash);
	}
}

bool listener_read(struct view service, struct view spec, struct arena *arena,
		struct listener_spec *out)
{
	json_t *root = json_loadb(spec.data, spec.len, 0, NULL);
	const char *address = json_string_value(json_object_get(root, "address"));
	json_int_t port = json_integer_value(json_object_get(root, "port"));
	bool found = false;

	for (int i = 0; i < LISTEN_SERVICES; i++) {
		if (!view_eq(service, view_z(services[i].name)))
			continue;
		*out = (struct listener_spec){
			.kind = services[i].kind,
			.address = address && strcmp(address, "all") != 0
						   ? arena_copy(arena, view_z(address))
						   : VIEW_NULL,
			.port = (uint16_t)port,
		};
		found = true;
	}
	json_decref(root);
	return found;
}

const char *listener_name(enum listener_kind kind)
{
	for (int i = 0; i < LISTEN_SERVICES; i++)
		if (services[i].kind == kind)
			return services[i].name;
	return "listener";
}

static bool is_bound(const struct runtime_observed *live, struct view service)
{
	for (size_t i = 0; i < live->listener_count; i++)
		if (view_eq(service, view_z(listener_name(live->listeners[i].spec.kind))))
			return true;
	return false;
}

static int observe_all(const struct driver *driver, struct observation *o)
{
	if (!o->live)
		return 0;
	for (size_t i = 0; i < o->objects.count; i++) {
		struct object *object = &o->objects.items[i];

		if (object->driver == driver && !is_bound(o->live, object->key))
			observe_drift(object, DRIFT_REOPEN, "NotBound",
					VIEW("its port is not open"));
	}
	return 0;
}

const struct driver driver_listener = {
	.kind = "listener",
	.absence = ABSENCE_REMOVES,
	.risk = RISK_SERVICE,
	.want = want,
	.observe = observe_all,
};
