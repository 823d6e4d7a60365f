#include "agent/database/standing.h"

#include "runtime/store/database.h"

int standing_read(struct database *db, const unsigned char uid[UID_SIZE], walltime now,
		struct standing *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"SELECT generation, observed_generation, leaving, conditions"
			" FROM object WHERE uid = ?1",
			&s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r ? r : STANDING_E_ABSENT;
	*out = (struct standing){
		.generation = column_u64(s, 0),
		.observed_generation = column_u64(s, 1),
		.leaving = column_u64(s, 2),
		.conditions = conditions_parse(column_view(s, 3)),
		.now = now,
	};
	memcpy(out->uid, uid, UID_SIZE);
	return 0;
}

void standing_deinit(struct standing *standing)
{
	json_decref(standing->conditions);
	standing->conditions = NULL;
}

void standing_set(struct standing *standing, enum condition_type type, bool is,
		const char *reason, struct view message)
{
	const struct condition condition = { type, is, reason, message };

	standing->changed |= condition_set(standing->conditions, &condition,
			standing->observed_generation, standing->now);
}

void standing_drop(struct standing *standing, enum condition_type type)
{
	standing->changed |= condition_drop(standing->conditions, type);
}

void standing_observe(struct standing *standing)
{
	standing->changed |= standing->observed_generation != standing->generation;
	standing->observed_generation = standing->generation;
}

int standing_write(struct database *db, const struct standing *standing)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	CLEANUP(arena_freep) struct arena *arena = NULL;
	int r;

	if (!standing->changed)
		return 0;
	r = database_prepare(db,
			"UPDATE object SET observed_generation = ?2, conditions = ?3"
			" WHERE uid = ?1",
			&s);
	if (r)
		return r;
	arena = arena_new();
	bind_blob(s, 1, view_of(standing->uid, UID_SIZE));
	bind_u64(s, 2, standing->observed_generation);
	bind_text(s, 3, conditions_print(standing->conditions, arena));
	return statement_run(s);
}
