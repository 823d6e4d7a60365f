#include "runtime/net/connection.h"

#include "tests/lib/test.h"
#include "tests/runtime/net/toy.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static uint64_t sum_of(const char *bytes, size_t len)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum = sum * 31 + (unsigned char)bytes[i];
	return sum;
}

static void commands_are_answered_in_order(void **state)
{
	struct toy *toy = toy_new(false, false);
	struct client c;

	(void)state;
	client_connect(&c, toy);
	client_expect(&c, "hello");
	client_send(&c, "say one\nsay two\nfacts\nsa");
	client_expect(&c, "one");
	client_expect(&c, "two");
	client_expect(&c, "127.0.0.1");
	client_send(&c, "y three\nquit\n");
	client_expect(&c, "three");
	client_expect(&c, "bye");
	client_expect_end(&c);
	client_close(&c);
	toy_await_closed(toy, 1);
	toy_free(toy);
}

static void a_deadline_comes(void **state)
{
	struct toy *toy = toy_new(false, false);
	struct client c;

	(void)state;
	client_connect(&c, toy);
	client_expect(&c, "hello");
	client_send(&c, "tick 5\n");
	client_expect(&c, "tick");
	client_close(&c);
	toy_free(toy);
}

/* 20 MB toward a client that reads nothing until the server can send no more. */
static void output_waits_for_a_slow_reader(void **state)
{
	enum {
		SIZE = 20000000
	};
	struct toy *toy = toy_new(false, false);
	char line[64], *bytes = malloc(65536);
	size_t got = 0;
	struct client c;

	(void)state;
	client_connect(&c, toy);
	client_expect(&c, "hello");
	snprintf(line, sizeof(line), "give %d\nsay after\n", SIZE);
	client_send(&c, line);
	while (got < SIZE) {
		size_t room = SIZE - got < 65536 ? SIZE - got : 65536;
		ssize_t n = client_read(&c, bytes, room);

		assert_true(n > 0);
		got += (size_t)n;
	}
	client_expect(&c, "after");
	client_close(&c);
	free(bytes);
	toy_free(toy);
}

static void *release(void *toy)
{
	toy_release(toy);
	return NULL;
}

/* The client sends while the engine waits for an answer: bytes pile up to the bound, then
 * in the kernel, and the rest is the client's to keep. Then the engine drains late. */
static void drained_late(int version, size_t size)
{
	struct toy *toy = toy_new(version != 0, version != 0);
	char line[96], *bytes = malloc(size);
	pthread_t thread;
	struct client c;

	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)(i * 7 + i / 251);
	client_connect(&c, toy);
	if (version)
		assert_true(client_secure(&c, version, NULL, NULL));
	client_expect(&c, "hello");
	client_send(&c, "hold\n");
	toy_await_held(toy, 1);
	snprintf(line, sizeof(line), "take %zu\n", size);
	client_send(&c, line);
	if (size > 128 * 1024) {
		/* More than all buffers on the way hold: release it from beside. */
		assert_int_equal(pthread_create(&thread, NULL, release, toy), 0);
		client_send_bytes(&c, bytes, size);
		pthread_join(thread, NULL);
	} else {
		client_send_bytes(&c, bytes, size);
		toy_release(toy);
	}
	client_expect(&c, "released");
	snprintf(line, sizeof(line), "took %zu sum %llu", size,
			(unsigned long long)sum_of(bytes, size));
	client_expect(&c, line);
	client_send(&c, "say on\n");
	client_expect(&c, "on");
	client_close(&c);
	free(bytes);
	toy_free(toy);
}

static void input_that_is_drained_late_arrives_whole(void **state)
{
	static const size_t sizes[] = { 1, 16384, 100000, 3000000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		drained_late(0, sizes[i]);
		drained_late(TLS1_2_VERSION, sizes[i]);
		drained_late(TLS1_3_VERSION, sizes[i]);
	}
}

