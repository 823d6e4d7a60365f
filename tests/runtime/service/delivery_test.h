/* What the tests of accounts and delivery share: a data directory, a broker, workers, a
 * configuration of three accounts, and everything between a message's bytes and its
 * mailbox. */
#ifndef TESTS_RUNTIME_SERVICE_DELIVERY_TEST_H
#define TESTS_RUNTIME_SERVICE_DELIVERY_TEST_H

#include "runtime/base/error.h"
#include "runtime/base/os.h"
#include "runtime/crypto/broker.h"
#include "runtime/service/account.h"
#include "runtime/service/delivery.h"
#include "runtime/store/mailbox.h"
#include "runtime/store/message.h"
#include "tests/lib/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	ACCOUNTS = 3,
	RECEIVED = 1795505623, /* when their messages came */
};

static const struct key intake_key = { "the key of the intake in a test!" };
static struct broker_wrapped wrapped[ACCOUNTS];
static struct account_mark known[ACCOUNTS]; /* that their files have reached */
static bool restored[ACCOUNTS];             /* they came from a backup */

struct world {
	char data[64], folder[80];
	struct broker *broker;
	struct workers *workers;
	struct configuration *configuration;
	struct accounts *accounts;
	struct delivery *delivery;
	struct intake *intake;
	pthread_mutex_t lock;
	pthread_cond_t change;
	size_t changes, done;
	uint64_t mailboxes[ACCOUNTS]; /* where the last copy was filed */
	int last_outcome;
};

static void uid_of(int n, unsigned char uid[ACCOUNT_UID_SIZE])
{
	memset(uid, 0xa0 + n, ACCOUNT_UID_SIZE);
}

static struct configuration *build_configuration(void)
{
	static struct host_spec host;
	struct account_spec specs[ACCOUNTS] = { 0 };
	struct domain_spec domain = { .name = VIEW("example.org"),
		.hash = { 1 },
		.accounts = specs,
		.account_count = ACCOUNTS };
	struct configuration *c;

	host.name = VIEW("mail.example.org");
	for (int i = 0; i < ACCOUNTS; i++) {
		uid_of(i, specs[i].uid);
		specs[i].address = (struct view[]){ VIEW("a@example.org"),
			VIEW("b@example.org"), VIEW("c@example.org") }[i];
		specs[i].wrapped_key = view_of(wrapped[i].bytes, BROKER_WRAPPED);
		specs[i].quota = 1 << 30;
		specs[i].known = known[i];
		specs[i].put_back = restored[i];
	}
	c = configuration_new(&host, NULL);
	configuration_add_domain(c, &domain);
	return c;
}

static struct configuration *current(void *state)
{
	struct world *w = state;

	return configuration_ref(w->configuration);
}

static void on_changed(void *state, const unsigned char account[ACCOUNT_UID_SIZE],
		uint64_t mailbox)
{
	struct world *w = state;

	assert(mailbox);
	pthread_mutex_lock(&w->lock);
	w->changes++;
	w->mailboxes[account[0] - 0xa0] = mailbox;
	pthread_cond_broadcast(&w->change);
	pthread_mutex_unlock(&w->lock);
}

/* `w->data` is a folder that is there; what is in it is taken up. */
static void world_begin(struct world *w, size_t open_max)
{
	struct accounts_options accounts = {
		.data = w->data, .os = os_real(), .open_max = open_max
	};
	struct delivery_options delivery = {
		.configuration = current, .changed = on_changed, .state = w
	};
	struct intake_options intake = { .os = os_real(),
		.folder = w->folder,
		.key = &intake_key,
		.budget = 8 << 20,
		.committed = delivery_committed };
	char master_bytes[KEY_SIZE] = "a master key";
	struct secret master = secret_copy(view_of(master_bytes, KEY_SIZE));
	unsigned char uids[ACCOUNTS][ACCOUNT_UID_SIZE];

	assert(!broker_start(&master, &w->broker));
	for (int i = 0; i < ACCOUNTS; i++)
		uid_of(i, uids[i]);
	if (!wrapped[0].bytes[0])
		assert(!broker_wrap_new(w->broker, uids[0], ACCOUNTS, wrapped));
	w->configuration = build_configuration();
	w->workers = workers_new(3);
	accounts.broker = w->broker;
	accounts.workers = w->workers;
	w->accounts = accounts_new(&accounts);
	delivery.accounts = w->accounts;
	w->delivery = delivery_new(&delivery);
	snprintf(w->folder, sizeof(w->folder), "%s/intake", w->data);
	assert(!os_make_dir(w->folder));
	intake.state = w->delivery;
	assert(!intake_open(&intake, &w->intake));
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->change, NULL);
	w->changes = w->done = 0;
}

static void world_end(struct world *w)
{
	delivery_stop(w->delivery);
	intake_close(w->intake);
	delivery_free(w->delivery);
	accounts_free(w->accounts);
	workers_free(w->workers);
	configuration_unref(w->configuration);
	broker_stop(w->broker);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->change);
}

