#include "agent/database/condition.h"

#include "agent/database/text.h"
#include "runtime/base/error.h"

#include <assert.h>
#include <stdlib.h>

/* clang-format off */
static const char *const names[CONDITION_TYPES] = {
	[CONDITION_READY]              = "Ready",
	[CONDITION_RECONCILING]        = "Reconciling",
	[CONDITION_STALLED]            = "Stalled",
	[CONDITION_DRIFTED]            = "Drifted",
	[CONDITION_DEPENDENCIES_READY] = "DependenciesReady",
	[CONDITION_DELETION_BLOCKED]   = "DeletionBlocked",
	[CONDITION_BACKUP_FRESH]       = "BackupFresh",
	[CONDITION_RESTORE_PROVEN]     = "RestoreProven",
};
/* clang-format on */

const char *condition_name(enum condition_type type)
{
	assert(type < CONDITION_TYPES);
	return names[type];
}

json_t *conditions_parse(struct view text)
{
	json_t *conditions = json_loadb(text.data ? text.data : "", text.len, 0, NULL);

	if (json_is_array(conditions))
		return conditions;
	json_decref(conditions);
	return json_array();
}

struct view conditions_print(const json_t *conditions, struct arena *arena)
{
	CLEANUP(freep)
	char *text = json_dumps(conditions, JSON_COMPACT | JSON_SORT_KEYS);

	return arena_copy(arena, view_z(text));
}

static const char *word_of(const json_t *condition, const char *member)
{
	const char *word = json_string_value(json_object_get(condition, member));

	return word ? word : "";
}

static size_t find(const json_t *conditions, enum condition_type type)
{
	size_t i = 0;

	while (i < json_array_size(conditions) &&
			strcmp(word_of(json_array_get(conditions, i), "type"),
					names[type]) != 0)
		i++;
	return i;
}

json_t *condition_get(const json_t *conditions, enum condition_type type)
{
	return json_array_get(conditions, find(conditions, type));
}

bool condition_is(const json_t *conditions, enum condition_type type)
{
	return strcmp(word_of(condition_get(conditions, type), "status"), "True") == 0;
}

bool condition_set(json_t *conditions, const struct condition *condition,
		uint64_t observed_generation, walltime now)
{
	const json_t *before = condition_get(conditions, condition->type);
	const char *status = condition->is ? "True" : "False";
	bool same_status = strcmp(word_of(before, "status"), status) == 0;
	json_int_t since =
			same_status ? json_integer_value(json_object_get(before, "since"))
				    : now;
	json_t *after = json_pack("{s:s, s:s, s:s, s:o, s:I, s:I}", "type",
			names[condition->type], "status", status, "reason",
			condition->reason, "message", json_view(condition->message),
			"since", since, "observed_generation",
			(json_int_t)observed_generation);

	if (before && json_equal(before, after)) {
		json_decref(after);
		return false;
	}
	if (before)
		json_array_set_new(conditions, find(conditions, condition->type), after);
	else if (condition->type == CONDITION_READY)
		json_array_insert_new(conditions, 0, after);
	else
		json_array_append_new(conditions, after);
	return true;
}

struct view condition_ready(struct arena *arena, const struct condition *ready,
		uint64_t observed_generation, walltime now)
{
	json_t *conditions = json_array();
	struct view text;

	condition_set(conditions, ready, observed_generation, now);
	text = conditions_print(conditions, arena);
	json_decref(conditions);
	return text;
}

bool condition_drop(json_t *conditions, enum condition_type type)
{
	return json_array_remove(conditions, find(conditions, type)) == 0;
}
