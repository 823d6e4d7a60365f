/* A folder with an intake log and a queue in it, for the tests of the queue: messages go
 * through the log, as they do in life. */
#ifndef TESTS_RUNTIME_QUEUE_QUEUE_TEST_H
#define TESTS_RUNTIME_QUEUE_QUEUE_TEST_H

#include "runtime/base/error.h"
#include "runtime/queue/queue.h"
#include "runtime/store/intake.h"
#include "tests/lib/test.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NOW   ((walltime)1795505623)
#define TRACE VIEW("Received: from here\r\n")

static const struct key house_key = { "thirty-two bytes for these tests" };
static char folder[] = "/tmp/posthus-test-queue.XXXXXX";
static char path[sizeof(folder) + 16];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t committed = PTHREAD_COND_INITIALIZER;
static struct intake_message *arrived;
static struct intake *house_intake;

static void on_committed(void *state, struct intake_message *message)
{
	(void)state;
	pthread_mutex_lock(&lock);
	arrived = message;
	pthread_cond_signal(&committed);
	pthread_mutex_unlock(&lock);
}

static void on_done(void *arg, int outcome, uint64_t id)
{
	(void)arg;
	(void)id;
	assert(outcome == INTAKE_OK);
}

UNUSED static void house_begin(void)
{
	struct intake_options options = { .os = os_real(),
		.folder = folder,
		.key = &house_key,
		.budget = 1 << 20,
		.committed = on_committed };

	if (!mkdtemp(folder))
		die("no folder for the test");
	snprintf(path, sizeof(path), "%s/queue.db", folder);
	assert_int_equal(intake_open(&options, &house_intake), 0);
}

UNUSED static void house_end(void)
{
	char command[sizeof(folder) + 16];

	intake_close(house_intake);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

/* A message of that envelope, trace and text, as the filer gets it. */
UNUSED static struct intake_message *accept_traced(
		const struct intake_envelope *envelope, struct view trace, struct view text)
{
	struct intake_message *m;

	arrived = NULL;
	assert_int_equal(intake_begin(house_intake, envelope, &m), 0);
	assert_int_equal(intake_chunk(m, text), 0);
	intake_commit(m, trace, on_done, NULL);
	pthread_mutex_lock(&lock);
	while (!arrived)
		pthread_cond_wait(&committed, &lock);
	pthread_mutex_unlock(&lock);
	return arrived;
}

UNUSED static struct intake_message *accept(
		const struct intake_envelope *envelope, struct view text)
{
	return accept_traced(envelope, TRACE, text);
}

/* One from `sender` to an account here and to two hosts elsewhere. */
UNUSED static struct intake_message *accept_plain(const char *sender, unsigned notify)
{
	const struct intake_recipient recipients[] = {
		{ .account = "an account here", .address = VIEW("bo@here.example") },
		{ .address = VIEW("ana@A.example"), .notify = notify },
		{ .address = VIEW("ben@b.example"),
				.notify = notify,
				.orcpt = VIEW("rfc822;ben@b.example") },
	};
	const struct intake_envelope envelope = { .sender = view_z(sender),
		.received = NOW,
		.eight_bit = true,
		.ret = DSN_RET_HEADERS,
		.envid = VIEW("QQ314159"),
		.recipients = recipients,
		.recipient_count = ARRAY_LEN(recipients) };

	return accept(&envelope, VIEW("Subject: x\r\n\r\nbody\r\n"));
}

UNUSED static struct queue *open_queue_below(const char *below)
{
	struct queue_options options = {
		.path = path, .key = &house_key, .below = below
	};
	struct queue *queue;

	assert_int_equal(queue_open(&options, &queue), 0);
	return queue;
}

UNUSED static struct queue *open_queue(void)
{
	return open_queue_below(NULL);
}

#endif
