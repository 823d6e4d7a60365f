#include "agent/database/fight.h"

#include "runtime/store/database.h"

struct fight {
	walltime before_last, last; /* corrections; 0: none */
	uint64_t level;             /* rests, one after the other */
	walltime until;
};

static int read_fight(struct database *db, const unsigned char uid[UID_SIZE],
		struct view field, struct fight *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"SELECT before_last, last, level, until FROM fight"
			" WHERE uid = ?1 AND field = ?2",
			&s);

	*out = (struct fight){ 0 };
	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	bind_text(s, 2, field);
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r;
	*out = (struct fight){
		.before_last = column_i64(s, 0),
		.last = column_i64(s, 1),
		.level = column_u64(s, 2),
		.until = column_i64(s, 3),
	};
	return 0;
}

static int write_fight(struct database *db, const unsigned char uid[UID_SIZE],
		struct view field, const struct fight *fight)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"INSERT INTO fight VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
			" ON CONFLICT (uid, field) DO UPDATE"
			" SET before_last = ?3, last = ?4, level = ?5, until = ?6",
			&s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	bind_text(s, 2, field);
	bind_i64(s, 3, fight->before_last);
	bind_i64(s, 4, fight->last);
	bind_u64(s, 5, fight->level);
	bind_i64(s, 6, fight->until);
	return statement_run(s);
}

int fight_rests(struct database *db, const unsigned char uid[UID_SIZE], struct view field,
		walltime now, walltime *until_out)
{
	struct fight fight;
	int r = read_fight(db, uid, field, &fight);

	*until_out = 0;
	if (r == 0 && now < fight.until && fight.until - now <= FIGHT_LONGEST_REST)
		*until_out = fight.until;
	return r;
}

static walltime rest_of(uint64_t level)
{
	walltime rest = FIGHT_FIRST_REST;

	for (uint64_t i = 1; i < level && rest < FIGHT_LONGEST_REST; i++)
		rest *= 2;
	return rest < FIGHT_LONGEST_REST ? rest : FIGHT_LONGEST_REST;
}

int fight_count(struct database *db, const unsigned char uid[UID_SIZE], struct view field,
		walltime now)
{
	struct fight fight;
	bool third, again;
	int r = read_fight(db, uid, field, &fight);

	if (r)
		return r;
	third = fight.before_last && now - fight.before_last <= FIGHT_SECONDS;
	again = fight.level && now <= fight.until + FIGHT_SECONDS;
	fight.level = again ? fight.level + 1 : third;
	if (fight.level)
		fight.until = now + rest_of(fight.level);
	fight.before_last = fight.last;
	fight.last = now;
	return write_fight(db, uid, field, &fight);
}

int fight_end_all(struct database *db)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, "DELETE FROM fight", &s);

	return r ? r : statement_run(s);
}
