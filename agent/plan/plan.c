#include "agent/plan/plan.h"

#include "agent/database/text.h"
#include "runtime/base/error.h"

#include <stdlib.h>

/* clang-format off */
static const struct {
	const char *name;
	const char *counted; /* in the summary */
} actions[ACTIONS] = {
	[ACTION_CREATE]  = { "create",  "add" },
	[ACTION_UPDATE]  = { "update",  "update" },
	[ACTION_MOVE]    = { "move",    "rename" },
	[ACTION_SET_ID]  = { "set-id",  "set id" },
	[ACTION_ROTATE]  = { "rotate",  "rotate" },
	[ACTION_CORRECT] = { "correct", "correct" },
	[ACTION_ADOPT]   = { "adopt",   "adopt" },
	[ACTION_ENABLE]  = { "enable",  "return" },
	[ACTION_DISABLE] = { "disable", "disable" },
	[ACTION_PURGE]   = { "purge",   "purge" },
	[ACTION_REMOVE]  = { "remove",  "remove" },
};
/* clang-format on */

const char held_by_gate[] = "PruneGate";
const char held_for_people[] = "ApprovalsMissing";
const char held_for_time[] = "Cooldown";
const char held_by_protection[] = "DeletionProtected";
const char held_along[] = "HeldAlong";

struct plan *plan_new(void)
{
	struct plan *plan = xcalloc(1, sizeof(*plan));

	plan->arena = arena_new();
	plan->left = NSTIME_NEVER;
	return plan;
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	free(plan->changes);
	free(plan->rebased);
	free(plan->retained);
	free(plan->drifts);
	free(plan->problems);
	arena_free(plan->arena);
	free(plan);
}

void plan_freep(struct plan **plan)
{
	plan_free(*plan);
}

const char *action_name(enum action action)
{
	return actions[action].name;
}

struct change *plan_add_change(struct plan *plan, enum action action,
		const struct driver *driver, struct view id, struct view key)
{
	struct change *change;

	array_grow(&plan->changes, &plan->change_capacity, plan->change_count + 1,
			sizeof(*plan->changes));
	change = &plan->changes[plan->change_count++];
	*change = (struct change){
		.action = action,
		.driver = driver,
		.id = arena_copy(plan->arena, id),
		.key = arena_copy(plan->arena, key),
	};
	return change;
}

struct drift *plan_add_drift(struct plan *plan)
{
	array_grow(&plan->drifts, &plan->drift_capacity, plan->drift_count + 1,
			sizeof(*plan->drifts));
	plan->drifts[plan->drift_count] = (struct drift){ 0 };
	return &plan->drifts[plan->drift_count++];
}

void plan_add_problem(struct plan *plan, const struct declaration *declared,
		const char *reason, struct view message, struct view help)
{
	array_grow(&plan->problems, &plan->problem_capacity, plan->problem_count + 1,
			sizeof(*plan->problems));
	plan->problems[plan->problem_count++] =
			(struct problem){ reason, message, help, *declared };
}

/* -- order -- */

bool change_makes(const struct change *change)
{
	return change->action == ACTION_CREATE || change->action == ACTION_ADOPT;
}

bool change_leaves(const struct change *change)
{
	return change->action == ACTION_DISABLE || change->action == ACTION_PURGE ||
	       change->action == ACTION_REMOVE;
}

bool change_is_approvable(const struct change *change)
{
	return change->held == held_by_gate || change->held == held_for_people;
}

/* What comes, in the order of dependences; then what leaves, in the opposite one. */
static int compare_changes(const void *left, const void *right)
{
	const struct change *a = left, *b = right;
	size_t a_row = driver_index(a->driver), b_row = driver_index(b->driver);
	int order;

	if (change_leaves(a) != change_leaves(b))
		return change_leaves(a) ? 1 : -1;
	if (a_row != b_row)
		return (a_row < b_row) == change_leaves(a) ? 1 : -1;
	order = view_compare(a->key, b->key);
	return order ? order : view_compare(a->id, b->id);
}

static int compare_names(const struct driver *a, struct view a_id, const struct driver *b,
		struct view b_id)
{
	size_t a_row = driver_index(a), b_row = driver_index(b);

	if (a_row != b_row)
		return a_row < b_row ? -1 : 1;
	return view_compare(a_id, b_id);
}

static int compare_retained(const void *left, const void *right)
{
	const struct retained *a = left, *b = right;

	return compare_names(a->driver, a->id, b->driver, b->id);
}

static int compare_drifts(const void *left, const void *right)
{
	const struct drift *a = left, *b = right;
	int order = compare_names(a->driver, a->id, b->driver, b->id);

	return order ? order : view_compare(a->field, b->field);
}

static void sort(void *items, size_t count, size_t size,
		int (*compare)(const void *, const void *))
{
	if (count > 1)
		qsort(items, count, size, compare);
}

