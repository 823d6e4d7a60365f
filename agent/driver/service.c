/* Services: accounts that only send. They have a password, which is the state's, and no
 * file: what leaves the state goes. */
#include "agent/driver.h"

#include "agent/database/account.h"
#include "agent/database/text.h"
#include "agent/driver/postbox.h"
#include "agent/plan/targets.h"

enum {
	LONGEST_SPEC = 1024 * 1024
};

static struct view applied(struct arena *arena, const struct desired_service *service)
{
	CLEANUP(buf_free) struct buf json = BUF_NULL(LONGEST_SPEC);

	buf_add_z(&json, "{\"from\":");
	targets_add_list(&json, &service->from);
	buf_addf(&json, ",\"limit\":%llu,\"period\":%lld,\"to\":",
			(unsigned long long)service->send_limit.count,
			(long long)(service->send_limit.period / NS_PER_S));
	targets_add_list(&json, &service->to);
	buf_add_byte(&json, '}');
	return arena_copy(arena, buf_view(&json));
}

static void want(const struct driver *driver, const struct desired *desired,
		struct wanted_list *out)
{
	for (size_t i = 0; i < desired->service_count; i++) {
		const struct desired_service *service = &desired->services[i];
		struct wanted *wanted = wanted_add_object(out, driver, &service->object);

		wanted->applied = applied(out->arena, service);
	}
}

static bool changes(const struct change *change, const char *path)
{
	for (size_t i = 0; i < change->field_count; i++)
		if (view_eq(change->fields[i].path, view_z(path)))
			return true;
	return false;
}

/* A session that began under the old password or from another network ends. */
static int apply(struct application *a, const struct change *change)
{
	const struct desired_service *service = change->wanted->desired;
	const unsigned char *uid = change->object->uid;
	struct database *db = application_db(a);
	bool is_new = change->action == ACTION_CREATE;
	int r;

	r = is_new ? account_add(db, uid, service->name, VIEW_NULL)
		   : account_revoke(db, uid);
	if (r == 0 && (is_new || changes(change, "password")))
		r = account_set_password(db, uid, secret_expose(&service->password),
				CREDENTIAL_STATE, a->o->now);
	return r;
}

static int retire(struct application *a, const struct change *change)
{
	return account_remove(application_db(a), change->object->uid);
}

const struct driver driver_service = {
	.kind = "service",
	.schema = KIND_SERVICE,
	.absence = ABSENCE_REMOVES,
	.risk = RISK_HARMLESS,
	.want = want,
	.apply = apply,
	.retire = retire,
};
