/* Accounts, what waits for other hosts, letters of our own, and copies of all of it. */
#include "runtime/runtime_inside.h"

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/service/account.h"
#include "runtime/service/delivery.h"
#include "runtime/service/letter.h"
#include "runtime/service/sending.h"
#include "runtime/service/service.h"
#include "runtime/service/sessions.h"
#include "runtime/service/snapshot.h"
#include "runtime/snapshot.h"
#include "runtime/store/database.h"

#include <assert.h>
#include <errno.h>
#include <sys/statvfs.h>

enum {
	LOG_SHARE = 4, /* of the free disk, for the log while a snapshot is taken */
	LOG_MOST_UNKNOWN = 1 << 30,
};

/* -- accounts -- */

int runtime_destroy_account(struct runtime *rt, const unsigned char uid[ACCOUNT_UID_SIZE])
{
	return accounts_destroy(service_accounts(rt->service), uid);
}

int runtime_accept_account(
		struct runtime *rt, const unsigned char uid[ACCOUNT_UID_SIZE], bool empty)
{
	CLEANUP(configuration_unrefp)
	struct configuration *c = service_configuration(rt->service);
	const struct account_spec *spec = configuration_account(c, uid);
	int r;

	if (!spec)
		return -ENOENT;
	sessions_renounce(service_sessions(rt->service), uid);
	r = accounts_accept(rt->accounts, spec, empty);
	switch (r) {
	case ACCOUNT_OK:
		delivery_retry(rt->delivery, uid);
		return 0;
	case ACCOUNT_E_GONE:
		return RUNTIME_E_GONE;
	case ACCOUNT_E_THERE:
		return RUNTIME_E_THERE;
	default:
		return r < 0 ? r : RUNTIME_E_UNFIT;
	}
}

int runtime_rotate_account(struct runtime *rt, const unsigned char uid[ACCOUNT_UID_SIZE])
{
	CLEANUP(configuration_unrefp)
	struct configuration *c = service_configuration(rt->service);
	const struct account_spec *spec = c ? configuration_account(c, uid) : NULL;

	if (!spec || !spec->next_key.len)
		return -ENOENT;
	accounts_rotate(rt->accounts, rt->service, spec);
	return 0;
}

size_t runtime_reached(struct runtime *rt, struct account_reached *out, size_t most)
{
	return accounts_moved(rt->accounts, out, most);
}

bool runtime_has_reached(struct runtime *rt)
{
	return accounts_have_moved(rt->accounts);
}

void runtime_remembered(
		struct runtime *rt, const struct account_reached *reached, size_t count)
{
	accounts_remembered(rt->accounts, reached, count);
}

/* -- the queue -- */

int runtime_queue(struct runtime *rt, uint64_t after, size_t most, struct arena *arena,
		struct queue_message **out, size_t *count_out)
{
	if (!rt->sending || !rt->configured)
		return RUNTIME_E_NO_QUEUE;
	return sending_list(rt->sending, after, most, arena, out, count_out)
			       ? RUNTIME_E_NO_QUEUE
			       : 0;
}

int runtime_queue_change(
		struct runtime *rt, enum runtime_queue_change change, uint64_t message)
{
	static const enum sending_change changes[] = {
		[RUNTIME_QUEUE_RETRY] = SENDING_RETRY,
		[RUNTIME_QUEUE_HOLD] = SENDING_HOLD,
		[RUNTIME_QUEUE_RELEASE] = SENDING_RELEASE,
		[RUNTIME_QUEUE_DROP] = SENDING_DROP,
		[RUNTIME_QUEUE_BOUNCE] = SENDING_BOUNCE,
	};
	int r;

	if (!rt->sending || !rt->configured)
		return RUNTIME_E_NO_QUEUE;
	r = sending_change(rt->sending, changes[change], message);
	if (r == DATABASE_E_ABSENT)
		return RUNTIME_E_NO_MESSAGE;
	return r ? RUNTIME_E_NO_QUEUE : 0;
}

int runtime_write_letter(struct runtime *rt, const struct runtime_letter *letter)
{
	const struct letter_order order = {
		.to = letter->to,
		.to_count = letter->to_count,
		.account = letter->account,
		.subject = letter->subject,
		.text = letter->text,
		.unique = letter->unique,
	};
	int r;

	if (!rt->configured)
		return RUNTIME_E_LATER;
	r = letter_send(rt->service, &order);
	if (r < 0)
		return fault(r);
	if (r == LETTER_E_NOBODY)
		return RUNTIME_E_NOBODY;
	return r ? RUNTIME_E_LATER : 0;
}

/* -- a copy -- */

/* The log may take a part of what is free: mail comes first. */
static uint64_t log_most(const char *data)
{
	struct statvfs disk;

	if (statvfs(data, &disk))
		return LOG_MOST_UNKNOWN;
	return (uint64_t)disk.f_bavail * disk.f_frsize / LOG_SHARE;
}

int runtime_snapshot(struct runtime *rt, struct snapshot **out)
{
	const struct snapshot_options options = {
		.data = service_data(rt->service),
		.os = service_os(rt->service),
		.accounts = rt->accounts,
		.intake = rt->intake,
		.sending = rt->sending,
		.log_most = log_most(service_data(rt->service)),
	};

	if (!rt->configured)
		return SNAPSHOT_E_LATER;
	return snapshot_new(&options, out);
}

/* -- a test -- */

int runtime_send_test(struct runtime *rt, struct view to, char name[RUNTIME_TEST_NAME])
{
	int r;

	static_assert((int)RUNTIME_TEST_NAME == (int)SENDING_TEST_NAME,
			"one size of name");
	if (!rt->configured)
		return RUNTIME_E_LATER;
	if (!rt->sending)
		return RUNTIME_E_NO_QUEUE;
	r = sending_test(rt->sending, to, name);
	switch (r) {
	case SENDING_E_ADDRESS:
		return RUNTIME_E_ADDRESS;
	case SENDING_E_HERE:
		return RUNTIME_E_HERE;
	case SENDING_E_LATER:
		return RUNTIME_E_LATER;
	default:
		return r ? fault(r) : 0;
	}
}
