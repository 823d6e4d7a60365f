/* The facade over real sockets: a configuration comes, mail goes through, another
 * configuration comes, it stops. */
#include "runtime/runtime.h"

#include "runtime/base/error.h"
#include "runtime/crypto/broker.h"
#include "runtime/crypto/certificate.h"
#include "runtime/crypto/password.h"
#include "tests/lib/test.h"
#include "tests/runtime/net/toy.h"

#include <errno.h>
#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct broker *broker;
static char hash[PASSWORD_HASH_TEXT];
static struct broker_wrapped wrapped;
static const unsigned char alice[ACCOUNT_UID_SIZE] = { 'a', 'l', 'i', 'c', 'e' };

struct fixture {
	struct runtime *rt;
	char folder[64], control[96];
	struct buf chain;
	struct secret key;
};

/* What a test varies. */
struct wish {
	const struct listener_spec *listeners;
	size_t listener_count;
	uint64_t revocation;
	bool without_alice;
	bool wrong_key;
};

static const struct listener_spec usual[] = {
	{ LISTENER_SMTP, { "127.0.0.1", 9 }, 0 },
	{ LISTENER_IMAPS, { "127.0.0.1", 9 }, 0 },
};

static struct configuration *make(struct fixture *f, const struct wish *wish)
{
	const struct host_spec host = { .name = VIEW("mx.example.org"),
		.message_size = 1000000,
		.connections = 100,
		.connections_per_ip = 100,
		.memory = 64 * 1024 * 1024,
		.connections_per_network = 100,
		.listeners = wish->listeners,
		.listener_count = wish->listener_count };
	struct account_spec account = { .address = VIEW("alice@example.org"),
		.password = view_z(hash),
		.wrapped_key = view_of(wrapped.bytes, sizeof(wrapped.bytes)),
		.quota = 100000000,
		.protocols = PROTOCOL_IMAP | PROTOCOL_SMTP,
		.revocation = wish->revocation };
	struct route_spec route = { .local_part = VIEW("alice"), .kind = ROUTE_ACCOUNT };
	const struct domain_spec domain = { .name = VIEW("example.org"),
		.hash = { (unsigned char)wish->revocation, wish->without_alice },
		.accounts = &account,
		.account_count = wish->without_alice ? 0 : 1,
		.routes = &route,
		.route_count = wish->without_alice ? 0 : 1 };
	const struct secret nonsense = { (char[]){ "nonsense" }, 8 };
	const struct identity_spec identity = { .name = VIEW("test"),
		.chain = buf_view(&f->chain),
		.key = wish->wrong_key ? &nonsense : &f->key };
	struct configuration *c = configuration_new(&host, NULL);

	memcpy(account.uid, alice, sizeof(alice));
	memcpy(route.account, alice, sizeof(alice));
	configuration_add_domain(c, &domain);
	configuration_add_identity(c, &identity);
	return c;
}

static int configure(struct fixture *f, const struct wish *wish,
		struct runtime_failure *failure)
{
	struct configuration *c = make(f, wish);
	int r = runtime_configure(f->rt, c, failure);

	configuration_unref(c);
	return r;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const struct view name = VIEW("mx.example.org");
	struct runtime_options options = { .loops = 2, .workers = 2, .broker = broker };

	strcpy(f->folder, "/tmp/posthus-test-runtime.XXXXXX");
	if (!mkdtemp(f->folder))
		return -1;
	snprintf(f->control, sizeof(f->control), "%s/control.sock", f->folder);
	f->chain = BUF_NULL(CERTIFICATE_MAX);
	if (certificate_self_sign(&name, 1, clock_wall(), 10, &f->chain, &f->key))
		return -1;
	options.data = f->folder;
	options.control = f->control;
	*state = f;
	return runtime_start(&options, &f->rt);
}

