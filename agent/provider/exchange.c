#include "agent/provider/exchange.h"

#include "runtime/base/buf.h"
#include "runtime/base/error.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

enum {
	HEADER = 12,
	OPCODE_UPDATE = 5 << 3, /* as it stands in the header */
	LONGEST_MESSAGE = 65535,
	TURN_MS = 100, /* how soon a stop is seen */
};

/* When a datagram is sent again, from the beginning on. */
static const nstime again[] = { NS_PER_S, 2500 * NS_PER_MS };

/* The way of one message. */
struct way {
	struct exchange *exchange;
	int fd; /* -1: done */
	bool stream;
	size_t tries; /* datagrams that were sent */
	struct buf out, in;
};

static void way_deinit(struct way *way)
{
	if (way->fd >= 0)
		close(way->fd);
	buf_free(&way->out);
	buf_free(&way->in);
}

static void finish(struct way *way, enum exchange_outcome outcome)
{
	if (way->fd >= 0)
		close(way->fd);
	way->fd = -1;
	way->exchange->outcome = outcome;
}

static socklen_t length_of(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
					      : sizeof(struct sockaddr_in);
}

/* Connected, a datagram socket takes what that address alone sends. */
static void open_way(struct way *way, bool stream)
{
	const struct sockaddr_storage *to = &way->exchange->to;

	if (way->fd >= 0)
		close(way->fd);
	way->stream = stream;
	way->fd = socket(to->ss_family,
			(stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC |
					SOCK_NONBLOCK,
			0);
	if (way->fd < 0 ||
			(connect(way->fd, (const struct sockaddr *)to, length_of(to)) &&
					errno != EINPROGRESS))
		finish(way, EXCHANGE_UNREACHABLE);
}

static void open_stream(struct way *way)
{
	struct view query = way->exchange->query;

	buf_clear(&way->in);
	buf_clear(&way->out);
	buf_add_byte(&way->out, (char)(query.len >> 8));
	buf_add_byte(&way->out, (char)query.len);
	buf_add(&way->out, query);
	open_way(way, true);
}

/* -- what comes -- */

/* Where the question of a message ends: its name is not compressed, for it is the first. 0:
 * it has none. */
static size_t question_end(struct view message)
{
	size_t at = HEADER;

	if (message.len < HEADER || message.data[4] || message.data[5] != 1)
		return 0;
	while (at < message.len && message.data[at] > 0 && message.data[at] < 64)
		at += (size_t)message.data[at] + 1;
	if (at >= message.len || message.data[at])
		return 0;
	return at + 5 <= message.len ? at + 5 : 0;
}

/* The number, that it is a reply, and the question: what nobody can send who did not see
 * ours. A reply to what could not be read there has no question, and one to an update need
 * not have its zone (RFC 2136, 3.8). */
static bool is_reply(struct view query, struct view reply)
{
	size_t end = question_end(query);

	if (reply.len < HEADER || memcmp(reply.data, query.data, 2) ||
			!(reply.data[2] & 0x80))
		return false;
	if (!reply.data[4] && !reply.data[5])
		return (reply.data[3] & 0x0f) || (query.data[2] & 0x78) == OPCODE_UPDATE;
	return end && question_end(reply) == end &&
	       view_eq_nocase(view_sub(query, HEADER, end - HEADER),
			       view_sub(reply, HEADER, end - HEADER));
}

static void take(struct way *way, struct view message, struct arena *arena)
{
	way->exchange->reply = arena_copy(arena, message);
	finish(way, EXCHANGE_ANSWERED);
}

static void receive_datagram(struct way *way, struct arena *arena)
{
	char bytes[EXCHANGE_DATAGRAM];
	ssize_t len = recv(way->fd, bytes, sizeof(bytes), MSG_TRUNC);

	if (len < 0) {
		if (errno != EAGAIN && errno != EINTR)
			finish(way, EXCHANGE_UNREACHABLE);
		return;
	}
	if ((size_t)len > sizeof(bytes) ||
			!is_reply(way->exchange->query, view_of(bytes, (size_t)len)))
		return;
	if (bytes[2] & 0x02)
		open_stream(way);
	else
		take(way, view_of(bytes, (size_t)len), arena);
}

static void receive_stream(struct way *way, struct arena *arena)
{
	char bytes[16384];
	ssize_t len = recv(way->fd, bytes, sizeof(bytes), 0);
	struct view in;
	size_t whole;

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len > 0)
		buf_add(&way->in, view_of(bytes, (size_t)len));
	in = buf_view(&way->in);
	if (len <= 0 || buf_failed(&way->in)) {
		finish(way, EXCHANGE_UNREACHABLE);
		return;
	}
	if (in.len < 2)
		return;
	whole = (size_t)(unsigned char)in.data[0] << 8 | (unsigned char)in.data[1];
	if (in.len - 2 < whole)
		return;
	in = view_sub(in, 2, whole);
	if (is_reply(way->exchange->query, in))
		take(way, in, arena);
	else
		finish(way, EXCHANGE_UNREACHABLE);
}

