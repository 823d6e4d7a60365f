#include "agent/database/confirmation.h"

#include "agent/database/text.h"
#include "runtime/store/database.h"

#include <inttypes.h>

int confirmation_read(struct database *db, struct confirmation *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"SELECT generation, back_to, until, within FROM confirmation",
			&s);

	*out = (struct confirmation){ 0 };
	if (r)
		return r;
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r;
	out->generation = column_u64(s, 0);
	out->back_to = column_u64(s, 1);
	out->until = column_i64(s, 2);
	out->within = column_i64(s, 3);
	return 0;
}

int confirmation_write(struct database *db, const struct confirmation *confirmation)
{
	CLEANUP(statement_done) struct statement *clear = NULL;
	CLEANUP(statement_done) struct statement *add = NULL;
	int r = database_prepare(db, "DELETE FROM confirmation", &clear);

	if (r == 0)
		r = statement_run(clear);
	if (r || confirmation->generation == 0)
		return r;
	r = database_prepare(
			db, "INSERT INTO confirmation VALUES (1, ?1, ?2, ?3, ?4)", &add);
	if (r)
		return r;
	bind_u64(add, 1, confirmation->generation);
	bind_u64(add, 2, confirmation->back_to);
	bind_i64(add, 3, confirmation->until);
	bind_i64(add, 4, confirmation->within);
	return statement_run(add);
}

void confirmation_print(const struct confirmation *confirmation, struct buf *out)
{
	buf_addf(out, "generation %" PRIu64 " goes back to %" PRIu64 " at ",
			confirmation->generation, confirmation->back_to);
	text_add_time(out, confirmation->until);
}

json_t *confirmation_json(const struct confirmation *confirmation)
{
	if (confirmation->generation == 0)
		return json_null();
	return json_pack("{s:I, s:I, s:o}", "generation",
			(json_int_t)confirmation->generation, "back_to",
			(json_int_t)confirmation->back_to, "until",
			json_time(confirmation->until));
}
