/* The resolver against a name server of a few lines, on the loopback: what each kind of
 * answer becomes, and that each question is answered once. What is signed is judged in
 * tests/whole, against a real server. */
#include "runtime/net/resolver.h"

#include "runtime/base/error.h"
#include "runtime/base/limit.h"
#include "tests/lib/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* -- the name server: the first label of a name says what it does -- */

struct server {
	int fd;
	pthread_t thread;
	char address[32]; /* as libunbound writes it */
	pthread_mutex_t lock;
	pthread_cond_t change;
	unsigned silent; /* questions that it left alone */
};

static size_t put_record(unsigned char *at, unsigned type, const void *data, size_t len)
{
	const unsigned char head[] = { 0xc0, 12, 0, (unsigned char)type, 0, 1, 0, 0, 0,
		60, (unsigned char)(len >> 8), (unsigned char)len };

	memcpy(at, head, sizeof(head));
	memcpy(at + sizeof(head), data, len);
	return sizeof(head) + len;
}

/* The reply's length; 0: it says nothing. */
static size_t reply(unsigned char *packet, size_t question_end)
{
	struct view first = view_of(packet + 13, packet[12]);
	unsigned type = packet[question_end - 3];
	size_t len = question_end;
	unsigned answers = 0, rcode = 0;

	if (view_eq_nocase(first, VIEW("silent")))
		return 0;
	if (view_eq_nocase(first, VIEW("nx")))
		rcode = 3;
	if (view_eq_nocase(first, VIEW("fail")))
		rcode = 2;
	if (view_eq_nocase(first, VIEW("refuse")))
		rcode = 5;
	if (view_eq_nocase(first, VIEW("two")) && type == 1) {
		len += put_record(packet + len, 1, "\xc0\0\2\1", 4);
		len += put_record(packet + len, 1, "\xc0\0\2\2", 4);
		answers = 2;
	}
	if (view_eq_nocase(first, VIEW("mx")) && type == 15) {
		len += put_record(packet + len, 15, "\0\12\2mx\3net\0", 10);
		len += put_record(packet + len, 15, "\0\0\0", 3);
		answers = 2;
	}
	if (view_eq_nocase(first, VIEW("bad")) && type == 15) {
		len += put_record(packet + len, 15, "\1\2\3", 3);
		answers = 1;
	}
	packet[2] = 0x84; /* a reply, with authority */
	packet[3] = (unsigned char)rcode;
	packet[7] = (unsigned char)answers;
	packet[9] = packet[11] = 0;
	return len;
}

static void *serve(void *arg)
{
	struct server *s = arg;
	unsigned char packet[2048];
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	ssize_t n;

	while ((n = recvfrom(s->fd, packet, sizeof(packet), 0, (struct sockaddr *)&from,
				&from_len)) > 0) {
		size_t end = 12, len;

		if (n == 1)
			break; /* the end of the test */
		while (end < (size_t)n && packet[end])
			end += 1u + packet[end];
		end += 5;
		len = reply(packet, end);
		if (len)
			sendto(s->fd, packet, len, 0, (struct sockaddr *)&from, from_len);
		pthread_mutex_lock(&s->lock);
		s->silent += len == 0;
		pthread_cond_broadcast(&s->change);
		pthread_mutex_unlock(&s->lock);
		from_len = sizeof(from);
	}
	return NULL;
}

static struct sockaddr_in server_at(struct server *s)
{
	struct sockaddr_in at = { 0 };
	socklen_t len = sizeof(at);

	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&at, &len), 0);
	return at;
}

static void server_init(struct server *s)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	*s = (struct server){ .fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) };
	assert_int_equal(bind(s->fd, (struct sockaddr *)&at, sizeof(at)), 0);
	snprintf(s->address, sizeof(s->address), "127.0.0.1@%u",
			ntohs(server_at(s).sin_port));
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->change, NULL);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void server_deinit(struct server *s)
{
	struct sockaddr_in at = server_at(s);

	assert_int_equal(sendto(s->fd, "", 1, 0, (struct sockaddr *)&at, sizeof(at)), 1);
	pthread_join(s->thread, NULL);
	close(s->fd);
	pthread_cond_destroy(&s->change);
	pthread_mutex_destroy(&s->lock);
}

static void await_silence(struct server *s, unsigned count)
{
	pthread_mutex_lock(&s->lock);
	while (s->silent < count)
		pthread_cond_wait(&s->change, &s->lock);
	pthread_mutex_unlock(&s->lock);
}

/* -- one who asks -- */

struct asker {
	struct resolver_question question;
	pthread_mutex_t lock;
	pthread_cond_t change;
	unsigned answers;
	uint64_t number;
};

static void answered(struct resolver_question *question)
{
	struct asker *asker = CONTAINER_OF(question, struct asker, question);

	pthread_mutex_lock(&asker->lock);
	asker->answers++;
	pthread_cond_broadcast(&asker->change);
	pthread_mutex_unlock(&asker->lock);
}

