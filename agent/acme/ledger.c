#include "agent/acme/ledger.h"

#include "agent/acme/order.h"
#include "runtime/base/buf.h"
#include "runtime/base/error.h"
#include "runtime/store/database.h"

#include <assert.h>

enum {
	HOUR = 60 * 60,
	WEEK = 7 * 24 * HOUR,
	LONGEST_SUBJECT = ACME_NAMES_MAX * 256,
};

/* clang-format off */
static const struct ledger_rule rules[LEDGER_LIMITS] = {
	[LEDGER_ORDERS]     = { "order",     300, 3 * HOUR, "300 orders in three hours" },
	[LEDGER_DUPLICATES] = { "duplicate", 5,   WEEK,     "5 certificates for the same names in a week" },
	[LEDGER_DOMAIN]     = { "domain",    50,  WEEK,     "50 certificates for one domain in a week" },
	[LEDGER_FAILURES]   = { "failure",   5,   HOUR,     "5 failures of one name in an hour" },
};
/* clang-format on */

const struct ledger_rule *ledger_rule(enum ledger_limit limit)
{
	assert(limit < LEDGER_LIMITS);
	return &rules[limit];
}

/* -- subjects -- */

static void add_names(struct buf *out, const struct view *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i)
			buf_add_byte(out, ',');
		buf_add(out, names[i]);
	}
}

/* The last two labels: of a name below `co.uk` that is more than the issuer takes together, and
 * too early is never too late. */
static struct view domain_of(struct view name)
{
	size_t dot = view_find_last(name, '.');
	size_t before = view_find_last(view_sub(name, 0, dot), '.');

	return dot == name.len || before == dot ? name : view_from(name, before + 1);
}

static bool came_before(const struct view *names, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (view_eq(domain_of(names[k]), domain_of(names[i])))
			return true;
	return false;
}

/* -- entries -- */

/* What no limit counts any more goes. */
static int forget_old(struct database *db, walltime now)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, "DELETE FROM rate_ledger WHERE at < ?1", &s);

	if (r)
		return r;
	bind_i64(s, 1, now - 2 * WEEK);
	return statement_run(s);
}

static int add(struct database *db, struct view issuer, enum ledger_limit limit,
		struct view subject, struct view once, walltime now)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = forget_old(db, now);

	if (r == 0)
		r = database_prepare(db,
				"INSERT OR IGNORE INTO rate_ledger"
				" (issuer, what, subject, once, at)"
				" VALUES (?1, ?2, ?3, ?4, ?5)",
				&s);
	if (r)
		return r;
	bind_text(s, 1, issuer);
	bind_text(s, 2, view_z(rules[limit].word));
	bind_text(s, 3, subject);
	bind_text(s, 4, once);
	bind_i64(s, 5, now);
	return statement_run(s);
}

struct room {
	struct database *db;
	struct view issuer, once;
	walltime now, at;
	enum ledger_limit limit;
};

/* When one more fits: once the oldest of those that fill it is too old to count. */
static int look(struct room *room, enum ledger_limit limit, struct view subject)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	const struct ledger_rule *rule = &rules[limit];
	int r = database_prepare(room->db,
			"SELECT at FROM rate_ledger WHERE issuer = ?1 AND what = ?2"
			" AND subject = ?3 AND at > ?4 AND once <> ?6"
			" ORDER BY at DESC LIMIT 1 OFFSET ?5",
			&s);

	if (r)
		return r;
	bind_text(s, 1, room->issuer);
	bind_text(s, 2, view_z(rule->word));
	bind_text(s, 3, subject);
	bind_i64(s, 4, room->now - rule->seconds);
	bind_i64(s, 5, rule->most - 1);
	bind_text(s, 6, room->once);
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r;
	if (column_i64(s, 0) + rule->seconds > room->at) {
		room->at = column_i64(s, 0) + rule->seconds;
		room->limit = limit;
	}
	return 0;
}

int ledger_room(struct database *db, struct view issuer, const struct view *names,
		size_t count, struct view once, walltime now, walltime *at_out,
		enum ledger_limit *limit_out)
{
	CLEANUP(buf_free) struct buf all = BUF_NULL(LONGEST_SUBJECT);
	struct room room = {
		.db = db, .issuer = issuer, .once = once, .now = now, .at = now
	};
	int r = look(&room, LEDGER_ORDERS, VIEW_NULL);

	add_names(&all, names, count);
	if (r == 0)
		r = look(&room, LEDGER_DUPLICATES, buf_view(&all));
	for (size_t i = 0; i < count && r == 0; i++) {
		r = look(&room, LEDGER_FAILURES, names[i]);
		if (r == 0)
			r = look(&room, LEDGER_DOMAIN, domain_of(names[i]));
	}
	*at_out = room.at;
	*limit_out = room.limit;
	return r;
}

int ledger_order(struct database *db, struct view issuer, struct view once, walltime now)
{
	return add(db, issuer, LEDGER_ORDERS, VIEW_NULL, once, now);
}

int ledger_certificate(struct database *db, struct view issuer, const struct view *names,
		size_t count, struct view order, walltime now)
{
	CLEANUP(buf_free) struct buf all = BUF_NULL(LONGEST_SUBJECT);
	int r;

	add_names(&all, names, count);
	r = add(db, issuer, LEDGER_DUPLICATES, buf_view(&all), order, now);
	for (size_t i = 0; i < count && r == 0; i++)
		if (!came_before(names, i))
			r = add(db, issuer, LEDGER_DOMAIN, domain_of(names[i]), order,
					now);
	return r;
}

int ledger_failure(struct database *db, struct view issuer, struct view name,
		struct view authorization, walltime now)
{
	return add(db, issuer, LEDGER_FAILURES, name, authorization, now);
}
