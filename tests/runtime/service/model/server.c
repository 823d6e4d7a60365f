#include "tests/runtime/service/model/server.h"

#include "tests/runtime/service/delivery_test.h"
#include "tests/runtime/service/model/truth.h"

static struct world world;
static size_t delivered; /* copies since the server began */

void server_make(void)
{
	strcpy(world.data, "/dev/shm/posthus-test-model.XXXXXX");
	if (!mkdtemp(world.data))
		world_folder(&world);
}

void server_remove(void)
{
	world_remove(&world);
}

void server_begin(size_t open_max)
{
	world_begin(&world, open_max);
	delivery_start(world.delivery, world.intake);
	delivered = 0;
}

void server_end(void)
{
	world_end(&world);
}

/* -- operations -- */

struct work {
	struct account *account;
	struct imap_performer *performer;
	struct imap_op *op; /* NULL: the session ends */
	struct server_changes *changes;
	bool again;
};

/* An open APPEND keeps the store open. */
static void pin(struct work *work, bool was_open)
{
	bool is_open = work->performer->append != NULL;

	if (is_open && !was_open)
		account_pin(work->account);
	if (!is_open && was_open)
		account_unpin(work->account);
}

static int do_work(struct look *look, struct account_store *store)
{
	struct work *work = look->arg;
	struct imap_performer *p = work->performer;
	bool was_open = p->append != NULL;
	int r = 0;

	work->account = look->job.account;
	if (work->op) {
		r = imap_perform(p, store, work->op);
		work->again = p->again;
		work->changes->modseq = account_store_modseq(store);
		for (size_t i = 0; i < p->changed_count; i++)
			work->changes->ids[work->changes->count++] = p->changed[i];
	} else {
		imap_perform_end(p);
	}
	assert_true(r >= 0);
	pin(work, was_open);
	return r;
}

void server_perform(int account, struct imap_performer *p, struct imap_op *op,
		struct server_changes *changes)
{
	struct work work = { .performer = p, .op = op, .changes = changes };

	changes->count = 0;
	do {
		assert_int_equal(look_into(&world, account, do_work, &work), ACCOUNT_OK);
	} while (work.again);
}

void server_leave(int account, struct imap_performer *p)
{
	struct work work = { .performer = p };

	assert_int_equal(look_into(&world, account, do_work, &work), ACCOUNT_OK);
}

static int do_check(struct look *look, struct account_store *store)
{
	(void)look;
	assert_int_equal(account_store_check(store), STORE_OK);
	return 0;
}

void server_check(int account)
{
	assert_int_equal(look_into(&world, account, do_check, NULL), ACCOUNT_OK);
}

static int read_modseq(struct look *look, struct account_store *store)
{
	*(uint64_t *)look->arg = account_store_modseq(store);
	return 0;
}

static uint64_t modseq_of(int account)
{
	uint64_t modseq = 0;

	assert_int_equal(look_into(&world, account, read_modseq, &modseq), ACCOUNT_OK);
	return modseq;
}

/* -- delivery -- */

static bool is_delivered(unsigned to)
{
	for (int i = 0; i < SERVER_ACCOUNTS; i++)
		if (to >> i & 1 && !world.mailboxes[i])
			return false;
	return delivery_observe(world.delivery).delivered == delivered;
}

void server_deliver(unsigned first, unsigned last, unsigned to,
		struct server_changes changes[SERVER_ACCOUNTS])
{
	pthread_mutex_lock(&world.lock);
	memset(world.mailboxes, 0, sizeof(world.mailboxes));
	pthread_mutex_unlock(&world.lock);
	for (unsigned number = first; number <= last; number++) {
		CLEANUP(buf_free) struct buf text = BUF_NULL(TRUTH_TEXT_MAX);

		truth_text(&text, number);
		for (int i = 0; i < SERVER_ACCOUNTS; i++)
			delivered += to >> i & 1;
		world_send_text(&world, buf_view(&text), to, on_done, &world);
	}
	pthread_mutex_lock(&world.lock);
	while (!is_delivered(to))
		pthread_cond_wait(&world.change, &world.lock);
	for (int i = 0; i < SERVER_ACCOUNTS; i++)
		changes[i] = (struct server_changes){ { world.mailboxes[i] }, to >> i & 1,
			0 };
	pthread_mutex_unlock(&world.lock);
	for (int i = 0; i < SERVER_ACCOUNTS; i++)
		changes[i].modseq = modseq_of(i);
}

const char *server_above(int account)
{
	static const char *const above[] = {
		"Return-Path: <x@example.net>\r\nDelivered-To: a@example.org\r\n"
		"Received: by test\r\n",
		"Return-Path: <x@example.net>\r\nDelivered-To: b+list@example.org\r\n"
		"Received: by test\r\n",
	};

	return above[account];
}

int64_t server_received(void)
{
	return RECEIVED;
}