static void ask(struct asker *asker, struct resolver *resolver, enum dns_type type,
		const char *name, nstime time_limit)
{
	*asker = (struct asker){ .question = {
						 .lookup = dns_lookup_new(
								 type, view_z(name)),
						 .time_limit = time_limit,
						 .answered = answered,
				 } };
	pthread_mutex_init(&asker->lock, NULL);
	pthread_cond_init(&asker->change, NULL);
	asker->number = resolver_ask(resolver, &asker->question);
}

static const struct dns_answer *await_answer(struct asker *asker)
{
	pthread_mutex_lock(&asker->lock);
	while (asker->answers == 0)
		pthread_cond_wait(&asker->change, &asker->lock);
	pthread_mutex_unlock(&asker->lock);
	return &asker->question.lookup->answer;
}

static void asker_deinit(struct asker *asker)
{
	assert_int_equal(asker->answers, 1);
	op_free(&asker->question.lookup->op);
	pthread_cond_destroy(&asker->change);
	pthread_mutex_destroy(&asker->lock);
}

/* -- the world: one server for unit.example, and an anchor of somewhere else -- */

static char anchors[] = "/tmp/anchors.XXXXXX";
static struct server server;
static struct resolver *resolver;

static const char anchor[] =
		"; a comment\n\nother.example. IN DS 20326 8 2 "
		"E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D ; 1\n";

static void write_file(char *path, const char *text)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int set_up(void **state)
{
	const struct resolver_stub stub = { "unit.example", server.address };
	const struct resolver_options options = {
		.anchors = anchors, .stubs = &stub, .stub_count = 1, .on_loopback = true
	};

	(void)state;
	server_init(&server);
	write_file(anchors, anchor);
	assert_int_equal(resolver_new(&options, &resolver), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	resolver_free(resolver);
	server_deinit(&server);
	unlink(anchors);
	return 0;
}

/* -- tests -- */

/* clang-format off */
static const struct {
	const char *name;
	enum dns_type type;
	enum dns_status status;
	size_t count;
	const char *reason;
} rows[] = {
	{ "two.unit.example",    DNS_A,    DNS_ANSWERED, 2, "" },
	{ "TWO.Unit.Example",    DNS_A,    DNS_ANSWERED, 2, "" },
	{ "two.unit.example",    DNS_AAAA, DNS_NODATA,   0, "" },
	{ "nx.unit.example",     DNS_A,    DNS_NXDOMAIN, 0, "" },
	{ "fail.unit.example",   DNS_A,    DNS_FAILED,   0, "SERVFAIL: its name servers do not answer, or not well" },
	{ "refuse.unit.example", DNS_A,    DNS_FAILED,   0, "SERVFAIL: its name servers do not answer, or not well" },
	{ "mx.unit.example",     DNS_MX,   DNS_ANSWERED, 2, "" },
	{ "localhost",           DNS_A,    DNS_ANSWERED, 1, "" },
	{ "x.invalid",           DNS_A,    DNS_NXDOMAIN, 0, "" },
};
/* clang-format on */

static void each_kind_of_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct asker asker;
		const struct dns_answer *answer;

		ask(&asker, resolver, rows[i].type, rows[i].name, 0);
		answer = await_answer(&asker);
		if (answer->status != rows[i].status || answer->count != rows[i].count)
			fail_msg("%s: status %d, %zu records, \"%s\"", rows[i].name,
					answer->status, answer->count,
					asker.question.reason);
		assert_false(answer->secure);
		assert_string_equal(asker.question.reason, rows[i].reason);
		asker_deinit(&asker);
	}
}

static void records(void **state)
{
	struct asker a, mx;
	const struct dns_answer *answer;

	(void)state;
	ask(&a, resolver, DNS_A, "two.unit.example", 0);
	answer = await_answer(&a);
	assert_int_equal(answer->count, 2);
	assert_int_equal(
			answer->records[0].address[3] + answer->records[1].address[3], 3);
	assert_true(answer->ttl > 0 && answer->ttl <= 60);
	asker_deinit(&a);

	ask(&mx, resolver, DNS_MX, "mx.unit.example", 0);
	answer = await_answer(&mx);
	assert_int_equal(answer->count, 2);
	for (size_t i = 0; i < 2; i++)
		assert_view(answer->records[i].name,
				answer->records[i].preference ? "mx.net" : "");
	asker_deinit(&mx);
}

/* Its host is a label that ends behind the record. */
static void S35_a_malformed_record_is_no_answer(void **state)
{
	struct asker asker;

	(void)state;
	ask(&asker, resolver, DNS_MX, "bad.unit.example", 0);
	assert_true(dns_answer_failed(await_answer(&asker)));
	assert_int_not_equal(asker.question.reason[0], '\0');
	asker_deinit(&asker);
}

