/* Status for programs. */
#include "agent/status.h"

#include "agent/database/confirmation.h"
#include "agent/database/suspension.h"
#include "agent/database/text.h"
#include "agent/driver/listener.h"

static json_t *objects_json(const struct status *status)
{
	json_t *items = json_array();

	for (size_t i = 0; i < status->object_count; i++) {
		const struct object_status *object = &status->objects[i];

		json_array_append_new(items,
				json_pack("{s:o, s:o, s:b, s:b, s:o, s:o, s:o, s:I}",
						"name", json_view(object->name), "key",
						json_view(object->key), "ready",
						(int)object->ready, "drifted",
						(int)object->drifted, "reason",
						json_view(object->reason), "message",
						json_view(object->message), "since",
						object->since ? json_time(object->since)
							      : json_null(),
						"generation",
						(json_int_t)object->generation));
	}
	return items;
}

static json_t *kinds_json(const struct status *status)
{
	json_t *kinds = json_object();

	for (size_t i = 0; i < status->kind_count; i++)
		json_object_set_new(kinds, status->kinds[i].kind,
				json_pack("{s:I, s:I, s:I}", "total",
						(json_int_t)status->kinds[i].total,
						"ready",
						(json_int_t)status->kinds[i].ready,
						"disabled",
						(json_int_t)status->kinds[i].disabled));
	return kinds;
}

static json_t *runtime_json(const struct status *status)
{
	const struct runtime_observed *live = &status->live;
	json_t *listeners = json_array();

	for (size_t i = 0; i < live->listener_count; i++)
		json_array_append_new(listeners,
				json_pack("{s:s, s:s, s:i}", "service",
						listener_name(live->listeners[i].spec
										.kind),
						"address", live->listeners[i].address,
						"port",
						(int)live->listeners[i].spec.port));
	return json_pack("{s:o, s:I, s:I, s:I, s:I, s:b, s:I, s:I, s:I, s:I, s:I, s:I, "
			 "s:b}",
			"listeners", listeners, "sessions", (json_int_t)live->sessions,
			"accepted", (json_int_t)live->accepted, "delivered",
			(json_int_t)live->delivered, "waiting", (json_int_t)live->waiting,
			"accepting", (int)live->accepting, "damaged",
			(json_int_t)live->damaged, "quarantined",
			(json_int_t)live->quarantined, "sent", (json_int_t)live->sent,
			"deferred", (json_int_t)live->deferred, "failed",
			(json_int_t)live->failed, "queued", (json_int_t)live->queued,
			"sending", (int)live->sending);
}

static json_t *sandbox_json(const struct status *status)
{
	if (!status->sandbox)
		return json_null();
	return json_pack("{s:s, s:s?}", "level", status->sandbox, "without",
			status->sandbox_without);
}

static json_t *kit_json(const struct recovery_kit *kit)
{
	if (!kit->made_at)
		return json_null();
	return json_pack("{s:s, s:o, s:o}", "recipient", kit->recipient, "made_at",
			json_time(kit->made_at), "checked_at",
			kit->checked_at ? json_time(kit->checked_at) : json_null());
}

static json_t *keys_json(const struct status *status)
{
	return json_pack("{s:b, s:I, s:o}", "locked", (int)status->keys.locked, "bytes",
			(json_int_t)status->keys.bytes, "recovery_kit",
			kit_json(&status->kit));
}

static json_t *last_run_json(const struct status *status)
{
	if (!status->ran_at)
		return json_null();
	return json_pack("{s:o, s:I, s:o, s:o}", "at", json_time(status->ran_at),
			"took_us", (json_int_t)(status->ran_for / 1000), "reason",
			status->reason ? json_string(status->reason) : json_null(),
			"message", json_view(status->message));
}

static json_t *waiting_json(const struct status *status)
{
	json_t *items = json_array();

	for (size_t i = 0; i < status->waiting_count; i++) {
		const struct waiting_status *waiting = &status->waiting[i];

		json_array_append_new(items,
				json_pack("{s:o, s:s, s:I}", "name",
						json_view(waiting->name), "held",
						waiting->held, "left_s",
						(json_int_t)((waiting->left + NS_PER_S -
									     1) /
								NS_PER_S)));
	}
	return items;
}

json_t *status_json(const struct status *status)
{
	return json_pack("{s:i, s:o, s:o, s:b, s:I, s:o, s:I, s:o, s:o, s:o, s:o, s:o, "
			 "s:o, s:O, s:O, s:I, s:o, s:o}",
			"format_version", 1, "suspension",
			suspension_json(&status->suspension), "confirmation",
			confirmation_json(&status->confirmation), "ready",
			(int)status_is_well(status), "generation",
			(json_int_t)status->generation.number, "origin",
			json_view(status->generation.origin), "serial",
			(json_int_t)status->serial, "kinds", kinds_json(status),
			"objects", objects_json(status), "runtime",
			status->has_runtime ? runtime_json(status) : json_null(),
			"last_run", last_run_json(status), "sandbox",
			sandbox_json(status), "keys", keys_json(status), "certificates",
			status->certificates, "dkim_keys", status->dkim_keys, "held",
			(json_int_t)status->held, "held_digest",
			status->approvable ? json_digest(status->held_digest)
					   : json_null(),
			"waiting", waiting_json(status));
}
