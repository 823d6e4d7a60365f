/* Users. Creation makes the account's rows and its wrapped key; its file comes with the
 * first login or message. What the state says of password, invitation, name and locale
 * counts then and never again: they are the person's. Leaving disables, and destroys nothing. */
#include "agent/driver.h"

#include "agent/database/account.h"
#include "agent/database/invitation.h"
#include "agent/driver/postbox.h"
#include "agent/plan/targets.h"
#include "runtime/store/database.h"

enum {
	LONGEST_SPEC = 64 * 1024
};

static struct view applied(struct arena *arena, const struct desired_user *user)
{
	CLEANUP(buf_free) struct buf json = BUF_NULL(LONGEST_SPEC);

	buf_add_z(&json, "{\"addresses\":");
	targets_add_list(&json, &user->addresses);
	if (user->forward.count) {
		buf_add_z(&json, ",\"forward\":");
		targets_add_list(&json, &user->forward);
		buf_addf(&json, ",\"keep\":%s", user->forward_keeps ? "true" : "false");
	}
	buf_addf(&json,
			",\"limit\":%llu,\"period\":%lld,\"protocols\":%llu,"
			"\"quota\":%llu}",
			(unsigned long long)user->send_limit.count,
			(long long)(user->send_limit.period / NS_PER_S),
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
		if (user->invite.len)
			wanted->note = arena_printf(out->arena,
					"a link to take the account goes to %.*s",
					VIEW_ARG(user->invite));
	}
}

/* The state's invitation goes out once the account is made; or what became of the last. */
static int say_invited(struct application *a, const struct change *change,
		struct view *message_out)
{
	const struct desired_user *user = change->wanted->desired;
	struct invitation invitation = { .address = user->invite };
	bool asked = change_makes(change) && user->invite.len;
	int r = 0;

	if (!asked)
		r = invitation_read(application_db(a), change->object->uid,
				a->plan->arena, &invitation);
	if (r && r != INVITATION_E_ABSENT)
		return r;
	*message_out = invitation_say(
			a->plan->arena, r ? NULL : &invitation, change->key, a->o->now);
	return 0;
}

static int condition(struct application *a, const struct change *change,
		const char **reason_out, struct view *message_out)
{
	const struct desired_user *user = change->wanted->desired;
	bool known = change_makes(change) && user->password.len > 0;
	int r = 0;

	if (!change_makes(change))
		r = account_has_password(application_db(a), change->object->uid, &known);
	if (r || known)
		return r;
	*reason_out = "Invited";
	return say_invited(a, change, message_out);
}

static int create(struct application *a, const struct change *change)
{
	const struct desired_user *user = change->wanted->desired;
	int r = postbox_create(a, change, user->name, user->locale);

	if (r == 0 && user->password.len)
		r = account_set_password(application_db(a), change->object->uid,
				secret_expose(&user->password), CREDENTIAL_STATE,
				a->o->now);
	else if (r == 0 && user->invite.len)
		r = invitation_ask(application_db(a), change->object->uid, user->invite);
	return r;
}

static int apply(struct application *a, const struct change *change)
{
	return change_makes(change) ? create(a, change) : postbox_change(a, change);
}

const struct driver driver_user = {
	.kind = "user",
	.schema = KIND_USER,
	.absence = ABSENCE_DISABLES,
	.has_postbox = true,
	.risk = RISK_HARMLESS,
	.want = want,
	.observe = postbox_observe,
	.check = postbox_check,
	.condition = condition,
	.apply = apply,
	.retire = postbox_retire,
	.purge = postbox_purge,
};
