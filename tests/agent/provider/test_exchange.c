/* One server in a thread of its own, whose answers each test makes. */
#include "agent/provider/exchange.h"
#include "agent/provider/packet.h"
#include "runtime/base/error.h"
#include "runtime/base/limit.h"
#include "tests/lib/test.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

enum {
	HEADER = 12,
	ROOM = 70000,
	ID = 0x1234,
};

/* What a test's server does with a question; `reply` begins as its head and question. */
enum deed {
	ANSWER,
	SAY_NOTHING,
	ANSWER_THE_SECOND,
	FORGE_FIRST, /* another number, another question, another port, no reply; then it */
	TRUNCATE,    /* and answer by TCP */
	TOO_LONG,    /* a datagram beyond EXCHANGE_DATAGRAM; then it */
	HANG_UP,     /* TRUNCATE, and half of an answer by TCP */
	FORGE_STREAM, /* TRUNCATE, and another question's answer by TCP */
};

struct server {
	enum deed deed;
	int datagrams, streams, quit[2];
	struct sockaddr_in address;
	pthread_t thread;
	unsigned seen;
};

static size_t make_reply(const char *query, size_t len, char *reply)
{
	memcpy(reply, query, len);
	reply[2] = (char)0x84;
	reply[3] = 0;
	reply[11] = 0; /* without the OPT record */
	return len - 11;
}

static void send_to(int fd, const char *bytes, size_t len, const struct sockaddr_in *to)
{
	assert_int_equal(sendto(fd, bytes, len, 0, (const struct sockaddr *)to,
					 sizeof(*to)),
			(ssize_t)len);
}

static void forge(struct server *s, const char *reply, size_t len,
		const struct sockaddr_in *to)
{
	int other = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char bytes[ROOM];

	memcpy(bytes, reply, len);
	bytes[0] ^= 1;
	send_to(s->datagrams, bytes, len, to);
	memcpy(bytes, reply, len);
	bytes[HEADER + 1] = 'z';
	send_to(s->datagrams, bytes, len, to);
	memcpy(bytes, reply, len);
	bytes[2] = 0;
	send_to(s->datagrams, bytes, len, to);
	send_to(s->datagrams, bytes, HEADER - 1, to);
	send_to(other, reply, len, to);
	close(other);
}

static void serve_datagram(struct server *s)
{
	char query[ROOM], reply[ROOM] = { 0 };
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	ssize_t got = recvfrom(s->datagrams, query, sizeof(query), 0,
			(struct sockaddr *)&from, &from_len);
	size_t len;

	assert_true(got > HEADER);
	len = make_reply(query, (size_t)got, reply);
	s->seen++;
	switch (s->deed) {
	case SAY_NOTHING:
		return;
	case ANSWER_THE_SECOND:
		if (s->seen < 2)
			return;
		break;
	case FORGE_FIRST:
		forge(s, reply, len, &from);
		break;
	case TOO_LONG:
		send_to(s->datagrams, reply, EXCHANGE_DATAGRAM + 1, &from);
		break;
	case TRUNCATE:
	case HANG_UP:
	case FORGE_STREAM:
		reply[2] |= 0x02;
		break;
	case ANSWER:
		break;
	}
	send_to(s->datagrams, reply, len, &from);
}

static void serve_stream(struct server *s)
{
	int fd = accept(s->streams, NULL, NULL);
	char query[ROOM], reply[ROOM] = { 0 };
	ssize_t got = recv(fd, query, sizeof(query), 0);
	size_t len;

	assert_true(got > HEADER + 2);
	len = make_reply(query + 2, (size_t)got - 2, reply + 2);
	reply[0] = (char)(len >> 8);
	reply[1] = (char)len;
	if (s->deed == FORGE_STREAM)
		reply[2 + HEADER + 1] = 'z';
	assert_int_equal(send(fd, reply, s->deed == HANG_UP ? 20 : len + 2, MSG_NOSIGNAL),
			s->deed == HANG_UP ? 20 : (ssize_t)len + 2);
	close(fd);
}

static void *serve(void *arg)
{
	struct server *s = arg;
	struct pollfd polls[] = { { .fd = s->datagrams, .events = POLLIN },
		{ .fd = s->streams, .events = POLLIN },
		{ .fd = s->quit[0], .events = POLLIN } };

	while (poll(polls, 3, -1) > 0 && !polls[2].revents) {
		if (polls[0].revents)
			serve_datagram(s);
		if (polls[1].revents)
			serve_stream(s);
	}
	return NULL;
}