/* -- digests -- */

static void digest_json(struct digest *d, json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);

	digest_add(d, view_z(text));
	digest_add(d, VIEW("\n"));
	free(text);
	json_decref(json);
}

static json_t *canonical_fields(const struct change *change)
{
	json_t *fields = json_array();

	for (size_t i = 0; i < change->field_count; i++) {
		const struct field_change *field = &change->fields[i];

		json_array_append_new(
				fields, json_pack("[o, o, o]", json_view(field->path),
							json_view(field->before),
							json_view(field->after)));
	}
	return fields;
}

/* Over the canonical JSON of each change, one a line, so that no plan is held in memory
 * twice. */
static void digest_changes(const struct plan *plan, unsigned char out[DIGEST_SIZE])
{
	struct digest d;

	digest_init(&d);
	for (size_t i = 0; i < plan->change_count; i++) {
		const struct change *change = &plan->changes[i];

		digest_json(&d, json_pack("{s:s, s:s, s:o, s:o, s:o}", "action",
						action_name(change->action), "kind",
						change->driver->kind, "id",
						json_view(change->id), "key",
						json_view(change->key), "fields",
						canonical_fields(change)));
	}
	digest_final(&d, out);
}

/* What is done to which object as it is now, and what it becomes, whatever else a plan does. */
static void digest_step(struct change *change)
{
	struct digest d;

	digest_init(&d);
	digest_add(&d, view_z(action_name(change->action)));
	digest_add(&d, VIEW("\n"));
	digest_add(&d, view_z(change->driver->kind));
	digest_add(&d, VIEW("\n"));
	if (change->object) {
		digest_add(&d, view_of(change->object->uid, UID_SIZE));
		digest_add(&d, view_of(change->object->hash, DIGEST_SIZE));
	}
	if (change->wanted) {
		digest_add(&d, change->id);
		digest_add(&d, VIEW("\n"));
		digest_add(&d, change->key);
		digest_add(&d, VIEW("\n"));
		digest_add(&d, view_of(change->wanted->hash, DIGEST_SIZE));
	}
	digest_final(&d, change->step);
}

/* An approval is for these steps and no others. */
static void digest_held(const struct plan *plan, unsigned char out[DIGEST_SIZE])
{
	struct digest d;

	digest_init(&d);
	for (size_t i = 0; i < plan->change_count; i++)
		if (change_is_approvable(&plan->changes[i]))
			digest_add(&d, view_of(plan->changes[i].step, DIGEST_SIZE));
	digest_final(&d, out);
}

void plan_finish(struct plan *plan)
{
	sort(plan->changes, plan->change_count, sizeof(*plan->changes), compare_changes);
	sort(plan->retained, plan->retained_count, sizeof(*plan->retained),
			compare_retained);
	sort(plan->drifts, plan->drift_count, sizeof(*plan->drifts), compare_drifts);
	for (size_t i = 0; i < plan->change_count; i++) {
		plan->counts[plan->changes[i].action]++;
		digest_step(&plan->changes[i]);
	}
	digest_changes(plan, plan->digest);
}

/* What an approval helps comes first, and what goes by itself after what does not. */
static void finish_reason(struct plan *plan)
{
	const char *const words[] = { held_by_gate, held_for_people, held_by_protection,
		held_for_time, held_along };

	plan->held_reason = NULL;
	for (size_t i = 0; i < ARRAY_LEN(words) && !plan->held_reason; i++)
		for (size_t k = 0; k < plan->change_count; k++)
			if (plan->changes[k].held == words[i])
				plan->held_reason = words[i];
}

void plan_finish_held(struct plan *plan)
{
	plan->held_count = 0;
	plan->approvable = false;
	plan->left = NSTIME_NEVER;
	for (size_t i = 0; i < plan->change_count; i++) {
		const struct change *change = &plan->changes[i];

		plan->held_count += change->held != NULL;
		plan->approvable |= change_is_approvable(change);
		if (change->held == held_for_time)
			plan->left = nstime_min(plan->left, change->left);
	}
	finish_reason(plan);
	if (plan->approvable)
		digest_held(plan, plan->held_digest);
}

bool plan_is_empty(const struct plan *plan)
{
	return plan->change_count == plan->held_count && plan->rebased_count == 0 &&
	       plan->notes == 0;
}

void plan_add_summary(const struct plan *plan, struct buf *out)
{
	const char *between = ": ";

	if (plan->change_count == 0) {
		buf_add_z(out, "no changes");
		return;
	}
	text_add_count(out, plan->change_count, "change", "changes");
	for (int i = 0; i < ACTIONS; i++) {
		if (plan->counts[i] == 0)
			continue;
		buf_addf(out, "%s%zu %s", between, plan->counts[i], actions[i].counted);
		between = ", ";
	}
}
