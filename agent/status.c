#include "agent/status.h"

#include "agent/database/condition.h"
#include "agent/database/text.h"
#include "agent/driver/certificate.h"
#include "agent/driver/dkim_key.h"
#include "agent/driver/listener.h"
#include "agent/inside.h"
#include "runtime/base/error.h"
#include "runtime/base/os.h"
#include "schema/unit.h"

#include <errno.h>
#include <stdlib.h>

enum {
	KIT_PROVEN_S = 183 * 86400, /* a page that was proven longer ago may be lost */
};

void status_free(struct status *status)
{
	if (!status)
		return;
	free(status->objects);
	json_decref(status->certificates);
	json_decref(status->dkim_keys);
	arena_free(status->arena);
	free(status);
}

void status_freep(struct status **status)
{
	status_free(*status);
}

/* -- gathering -- */

static struct view member(struct arena *arena, const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return arena_copy(arena,
			view_of(json_string_value(value), json_string_length(value)));
}

static bool is_true(const json_t *condition)
{
	const char *is = json_string_value(json_object_get(condition, "status"));

	return is && strcmp(is, "True") == 0;
}

/* The one that says how the object stands. Ready speaks of the generation that lives: where
 * that is not the one that is wanted, what is on its way, or stopped it, says more. */
static const json_t *telling_condition(const json_t *conditions, bool is_behind)
{
	const json_t *ready = json_array_get(conditions, 0);
	const json_t *stalled = condition_get(conditions, CONDITION_STALLED);
	const json_t *reconciling = condition_get(conditions, CONDITION_RECONCILING);

	if (!is_behind || !is_true(ready))
		return ready;
	return is_true(stalled) ? stalled : is_true(reconciling) ? reconciling : ready;
}

/* The stored condition, unless what lives says otherwise. The object ends before the
 * status does. */
static int read_status(struct database *db, const struct object *object,
		struct arena *arena, struct object_status *out)
{
	struct object_texts texts;
	const json_t *telling;
	json_t *conditions;
	bool is_behind = object->observed_generation != object->generation;
	int r = object_read_texts(db, object->uid, arena, &texts);

	if (r)
		return r;
	conditions = json_loadb(texts.conditions.data, texts.conditions.len, 0, NULL);
	telling = telling_condition(conditions, is_behind);
	*out = (struct object_status){
		.name = object_name(object, arena),
		.ready = !is_behind && is_true(json_array_get(conditions, 0)),
		.reason = member(arena, telling, "reason"),
		.message = member(arena, telling, "message"),
		.since = json_integer_value(json_object_get(telling, "since")),
		.generation = object->generation,
		.observed_generation = object->observed_generation,
		.conditions = texts.conditions,
		.declared = object->declared,
	};
	out->key = arena_copy(arena, object->key);
	out->declared.file = arena_copy(arena, object->declared.file);
	json_decref(conditions);
	if (object->drift >= DRIFT_CORRECT) {
		out->drifted = object->drift != DRIFT_ADOPTED;
		out->reason = view_z(object->drift_reason);
		out->message = arena_copy(arena, object->drift_message);
		out->since = 0;
	} else if (object->drift != DRIFT_NONE) {
		out->ready = false;
		out->reason = view_z(object->drift_reason);
		out->message = arena_copy(arena, object->drift_message);
		out->since = 0;
	}
	return 0;
}

static int add_object(
		struct status *status, struct database *db, const struct object *object)
{
	int r;

	array_grow(&status->objects, &status->object_capacity, status->object_count + 1,
			sizeof(*status->objects));
	r = read_status(db, object, status->arena,
			&status->objects[status->object_count]);
	status->object_count += r == 0;
	return r;
}

/* Of kinds with effects outside, and of hosts, the row says how things stand; of all others
 * it is Ready unless something drifted, and 100,000 rows need not be read. */
static int count_one(struct status *status, struct database *db,
		const struct object *object, struct kind_count *kind)
{
	size_t before = status->object_count;
	int r;

	if (object->drift == DRIFT_NONE && !object->driver->effects &&
			object->driver != &driver_host) {
		kind->ready++;
		return 0;
	}
	r = add_object(status, db, object);
	if (r)
		return r;
	kind->ready += status->objects[before].ready;
	status->unready += !status->objects[before].ready;
	if (status->objects[before].ready && !status->objects[before].drifted)
		status->object_count = before;
	return 0;
}

