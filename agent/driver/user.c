/* Users. Creation makes the account's rows and its wrapped key; its file comes with the
 * first login or message. What the state says of password, name and locale counts then
 * and never again: they are the person's. Leaving disables, and destroys nothing. */
#include "agent/driver.h"

#include "agent/account.h"
#include "agent/apply.h"
#include "agent/text.h"
#include "runtime/base/error.h"
#include "runtime/store/database.h"

enum {
	LONGEST_SPEC = 64 * 1024
};

static struct view applied(struct arena *arena, const struct desired_user *user)
{
	CLEANUP(buf_free) struct buf json = BUF_NULL(LONGEST_SPEC);

	buf_add_z(&json, "{\"addresses\":[");
	for (size_t i = 0; i < user->addresses.count; i++) {
		if (i)
			buf_add_byte(&json, ',');
		text_add_json(&json, user->addresses.items[i]);
	}
	buf_addf(&json, "],\"protocols\":%llu,\"quota\":%llu}",
			(unsigned long long)user->protocols,
			(unsigned long long)user->quota);
	return arena_copy(arena, buf_view(&json));
}

static void want(const struct driver *driver, const struct desired *desired,
		struct wanted_list *out)
{
	for (size_t i = 0; i < desired->user_count; i++) {
		const struct desired_user *user = &desired->users[i];
		struct wanted *wanted = wanted_add_object(out, driver, &user->object);

		wanted->applied = applied(out->arena, user);
	}
}

/* An account whose key is gone is data that nobody can read: say so, and make no new key
 * in its place. */
static int count_without_key(struct database *db, uint64_t *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"SELECT (SELECT count(*) FROM account) -"
			" (SELECT count(DISTINCT account) FROM key_slot)",
			&s);

	if (r)
		return r;
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r;
	*out = column_u64(s, 0);
	return 0;
}

static int note_without_key(struct observation *o)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(o->db,
			"SELECT id FROM object WHERE kind = 'user' AND uid NOT IN"
			" (SELECT account FROM key_slot)",
			&s);

	if (r)
		return r;
	while ((r = statement_step(s)) == DATABASE_ROW) {
		struct object *object = object_by_id(
				&o->objects, &driver_user, column_view(s, 0));

		if (object)
			observe_drift(object, DRIFT_REPORT, "KeyMissing",
					VIEW("no slot holds its data key: restore "
					     "control.db from a backup"));
	}
	return r;
}

static int observe_all(const struct driver *driver, struct observation *o)
{
	uint64_t without = 0;
	int r = count_without_key(o->db, &without);

	(void)driver;
	return r || without == 0 ? r : note_without_key(o);
}

static int has_password(struct database *db, const unsigned char uid[UID_SIZE], bool *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, "SELECT 1 FROM credential WHERE account = ?1", &s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	r = statement_step(s);
	*out = r == DATABASE_ROW;
	return r == DATABASE_ROW ? 0 : r;
}

static int condition(struct application *a, const struct change *change,
		const char **reason_out, struct view *message_out)
{
	const struct desired_user *user = change->wanted->desired;
	bool known = change->action == ACTION_CREATE && user->password.len > 0;
	int r = 0;

	if (change->action != ACTION_CREATE)
		r = has_password(application_db(a), change->object->uid, &known);
	if (r || known)
		return r;
	*reason_out = "Invited";
	*message_out = arena_printf(a->plan->arena,
			"no password yet: `posthus account passwd %.*s` sets one",
			VIEW_ARG(change->key));
	return 0;
}

static int create(struct application *a, const struct change *change)
{
	const struct desired_user *user = change->wanted->desired;
	const unsigned char *uid = change->object->uid;
	struct database *db = application_db(a);
	const struct broker_wrapped *wrapped = &a->wrapped[a->wrapped_used];
	int r;

	if (a->wrapped_used == a->wrapped_count)
		die("a new account without a wrapped key");
	r = account_add(db, uid, user->name, user->locale);
	if (r == 0)
		r = account_add_key(db, uid, view_of(wrapped->bytes, BROKER_WRAPPED),
				a->o->now);
	if (r == 0 && user->password.len)
		r = account_set_password(db, uid, secret_expose(&user->password),
				CREDENTIAL_STATE, a->o->now);
	a->wrapped_used++;
	return r;
}

static int apply(struct application *a, const struct change *change)
{
	const unsigned char *uid = change->object->uid;
	int r;

	if (change->action == ACTION_CREATE)
		return create(a, change);
	if (change->key_before.len == 0)
		return 0;
	r = account_drop_address(application_db(a), change->key);
	if (r)
		return r;
	return account_keep_address(application_db(a), uid, change->key_before,
			a->o->now + ADDRESS_KEPT);
}

static int retire(struct application *a, const struct change *change)
{
	return account_revoke(application_db(a), change->object->uid);
}

/* An address that a purge freed goes to nobody else for a while: mail to the one who had it
 * would. */
static int check(const struct change *change, struct observation *o, struct plan *plan)
{
	CLEANUP(buf_free) struct buf message = BUF_NULL(LONGEST_SPEC);
	walltime until;
	int r;

	if (change->action != ACTION_CREATE && change->action != ACTION_MOVE)
		return 0;
	r = account_address_freed(o->db, change->key, o->now, &until);
	if (r || until == 0)
		return r;
	buf_addf(&message,
			"%.*s belonged to an account that was purged; nobody gets it "
			"before ",
			VIEW_ARG(change->key));
	text_add_day(&message, until);
	plan_add_problem(plan, &change->declared, "AddressQuarantined",
			arena_copy(plan->arena, buf_view(&message)),
			VIEW("use another address; an alias may have this one"));
	return 0;
}

static int purge(struct application *a, const struct change *change)
{
	int r = account_free_address(application_db(a), change->key,
			change->object->disabled_at + ADDRESS_KEPT);

	return r ? r : account_purge(application_db(a), change->object->uid, a->o->now);
}

const struct driver driver_user = {
	.kind = "user",
	.schema = KIND_USER,
	.absence = ABSENCE_DISABLES,
	.risk = RISK_HARMLESS,
	.want = want,
	.observe = observe_all,
	.check = check,
	.condition = condition,
	.apply = apply,
	.retire = retire,
	.purge = purge,
};
