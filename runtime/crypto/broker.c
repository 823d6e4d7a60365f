#include "runtime/crypto/broker.h"

#include "runtime/base/error.h"
#include "runtime/base/helper.h"
#include "runtime/crypto/broker_wire.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

struct broker {
	pthread_mutex_t mutex; /* one request at a time; guards what follows */
	struct helper helper;
	struct broker_request request;
	struct broker_reply reply;
};

int broker_start(struct secret *master_key, struct broker **out)
{
	CLEANUP(secret_free) struct secret taken = secret_take(master_key);
	struct broker *broker;
	struct helper helper;
	int r;

	assert(taken.len == KEY_SIZE);
	r = helper_start(broker_child, &taken, &helper);
	if (r)
		return fault(r);
	broker = xcalloc(1, sizeof(*broker));
	pthread_mutex_init(&broker->mutex, NULL);
	broker->helper = helper;
	*out = broker;
	return 0;
}

void broker_stop(struct broker *broker)
{
	if (!broker)
		return;
	helper_stop(&broker->helper);
	pthread_mutex_destroy(&broker->mutex);
	explicit_bzero(broker, sizeof(*broker));
	free(broker);
}

void broker_stopp(struct broker **broker)
{
	broker_stop(*broker);
}

pid_t broker_pid(const struct broker *broker)
{
	return broker->helper.pid;
}

/* Sends the request and waits for the reply, which is as long as it should be. */
static int exchange(struct broker *broker, size_t request_len, size_t reply_len)
{
	ssize_t n;

	do
		n = send(broker->helper.fd, &broker->request, request_len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return fault(-EPIPE);
	do
		n = recv(broker->helper.fd, &broker->reply, sizeof(broker->reply), 0);
	while (n < 0 && errno == EINTR);
	if (n < (ssize_t)BROKER_REPLY_HEAD)
		return fault(-EPIPE);
	if (broker->reply.outcome == BROKER_OK && (size_t)n != reply_len)
		return fault(-EPIPE);
	return (int)broker->reply.outcome;
}

static int exchange_for_key(struct broker *broker, size_t request_len, struct key *out)
{
	int r = exchange(broker, request_len, BROKER_REPLY_HEAD + sizeof(struct key));

	if (!r)
		*out = broker->reply.key;
	key_wipe(&broker->reply.key);
	return r;
}

int broker_purpose_key(struct broker *broker, enum purpose purpose, struct key *out)
{
	int r;

	pthread_mutex_lock(&broker->mutex);
	broker->request.op = BROKER_OP_PURPOSE;
	broker->request.argument = purpose;
	r = exchange_for_key(broker, BROKER_REQUEST_HEAD, out);
	pthread_mutex_unlock(&broker->mutex);
	return r;
}

static int wrap_batch(struct broker *broker, const unsigned char *uids, size_t count,
		struct broker_wrapped *out)
{
	int r;

	broker->request.op = BROKER_OP_WRAP;
	broker->request.argument = (uint32_t)count;
	memcpy(broker->request.uids, uids, count * BROKER_UID);
	r = exchange(broker, BROKER_REQUEST_HEAD + count * BROKER_UID,
			BROKER_REPLY_HEAD + count * sizeof(*out));
	if (!r)
		memcpy(out, broker->reply.wrapped, count * sizeof(*out));
	return r;
}

int broker_wrap_new(struct broker *broker, const unsigned char *uids, size_t count,
		struct broker_wrapped *out)
{
	int r = 0;

	for (size_t done = 0; done < count && !r; done += BROKER_BATCH) {
		size_t batch = count - done < BROKER_BATCH ? count - done : BROKER_BATCH;

		pthread_mutex_lock(&broker->mutex);
		r = wrap_batch(broker, uids + done * BROKER_UID, batch, out + done);
		pthread_mutex_unlock(&broker->mutex);
	}
	return r;
}

int broker_unwrap(struct broker *broker, const unsigned char uid[BROKER_UID],
		struct view wrapped, struct key *out)
{
	int r;

	if (wrapped.len != BROKER_WRAPPED)
		return BROKER_E_FORGED;
	pthread_mutex_lock(&broker->mutex);
	broker->request.op = BROKER_OP_UNWRAP;
	memcpy(broker->request.unwrap.uid, uid, BROKER_UID);
	memcpy(broker->request.unwrap.wrapped.bytes, wrapped.data, BROKER_WRAPPED);
	r = exchange_for_key(broker, BROKER_REQUEST_HEAD + sizeof(broker->request.unwrap),
			out);
	pthread_mutex_unlock(&broker->mutex);
	return r;
}
