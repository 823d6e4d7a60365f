/* The check of a message beside a name server that never answers: nobody waits for it longer
 * than he has to, and what was asked is given up. */
#include "runtime/service/checking.h"

#include "runtime/base/error.h"
#include "runtime/net/resolver.h"
#include "tests/lib/test.h"
#include "tests/runtime/service/house.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static const char anchor[] =
		"elsewhere.invalid. IN DS 1 13 2 "
		"0000000000000000000000000000000000000000000000000000000000000001\n";

struct silence {
	struct house *house;
	struct resolver *resolver;
	int fd;
	struct suffix_list *suffixes;
	char anchors[64];
	pthread_mutex_t lock;
	pthread_cond_t change;
	unsigned done;
};

static void write_anchors(struct silence *s)
{
	int fd;

	strcpy(s->anchors, "/tmp/anchors.XXXXXX");
	fd = mkstemp(s->anchors);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, anchor, strlen(anchor)), (ssize_t)strlen(anchor));
	close(fd);
}

static void open_silence(struct silence *s)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	char text[40];
	const char *forwarders[] = { text };
	const struct resolver_options options = { .anchors = s->anchors,
		.forwarders = forwarders,
		.forwarder_count = 1,
		.on_loopback = true };

	*s = (struct silence){ .house = house_new(),
		.fd = socket(AF_INET, SOCK_DGRAM, 0) };
	assert_int_equal(bind(s->fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&address, &len), 0);
	snprintf(text, sizeof(text), "127.0.0.1@%u", ntohs(address.sin_port));
	write_anchors(s);
	assert_int_equal(resolver_new(&options, &s->resolver), 0);
	s->suffixes = suffix_list_load();
	assert_non_null(s->suffixes);
	service_set_resolver(s->house->service, s->resolver);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->change, NULL);
}

static void close_silence(struct silence *s)
{
	resolver_free(s->resolver);
	house_free(s->house);
	suffix_list_free(s->suffixes);
	unlink(s->anchors);
	close(s->fd);
	pthread_cond_destroy(&s->change);
	pthread_mutex_destroy(&s->lock);
}

/* Each asks for names of its own: one that is asked for already makes no new question. */
static struct checking *begin(struct silence *s, int number)
{
	char domain[40];
	struct mail_check_request request = { .client = { .bytes = { 192, 0, 2, 1 },
							      .bits = 32 },
		.helo = VIEW("mx.silent.example"),
		.local = VIEW("a"),
		.domain = view_of(domain, (size_t)snprintf(domain, sizeof(domain),
						  "s%d.silent.example", number)),
		.receiver = VIEW("mx.here.example"),
		.suffixes = s->suffixes,
		.now = 1795505623 };
	struct checking *c = checking_new(s->house->service, &request);

	checking_feed(c,
			VIEW("DKIM-Signature: v=1; a=ed25519-sha256; d=silent.example; "
			     "s=s;\r\n h=from; "
			     "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AA==\r\n"
			     "From: a@silent.example\r\n\r\nbody\r\n"));
	return c;
}

static void done(void *arg)
{
	struct silence *s = arg;

	pthread_mutex_lock(&s->lock);
	s->done++;
	pthread_cond_broadcast(&s->change);
	pthread_mutex_unlock(&s->lock);
}

static void await_done(struct silence *s)
{
	pthread_mutex_lock(&s->lock);
	while (!s->done)
		pthread_cond_wait(&s->change, &s->lock);
	pthread_mutex_unlock(&s->lock);
}

/* A question has left: what follows meets it under way. */
static void await_question(struct silence *s)
{
	char packet[512];

	assert_true(recv(s->fd, packet, sizeof(packet), 0) > 0);
}

static void what_the_dns_does_not_say_is_a_temperror(void **state)
{
	struct silence s;
	struct checking *c;
	const struct verdict *verdict;

	(void)state;
	open_silence(&s);
	c = begin(&s, 0);
	await_question(&s);
	checking_finish(c, done, &s);
	assert_null(checking_verdict(c));
	resolver_stop(s.resolver); /* as the time limit of each question does */
	await_done(&s);
	verdict = checking_verdict(c);
	assert_non_null(verdict);
	assert_int_equal(verdict->spf->code, SPF_TEMPERROR);
	assert_int_equal(verdict->spf_helo->code, SPF_TEMPERROR);
	assert_int_equal(verdict->dkim->verdicts[0].code, DKIM_TEMPERROR);
	assert_int_equal(verdict->dmarc->code, DMARC_TEMPERROR);
	assert_int_equal(s.done, 1);
	checking_free(c);
	close_silence(&s);
}

static void what_is_under_way_is_given_up(void **state)
{
	struct silence s;

	(void)state;
	open_silence(&s);
	for (int i = 0; i < 50; i++) {
		struct checking *c = begin(&s, 1 + i);

		if (i % 2)
			await_question(&s);
		checking_free(c);
	}
	close_silence(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_dns_does_not_say_is_a_temperror),
		cmocka_unit_test(what_is_under_way_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
