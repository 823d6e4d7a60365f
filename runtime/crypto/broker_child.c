/* The broker's side of the pair. It confines itself, then answers packets until its
 * parent is gone: by end of file, or by the signal at the parent's death. It allocates
 * nothing after it is confined. */
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/system_calls.h"
#include "runtime/crypto/broker_sandbox.h"
#include "runtime/crypto/broker_wire.h"
#include "runtime/crypto/keyring.h"
#include "runtime/crypto/random.h"

#include <errno.h>
#include <sodium.h>
#include <sys/socket.h>
#include <unistd.h>

struct service {
	struct key *master;
	struct key *accounts;
	struct broker_request request;
	struct broker_reply reply;
};

/* What a wrapped key is bound to: its use and its account. */
struct binding {
	char use[16];
	unsigned char uid[BROKER_UID];
};

static struct binding bind_to(const unsigned char uid[BROKER_UID])
{
	struct binding binding = { .use = "account-key-1" };

	memcpy(binding.uid, uid, BROKER_UID);
	return binding;
}

/* Each answers with the length of its reply; 0 ends the child: only a broken parent
 * sends what does not parse. */

static size_t outcome(struct service *s, uint32_t value)
{
	s->reply.outcome = value;
	return BROKER_REPLY_HEAD;
}

static size_t answer_purpose(struct service *s, size_t len)
{
	if (len != BROKER_REQUEST_HEAD || s->request.argument >= PURPOSE_COUNT)
		return 0;
	if (s->request.argument == PURPOSE_ACCOUNTS)
		return outcome(s, BROKER_E_REFUSED);
	key_derive(s->master, s->request.argument, &s->reply.key);
	return outcome(s, BROKER_OK) + sizeof(struct key);
}

static size_t answer_wrap(struct service *s, size_t len)
{
	size_t count = s->request.argument;
	CLEANUP(key_wipe) struct key data_key;

	if (count > BROKER_BATCH || len != BROKER_REQUEST_HEAD + count * BROKER_UID)
		return 0;
	for (size_t i = 0; i < count; i++) {
		struct binding binding = bind_to(s->request.uids[i]);

		key_random(&data_key);
		seal(s->accounts, view_of(&binding, sizeof(binding)),
				view_of(data_key.bytes, KEY_SIZE),
				s->reply.wrapped[i].bytes);
	}
	return outcome(s, BROKER_OK) + count * sizeof(struct broker_wrapped);
}

static size_t answer_unwrap(struct service *s, size_t len)
{
	struct binding binding = bind_to(s->request.unwrap.uid);

	if (len != BROKER_REQUEST_HEAD + sizeof(s->request.unwrap))
		return 0;
	if (seal_open(s->accounts, view_of(&binding, sizeof(binding)),
			    view_of(s->request.unwrap.wrapped.bytes, BROKER_WRAPPED),
			    s->reply.key.bytes))
		return outcome(s, BROKER_E_FORGED);
	return outcome(s, BROKER_OK) + sizeof(struct key);
}

static size_t answer(struct service *s, size_t len)
{
	if (len < BROKER_REQUEST_HEAD)
		return 0;
	switch (s->request.op) {
	case BROKER_OP_PURPOSE:
		return answer_purpose(s, len);
	case BROKER_OP_WRAP:
		return answer_wrap(s, len);
	case BROKER_OP_UNWRAP:
		return answer_unwrap(s, len);
	default:
		return 0;
	}
}

static void serve(struct service *s, int fd)
{
	for (;;) {
		ssize_t n = recv(fd, &s->request, sizeof(s->request), 0);
		size_t len;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		len = answer(s, (size_t)n);
		if (!len || send(fd, &s->reply, len, MSG_NOSIGNAL) != (ssize_t)len)
			return;
		explicit_bzero(&s->reply, len);
	}
}

static void say_unlocked(struct keyring *keyring)
{
	struct keyring_report report;

	keyring_observe(keyring, &report);
	if (!report.locked)
		log_event(LOG_WARN, "broker.keys", log_text("locked", "no"),
				log_number("bytes", (int64_t)report.bytes),
				log_text("next", "raise LimitMEMLOCK= of the unit, or "
						 "`ulimit -l`: the master key may reach "
						 "the swap"));
}

void broker_child(int fd, pid_t parent, void *with)
{
	struct secret *master_key = with;
	struct keyring *keyring;
	struct service *s = xcalloc(1, sizeof(*s));
	unsigned char first;
	int r;

	if (sodium_init() < 0 || keyring_new(2, &keyring))
		die("the key broker has no memory for its keys");
	say_unlocked(keyring);
	s->master = keyring_take(keyring);
	s->accounts = keyring_take(keyring);
	memcpy(s->master->bytes, secret_expose(master_key).data, KEY_SIZE);
	secret_free(master_key);
	key_derive(s->master, PURPOSE_ACCOUNTS, s->accounts);
	random_bytes(&first, 1); /* what it sets up once is set up now */
	r = broker_confine(fd, parent);
	if (r < 0)
		die("the key broker could not be confined");
	if (r)
		log_event(LOG_WARN, "broker.unfiltered",
				log_text("reason", system_calls_why_not()));
	serve(s, fd);
	keyring_free(keyring);
}
