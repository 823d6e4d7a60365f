#include "agent/alert/alert.h"

#include "agent/database/control_database.h"
#include "runtime/base/error.h"
#include "runtime/base/map.h"

/* -- following -- */

struct known {
	struct known *next;
	struct view object, reason;
	bool over;
	bool found; /* among the alarms */
};

static struct view name_of(struct arena *arena, struct view object, struct view reason)
{
	return arena_printf(arena, "%.*s\n%.*s", VIEW_ARG(reason), VIEW_ARG(object));
}

static int read_known(struct database *db, struct arena *arena, struct map *by_name,
		struct known **out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(
			db, "SELECT object, reason, over IS NOT NULL FROM alert", &s);

	while (r == 0 && (r = statement_step(s)) == DATABASE_ROW) {
		struct known *known = ARENA_NEW(arena, struct known);

		known->object = arena_copy(arena, column_view(s, 0));
		known->reason = arena_copy(arena, column_view(s, 1));
		known->over = column_u64(s, 2);
		known->next = *out;
		*out = known;
		map_set(by_name, name_of(arena, known->object, known->reason), known);
		r = 0;
	}
	return r;
}

static int write_alarm(struct database *db, const struct alarm *alarm, walltime now)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"INSERT INTO alert VALUES (?1, ?2, ?3, ?4, ?5, NULL, 0, 0)"
			" ON CONFLICT (object, reason) DO UPDATE SET over = NULL,"
			" since = CASE WHEN mailed = 2 OR posted = 2 THEN ?4"
			"  ELSE since END,"
			" mailed = mailed % 2, posted = posted % 2",
			&s);

	if (r)
		return r;
	bind_text(s, 1, alarm->object);
	bind_text(s, 2, view_z(alarm->reason));
	bind_text(s, 3, alarm->message);
	bind_i64(s, 4, now);
	bind_i64(s, 5, alarm->patience);
	return statement_run(s);
}

static int write_over(struct database *db, const struct known *known, walltime now)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"UPDATE alert SET over = ?3 WHERE object = ?1 AND reason = ?2",
			&s);

	if (r)
		return r;
	bind_text(s, 1, known->object);
	bind_text(s, 2, known->reason);
	bind_i64(s, 3, now);
	return statement_run(s);
}

/* One for all that is written, and none where nothing is. */
static int begin(struct database *db, struct transaction *t)
{
	return t->db ? 0 : transaction_begin(db, t);
}

int alerts_follow(struct database *db, const struct alarms *alarms, walltime now)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(map_free) struct map by_name = MAP_NULL;
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	struct known *all = NULL, *known;
	int r = read_known(db, arena, &by_name, &all);

	for (size_t i = 0; i < alarms->count && r == 0; i++) {
		const struct alarm *alarm = &alarms->items[i];

		known = map_get(&by_name,
				name_of(arena, alarm->object, view_z(alarm->reason)));
		if (known)
			known->found = true;
		if (known && !known->over)
			continue;
		r = begin(db, &t);
		if (r == 0)
			r = write_alarm(db, alarm, now);
	}
	for (known = all; known && r == 0; known = known->next) {
		if (known->found || known->over)
			continue;
		r = begin(db, &t);
		if (r == 0)
			r = write_over(db, known, now);
	}
	return r == 0 && t.db ? transaction_commit(&t) : r;
}

/* -- telling -- */

#define NEWS(column)                                                                     \
	"SELECT object, reason, message, since, over FROM alert WHERE"                   \
	" (" column " = 0 AND over IS NULL AND since + patience <= ?1)"                  \
	" OR (" column " = 1 AND over + ?2 <= ?1)"                                       \
	" ORDER BY over IS NOT NULL, since, object, reason LIMIT ?3"
#define TOLD(column)                                                                     \
	"UPDATE alert SET " column                                                       \
	" = CASE WHEN ?3 = 2 AND over IS NULL THEN 0 ELSE ?3 END"                        \
	" WHERE object = ?1 AND reason = ?2"

int alerts_news(struct database *db, enum alert_channel channel, walltime now,
		struct arena *arena, struct alert **out, size_t *count_out)
{
	static const char *const statements[] = {
		[ALERT_MAIL] = NEWS("mailed"), [ALERT_WEBHOOK] = NEWS("posted")
	};
	CLEANUP(statement_done) struct statement *s = NULL;
	struct alert *all = arena_array(arena, ALERT_NEWS, sizeof(*all));
	size_t count = 0;
	int r = database_prepare(db, statements[channel], &s);

	if (r)
		return r;
	bind_i64(s, 1, now);
	bind_i64(s, 2, ALERT_QUIET);
	bind_i64(s, 3, ALERT_NEWS);
	while ((r = statement_step(s)) == DATABASE_ROW)
		all[count++] = (struct alert){
			.object = arena_copy(arena, column_view(s, 0)),
			.reason = arena_copy(arena, column_view(s, 1)),
			.message = arena_copy(arena, column_view(s, 2)),
			.since = column_i64(s, 3),
			.over = column_is_null(s, 4) ? 0 : column_i64(s, 4),
		};
	*out = all;
	*count_out = count;
	return r;
}

static int write_told(struct database *db, enum alert_channel channel,
		const struct alert *alert)
{
	static const char *const statements[] = {
		[ALERT_MAIL] = TOLD("mailed"), [ALERT_WEBHOOK] = TOLD("posted")
	};
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, statements[channel], &s);

	if (r)
		return r;
	bind_text(s, 1, alert->object);
	bind_text(s, 2, alert->reason);
	bind_u64(s, 3, alert->over ? 2 : 1);
	return statement_run(s);
}

int alerts_told(struct database *db, enum alert_channel channel, const struct alert *news,
		size_t count)
{
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++)
		r = write_told(db, channel, &news[i]);
	return r;
}

static int is_any_over(struct database *db)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(
			db, "SELECT 1 FROM alert WHERE over IS NOT NULL LIMIT 1", &s);

	return r ? r : statement_step(s);
}

int alerts_forget(struct database *db, const bool uses[ALERT_CHANNELS])
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = is_any_over(db);

	if (r != DATABASE_ROW)
		return r;
	r = database_prepare(db,
			"DELETE FROM alert WHERE over IS NOT NULL"
			" AND (mailed <> 1 OR NOT ?1) AND (posted <> 1 OR NOT ?2)",
			&s);
	if (r)
		return r;
	bind_u64(s, 1, uses[ALERT_MAIL]);
	bind_u64(s, 2, uses[ALERT_WEBHOOK]);
	return statement_run(s);
}

int alerts_count(struct database *db, walltime now, size_t *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"SELECT count(*) FROM alert"
			" WHERE over IS NULL AND since + patience <= ?1",
			&s);

	if (r)
		return r;
	bind_i64(s, 1, now);
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r ? r : DATABASE_E_DAMAGED;
	*out = column_u64(s, 0);
	return 0;
}
