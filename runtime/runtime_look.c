/* How things stand. */
#include "runtime/runtime_inside.h"

#include "runtime/crypto/keyring.h"
#include "runtime/net/net.h"
#include "runtime/service/account.h"
#include "runtime/service/delivery.h"
#include "runtime/service/ports.h"
#include "runtime/service/sending.h"
#include "runtime/service/service.h"
#include "runtime/store/intake.h"

#include <sys/statvfs.h>

static void observe_disk(const char *data, struct runtime_observed *out)
{
	struct statvfs disk;

	if (statvfs(data, &disk))
		return;
	out->disk_free = (uint64_t)disk.f_bavail * disk.f_frsize;
	out->disk_size = (uint64_t)disk.f_blocks * disk.f_frsize;
	out->files_free = disk.f_favail;
	out->files_size = disk.f_files;
}

void runtime_observe(struct runtime *rt, struct runtime_observed *out)
{
	struct delivery_observed delivery = delivery_observe(rt->delivery);
	struct keyring_report keys = { .locked = true };
	struct sending_observed sending = { .broken = true };

	if (rt->sending)
		sending = sending_observe(rt->sending);
	keyring_observe_too(rt->keyring, &keys);
	accounts_observe_keys(rt->accounts, &keys);
	*out = (struct runtime_observed){
		.sent = sending.delivered,
		.deferred = sending.deferred,
		.failed = sending.failed,
		.queued = sending.waiting,
		.sending = !sending.broken,
		.sessions = net_sessions(service_net(rt->service)),
		.accepted = delivery.accepted,
		.delivered = delivery.delivered,
		.waiting = delivery.waiting,
		.accepting = intake_accepting(rt->intake),
		.damaged = intake_recovered(rt->intake).damaged,
		.quarantined = accounts_observe(rt->accounts).quarantined,
		.key_bytes = keys.bytes,
		.keys_locked = keys.locked,
	};
	observe_disk(service_data(rt->service), out);
	out->set_apart_count = accounts_set_apart(
			rt->accounts, out->set_apart, ARRAY_LEN(out->set_apart));
	for (size_t i = 0; i < ports_count(rt->ports) && i < ARRAY_LEN(out->listeners);
			i++) {
		struct listener_spec *spec = &out->listeners[i].spec;
		struct view address;

		ports_at(rt->ports, i, spec);
		address = view_sub(
				spec->address, 0, sizeof(out->listeners[i].address) - 1);
		memcpy(out->listeners[i].address, address.data, address.len);
		spec->address = view_of(out->listeners[i].address, address.len);
		out->listener_count++;
	}
}