static int count_objects(
		struct status *status, struct database *db, const struct object_set *set)
{
	status->kinds = arena_array(status->arena, driver_count, sizeof(*status->kinds));
	status->kind_count = driver_count;
	for (size_t i = 0; i < driver_count; i++)
		status->kinds[i].kind = drivers[i]->kind;
	for (size_t i = 0; i < set->count; i++) {
		const struct object *object = &set->items[i];
		struct kind_count *kind = &status->kinds[driver_index(object->driver)];
		int r = 0;

		kind->total++;
		if (object->state == OBJECT_DISABLED)
			kind->disabled++;
		else
			r = count_one(status, db, object, kind);
		if (r)
			return r;
	}
	return 0;
}

static void read_waiting(struct status *status, const struct agent *agent)
{
	const struct last_run *last = &agent->last;
	nstime now = agent_now(agent);

	status->waiting = arena_array(
			status->arena, last->waiting_count, sizeof(*status->waiting));
	for (size_t i = 0; i < last->waiting_count; i++) {
		const struct waiting_change *change = &last->waiting[i];

		status->waiting[status->waiting_count++] = (struct waiting_status){
			.name = arena_copy(status->arena, view_z(change->name)),
			.held = change->held,
			.text = arena_copy(status->arena, view_z(change->text)),
			.left = change->until > now ? change->until - now : 0,
		};
	}
}

static void read_last_run(struct status *status, const struct agent *agent)
{
	status->ran_at = agent->last.at;
	status->ran_for = agent->last.took;
	status->reason = agent->last.reason;
	status->message = arena_copy(status->arena, view_z(agent->last.message));
	status->held = agent->last.held;
	status->approvable = agent->last.approvable;
	memcpy(status->held_digest, agent->last.held_digest, DIGEST_SIZE);
	read_waiting(status, agent);
}

static int look(struct agent *agent, struct view name, struct plan *plan,
		struct status *status)
{
	CLEANUP(observation_deinit) struct observation o = { 0 };
	const struct object *object;
	int r;

	agent_observation(agent, NULL, &status->live, plan, &o);
	status->has_runtime = o.live;
	status->now = o.now;
	r = observe(&o);
	if (r)
		return r;
	if (name.len == 0)
		return count_objects(status, agent->db, &o.objects);
	object = object_find(&o.objects, name);
	if (!object)
		return AGENT_E_ABSENT;
	status->single = true;
	r = add_object(status, agent->db, object);
	return r > 0 ? fault(-EIO) : r;
}

int agent_status(struct agent *agent, struct view name, struct status **out)
{
	CLEANUP(status_freep) struct status *status = xcalloc(1, sizeof(*status));
	CLEANUP(plan_freep) struct plan *plan = plan_new();
	int r;

	status->arena = arena_new();
	r = generation_newest(agent->db, status->arena, &status->generation);
	if (r == 0)
		r = control_serial(agent->db, &status->serial);
	if (r)
		return r > 0 ? fault(-EIO) : r;
	read_last_run(status, agent);
	status->sandbox = agent->sandbox;
	status->sandbox_without = agent->sandbox_without;
	status->keys = agent_keys(agent);
	if (recovery_kit_read(agent->data, &status->kit))
		status->kit = (struct recovery_kit){ 0 };
	r = look(agent, name, plan, status);
	if (r)
		return r;
	r = certificates_list(agent->db, status->now, &status->certificates);
	if (r == 0)
		r = dkim_keys_list(agent->db, status->now, &status->dkim_keys);
	if (r == 0)
		r = suspension_read(agent->db, status->now, status->arena,
				&status->suspension);
	if (r == 0)
		r = confirmation_read(agent->db, &status->confirmation);
	if (r)
		return r > 0 ? fault(-EIO) : r;
	*out = TAKE(status);
	return 0;
}

/* -- printing -- */

bool status_is_well(const struct status *status)
{
	for (size_t i = 0; i < status->object_count; i++)
		if (!status->objects[i].ready)
			return false;
	return !status->reason && status->held == 0;
}

static void print_head(const struct status *status, struct buf *out)
{
	size_t total = 0;

	for (size_t i = 0; i < status->kind_count; i++)
		total += status->kinds[i].total;
	if (status->generation.number == 0) {
		buf_add_z(out, "EMPTY no state was applied yet: `posthus apply PATH`\n");
		return;
	}
	if (status_is_well(status))
		buf_addf(out, "READY %zu objects", total);
	else if (status->unready)
		buf_addf(out, "NOT READY %zu of %zu", status->unready, total);
	else
		buf_addf(out,
				"INCOMPLETE %zu objects are ready, but not all that the "
				"state says was applied",
				total);
	buf_addf(out, " · generation %llu from %.*s",
			(unsigned long long)status->generation.number,
			VIEW_ARG(status->generation.origin));
	if (status->ran_at)
		buf_addf(out, " · last reconcile %lld s ago, %lld ms",
				(long long)(status->now - status->ran_at),
				(long long)(status->ran_for / NS_PER_MS));
	buf_add_byte(out, '\n');
}