/* A port that is free for both. */
static void listen_both(struct server *s)
{
	socklen_t len = sizeof(s->address);

	for (;;) {
		s->address = (struct sockaddr_in){ .sin_family = AF_INET,
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		s->streams = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		s->datagrams = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		assert_int_equal(
				bind(s->streams, (struct sockaddr *)&s->address, len), 0);
		assert_int_equal(getsockname(s->streams, (struct sockaddr *)&s->address,
						 &len),
				0);
		if (bind(s->datagrams, (struct sockaddr *)&s->address, len) == 0)
			break;
		close(s->streams);
		close(s->datagrams);
	}
	assert_int_equal(listen(s->streams, 4), 0);
}

static void server_start(struct server *s, enum deed deed)
{
	*s = (struct server){ .deed = deed };
	listen_both(s);
	assert_int_equal(pipe(s->quit), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void server_stop(struct server *s)
{
	close(s->quit[1]);
	assert_int_equal(pthread_join(s->thread, NULL), 0);
	close(s->quit[0]);
	close(s->datagrams);
	close(s->streams);
}

static const struct question asked = {
	.name = { "a.example", 9 }, .type = { "TXT", 3 }, .id = ID
};

static struct exchange exchange_with(struct arena *arena, const struct server *s)
{
	CLEANUP(buf_free) struct buf query = BUF_NULL(512);
	struct exchange exchange = { 0 };

	memcpy(&exchange.to, &s->address, sizeof(s->address));
	assert_true(question_write(&asked, &query));
	exchange.query = arena_copy(arena, buf_view(&query));
	return exchange;
}

static struct exchange try(struct arena *arena, enum deed deed, nstime patience)
{
	struct exchange exchange;
	struct server s;

	server_start(&s, deed);
	exchange = exchange_with(arena, &s);
	exchange_all(&exchange, 1, &(struct exchange_options){ arena, patience, NULL });
	server_stop(&s);
	return exchange;
}

static void assert_answered(const struct exchange *exchange)
{
	struct reply reply = { 0 };

	assert_int_equal(exchange->outcome, EXCHANGE_ANSWERED);
	assert_int_equal(reply_read(exchange->reply, &asked, &reply), REPLY_OK);
	reply_deinit(&reply);
}

static void an_answer_comes(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct exchange exchange;

	(void)state;
	exchange = try(arena, ANSWER, nstime_seconds(60));
	assert_answered(&exchange);
	exchange = try(arena, ANSWER_THE_SECOND, nstime_seconds(60));
	assert_answered(&exchange);
	exchange = try(arena, TRUNCATE, nstime_seconds(60));
	assert_answered(&exchange);
}

static void T10_what_somebody_else_sends_is_not_seen(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct exchange exchange;

	(void)state;
	exchange = try(arena, FORGE_FIRST, nstime_seconds(60));
	assert_answered(&exchange);
	assert_int_equal(exchange.reply.data[2] & 0x80, 0x80);
	exchange = try(arena, TOO_LONG, nstime_seconds(60));
	assert_answered(&exchange);
	assert_true(exchange.reply.len < EXCHANGE_DATAGRAM);
	exchange = try(arena, FORGE_STREAM, nstime_seconds(60));
	assert_int_equal(exchange.outcome, EXCHANGE_UNREACHABLE);
}

static void who_is_silent_or_hangs_up_is_told_apart(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct exchange exchange;

	(void)state;
	exchange = try(arena, SAY_NOTHING, NS_PER_S / 10);
	assert_int_equal(exchange.outcome, EXCHANGE_SILENT);
	exchange = try(arena, HANG_UP, nstime_seconds(60));
	assert_int_equal(exchange.outcome, EXCHANGE_UNREACHABLE);
}

static void all_are_asked_at_once(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct exchange exchanges[EXCHANGES];
	struct server silent, answering;

	(void)state;
	server_start(&silent, SAY_NOTHING);
	server_start(&answering, ANSWER);
	for (size_t i = 0; i < EXCHANGES; i++)
		exchanges[i] = exchange_with(arena, i % 2 ? &silent : &answering);
	exchange_all(exchanges, EXCHANGES,
			&(struct exchange_options){ arena, nstime_seconds(5), NULL });
	server_stop(&silent);
	server_stop(&answering);
	for (size_t i = 0; i < EXCHANGES; i++)
		if (i % 2)
			assert_int_equal(exchanges[i].outcome, EXCHANGE_SILENT);
		else
			assert_answered(&exchanges[i]);
	assert_true(silent.seen >= EXCHANGES / 2);
}

static void it_comes_back_when_the_agent_stops(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	static atomic_bool stopping = true;
	struct exchange exchange;
	struct server s;

	(void)state;
	server_start(&s, SAY_NOTHING);
	exchange = exchange_with(arena, &s);
	/* Longer than any test may take. */
	exchange_all(&exchange, 1,
			&(struct exchange_options){
					arena, nstime_seconds(86400), &stopping });
	server_stop(&s);
	assert_int_equal(exchange.outcome, EXCHANGE_SILENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_comes),
		cmocka_unit_test(T10_what_somebody_else_sends_is_not_seen),
		cmocka_unit_test(who_is_silent_or_hangs_up_is_told_apart),
		cmocka_unit_test(all_are_asked_at_once),
		cmocka_unit_test(it_comes_back_when_the_agent_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
