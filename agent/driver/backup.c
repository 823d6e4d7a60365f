/* Backups: where copies of everything go. What is done about them the keeper does
 * (agent/backup/keeper.h), which says in their conditions how it stands. Leaving the state, a
 * backup is taken no more; what it has taken stays where it is. */
#include "agent/driver.h"

#include "agent/apply/apply.h"
#include "agent/backup/order.h"
#include "agent/backup/row.h"
#include "agent/plan/plan.h"

static void want(const struct driver *driver, const struct desired *desired,
		struct wanted_list *out)
{
	for (size_t i = 0; i < desired->backup_count; i++) {
		const struct desired_backup *backup = &desired->backups[i];
		struct wanted *wanted = wanted_add_object(out, driver, &backup->object);

		wanted->applied = backup_order_text(out->arena, desired, backup);
	}
}

/* Sealed for nobody it could never be opened. */
static int check(const struct change *change, struct observation *o, struct plan *plan)
{
	struct backup_order order;
	json_t *json;
	bool fits;

	(void)o;
	if (!change->wanted)
		return 0;
	json = json_loadb(change->wanted->applied.data, change->wanted->applied.len, 0,
			NULL);
	fits = json && backup_order_read(json, &order) && order.recipient_count;
	json_decref(json);
	if (fits)
		return 0;
	plan_add_problem(plan, &change->declared, "NoRecovery",
			VIEW("nobody could open it: backups are sealed for the recovery "
			     "recipients of the state, and there is none"),
			VIEW("add one: `secrets: {recipients: {recovery: age1…}}`; "
			     "`posthus recovery kit` makes it"));
	return 0;
}

static int condition(struct application *a, const struct change *change,
		const char **reason_out, struct view *message_out)
{
	(void)a;
	(void)change;
	*reason_out = "Applied";
	*message_out = VIEW_NULL;
	return 0;
}

static int retire(struct application *a, const struct change *change)
{
	return backup_row_delete(application_db(a), change->object->uid);
}

const struct driver driver_backup = {
	.kind = "backup",
	.schema = KIND_BACKUP,
	.absence = ABSENCE_REMOVES,
	.risk = RISK_EXPOSING,
	.want = want,
	.check = check,
	.condition = condition,
	.retire = retire,
};