/* The first line of all: a suspension that is forgotten does harm for months. */
static void print_suspension(const struct status *status, struct buf *out)
{
	if (status->confirmation.generation) {
		buf_add_z(out, "UNCONFIRMED ");
		confirmation_print(&status->confirmation, out);
		buf_add_z(out, " · `posthus confirm` keeps it\n");
	}
	if (status->suspension.until == 0)
		return;
	buf_add_z(out, "SUSPENDED ");
	suspension_print(&status->suspension, out);
	buf_add_z(out, " · `posthus resume` ends it\n");
}

static void print_kinds(const struct status *status, struct buf *out)
{
	for (size_t i = 0; i < status->kind_count; i++) {
		const struct kind_count *kind = &status->kinds[i];

		if (kind->total == 0)
			continue;
		buf_addf(out, "  %-12s %zu ready", kind->kind, kind->ready);
		if (kind->ready + kind->disabled < kind->total)
			buf_addf(out, ", %zu not ready",
					kind->total - kind->ready - kind->disabled);
		if (kind->disabled)
			buf_addf(out, ", %zu disabled (data kept)", kind->disabled);
		buf_add_byte(out, '\n');
	}
}

/* Beside Ready, which has a line of its own. */
static void print_conditions(const struct object_status *object, struct buf *out)
{
	json_t *conditions = conditions_parse(object->conditions), *condition;
	size_t i;

	json_array_foreach (conditions, i, condition) {
		if (i == 0)
			continue;
		buf_addf(out, "  %s %s  %s  %s\n",
				json_string_value(json_object_get(condition, "type")),
				json_string_value(json_object_get(condition, "status")),
				json_string_value(json_object_get(condition, "reason")),
				json_string_value(json_object_get(condition, "message")));
	}
	json_decref(conditions);
}

static void print_object(const struct status *status, const struct object_status *object,
		struct buf *out)
{
	buf_addf(out, "%.*s  %s  %.*s", VIEW_ARG(object->name),
			!object->ready    ? "NotReady"
			: object->drifted ? "Drifted"
					  : "Ready",
			VIEW_ARG(object->reason));
	if (object->since)
		buf_addf(out, "  %lld s", (long long)(status->now - object->since));
	if (object->message.len)
		buf_addf(out, "  %.*s", VIEW_ARG(object->message));
	buf_add_byte(out, '\n');
	if (!status->single)
		return;
	print_conditions(object, out);
	if (object->observed_generation != object->generation)
		buf_addf(out, "  generation %llu lives, %llu is wanted\n",
				(unsigned long long)object->observed_generation,
				(unsigned long long)object->generation);
	buf_addf(out,
			"  key %.*s · generation %llu · declared at %.*s:%u:%u of state "
			"generation %llu\n",
			VIEW_ARG(object->key), (unsigned long long)object->generation,
			VIEW_ARG(object->declared.file), object->declared.line,
			object->declared.column,
			(unsigned long long)object->declared.declared_in);
}

static void print_waiting(const struct waiting_status *waiting, struct buf *out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	int64_t seconds = (waiting->left + NS_PER_S - 1) / NS_PER_S;

	buf_addf(out, "  %.*s  held: %s%.*s", VIEW_ARG(waiting->name), waiting->held,
			VIEW_ARG(waiting->text));
	if (waiting->held == held_for_time)
		buf_addf(out, " · %.*s left", VIEW_ARG(duration_print(arena, seconds)));
	buf_add_byte(out, '\n');
}

static void print_held(const struct status *status, struct buf *out)
{
	if (status->held == 0)
		return;
	if (status->approvable) {
		buf_addf(out, "HELD %zu steps wait for approval: posthus approve ",
				status->held);
		text_add_digest(out, status->held_digest);
		buf_add_byte(out, '\n');
	} else {
		buf_addf(out, "HELD %zu steps\n", status->held);
	}
	for (size_t i = 0; i < status->waiting_count; i++)
		print_waiting(&status->waiting[i], out);
	if (status->held > status->waiting_count)
		buf_addf(out, "  and %zu more\n", status->held - status->waiting_count);
}