static void silence_ends_with_its_time(void **state)
{
	struct asker asker;

	(void)state;
	ask(&asker, resolver, DNS_A, "silent.unit.example", 20 * NS_PER_MS);
	assert_int_equal(await_answer(&asker)->status, DNS_FAILED);
	assert_string_equal(asker.question.reason, "there was no answer in time");
	/* a number that was answered */
	resolver_cancel(resolver, asker.number);
	asker_deinit(&asker);
}

static void who_does_not_wait_is_answered(void **state)
{
	unsigned before = server.silent;
	struct asker asker, behind;

	(void)state;
	ask(&asker, resolver, DNS_A, "silent.b.unit.example", 0);
	await_silence(&server, before + 1);
	resolver_cancel(resolver, asker.number);
	assert_int_equal(await_answer(&asker)->status, DNS_FAILED);
	assert_string_equal(asker.question.reason, "nobody waits for it any more");
	asker_deinit(&asker);
	resolver_cancel(resolver, asker.number);
	resolver_cancel(resolver, 0);
	ask(&behind, resolver, DNS_A, "two.unit.example", 0);
	assert_int_equal(await_answer(&behind)->status, DNS_ANSWERED);
	asker_deinit(&behind);
}

static void questions_have_a_limit(void **state)
{
	const size_t limit = limit_value(LIMIT_DNS_QUESTIONS);
	struct asker *askers = xcalloc(limit + 1, sizeof(*askers));
	struct asker last;
	char name[64];

	(void)state;
	for (size_t i = 0; i <= limit; i++) {
		snprintf(name, sizeof(name), "silent.%zu.unit.example", i);
		ask(&askers[i], resolver, DNS_A, name, nstime_seconds(600));
	}
	assert_int_equal(await_answer(&askers[limit])->status, DNS_FAILED);
	assert_string_equal(
			askers[limit].question.reason, limit_reply(LIMIT_DNS_QUESTIONS));
	for (size_t i = 0; i < limit; i++)
		resolver_cancel(resolver, askers[i].number);
	for (size_t i = 0; i <= limit; i++) {
		assert_int_equal(await_answer(&askers[i])->status, DNS_FAILED);
		asker_deinit(&askers[i]);
	}
	/* and then there is room again */
	ask(&last, resolver, DNS_A, "localhost", 0);
	assert_int_equal(await_answer(&last)->status, DNS_ANSWERED);
	asker_deinit(&last);
	free(askers);
}

static void a_stop_answers_all(void **state)
{
	const struct resolver_stub stub = { "unit.example", server.address };
	const struct resolver_options options = {
		.anchors = anchors, .stubs = &stub, .stub_count = 1, .on_loopback = true
	};
	unsigned before = server.silent;
	struct resolver *other;
	struct asker askers[3];

	(void)state;
	assert_int_equal(resolver_new(&options, &other), 0);
	for (size_t i = 0; i < ARRAY_LEN(askers); i++)
		ask(&askers[i], other, i ? DNS_A : DNS_MX, "silent.unit.example", 0);
	await_silence(&server, before + 1);
	resolver_free(other);
	for (size_t i = 0; i < ARRAY_LEN(askers); i++) {
		assert_int_equal(await_answer(&askers[i])->status, DNS_FAILED);
		assert_string_equal(askers[i].question.reason, "this server stops");
		asker_deinit(&askers[i]);
	}
}

static void bad_options(void **state)
{
	char empty[] = "/tmp/anchors.XXXXXX";
	const char *const forwarder = "nowhere";
	const struct resolver_stub stub = { "unit.example", "127.0.0.1@x@" };
	struct resolver_options options = { .anchors = "/nowhere/root.key" };
	struct resolver *other = NULL;

	(void)state;
	assert_int_equal(resolver_new(&options, &other), -ENOENT);
	write_file(empty, "; nothing\n\n");
	options.anchors = empty;
	assert_int_equal(resolver_new(&options, &other), RESOLVER_E_ANCHORS);
	unlink(empty);
	options.anchors = anchors;
	options.forwarders = &forwarder;
	options.forwarder_count = 1;
	assert_int_equal(resolver_new(&options, &other), RESOLVER_E_ADDRESS);
	options.forwarder_count = 0;
	options.stubs = &stub;
	options.stub_count = 1;
	assert_int_equal(resolver_new(&options, &other), RESOLVER_E_ADDRESS);
	assert_null(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_answer),
		cmocka_unit_test(records),
		cmocka_unit_test(S35_a_malformed_record_is_no_answer),
		cmocka_unit_test(silence_ends_with_its_time),
		cmocka_unit_test(who_does_not_wait_is_answered),
		cmocka_unit_test(questions_have_a_limit),
		cmocka_unit_test(a_stop_answers_all),
		cmocka_unit_test(bad_options),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
