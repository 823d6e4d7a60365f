#include "agent/plan/authority.h"

#include "agent/database/journal.h"
#include "agent/plan/risk.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/os.h"
#include "runtime/store/database.h"

#include <stdlib.h>

enum {
	LONGEST_NAMES = 4096,
};

static const enum risk classes[AUTHORITY_CLASSES] = {
	[AUTHORITY_EXPOSING] = RISK_EXPOSING,
	[AUTHORITY_IRREVERSIBLE] = RISK_IRREVERSIBLE,
	[AUTHORITY_POLICY] = RISK_POLICY,
};

/* -- who -- */

struct view authority_person(struct view actor)
{
	const struct view ways[] = { VIEW(" (uid "), VIEW(" (commit ") };

	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		size_t at = view_find_view(actor, ways[i]);

		if (at > 0 && at < actor.len)
			return view_sub(actor, 0, at);
	}
	return VIEW("root");
}

/* -- the time that has passed -- */

void cooling_deinit(struct cooling *cooling)
{
	free(cooling->items);
	*cooling = (struct cooling){ 0 };
}

static struct cooling_step *cooling_find(
		const struct cooling *cooling, const unsigned char step[DIGEST_SIZE])
{
	for (size_t i = 0; i < cooling->count; i++)
		if (memcmp(cooling->items[i].step, step, DIGEST_SIZE) == 0)
			return &cooling->items[i];
	return NULL;
}

static void cooling_forget(struct cooling *cooling, const unsigned char step[DIGEST_SIZE])
{
	struct cooling_step *found = cooling_find(cooling, step);

	if (found)
		*found = cooling->items[--cooling->count];
}

/* When a step began to wait, of which the database says since when. */
static nstime cooling_began(struct cooling *cooling, const struct observation *o,
		const unsigned char step[DIGEST_SIZE], walltime since)
{
	struct cooling_step *found = cooling_find(cooling, step);
	walltime passed = o->now > since ? o->now - since : 0;

	if (found)
		return found->began;
	array_grow(&cooling->items, &cooling->capacity, cooling->count + 1,
			sizeof(*cooling->items));
	found = &cooling->items[cooling->count++];
	memcpy(found->step, step, DIGEST_SIZE);
	found->began = o->os->now(o->os->state) - nstime_seconds(passed);
	return found->began;
}

/* -- weighing -- */

struct weighing {
	const struct observation *o;
	const struct rules *rules;
	const struct authority *who;
	struct plan *plan;
};

/* What sets right what had drifted was agreed to when it was asked for. */
static bool is_weighed(const struct weighing *w, const struct change *change)
{
	if (change->action == ACTION_ROTATE || change->action == ACTION_CORRECT ||
			view_eq(view_z(change->reason), VIEW("ChangedOutside")))
		return false;
	for (int i = 0; i < AUTHORITY_CLASSES; i++)
		if (change->risks & risk_bit(classes[i]) &&
				(w->rules->people[i] > 1 || w->rules->wait[i] > 0))
			return true;
	return false;
}

static bool is_named(struct view names, struct view person)
{
	while (names.len) {
		struct view name = view_cut(&names, ',');

		if (name.len && name.data[0] == ' ')
			name = view_from(name, 1);
		if (view_eq(name, person))
			return true;
	}
	return false;
}

static void add_person(struct change *change, struct buf *names, struct view person)
{
	if (!person.len || is_named(buf_view(names), person))
		return;
	buf_addf(names, "%s%.*s", names->len ? ", " : "", VIEW_ARG(person));
	change->people++;
}

static int add_approvals(
		const struct weighing *w, struct change *change, struct buf *names)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(w->o->db,
			"SELECT person FROM approval WHERE step = ?1 ORDER BY at, person",
			&s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(change->step, DIGEST_SIZE));
	while ((r = statement_step(s)) == DATABASE_ROW)
		add_person(change, names, column_view(s, 0));
	return r;
}

/* Since when it waits, and who asked for it first; *since_out is 0 where it is new. */
static int read_known(const struct weighing *w, struct change *change, struct buf *names,
		walltime *since_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(w->o->db,
			"SELECT since, person FROM held_step WHERE step = ?1", &s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(change->step, DIGEST_SIZE));
	r = statement_step(s);
	change->is_known = r == DATABASE_ROW;
	*since_out = 0;
	if (r != DATABASE_ROW) {
		add_person(change, names, w->who->person);
		return r;
	}
	*since_out = column_i64(s, 0);
	add_person(change, names, column_view(s, 1));
	return 0;
}

static void set_needs(const struct weighing *w, struct change *change, walltime since)
{
	struct cooling *cooling = w->who->cooling;
	walltime wait = 0;
	nstime began;

	for (int i = 0; i < AUTHORITY_CLASSES; i++) {
		if (!(change->risks & risk_bit(classes[i])))
			continue;
		if (w->rules->people[i] > change->people_needed)
			change->people_needed = w->rules->people[i];
		if (w->rules->wait[i] > wait)
			wait = w->rules->wait[i];
	}
	change->left = nstime_seconds(wait);
	if (!change->is_known) {
		cooling_forget(cooling, change->step);
		return;
	}
	began = cooling_began(cooling, w->o, change->step, since);
	change->left -= w->o->os->now(w->o->os->state) - began;
	if (change->left < 0)
		change->left = 0;
}