static void starttls_switches_on_the_same_socket(void **state)
{
	struct toy *toy = toy_new(false, true);
	struct client c;

	(void)state;
	client_connect(&c, toy);
	client_expect(&c, "hello");
	client_send(&c, "facts\n");
	client_expect(&c, "127.0.0.1 can-start-tls");
	client_send(&c, "starttls\n");
	client_expect(&c, "go");
	assert_true(client_secure(&c, TLS1_3_VERSION, "Toy.Example", "toy"));
	client_expect(&c, "secured");
	client_send(&c, "facts\nquit\n");
	client_expect(&c, "127.0.0.1 TLSv1.3 name=toy.example");
	client_expect(&c, "bye");
	client_expect_end(&c);
	client_close(&c);
	toy_free(toy);
}

static void bytes_before_the_handshake_are_refused(void **state)
{
	struct toy *toy = toy_new(false, true);
	struct client c;

	(void)state;
	client_connect(&c, toy);
	client_expect(&c, "hello");
	client_send(&c, "starttls\nsay injected\n");
	client_expect(&c, "go");
	client_expect(&c, "early");
	client_expect_end(&c);
	client_close(&c);
	toy_free(toy);
}

static void a_garbled_handshake_ends_the_connection(void **state)
{
	struct toy *toy = toy_new(false, true);
	char byte;
	struct client c;

	(void)state;
	client_connect(&c, toy);
	client_expect(&c, "hello");
	client_send(&c, "starttls\n");
	client_expect(&c, "go");
	client_send(&c, "say plain\nsay plain\nsay plain\n");
	while (client_read(&c, &byte, 1) > 0)
		assert_int_not_equal(byte, 'p');
	toy_await_closed(toy, 1);
	client_close(&c);
	toy_free(toy);
}

/* One byte of a long record after the other until the server has closed, or eight seconds. */
static bool ends_a_slow_handshake(struct client *c)
{
	static const char record[] = "\x16\x03\x01\x3f\xff\x01\0\x3f\xfb\x03\x03";

	for (size_t i = 0; i < 400; i++) {
		struct pollfd answer = { .fd = c->fd, .events = POLLIN };
		char byte;

		if (poll(&answer, 1, 20) > 0 && client_read(c, &byte, 1) <= 0)
			return true;
		byte = i < sizeof(record) - 1 ? record[i] : 'x';
		(void)!send(c->fd, &byte, 1, MSG_NOSIGNAL);
	}
	return false;
}

/* A handshake's time counts from its start, and not from its last byte. */
static void S30_a_slow_handshake_ends(void **state)
{
	static const bool implicit[] = { true, false };

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(implicit); k++) {
		struct toy *toy = toy_new(implicit[k], true);
		nstime began = clock_now();
		struct client c;

		toy->port.handshake_time = 300 * NS_PER_MS;
		client_connect(&c, toy);
		if (!implicit[k]) {
			client_expect(&c, "hello");
			client_send(&c, "starttls\n");
			client_expect(&c, "go");
		}
		assert_true(ends_a_slow_handshake(&c));
		assert_true(clock_now() - began >= 300 * NS_PER_MS);
		client_close(&c);
		toy_free(toy);
	}
}

static void an_end_without_close_notify_is_an_end(void **state)
{
	struct toy *toy = toy_new(true, true);
	struct client c;

	(void)state;
	client_connect(&c, toy);
	assert_true(client_secure(&c, 0, NULL, NULL));
	client_expect(&c, "hello");
	client_send(&c, "say last\n");
	shutdown(c.fd, SHUT_WR);
	client_expect(&c, "last");
	client_expect_end(&c);
	client_close(&c);
	toy_await_closed(toy, 1);
	toy_free(toy);
}

static void an_answer_after_the_end_goes_nowhere(void **state)
{
	struct toy *toy = toy_new(false, false);
	struct client c;

	(void)state;
	client_connect(&c, toy);
	client_expect(&c, "hello");
	client_send(&c, "hold\n");
	toy_await_held(toy, 1);
	client_reset(&c);
	toy_await_ended(toy, 1);
	assert_int_equal(toy->closed, 0);
	toy_release(toy);
	toy_await_closed(toy, 1);
	assert_int_equal(toy->freed_ops, 1);
	toy_free(toy);
}

