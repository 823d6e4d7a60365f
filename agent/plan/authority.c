#include "agent/plan/authority.h"

#include "agent/database/journal.h"
#include "agent/plan/risk.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/os.h"
#include "runtime/store/database.h"
#include "schema/agent_file.h"

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
	const struct view ways[] = { VIEW(" (uid "), VIEW(" (commit "), VIEW(" (key ") };

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
	bool some_wait; /* there is somebody with `require`, or a step that waits */
};

/* -- who needs others -- */

static const struct trusted *operator_of(const struct authority *who, struct view person)
{
	for (size_t i = 0; who->file && i < who->file->operator_count; i++)
		if (view_eq(who->file->operators[i].name, person))
			return &who->file->operators[i];
	return NULL;
}

static enum approval approval_for(const struct weighing *w, struct view person)
{
	const struct trusted *one = operator_of(w->who, person);

	return one ? one->approval : APPROVAL_NONE;
}

/* Mostly nothing does: then no change has to be looked for. */
static int look_for_waiting(struct weighing *w)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(w->o->db, "SELECT 1 FROM held_step LIMIT 1", &s);

	if (r == 0)
		r = statement_step(s);
	w->some_wait = r == DATABASE_ROW;
	for (size_t i = 0; w->who->file && i < w->who->file->operator_count; i++)
		w->some_wait |= w->who->file->operators[i].approval != APPROVAL_NONE;
	return r == DATABASE_ROW ? 0 : r;
}

/* What sets right what had drifted was agreed to when it was asked for. */
static bool was_agreed(const struct change *change)
{
	return change->action == ACTION_ROTATE || change->action == ACTION_CORRECT ||
	       view_eq(view_z(change->reason), VIEW("ChangedOutside"));
}

static bool has_weight(const struct weighing *w, const struct change *change)
{
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

/* Who asked first, and the strongest way in which another agreed. */
struct word {
	struct view asker; /* empty: he was revoked */
	unsigned needed;   /* of enum approval, as the next */
	unsigned strongest;
};

static void add_word(struct change *change, struct buf *names, struct view person,
		unsigned way, struct word *word)
{
	if (!view_eq(person, word->asker) && way > word->strongest)
		word->strongest = way;
	add_person(change, names, person);
}

static int add_approvals(const struct weighing *w, struct change *change,
		struct buf *names, struct word *word)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(w->o->db,
			"SELECT person, way FROM approval WHERE step = ?1 ORDER BY at, "
			"person",
			&s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(change->step, DIGEST_SIZE));
	while ((r = statement_step(s)) == DATABASE_ROW)
		add_word(change, names, column_view(s, 0), (unsigned)column_u64(s, 1),
				word);
	return r;
}

/* Since when it waits, and who asked for it first; *since_out is 0 where it is new. */
static int read_known(const struct weighing *w, struct change *change, struct buf *names,
		struct word *word, walltime *since_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(w->o->db,
			"SELECT since, person, way FROM held_step WHERE step = ?1", &s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(change->step, DIGEST_SIZE));
	r = statement_step(s);
	change->is_known = r == DATABASE_ROW;
	*since_out = 0;
	if (r && r != DATABASE_ROW)
		return r;
	if (r == DATABASE_ROW)
		*since_out = column_i64(s, 0);
	word->asker = r ? arena_copy(w->plan->arena, column_view(s, 1)) : w->who->person;
	word->needed = approval_for(w, word->asker);
	if (r && column_u64(s, 2) > word->needed)
		word->needed = (unsigned)column_u64(s, 2);
	add_person(change, names, word->asker);
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

/* By the policy, or by what agent.yaml says of who asked for it. */
static void hold(const struct weighing *w, struct change *change, const struct word *word,
		walltime since)
{
	uint64_t least = word->needed ? 2 : word->asker.len ? 0 : 1;

	set_needs(w, change, since);
	if (change->people_needed < least)
		change->people_needed = least;
	if (change->people < change->people_needed || word->strongest < word->needed)
		change->held = held_for_people;
	else if (change->left > 0)
		change->held = held_for_time;
}

static int weigh(const struct weighing *w, struct change *change)
{
	CLEANUP(buf_free) struct buf names = BUF_NULL(LONGEST_NAMES);
	struct word word = { 0 };
	walltime since;
	int r;

	change->is_weighed = false;
	change->people = change->people_needed = 0;
	if (was_agreed(change) || (!has_weight(w, change) && !w->some_wait))
		return 0;
	r = read_known(w, change, &names, &word, &since);
	if (r)
		return r;
	change->is_weighed = has_weight(w, change) || word.needed || !word.asker.len;
	if (!change->is_weighed) {
		change->people = 0;
		return 0;
	}
	r = add_approvals(w, change, &names, &word);
	if (r)
		return r;
	if (change->is_agreed)
		add_word(change, &names, w->who->approver, w->who->way, &word);
	change->names = arena_copy(w->plan->arena, buf_view(&names));
	change->way_needed = word.needed;
	hold(w, change, &word, since);
	return 0;
}

int authority_hold(const struct observation *o, const struct rules *rules,
		const struct authority *who, struct plan *plan)
{
	struct weighing w = { o, rules, who, plan, false };
	int r = look_for_waiting(&w);

	for (size_t i = 0; i < plan->change_count && r == 0; i++)
		if (!plan->changes[i].held)
			r = weigh(&w, &plan->changes[i]);
	return r;
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

static int insert_held(const struct observation *o, const struct authority *who,
		const struct change *change)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(o->db,
			"INSERT INTO held_step (step, person, since, way)"
			" VALUES (?1, ?2, ?3, ?4)",
			&s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(change->step, DIGEST_SIZE));
	bind_text(s, 2, who->person);
	bind_i64(s, 3, o->now);
	bind_u64(s, 4, change->way_needed);
	return statement_run(s);
}

/* Said again by a stronger way, it is by that. */
static int insert_approval(const struct observation *o, const struct authority *who,
		const struct change *change)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(o->db,
			"INSERT INTO approval (step, person, at, way, fingerprint)"
			" VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (step, person)"
			" DO UPDATE SET way = excluded.way,"
			" fingerprint = excluded.fingerprint"
			" WHERE excluded.way > way",
			&s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(change->step, DIGEST_SIZE));
	bind_text(s, 2, who->approver);
	bind_i64(s, 3, o->now);
	bind_u64(s, 4, who->way);
	bind_text(s, 5, who->fingerprint);
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
		r = insert_held(o, who, change);
	if (r || !change->is_agreed)
		return r;
	r = insert_approval(o, who, change);
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
