#include "runtime/store/migrate.h"

#include "runtime/base/error.h"

#include <stdio.h>

static int read_number(struct database *db, const char *sql, uint64_t *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, sql, &s);

	if (r)
		return r;
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r ? r : DATABASE_E_DAMAGED;
	*out = column_u64(s, 0);
	return 0;
}

/* Numbers of our own; PRAGMA takes no parameters. */
static int write_number(struct database *db, const char *pragma, uint64_t number)
{
	char sql[64];

	snprintf(sql, sizeof(sql), "PRAGMA %s = %llu", pragma,
			(unsigned long long)number);
	return database_run(db, sql);
}

static int run_steps(
		struct database *db, const struct database_schema *schema, uint64_t from)
{
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	int r = transaction_begin(db, &t);

	for (size_t i = from; i < schema->step_count && !r; i++)
		r = database_run(db, schema->steps[i]);
	if (!r)
		r = write_number(db, "user_version", schema->step_count);
	if (!r)
		r = write_number(db, "application_id", schema->application_id);
	return r ? r : transaction_commit(&t);
}

int migrate(struct database *db, const struct database_schema *schema)
{
	uint64_t version, kind;
	int r = read_number(db, "PRAGMA user_version", &version);

	if (!r)
		r = read_number(db, "PRAGMA application_id", &kind);
	if (r)
		return r;
	if (kind != schema->application_id && (kind != 0 || version != 0))
		return DATABASE_E_FOREIGN;
	if (version > schema->step_count)
		return DATABASE_E_NEWER;
	if (version == schema->step_count && kind == schema->application_id)
		return 0;
	return run_steps(db, schema, version);
}