static void print_runtime(const struct status *status, struct buf *out)
{
	const struct runtime_observed *live = &status->live;

	if (!status->has_runtime)
		return;
	buf_add_z(out, "  listening   ");
	for (size_t i = 0; i < live->listener_count; i++)
		buf_addf(out, " %s %s:%u", listener_name(live->listeners[i].spec.kind),
				live->listeners[i].address[0] ? live->listeners[i].address
							      : "*",
				live->listeners[i].spec.port);
	buf_addf(out,
			"\n  messages     %llu accepted, %llu delivered, %zu waiting · "
			"%zu sessions%s\n",
			(unsigned long long)live->accepted,
			(unsigned long long)live->delivered, live->waiting,
			live->sessions,
			live->accepting ? "" : " · REFUSING MAIL: the disk failed");
	if (live->sent || live->failed || live->queued || !live->sending)
		buf_addf(out, "  sending      %llu sent, %llu failed, %zu wait%s\n",
				(unsigned long long)live->sent,
				(unsigned long long)live->failed, live->queued,
				live->sending ? "; `posthus queue list`"
					      : " · STOPPED: the queue's disk failed");
	if (!status->keys.locked)
		buf_add_z(out, "  UNLOCKED     keys may reach the swap: raise "
			       "LimitMEMLOCK= of the unit, or `ulimit -l`\n");
	if (live->damaged)
		buf_addf(out, "  DAMAGED      %zu places of the intake log\n",
				live->damaged);
	if (live->quarantined)
		buf_addf(out,
				"  SET APART    %zu accounts: nothing of them is served, "
				"their mail waits\n",
				live->quarantined);
}

/* What would bring the host back; nothing is as quietly forgotten. */
static void print_kit(const struct status *status, struct buf *out)
{
	const struct recovery_kit *kit = &status->kit;

	buf_add_z(out, "  recovery     ");
	if (!kit->made_at) {
		buf_add_z(out, "no kit: `posthus recovery kit --print` makes one\n");
		return;
	}
	buf_add_z(out, "kit of ");
	text_add_day(out, kit->made_at);
	if (kit->checked_at) {
		buf_add_z(out, ", proven ");
		text_add_age(out, status->now - kit->checked_at);
		buf_add_z(out, " ago");
	} else {
		buf_add_z(out, ", never proven");
	}
	if (status->now - kit->checked_at > KIT_PROVEN_S)
		buf_add_z(out, ": `posthus recovery check`");
	buf_add_byte(out, '\n');
}

/* Domains none of whose keys signs yet. The list is by domain. */
struct unsigned_domains {
	const char *domain; /* of the keys that are looked at */
	bool waits, signs;
	const char *first;
	size_t count;
};

static void end_domain(struct unsigned_domains *u)
{
	if (!u->waits || u->signs)
		return;
	if (u->count++ == 0)
		u->first = u->domain;
}

static void print_unsigned(const struct status *status, struct buf *out)
{
	struct unsigned_domains u = { .domain = "" };
	json_t *key;
	size_t i;

	json_array_foreach (status->dkim_keys, i, key) {
		const char *domain = json_string_value(json_object_get(key, "domain"));
		const char *state = json_string_value(json_object_get(key, "state"));

		if (strcmp(domain, u.domain) != 0) {
			end_domain(&u);
			u.domain = domain;
			u.waits = u.signs = false;
		}
		u.waits |= strcmp(state, "waiting") == 0;
		u.signs |= strcmp(state, "signing") == 0;
	}
	end_domain(&u);
	if (u.count == 0)
		return;
	buf_addf(out, "  unsigned     mail from %s", u.first);
	if (u.count > 1)
		buf_addf(out, " and %zu more", u.count - 1);
	buf_add_z(out, ": no DKIM key signs yet; `posthus get dkim-key` says why\n");
}

void status_print(const struct status *status, struct buf *out)
{
	if (!status->single) {
		print_suspension(status, out);
		print_head(status, out);
		print_held(status, out);
		if (status->reason && !status->approvable)
			buf_addf(out, "%s: %.*s\n", status->reason,
					VIEW_ARG(status->message));
		print_kinds(status, out);
		print_runtime(status, out);
		if (status->has_runtime)
			print_kit(status, out);
		print_unsigned(status, out);
	}
	for (size_t i = 0; i < status->object_count; i++)
		print_object(status, &status->objects[i], out);
}

/* -- JSON -- */

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
