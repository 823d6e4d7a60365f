/* An account under another data key.
 *
 * The agent has both keys in its database before this begins, and drops the old one when it
 * was told that this is done: whenever the process ends, one of the two opens the file, and
 * what was asked for is asked for again at the next start.
 *
 *   OLD KEY ──copied, checked──► beside it ──renamed──► NEW KEY ──told──► old slot dropped */
#include "runtime/service/account_inside.h"

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/service/service.h"

#include <errno.h>
#include <stdlib.h>

struct rotation {
	struct account_job job;
	struct account *account;
	struct service *service;
};

/* The word for who asked. */
static struct view why_not(int r)
{
	switch (r) {
	case 0:
		return VIEW_NULL;
	case -EBUSY:
		return VIEW("busy");
	case STORE_E_FULL:
	case -ENOSPC:
	case -EDQUOT:
		return VIEW("disk-full");
	case STORE_E_DAMAGED:
		return VIEW("damaged");
	default:
		return VIEW("fault");
	}
}

static int put_under(struct account *a, const struct key *key)
{
	const struct account_file file = account_file_of(a);
	int r = account_file_rekey(&file, a->store, key);

	/* Whatever came of it, what is open may be a file that has no name any more. */
	account_close_store(a);
	return r;
}

static bool is_pinned(struct account *a)
{
	bool pinned;

	pthread_mutex_lock(&a->all->lock);
	pinned = a->pins > 0;
	pthread_mutex_unlock(&a->all->lock);
	return pinned;
}

/* The file is open by the key of this slot. */
static bool is_under(const struct account *a, const struct account_slot *slot)
{
	return a->store && a->opened_by.len == slot->len &&
	       memcmp(a->opened_by.wrapped, slot->wrapped, slot->len) == 0;
}

static int rotate(struct account *a)
{
	struct account_slot next;
	struct key *key = NULL;
	int r;

	pthread_mutex_lock(&a->all->lock);
	next = a->next;
	pthread_mutex_unlock(&a->all->lock);
	if (!next.len || is_under(a, &next))
		return 0;
	if (a->frozen || is_pinned(a))
		return -EBUSY;
	r = account_unwrap(a, &next, &key);
	if (r)
		return r;
	r = put_under(a, key);
	keyring_give(a->all->keyring, key);
	if (!r)
		r = account_open_store(a, ACCEPT_KNOWN);
	return r || is_under(a, &next) ? r : fault(-EPROTO);
}

static int run_rotate(struct account_job *job, struct account_store *store, int outcome)
{
	struct rotation *rotation = CONTAINER_OF(job, struct rotation, job);
	struct account *a = job->account;
	int r = store                              ? rotate(a)
		: outcome == ACCOUNT_E_QUARANTINED ? STORE_E_DAMAGED
						   : -EIO;

	if (r < 0 && r != -EBUSY)
		log_event(LOG_ERROR, "account.rotation.fault",
				log_text("account", a->name), log_fault(r));
	service_notify(rotation->service, SERVICE_KEY_ROTATED, a->uid, why_not(r));
	account_unref(a);
	free(rotation);
	return STORE_OK;
}

void accounts_rotate(struct accounts *all, struct service *service,
		const struct account_spec *spec)
{
	struct rotation *rotation = xcalloc(1, sizeof(*rotation));

	rotation->service = service;
	rotation->account = account_ref(all, spec);
	rotation->job.run = run_rotate;
	account_submit(rotation->account, &rotation->job);
}
