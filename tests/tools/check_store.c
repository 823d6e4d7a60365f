/* Opens every database of a stopped agent under its own key and checks it:
 *
 *   check_store DATA MASTER_KEY_FILE
 *
 * control.db by SQLite's integrity_check, each account's file by that, by the store's own
 * rules, and by what control.db remembers of it: it is that far, or further. Prints how many there were; exits 1 where one is damaged. */
#include "agent/database/control_database.h"
#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/crypto/broker.h"
#include "runtime/crypto/master_key.h"
#include "runtime/store/account.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int say(const char *what, int r)
{
	fprintf(stderr, "%s: %s%d\n", what, r < 0 ? strerror(-r) : "outcome ", r);
	return 1;
}

static int check_account(struct broker *broker, const char *data, struct view uid,
		struct view wrapped, uint64_t commits, unsigned *count)
{
	CLEANUP(account_store_closep) struct account_store *store = NULL;
	CLEANUP(buf_free) struct buf name = BUF_NULL(64);
	CLEANUP(freep) char *path = NULL;
	CLEANUP(key_wipe) struct key key;
	struct account_store_options options = {
		.key = &key,
		.quota = UINT64_MAX / 2,
		.now = 1,
		.known = { .commits = commits },
	};
	int r;

	hex_add(&name, uid);
	if (asprintf(&path, "%s/accounts/%.2s/%.*s.db", data, name.data, (int)name.len,
			    name.data) < 0)
		die("out of memory");
	if (access(path, F_OK) && !commits)
		return 0; /* made at the first login or delivery */
	r = broker_unwrap(broker, (const unsigned char *)uid.data, wrapped, &key);
	if (r)
		return say("unwrap", r);
	options.path = path;
	r = account_store_open(&options, &store);
	if (!r)
		r = account_store_check(store);
	if (r)
		return say(path, r);
	++*count;
	return 0;
}

static int check_accounts(struct database *db, struct broker *broker, const char *data,
		unsigned *count)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"SELECT account, wrapped, commits FROM key_slot"
			" JOIN account ON uid = account WHERE slot = 'host'",
			&s);

	if (r)
		return say("key_slot", r);
	while ((r = statement_step(s)) == DATABASE_ROW)
		if (check_account(broker, data, column_view(s, 0), column_view(s, 1),
				    column_u64(s, 2), count))
			return 1;
	return r ? say("key_slot", r) : 0;
}

static int check_control(const char *data, const struct key *key, struct database **out)
{
	CLEANUP(buf_free) struct buf report = BUF_NULL(64 * 1024);
	CLEANUP(freep) char *path = NULL;
	int r;

	if (asprintf(&path, "%s/control.db", data) < 0)
		die("out of memory");
	r = control_database_open(path, key, out);
	if (!r)
		r = database_integrity_check(*out, &report);
	if (r)
		fprintf(stderr, "%.*s\n", (int)report.len,
				report.data ? report.data : "");
	return r ? say(path, r) : 0;
}

int main(int argc, char **argv)
{
	CLEANUP(broker_stopp) struct broker *broker = NULL;
	CLEANUP(database_closep) struct database *db = NULL;
	CLEANUP(key_wipe) struct key key;
	struct secret master_key = SECRET_NULL;
	unsigned count = 0;
	int r;

	if (argc != 3)
		return say("usage: check_store DATA MASTER_KEY_FILE", 0);
	r = master_key_load_file(argv[2], &master_key);
	if (!r)
		r = broker_start(&master_key, &broker);
	if (!r)
		r = broker_purpose_key(broker, PURPOSE_CONTROL, &key);
	if (r)
		return say("keys", r);
	if (check_control(argv[1], &key, &db) ||
			check_accounts(db, broker, argv[1], &count))
		return 1;
	printf("control.db and %u account files are whole\n", count);
	return 0;
}