static int unlink_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	runtime_stop(f->rt, nstime_seconds(5));
	runtime_free(f->rt);
	nftw(f->folder, unlink_one, 16, FTW_DEPTH | FTW_PHYS);
	buf_free(&f->chain);
	secret_free(&f->key);
	free(f);
	return 0;
}

static uint16_t number_of(struct fixture *f, enum listener_kind kind)
{
	struct runtime_observed seen;

	runtime_observe(f->rt, &seen);
	for (size_t i = 0; i < seen.listener_count; i++)
		if (seen.listeners[i].spec.kind == kind)
			return seen.listeners[i].spec.port;
	fail_msg("no listener of kind %d", (int)kind);
	return 0;
}

/* Reads lines until one begins with this. */
static void await_line(struct client *c, const char *begin)
{
	char line[1024];
	size_t len = 0;

	while (len < sizeof(line)) {
		if (client_read(c, line + len, 1) != 1)
			fail_msg("the connection ended where \"%s\" was awaited", begin);
		if (line[len++] != '\n')
			continue;
		if (view_starts(view_of(line, len), view_z(begin)))
			return;
		len = 0;
	}
	fail_msg("a line without end");
}

static void ask(struct client *c, const char *command, const char *reply)
{
	client_send(c, command);
	await_line(c, reply);
}

static void mail_alice(struct fixture *f)
{
	struct client c = { .fd = client_socket(number_of(f, LISTENER_SMTP)) };

	await_line(&c, "220 ");
	ask(&c, "EHLO client.example\r\n", "250 ");
	ask(&c, "MAIL FROM:<bob@example.net>\r\n", "250 ");
	ask(&c, "RCPT TO:<alice@example.org>\r\n", "250 ");
	ask(&c, "DATA\r\n", "354 ");
	ask(&c, "From: bob@example.net\r\nSubject: hello\r\n\r\nHello.\r\n.\r\n", "250 ");
	ask(&c, "QUIT\r\n", "221 ");
	client_close(&c);
}

static void log_in(struct fixture *f, struct client *c)
{
	*c = (struct client){ .fd = client_socket(number_of(f, LISTENER_IMAPS)) };
	assert_true(client_secure(c, 0, "mx.example.org", "imap"));
	await_line(c, "* OK");
	ask(c, "a LOGIN alice@example.org wonderland\r\n", "a OK");
}

static void mail_arrives_and_an_idle_session_hears_of_it(void **state)
{
	const struct wish wish = { .listeners = usual, .listener_count = 2 };
	struct fixture *f = *state;
	struct runtime_observed seen;
	struct client c;

	assert_int_equal(configure(f, &wish, NULL), 0);
	log_in(f, &c);
	ask(&c, "b SELECT INBOX\r\n", "b OK");
	ask(&c, "c IDLE\r\n", "+ ");
	mail_alice(f);
	await_line(&c, "* 1 EXISTS");
	runtime_observe(f->rt, &seen);
	assert_int_equal(seen.accepted, 1);
	assert_int_equal(seen.delivered, 1);
	assert_true(seen.accepting);
	assert_true(seen.sessions >= 1);
	client_close(&c);
}

static void a_revoked_session_ends_and_others_begin(void **state)
{
	struct wish wish = { .listeners = usual, .listener_count = 2 };
	struct fixture *f = *state;
	struct client c;

	assert_int_equal(configure(f, &wish, NULL), 0);
	log_in(f, &c);
	wish.revocation = 1;
	assert_int_equal(configure(f, &wish, NULL), 0);
	await_line(&c, "* BYE");
	client_expect_end(&c);
	client_close(&c);
	log_in(f, &c);
	wish.without_alice = true;
	assert_int_equal(configure(f, &wish, NULL), 0);
	await_line(&c, "* BYE");
	client_expect_end(&c);
	client_close(&c);
}

