/* One account of a backup, to the side. */
#include "agent/command/restore_inside.h"

#include "agent/backup/kit.h"
#include "agent/database/control_database.h"
#include "agent/database/data_directory.h"
#include "agent/database/recovery_kit.h"
#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/base/os.h"

#include <stdio.h>

/* By its id or its address, as they were then. */
static int find_account(struct restoring *x, struct database *db, const char *name,
		struct view *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	CLEANUP(buf_free) struct buf file = BUF_NULL(128);
	int r = database_prepare(db,
			"SELECT uid FROM object JOIN account USING (uid)"
			" WHERE id = ?1 OR key = ?1 ORDER BY state LIMIT 1",
			&s);

	if (r)
		return r;
	bind_text(s, 1, view_z(name));
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r ? r : DATABASE_E_ABSENT;
	buf_add_z(&file, "accounts/");
	hex_add(&file, view_sub(column_view(s, 0), 0, 1));
	buf_add_byte(&file, '/');
	hex_add(&file, column_view(s, 0));
	buf_add_z(&file, ".db");
	*out = arena_copy(x->arena, buf_view(&file));
	return 0;
}

static int account_of(struct restoring *x, const char *name, struct view *out)
{
	CLEANUP(freep) char *path = data_path(x->side, "control.db");
	CLEANUP(database_closep) struct database *db = NULL;
	int r = control_database_open(path, &x->control, &db);

	if (!r)
		r = find_account(x, db, name, out);
	if (!r)
		return EXIT_FINE;
	if (r == DATABASE_E_ABSENT)
		say_error("its id or its address, as they were then",
				"the backup has no account %s", name);
	else
		say_error(NULL, "the control database of the backup does not open");
	return EXIT_ERROR;
}

int restore_account(struct restoring *x, const char *name)
{
	struct view file;
	int code = restore_bring(x, VIEW("control.db"));

	if (code == EXIT_FINE && !x->kit.master.len)
		code = restore_bring(x, VIEW(RECOVERY_KIT_SEALED));
	if (code == EXIT_FINE)
		code = restore_take_keys(x);
	if (code == EXIT_FINE)
		code = account_of(x, name, &file);
	if (code == EXIT_FINE)
		code = restore_bring(x, file);
	if (code == EXIT_FINE)
		code = restore_move_in(x);
	if (code != EXIT_FINE)
		return code;
	printf("\n%s/%.*s is the account as it was.\n"
	       "To put it in place: stop posthus, move the account's file of that name "
	       "away from the data\ndirectory, with its -wal, and this one there; start, "
	       "and `posthus account accept-restore`.\n",
			x->to, VIEW_ARG(file));
	return EXIT_FINE;
}