static void world_folder(struct world *w)
{
	strcpy(w->data, "/tmp/posthus-test-delivery.XXXXXX");
	if (!mkdtemp(w->data))
		die("no folder");
}

static void world_remove(struct world *w)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf -- '%s'", w->data);
	if (system(command))
		die("the folder stays");
}

/* For cmocka: *state is a world with at most two accounts open. */
UNUSED static int world_setup(void **state)
{
	static struct world w;

	memset(known, 0, sizeof(known));
	memset(restored, 0, sizeof(restored));
	world_folder(&w);
	world_begin(&w, 2);
	*state = &w;
	return 0;
}

UNUSED static int world_teardown(void **state)
{
	world_end(*state);
	world_remove(*state);
	return 0;
}

#define world_test(test)                                                                 \
	cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

UNUSED static void on_done(void *arg, int outcome, uint64_t id)
{
	struct world *w = arg;

	(void)id;
	pthread_mutex_lock(&w->lock);
	w->done++;
	w->last_outcome = outcome;
	pthread_cond_broadcast(&w->change);
	pthread_mutex_unlock(&w->lock);
}

/* Sends a message to the accounts of a set of bits. */
UNUSED static void world_send_text(struct world *w, struct view text, unsigned to,
		intake_done *done, void *arg)
{
	struct intake_recipient recipients[ACCOUNTS] = { 0 };
	struct intake_envelope envelope = { .sender = VIEW("x@example.net"),
		.received = RECEIVED,
		.recipients = recipients };
	struct intake_message *m;

	for (int i = 0; i < ACCOUNTS; i++) {
		if (!(to >> i & 1))
			continue;
		uid_of(i, recipients[envelope.recipient_count].account);
		recipients[envelope.recipient_count++].address =
				(struct view[]){ VIEW("a@example.org"),
					VIEW("b+list@example.org"),
					VIEW("c@example.org") }[i];
	}
	assert(!intake_begin(w->intake, &envelope, &m));
	assert(!intake_chunk(m, text));
	intake_commit(m, VIEW("Received: by test\r\n"), done, arg);
}

/* Message n. */
UNUSED static void world_send(
		struct world *w, unsigned n, unsigned to, intake_done *done, void *arg)
{
	char text[200];

	snprintf(text, sizeof(text), "Subject: %u\r\n\r\nThis is message %u.\r\n", n, n);
	world_send_text(w, view_z(text), to, done, arg);
}

UNUSED static void world_await(struct world *w, size_t *counter, size_t value)
{
	pthread_mutex_lock(&w->lock);
	while (*counter < value)
		pthread_cond_wait(&w->change, &w->lock);
	pthread_mutex_unlock(&w->lock);
}

/* -- looking into an account: a job of its queue that the caller waits for -- */

struct look {
	struct account_job job;
	struct world *world;
	int (*look)(struct look *look, struct account_store *store);
	void *arg;
	int outcome, result;
	bool done;
};

static int run_look(struct account_job *job, struct account_store *store, int outcome)
{
	struct look *l = CONTAINER_OF(job, struct look, job);
	struct world *w = l->world;
	int r = outcome ? 0 : l->look(l, store);

	pthread_mutex_lock(&w->lock);
	l->outcome = outcome;
	l->result = r;
	l->done = true;
	pthread_cond_broadcast(&w->change);
	pthread_mutex_unlock(&w->lock);
	return r;
}

/* The outcome of the account. */
UNUSED static int look_into(struct world *w, int n,
		int (*look)(struct look *look, struct account_store *store), void *arg)
{
	unsigned char uid[ACCOUNT_UID_SIZE];
	struct look l = {
		.job = { .run = run_look }, .world = w, .look = look, .arg = arg
	};
	struct account *a;

	uid_of(n, uid);
	a = account_ref(w->accounts, configuration_account(w->configuration, uid));
	account_submit(a, &l.job);
	pthread_mutex_lock(&w->lock);
	while (!l.done)
		pthread_cond_wait(&w->change, &w->lock);
	pthread_mutex_unlock(&w->lock);
	account_unref(a);
	return l.outcome;
}

/* Counts the messages of INBOX by the number in their subject: arg is unsigned[]. */
UNUSED static int count_subjects(struct look *look, struct account_store *store)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct uid_range all[] = { { 1, UINT32_MAX } };
	struct uid_set every = { all, 1, 1 };
	struct message_page page;
	unsigned *counts = look->arg;
	int64_t inbox;
	int r = mailbox_find(store, VIEW("INBOX"), &inbox);

	assert(!r);
	r = message_list(store, inbox, &every, 1, 0, MESSAGE_WANT_ENVELOPE,
			(struct message_budget){ SIZE_MAX, SIZE_MAX }, arena, &page);
	assert(!r);
	for (size_t i = 0; i < page.count; i++) {
		struct view text = page.rows[i].envelope;
		uint64_t n = 0;

		view_cut(&text, '"');
		if (!view_to_u64(view_cut(&text, '"'), &n))
			die("not a message of ours: %.*s",
					VIEW_ARG(page.rows[i].envelope));
		counts[n]++;
	}
	return account_store_check(store);
}

#endif