static void a_failed_change_changes_nothing(void **state)
{
	struct wish wish = { .listeners = usual, .listener_count = 2 };
	struct fixture *f = *state;
	struct listener_spec taken[] = { { LISTENER_SMTP, VIEW("127.0.0.1"), 0 } };
	struct runtime_failure failure;
	struct runtime_observed seen;
	struct client c;

	assert_int_equal(configure(f, &wish, NULL), 0);
	log_in(f, &c);
	taken[0].port = number_of(f, LISTENER_IMAPS);
	taken[0].address = VIEW("127.0.0.300");
	wish = (struct wish){ .listeners = taken, .listener_count = 1, .revocation = 1 };
	assert_int_equal(configure(f, &wish, &failure), RUNTIME_E_LISTENER);
	assert_int_equal(failure.error, EINVAL);
	assert_int_equal(failure.listener.port, taken[0].port);
	assert_view(failure.listener.address, "127.0.0.300");
	wish = (struct wish){
		.listeners = usual, .listener_count = 2, .wrong_key = true
	};
	assert_int_equal(configure(f, &wish, &failure), RUNTIME_E_IDENTITY);
	runtime_observe(f->rt, &seen);
	assert_int_equal(seen.listener_count, 2);
	ask(&c, "b NOOP\r\n", "b OK");
	client_close(&c);
	mail_alice(f);
}

static void a_stop_says_goodbye(void **state)
{
	const struct wish wish = { .listeners = usual, .listener_count = 2 };
	struct fixture *f = *state;
	struct runtime *rt;
	struct client c;

	assert_int_equal(configure(f, &wish, NULL), 0);
	log_in(f, &c);
	rt = TAKE(f->rt);
	runtime_stop(rt, nstime_seconds(5));
	runtime_free(rt);
	await_line(&c, "* BYE");
	client_expect_end(&c);
	client_close(&c);
}

static void a_control_request_is_answered(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct client c = { .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	struct pollfd p = { .fd = runtime_event_fd(f->rt), .events = POLLIN };
	struct runtime_request *request;

	memcpy(to.sun_path, f->control, strlen(f->control));
	assert_int_equal(connect(c.fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_null(runtime_next_request(f->rt));
	client_send(&c, "GET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n");
	assert_int_equal(poll(&p, 1, 10000), 1);
	request = runtime_next_request(f->rt);
	assert_non_null(request);
	assert_view(request->target, "/v1/status");
	assert_int_equal(request->peer_pid, getpid());
	assert_int_equal(poll(&p, 1, 0), 0);
	assert_true(runtime_request_alive(f->rt, request));
	runtime_answer(f->rt, request, 200, VIEW("application/json"), VIEW("{}\n"));
	await_line(&c, "HTTP/1.1 200 ");
	await_line(&c, "{}");
	client_close(&c);
}

static void a_second_one_is_told_that_the_socket_is_taken(void **state)
{
	struct fixture *f = *state;
	char other[] = "/tmp/posthus-test-second.XXXXXX";
	struct runtime_options options = { .control = f->control, .broker = broker };
	CLEANUP(freep) char *failed = NULL;
	struct runtime *second = NULL;

	options.data = mkdtemp(other);
	options.failed = &failed;
	assert_int_equal(runtime_start(&options, &second), -EADDRINUSE);
	assert_null(second);
	assert_string_equal(failed, f->control);
	nftw(other, unlink_one, 16, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(mail_arrives_and_an_idle_session_hears_of_it),
		CASE(a_revoked_session_ends_and_others_begin),
		CASE(a_failed_change_changes_nothing),
		CASE(a_stop_says_goodbye),
		CASE(a_control_request_is_answered),
		CASE(a_second_one_is_told_that_the_socket_is_taken),
	};
	struct secret master = secret_copy(VIEW("0123456789abcdef0123456789abcdef"));
	struct secret password = secret_copy(VIEW("wonderland"));
	int failed;

	if (broker_start(&master, &broker) || broker_wrap_new(broker, alice, 1, &wrapped))
		return 1;
	password_hash(&password, hash);
	secret_free(&password);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	broker_stop(broker);
	return failed;
}
