/* Opening and closing the file of an account, and setting it apart. */
#include "runtime/service/account_inside.h"

#include "runtime/base/error.h"
#include "runtime/base/log.h"

#include <errno.h>

struct account_file account_file_of(const struct account *a)
{
	return (struct account_file){ a->all->os, a->all->data, a->name };
}

int account_unwrap(struct account *a, const struct account_slot *slot, struct key **out)
{
	struct keyring *keyring = a->all->keyring;
	struct key *key = keyring_take(keyring);
	int r;

	if (!key)
		return -ENOBUFS;
	r = broker_unwrap(a->all->broker, a->uid, view_of(slot->wrapped, slot->len), key);
	if (r) {
		keyring_give(keyring, key);
		return r > 0 ? -EKEYREJECTED : r;
	}
	*out = key;
	return 0;
}

void account_close_store(struct account *a)
{
	struct accounts *all = a->all;

	account_store_close(a->store);
	a->store = NULL;
	keyring_give(all->keyring, a->key);
	a->key = NULL;
	pthread_mutex_lock(&all->lock);
	if (a->open) {
		list_remove(&a->use);
		all->open_count--;
		a->open = false;
	}
	pthread_mutex_unlock(&all->lock);
}

static void say_why(const struct account *a)
{
	/* clang-format off */
	static const struct {
		const char *reason, *next;
	} words[] = {
		[QUARANTINE_DAMAGED] = { "damaged",
			"restore the file or run an integrity check; other accounts go on" },
		[QUARANTINE_OLDER] = { "older-than-remembered",
			"put the newest file back and restart, or take this one: "
			"`posthus account accept-restore`; its mail waits, other accounts go on" },
		[QUARANTINE_GONE] = { "gone",
			"put the file back and restart, or begin anew without its mail: "
			"`posthus account accept-restore --empty`; other accounts go on" },
	};
	/* clang-format on */

	log_event(LOG_ERROR, "account.quarantined", log_text("account", a->name),
			log_text("reason", words[a->quarantine].reason),
			log_text("next", words[a->quarantine].next));
}

void account_quarantine(struct account *a, enum quarantine why)
{
	struct accounts *all = a->all;
	unsigned pins;

	pthread_mutex_lock(&all->lock);
	if (!a->quarantine) {
		list_push(&all->apart, &a->apart);
		all->quarantined++;
	}
	a->quarantine = why;
	a->seen.quarantined = true;
	pins = a->pins;
	pthread_mutex_unlock(&all->lock);
	say_why(a);
	if (!pins)
		account_close_store(a);
}

void account_end_quarantine(struct account *a)
{
	struct accounts *all = a->all;

	pthread_mutex_lock(&all->lock);
	if (a->quarantine) {
		list_remove(&a->apart);
		all->quarantined--;
	}
	a->quarantine = QUARANTINE_NONE;
	a->seen.quarantined = false;
	pthread_mutex_unlock(&all->lock);
}

int account_outcome(struct account *a, int r)
{
	switch (r) {
	case STORE_OK:
		return ACCOUNT_OK;
	case STORE_E_FULL:
	case -ENOSPC:
	case -EDQUOT:
		return ACCOUNT_E_FULL;
	case STORE_E_DAMAGED:
		account_quarantine(a, QUARANTINE_DAMAGED);
		return ACCOUNT_E_QUARANTINED;
	case STORE_E_OLDER:
		account_quarantine(a, QUARANTINE_OLDER);
		return ACCOUNT_E_QUARANTINED;
	case STORE_E_GONE:
		account_quarantine(a, QUARANTINE_GONE);
		return ACCOUNT_E_QUARANTINED;
	case STORE_E_NEWER:
		log_event(LOG_ERROR, "account.unavailable", log_text("account", a->name),
				log_text("reason", "made-by-a-newer-version"));
		return ACCOUNT_E_UNAVAILABLE;
	case STORE_E_BUSY:
		log_event(LOG_ERROR, "account.unavailable", log_text("account", a->name),
				log_text("reason", "open-in-another-process"));
		return ACCOUNT_E_UNAVAILABLE;
	case -EKEYREJECTED:
		log_event(LOG_ERROR, "account.unavailable", log_text("account", a->name),
				log_text("reason", "its-key-is-not-of-this-host"));
		return ACCOUNT_E_UNAVAILABLE;
	default:
		log_event(LOG_ERROR, "account.unavailable", log_text("account", a->name),
				log_fault(r < 0 ? r : -EIO));
		return ACCOUNT_E_UNAVAILABLE;
	}
}

/* The file by one key, which is the account's where it fits. */
static int open_by(struct account *a, const struct account_slot *slot,
		struct account_store_options *options)
{
	const struct account_file file = account_file_of(a);
	struct key *key = NULL;
	int r = account_unwrap(a, slot, &key);

	if (r)
		return r;
	options->key = key;
	r = account_file_open(&file, *options, &a->store);
	if (r) {
		keyring_give(a->all->keyring, key);
		return r;
	}
	a->key = key;
	a->opened_by = *slot;
	return STORE_OK;
}

/* An outcome of the store, or a fault. Where a rotation was cut off the file is under the
 * next key, or still under the one before. */
int account_open_store(struct account *a, enum account_accept accept)
{
	struct account_store_options options = { .accept = accept, .frozen = a->frozen };
	struct accounts *all = a->all;
	struct account_slot slot, next;
	int r;

	pthread_mutex_lock(&all->lock);
	slot = a->slot;
	next = a->next;
	options.quota = a->quota;
	options.known = a->mark;
	pthread_mutex_unlock(&all->lock);
	r = open_by(a, &slot, &options);
	if (r == STORE_E_DAMAGED && next.len)
		r = open_by(a, &next, &options);
	if (r)
		return r;
	pthread_mutex_lock(&all->lock);
	if (accept != ACCEPT_KNOWN) {
		a->put_back = false;
		a->taken_up = true;
	}
	a->open = true;
	list_push(&all->open, &a->use);
	all->open_count++;
	pthread_mutex_unlock(&all->lock);
	return STORE_OK;
}