static void send_stream(struct way *way)
{
	ssize_t len = send(way->fd, way->out.data, way->out.len, MSG_NOSIGNAL);

	if (len >= 0)
		buf_consume(&way->out, (size_t)len);
	else if (errno != EAGAIN && errno != EINTR)
		finish(way, EXCHANGE_UNREACHABLE);
}

/* -- all of them -- */

static void turn(struct way *way, short events, nstime since, struct arena *arena)
{
	struct view query = way->exchange->query;

	if (way->stream) {
		if (way->out.len)
			send_stream(way);
		else if (events)
			receive_stream(way, arena);
		return;
	}
	if (events)
		receive_datagram(way, arena);
	if (way->fd < 0 || way->stream)
		return;
	if (way->tries == 0 || (way->tries <= ARRAY_LEN(again) &&
					       since >= again[way->tries - 1])) {
		way->tries++;
		/* What an earlier one met (nobody listens) comes back by the next call. */
		if (send(way->fd, query.data, query.len, MSG_NOSIGNAL) < 0 &&
				errno != EAGAIN && errno != EINTR)
			finish(way, EXCHANGE_UNREACHABLE);
	}
}

static bool is_stopped(const struct exchange_options *options)
{
	return options->stopping && atomic_load(options->stopping);
}

static size_t fill(const struct way *ways, size_t count, struct pollfd *polls)
{
	size_t open = 0;

	for (size_t i = 0; i < count; i++) {
		polls[i] = (struct pollfd){ .fd = ways[i].fd,
			.events = ways[i].stream && ways[i].out.len ? POLLOUT : POLLIN };
		open += ways[i].fd >= 0;
	}
	return open;
}

void exchange_all(struct exchange *exchanges, size_t count,
		const struct exchange_options *options)
{
	struct way ways[EXCHANGES];
	struct pollfd polls[EXCHANGES] = { 0 };
	nstime began = clock_now(), since = 0;

	assert(count <= EXCHANGES);
	for (size_t i = 0; i < count; i++) {
		exchanges[i].outcome = EXCHANGE_SILENT;
		ways[i] = (struct way){ .exchange = &exchanges[i],
			.fd = -1,
			.out = BUF_NULL(LONGEST_MESSAGE + 2),
			.in = BUF_NULL(LONGEST_MESSAGE + 2 + 16384) };
		if (exchanges[i].stream)
			open_stream(&ways[i]);
		else
			open_way(&ways[i], false);
	}
	for (;;) {
		for (size_t i = 0; i < count; i++)
			if (ways[i].fd >= 0 && (polls[i].revents || !ways[i].stream))
				turn(&ways[i], polls[i].revents, since, options->arena);
		if (!fill(ways, count, polls) || since >= options->patience ||
				is_stopped(options))
			break;
		if (poll(polls, count, TURN_MS) < 0 && errno != EINTR)
			die("poll: %d", errno);
		since = clock_now() - began;
	}
	for (size_t i = 0; i < count; i++)
		way_deinit(&ways[i]);
}