static int weigh(const struct weighing *w, struct change *change)
{
	CLEANUP(buf_free) struct buf names = BUF_NULL(LONGEST_NAMES);
	walltime since;
	int r;

	change->is_weighed = is_weighed(w, change);
	change->people = change->people_needed = 0;
	if (!change->is_weighed)
		return 0;
	r = read_known(w, change, &names, &since);
	if (r == 0)
		r = add_approvals(w, change, &names);
	if (r)
		return r;
	if (change->is_agreed)
		add_person(change, &names, w->who->approver);
	change->names = arena_copy(w->plan->arena, buf_view(&names));
	set_needs(w, change, since);
	if (change->people < change->people_needed)
		change->held = held_for_people;
	else if (change->left > 0)
		change->held = held_for_time;
	return 0;
}

int authority_hold(const struct observation *o, const struct rules *rules,
		const struct authority *who, struct plan *plan)
{
	const struct weighing w = { o, rules, who, plan };

	for (size_t i = 0; i < plan->change_count; i++) {
		struct change *change = &plan->changes[i];
		int r = 0;

		if (!change->held)
			r = weigh(&w, change);
		if (r)
			return r;
	}
	return 0;
}

/* -- what is kept -- */

static bool waits(const struct change *change)
{
	return change->held && change->is_weighed;
}

static const struct change *find_waiting(const struct plan *plan, struct view step)
{
	for (size_t i = 0; i < plan->change_count; i++)
		if (waits(&plan->changes[i]) &&
				view_eq(step, view_of(plan->changes[i].step,
							      DIGEST_SIZE)))
			return &plan->changes[i];
	return NULL;
}

/* Steps of the database that wait no more, behind each other. */
static int find_past(struct database *db, const struct plan *plan, struct buf *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, "SELECT step FROM held_step", &s);

	if (r)
		return r;
	while ((r = statement_step(s)) == DATABASE_ROW)
		if (!find_waiting(plan, column_view(s, 0)))
			buf_add(out, column_view(s, 0));
	return r;
}

static int run_on_step(struct database *db, const char *sql, struct view step)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, sql, &s);

	if (r)
		return r;
	bind_blob(s, 1, step);
	return statement_run(s);
}

static int forget(struct database *db, struct view steps)
{
	int r = 0;

	for (; steps.len && r == 0; steps = view_from(steps, DIGEST_SIZE)) {
		struct view step = view_sub(steps, 0, DIGEST_SIZE);

		r = run_on_step(db, "DELETE FROM held_step WHERE step = ?1", step);
		if (r == 0)
			r = run_on_step(db, "DELETE FROM approval WHERE step = ?1", step);
	}
	return r;
}

static int insert(struct database *db, const char *sql, const struct change *change,
		struct view person, walltime now)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, sql, &s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(change->step, DIGEST_SIZE));
	bind_text(s, 2, person);
	bind_i64(s, 3, now);
	return statement_run(s);
}

static int keep(const struct observation *o, const struct authority *who,
		const struct change *change, const struct plan *plan, struct view actor)
{
	const struct audit_entry entry = {
		.at = o->now,
		.actor = actor,
		.action = "agree",
		.object = arena_printf(o->arena, "%s/%.*s", change->driver->kind,
				VIEW_ARG(change->id)),
		.plan_digest = plan->digest,
	};
	int r = 0;

	if (!change->is_known)
		r = insert(o->db,
				"INSERT INTO held_step (step, person, since)"
				" VALUES (?1, ?2, ?3)",
				change, who->person, o->now);
	if (r || !change->is_agreed)
		return r;
	r = insert(o->db,
			"INSERT INTO approval VALUES (?1, ?2, ?3)"
			" ON CONFLICT (step, person) DO NOTHING",
			change, who->approver, o->now);
	if (r)
		return r;
	log_event(LOG_INFO, "agent.change.agreed", log_view("person", who->approver),
			log_view("object", entry.object),
			log_number("people", (int64_t)change->people),
			log_number("needed", (int64_t)change->people_needed));
	return audit_add(o->db, &entry);
}

static bool is_news(const struct plan *plan)
{
	for (size_t i = 0; i < plan->change_count; i++)
		if (waits(&plan->changes[i]) &&
				(!plan->changes[i].is_known ||
						plan->changes[i].is_agreed))
			return true;
	return false;
}

static int write_all(const struct observation *o, const struct authority *who,
		const struct plan *plan, struct view actor, struct view past)
{
	int r = forget(o->db, past);

	for (size_t i = 0; i < plan->change_count && r == 0; i++)
		if (waits(&plan->changes[i]))
			r = keep(o, who, &plan->changes[i], plan, actor);
	return r;
}

int authority_write(const struct observation *o, const struct authority *who,
		const struct plan *plan, struct view actor, bool within)
{
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	CLEANUP(buf_free)
	struct buf past = BUF_NULL((plan->change_count + 1024 * 1024) * DIGEST_SIZE);
	int r = find_past(o->db, plan, &past);

	if (r || (past.len == 0 && !is_news(plan)))
		return r;
	if (within)
		return write_all(o, who, plan, actor, buf_view(&past));
	r = transaction_begin(o->db, &t);
	if (r == 0)
		r = write_all(o, who, plan, actor, buf_view(&past));
	return r ? r : transaction_commit(&t);
}
