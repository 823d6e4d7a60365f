/* Status for people. */
#include "agent/status.h"

#include "agent/database/condition.h"
#include "agent/database/confirmation.h"
#include "agent/database/suspension.h"
#include "agent/database/text.h"
#include "agent/driver/listener.h"
#include "schema/unit.h"

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
	if (status->now - kit->checked_at > RECOVERY_KIT_PROVEN)
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