static void a_session_hears_what_comes_from_outside(void **state)
{
	struct toy *toy = toy_new(false, false);
	struct client a, b;

	(void)state;
	client_connect(&a, toy);
	client_expect(&a, "hello");
	toy_await_opened(toy, 1);
	client_connect(&b, toy);
	client_expect(&b, "hello");
	toy_await_opened(toy, 2);
	assert_true(toy->sessions[0] != toy->sessions[1]);
	connection_event(toy->net, toy->sessions[1], ENGINE_CHANGED, 2);
	connection_event(toy->net, toy->sessions[0], ENGINE_CHANGED, 1);
	connection_event(toy->net, toy->sessions[0] ^ 1, ENGINE_REVOKED, 0);
	client_expect(&a, "changed 1");
	client_expect(&b, "changed 2");
	connection_event(toy->net, toy->sessions[0], ENGINE_REVOKED, 0);
	client_expect(&a, "revoked");
	client_expect_end(&a);
	client_close(&a);
	toy_await_closed(toy, 1);
	connection_event(toy->net, toy->sessions[0], ENGINE_CHANGED, 3);
	client_send(&b, "say still\n");
	client_expect(&b, "still");
	client_close(&b);
	toy_free(toy);
}

static void a_drain_ends_sessions_and_waits_for_operations(void **state)
{
	struct toy *toy = toy_new(false, false);
	struct client idle, busy;

	(void)state;
	client_connect(&idle, toy);
	client_connect(&busy, toy);
	client_expect(&idle, "hello");
	client_expect(&busy, "hello");
	client_send(&busy, "hold\n");
	toy_await_held(toy, 1);
	net_drain(toy->net);
	client_expect(&idle, "drain");
	client_expect_end(&idle);
	client_expect(&busy, "drain");
	client_expect_end(&busy);
	toy_await_closed(toy, 1);
	assert_int_equal(toy->closed, 1);
	toy_release(toy);
	assert_int_equal(net_wait(toy->net, clock_now() + nstime_seconds(10)), 0);
	client_close(&idle);
	client_close(&busy);
	toy_free(toy);
}

static void a_thousand_connections_at_once(void **state)
{
	enum {
		MANY = 1000
	};
	static struct client clients[MANY];
	struct rlimit files = { 4096, 4096 };
	struct toy *toy = toy_new(false, false);
	char line[32];

	(void)state;
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max < 4096 ? files.rlim_max : 4096;
	setrlimit(RLIMIT_NOFILE, &files);
	for (int i = 0; i < MANY; i++)
		client_connect(&clients[i], toy);
	for (int i = 0; i < MANY; i++) {
		snprintf(line, sizeof(line), "say %d\n", i);
		client_send(&clients[i], line);
	}
	for (int i = 0; i < MANY; i++) {
		snprintf(line, sizeof(line), "%d", i);
		client_expect(&clients[i], "hello");
		client_expect(&clients[i], line);
	}
	assert_int_equal(net_sessions(toy->net), MANY);
	for (int i = 0; i < MANY; i++)
		client_close(&clients[i]);
	toy_await_closed(toy, MANY);
	toy_free(toy);
}

static void a_service_may_turn_a_connection_away(void **state)
{
	struct toy *toy = toy_new(false, false);
	struct client c;

	(void)state;
	toy->turn_away = true;
	client_connect(&c, toy);
	client_expect_end(&c);
	client_close(&c);
	toy_free(toy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_are_answered_in_order),
		cmocka_unit_test(a_deadline_comes),
		cmocka_unit_test(output_waits_for_a_slow_reader),
		cmocka_unit_test(input_that_is_drained_late_arrives_whole),
		cmocka_unit_test(starttls_switches_on_the_same_socket),
		cmocka_unit_test(bytes_before_the_handshake_are_refused),
		cmocka_unit_test(a_garbled_handshake_ends_the_connection),
		cmocka_unit_test(S30_a_slow_handshake_ends),
		cmocka_unit_test(an_end_without_close_notify_is_an_end),
		cmocka_unit_test(an_answer_after_the_end_goes_nowhere),
		cmocka_unit_test(a_session_hears_what_comes_from_outside),
		cmocka_unit_test(a_drain_ends_sessions_and_waits_for_operations),
		cmocka_unit_test(a_thousand_connections_at_once),
		cmocka_unit_test(a_service_may_turn_a_connection_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
