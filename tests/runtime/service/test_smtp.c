/* SMTP through real sockets, into the intake log. What the engine says is in
 * tests/dialog; here is what the service knows. */
#include "runtime/service/smtp.h"

#include "runtime/base/base64.h"
#include "runtime/service/sessions.h"
#include "tests/lib/test.h"
#include "tests/runtime/net/toy.h"
#include "tests/runtime/service/house.h"

#include <openssl/ssl.h>
#include <sys/socket.h>

#define FROM "From: carol@example.net\r\n"

struct post {
	struct house *house;
	struct service_port service_port;
	struct port port;
	struct listener *listener;
	struct client client;
};

static void say(struct post *p, const char *line)
{
	client_send(&p->client, line);
	client_send(&p->client, "\r\n");
}

static void hear(struct post *p, const char *line)
{
	CLEANUP(buf_free) struct buf whole = BUF_NULL(1000);

	buf_add_z(&whole, line);
	buf_add(&whole, VIEW("\r\0"));
	client_expect(&p->client, whole.data);
}

static void talk(struct post *p, const char *command, const char *reply)
{
	say(p, command);
	hear(p, reply);
}

static void greet_client(struct post *p)
{
	p->client = (struct client){ .fd = client_socket(listener_number(p->listener)) };
	if (p->port.implicit_tls)
		assert_true(client_secure(&p->client, 0, "mail.example.org", NULL));
	hear(p, "220 mail.example.org ESMTP");
}

static struct view read_line(struct post *p, char line[512])
{
	size_t len = 0;

	while (len < 512 && client_read(&p->client, line + len, 1) == 1)
		if (line[len++] == '\n')
			return view_of(line, len);
	fail_msg("the connection ended within a line");
	return VIEW_NULL;
}

/* The next line is one that begins so. */
static void hear_start(struct post *p, const char *start)
{
	char line[512];
	struct view got = read_line(p, line);

	assert_view(view_sub(got, 0, strlen(start)), start);
}

static void hello(struct post *p)
{
	char line[512];

	say(p, "EHLO client.example.net");
	while (!view_starts(read_line(p, line), VIEW("250 ")))
		continue;
}

static void open_post(struct post *p, enum listener_kind kind)
{
	struct net *net;

	memset(p, 0, sizeof(*p));
	p->house = house_new();
	net = service_net(p->house->service);
	p->service_port = (struct service_port){ p->house->service, kind };
	p->port = (struct port){ .class = &smtp_port_class,
		.context = &p->service_port,
		.name = "smtp",
		.implicit_tls = kind == LISTENER_SUBMISSIONS };
	if (kind != LISTENER_SMTP) {
		CLEANUP(tls_identities_unrefp)
		struct tls_identities *all = tls_identities_new();

		toy_add_identity(all, "mail.example.org", NULL);
		net_set_identities(net, all);
	}
	assert_int_equal(listener_open(net, &p->port, VIEW("127.0.0.1"), 0, &p->listener),
			0);
	listener_start(p->listener);
	greet_client(p);
	hello(p);
}

/* In a new session: errors slow one down. */
static void start_over(struct post *p)
{
	talk(p, "QUIT", "221 2.0.0 Bye");
	client_close(&p->client);
	greet_client(p);
	hello(p);
}

static void log_in(struct post *p)
{
	CLEANUP(buf_free) struct buf line = BUF_NULL(200);

	buf_add_z(&line, "AUTH PLAIN ");
	base64_add(&line, VIEW("\0alice@example.org\0wonderland"));
	buf_add_byte(&line, '\0');
	talk(p, line.data, "235 2.7.0 You are logged in");
}

static void close_post(struct post *p)
{
	struct net *net = service_net(p->house->service);

	client_close(&p->client);
	listener_close(p->listener);
	assert_int_equal(net_wait(net, clock_now() + nstime_seconds(20)), 0);
	assert_int_equal(sessions_count(service_sessions(p->house->service)), 0);
	assert_true(house_is_quiet(p->house));
	house_free(p->house);
}

/* The message as the filer will see it: trace header, then its bytes. */
static void assert_message(struct intake_message *message, const char *sender,
		const char *accounts, const char *body)
{
	const struct intake_envelope *envelope = intake_message_envelope(message);
	char bytes[1000];
	size_t len;

	assert_view(envelope->sender, sender);
	assert_int_equal(envelope->recipient_count, strlen(accounts));
	for (size_t i = 0; i < envelope->recipient_count; i++)
		assert_int_equal(envelope->recipients[i].account[0], accounts[i] - '0');
	assert_int_equal(intake_message_read(message, 0, bytes, sizeof(bytes), &len), 0);
	assert_view(view_of(bytes, len), body);
}

static void mail_from_outside_reaches_the_intake_log(void **state)
{
	struct intake_message *message;
	struct view trace;
	struct post p;

	(void)state;
	open_post(&p, LISTENER_SMTP);
	talk(&p, "MAIL FROM:<Carol@example.net>", "250 2.1.0 Sender taken");
	talk(&p, "RCPT TO:<Alice+News@EXAMPLE.org>", "250 2.1.5 Recipient taken");
	talk(&p, "DATA", "354 Send the message, end with <CR><LF>.<CR><LF>");
	say(&p, FROM "Subject: hello\r\n\r\n..dot\r\n.");
	message = house_await_message(p.house);
	assert_message(message, "Carol@example.net", "1",
			FROM "Subject: hello\r\n\r\n.dot\r\n");
	assert_view(intake_message_envelope(message)->recipients[0].address,
			"Alice+News@EXAMPLE.org");
	trace = intake_message_trace(message);
	assert_true(view_starts(trace,
			VIEW("Received: from client.example.net ([127.0.0.1])\r\n\tby "
			     "mail.example.org with ESMTP\r\n\tid ")));
	assert_true(view_find_view(trace, VIEW("for <Alice+News@EXAMPLE.org>")) <
			trace.len);
	hear_start(&p, "250 2.0.0 Queued as ");
	close_post(&p);
}

/* RFC 6531: the envelope says so, since it goes on by SMTPUTF8 only, and so does the trace. */
static void S32_mail_beyond_ascii_is_kept_as_such(void **state)
{
	struct intake_message *message;
	struct view trace;
	struct post p;

	(void)state;
	open_post(&p, LISTENER_SMTP);
	talk(&p,
			"MAIL FROM:<j\xc3\xb6rg@b\xc3\xbc"
			"cher.example> SMTPUTF8 BODY=8BITMIME",
			"250 2.1.0 Sender taken");
	talk(&p,
			"RCPT TO:<gr\xc3\xbc\xc3\x9f"
			"e@example.org>",
			"550 5.1.1 No such address here");
	talk(&p,
			"RCPT TO:<alice+gr\xc3\xbc\xc3\x9f"
			"e@example.org>",
			"250 2.1.5 Recipient taken");
	client_send(&p.client, "BDAT 38\r\n" FROM "Subject: \xf0\x9f\x93\xa9");
	hear(&p, "250 2.0.0 38 octets received");
	say(&p, "BDAT 0 LAST");
	message = house_await_message(p.house);
	assert_message(message, "j\xc3\xb6rg@xn--bcher-kva.example", "1",
			FROM "Subject: \xf0\x9f\x93\xa9\r\n");
	assert_true(intake_message_envelope(message)->utf8);
	assert_true(intake_message_envelope(message)->eight_bit);
	trace = intake_message_trace(message);
	assert_true(view_find_view(trace, VIEW(" with UTF8SMTP\r\n")) < trace.len);
	assert_true(view_find_view(trace, VIEW("for <alice+gr\xc3\xbc\xc3\x9f"
					       "e@example.org>")) < trace.len);
	hear_start(&p, "250 2.0.0 Queued as ");
	close_post(&p);
}

/* What is not promised is not taken either. */
static void reports_are_not_offered(void **state)
{
	struct post p;

	(void)state;
	open_post(&p, LISTENER_SMTP);
	talk(&p, "MAIL FROM:<carol@example.net> RET=HDRS",
			"555 5.5.4 Parameter not known");
	talk(&p, "MAIL FROM:<carol@example.net>", "250 2.1.0 Sender taken");
	talk(&p, "RCPT TO:<alice@example.org> NOTIFY=SUCCESS",
			"555 5.5.4 Parameter not known");
	close_post(&p);
}

static void each_account_gets_it_once(void **state)
{
	struct post p;

	(void)state;
	open_post(&p, LISTENER_SMTP);
	talk(&p, "MAIL FROM:<>", "250 2.1.0 Sender taken");
	talk(&p, "RCPT TO:<bob@example.org>", "250 2.1.5 Recipient taken");
	talk(&p, "RCPT TO:<team@example.org>", "250 2.1.5 Recipient taken");
	talk(&p, "RCPT TO:<void@example.org>", "250 2.1.5 Recipient taken");
	talk(&p, "RCPT TO:<Postmaster>", "250 2.1.5 Recipient taken");
	talk(&p, "DATA", "354 Send the message, end with <CR><LF>.<CR><LF>");
	say(&p, FROM ".");
	assert_message(house_await_message(p.house), "", "21", FROM);
	close_post(&p);
}

static void S25_who_cannot_get_mail_is_refused_in_the_session(void **state)
{
	/* clang-format off */
	static const char *const refusals[][2] = {
		{ "nobody@example.org",  "550 5.1.1 No such address here" },
		{ "bob@example.net",     "550 5.7.1 We do not relay" },
		{ "bob@[127.0.0.1]",     "550 5.7.1 We do not relay" },
		{ "carol@example.org",   "550 5.2.1 Mailbox disabled" },
		{ "dan@example.org",     "450 4.2.1 Mailbox disabled; try again" },
		{ "closed@example.org",  "550 5.7.1 Write to team??250 instead" },
		{ "away@example.org",    "451 4.3.0 No mail to other hosts is taken until the disk has been looked at" },
	};
	/* clang-format on */
	struct post p;

	(void)state;
	open_post(&p, LISTENER_SMTP);
	talk(&p, "MAIL FROM:<carol@example.net>", "250 2.1.0 Sender taken");
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		CLEANUP(buf_free) struct buf line = BUF_NULL(200);

		buf_addf(&line, "RCPT TO:<%s>", refusals[i][0]);
		buf_add_byte(&line, '\0');
		talk(&p, line.data, refusals[i][1]);
	}
	talk(&p, "DATA", "554 5.5.1 No valid recipients");
	close_post(&p);
}

/* Two aliases that lead to each other: the sender hears of it, and nothing goes round. */
static void S27_an_alias_loop_is_refused(void **state)
{
	struct post p;

	(void)state;
	open_post(&p, LISTENER_SMTP);
	talk(&p, "MAIL FROM:<carol@example.net>", "250 2.1.0 Sender taken");
	talk(&p, "RCPT TO:<round@example.org>",
			"554 5.4.6 The aliases behind this address lead too far");
	talk(&p, "DATA", "554 5.5.1 No valid recipients");
	close_post(&p);
}

static void S23_nothing_is_relayed(void **state)
{
	/* clang-format off */
	static const char *const recipients[] = {
		/* foreign, in all the ways to write it */
		"bob@example.net",             "<bob@example.net",
		"BOB@EXAMPLE.NET",             "bob@mx.example.net",
		"bob@example.org.example.net", "bob@sub.example.org",
		"bob@mail.example.org",        "bob@example.orgg",
		"bob@org",                     "bob@localhost",
		/* this host by its addresses */
		"bob@[127.0.0.1]",             "bob@[192.0.2.1]",
		"bob@[IPv6:::1]",              "bob@[IPv6:2001:db8::1]",
		"bob@127.0.0.1",               "bob@[mail.example.org]",
		/* the roads of old */
		"@example.org:bob@example.net",                  "@a.example,@example.org:bob@example.net",
		"bob%example.net@example.org",                   "bob%example.org@example.net",
		"example.net!bob@example.org",                   "example.org!bob@example.net",
		"\"bob@example.net\"@example.org",               "\"bob@example.org\"@example.net",
		"bob@example.net@example.org",                   "bob@example.org@example.net",
		"bob@example.net(@example.org)",                 "bob@example.net%example.org",
		/* beyond ASCII: the same name, and one that looks like ours */
		"bob@example.net\xe3\x80\x82",                  "bob@ex\xd0\xb0mple.org",
		/* out of our own house */
		"round@example.org",                             "SRS0=aaaaaaaa=aa=example.net=bob@example.org",
	};
	/* clang-format on */
	struct post p;

	(void)state;
	open_post(&p, LISTENER_SMTP);
	assert_true(ARRAY_LEN(recipients) >= 24);
	for (size_t i = 0; i < ARRAY_LEN(recipients); i++) {
		CLEANUP(buf_free) struct buf line = BUF_NULL(200);

		if (i % 4 == 0) {
			if (i)
				start_over(&p);
			talk(&p, "MAIL FROM:<alice@example.org> SMTPUTF8",
					"250 2.1.0 Sender taken");
		}
		buf_addf(&line, "RCPT TO:<%s>", recipients[i]);
		buf_add_byte(&line, '\0');
		say(&p, line.data);
		hear_start(&p, "5");
	}
	talk(&p, "DATA", "554 5.5.1 No valid recipients");
	close_post(&p);
}

/* What an answering machine would send, and what nobody may answer: it is taken or refused
 * in the session, and no message is made of it (RFC 3834, 2; RFC 5321, 4.5.5). */
static void S26_nothing_is_ever_sent_back(void **state)
{
	/* clang-format off */
	static const char *const senders[] = { "MAIL FROM:<>", "MAIL FROM:<carol@example.net>" };
	static const char *const fields[] = {
		FROM "Auto-Submitted: auto-replied\r\nSubject: away",
		FROM "List-Id: <list.example.net>\r\nPrecedence: bulk\r\nReturn-Receipt-To: carol@example.net",
		FROM "Disposition-Notification-To: carol@example.net",
	};
	/* clang-format on */
	struct post p;

	(void)state;
	open_post(&p, LISTENER_SMTP);
	for (size_t i = 0; i < ARRAY_LEN(senders); i++)
		for (size_t n = 0; n < ARRAY_LEN(fields); n++) {
			talk(&p, senders[i], "250 2.1.0 Sender taken");
			talk(&p, "RCPT TO:<alice@example.org>",
					"250 2.1.5 Recipient taken");
			talk(&p, "DATA",
					"354 Send the message, end with "
					"<CR><LF>.<CR><LF>");
			say(&p, fields[n]);
			say(&p, "\r\n.");
			hear_start(&p, "250 2.0.0 Queued as ");
			assert_int_equal(intake_message_envelope(
							 house_await_message(p.house))
							 ->recipient_count,
					1);
		}
	talk(&p, "MAIL FROM:<>", "250 2.1.0 Sender taken");
	talk(&p, "RCPT TO:<carol@example.org>", "550 5.2.1 Mailbox disabled");
	talk(&p, "RCPT TO:<closed@example.org>", "550 5.7.1 Write to team??250 instead");
	close_post(&p); /* and the log holds no message more */
}

/* The peer ends TLS in the midst of a message and goes on in clear: nothing of it is read,
 * the transaction is dropped, once (CVE-2026-45185). */
static void end_tls_within(struct post *p, const char *begin)
{
	const char *clear = "two\r\n.\r\nMAIL FROM:<evil@example.net>\r\nQUIT\r\n";

	open_post(p, LISTENER_SUBMISSIONS);
	log_in(p);
	talk(p, "MAIL FROM:<alice@example.org>", "250 2.1.0 Sender taken");
	talk(p, "RCPT TO:<bob@example.org>", "250 2.1.5 Recipient taken");
	say(p, begin);
	if (strcmp(begin, "DATA") == 0)
		hear(p, "354 Send the message, end with <CR><LF>.<CR><LF>");
	say(p, "From: alice@example.org\r\n\r\none");
	SSL_shutdown(p->client.ssl);
	assert_int_equal(send(p->client.fd, clear, strlen(clear), MSG_NOSIGNAL),
			strlen(clear));
	for (;;) { /* TLS records of the server's own end may come, and then its end */
		char bytes[512];
		ssize_t len = recv(p->client.fd, bytes, sizeof(bytes), 0);

		if (len <= 0)
			break;
		assert_true(view_find_view(view_of(bytes, (size_t)len), VIEW("250 ")) ==
				(size_t)len);
	}
	close_post(p);
}

static void S09_a_message_ends_with_its_tls(void **state)
{
	struct post p;

	(void)state;
	end_tls_within(&p, "DATA");
	end_tls_within(&p, "BDAT 1000");
	end_tls_within(&p, "BDAT 100000 LAST");
}

static void a_message_for_nobody_ends_well(void **state)
{
	struct post p;

	(void)state;
	open_post(&p, LISTENER_SMTP);
	talk(&p, "MAIL FROM:<carol@example.net>", "250 2.1.0 Sender taken");
	talk(&p, "RCPT TO:<void@example.org>", "250 2.1.5 Recipient taken");
	talk(&p, "DATA", "354 Send the message, end with <CR><LF>.<CR><LF>");
	say(&p, FROM "\r\nx\r\n.");
	hear_start(&p, "250 2.0.0 Queued as ");
	close_post(&p);
}

static void a_client_that_goes_in_data_leaves_nothing(void **state)
{
	char block[1025];
	struct post p;

	(void)state;
	memset(block, 'x', 1022);
	memcpy(block + 1022, "\r\n", 3);
	open_post(&p, LISTENER_SMTP);
	talk(&p, "MAIL FROM:<carol@example.net>", "250 2.1.0 Sender taken");
	talk(&p, "RCPT TO:<alice@example.org>", "250 2.1.5 Recipient taken");
	talk(&p, "DATA", "354 Send the message, end with <CR><LF>.<CR><LF>");
	client_send(&p.client, FROM "\r\n");
	for (int i = 0; i < 400; i++) /* into the spool */
		client_send(&p.client, block);
	close_post(&p);
}

static void a_large_message_arrives_whole(void **state)
{
	struct intake_message *message;
	char block[1025], end[3];
	struct post p;
	size_t len, before_end;

	(void)state;
	memset(block, 'x', 1022);
	memcpy(block + 1022, "\r\n", 3);
	open_post(&p, LISTENER_SMTP);
	talk(&p, "MAIL FROM:<carol@example.net>", "250 2.1.0 Sender taken");
	talk(&p, "RCPT TO:<alice@example.org>", "250 2.1.5 Recipient taken");
	talk(&p, "DATA", "354 Send the message, end with <CR><LF>.<CR><LF>");
	client_send(&p.client, FROM "\r\n");
	for (int i = 0; i < 700; i++)
		client_send(&p.client, block);
	say(&p, "end\r\n.");
	message = house_await_message(p.house);
	before_end = strlen(FROM) + 2 + 700 * 1024;
	assert_int_equal(intake_message_size(message), before_end + 5);
	assert_int_equal(intake_message_read(message, before_end, end, 3, &len), 0);
	assert_view(view_of(end, len), "end");
	close_post(&p);
}

/* In the envelope and in the message. */
static void A11_submission_is_for_own_addresses(void **state)
{
	/* clang-format off */
	static const char *const messages[][2] = {
		{ "From: bob@example.org",                                   "553 5.7.1 From and Sender must be addresses of yours" },
		{ "From: alice@example.org, bob@example.org",                "553 5.7.1 From and Sender must be addresses of yours" },
		{ "From: <@bob.example,@example.org:bob@example.org>",         "553 5.7.1 From and Sender must be addresses of yours" },
		{ "From: alice@example.org\r\nFrom: bob@example.org",        "554 5.6.0 A message needs one From field, and only one" },
		{ "From: alice@example.org\r\n from: bob@example.org",       "554 5.6.0 The From and Sender fields must be lists of addresses" },
		{ "From: alice@example.org\r\nSender: alice@example.org\r\nSender: alice@example.org", "554 5.6.0 A message has one Sender field at most" },
		{ "From: alice@example.org\r\nSender: <bob@example.org>",    "553 5.7.1 From and Sender must be addresses of yours" },
		{ "From: \"alice@example.org\" <alice@example.net>",         "553 5.7.1 From and Sender must be addresses of yours" },
		{ "From: alice",                                             "554 5.6.0 The From and Sender fields must be lists of addresses" },
		{ "From:",                                                   "554 5.6.0 The From and Sender fields must be lists of addresses" },
	};
	/* clang-format on */
	struct post p;

	(void)state;
	open_post(&p, LISTENER_SUBMISSIONS);
	log_in(&p);
	talk(&p, "MAIL FROM:<bob@example.org>", "553 5.7.1 Not an address of yours");
	for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
		if (i % 4 == 3) {
			start_over(&p);
			log_in(&p);
		}
		talk(&p, "MAIL FROM:<alice@example.org>", "250 2.1.0 Sender taken");
		talk(&p, "RCPT TO:<bob@example.org>", "250 2.1.5 Recipient taken");
		talk(&p, "DATA", "354 Send the message, end with <CR><LF>.<CR><LF>");
		say(&p, messages[i][0]);
		talk(&p, "\r\n.", messages[i][1]);
	}
	close_post(&p);
}

static void submission_leads_to_our_people_and_out(void **state)
{
	const struct intake_envelope *envelope;
	struct intake_message *message;
	struct view trace;
	struct post p;

	(void)state;
	open_post(&p, LISTENER_SUBMISSIONS);
	log_in(&p);
	talk(&p, "MAIL FROM:<alice+work@example.org>", "250 2.1.0 Sender taken");
	talk(&p, "RCPT TO:<bob@example.net>",
			"451 4.3.0 No mail to other hosts is taken until the disk has "
			"been "
			"looked at");
	service_set_sends(p.house->service, true);
	talk(&p, "RCPT TO:<bob@[192.0.2.1]>",
			"550 5.1.2 Mail is sent to domains, not to addresses of hosts");
	talk(&p, "RCPT TO:<Bob@Example.net>", "250 2.1.5 Recipient taken");
	talk(&p, "RCPT TO:<bob@example.org>", "250 2.1.5 Recipient taken");
	talk(&p, "DATA", "354 Send the message, end with <CR><LF>.<CR><LF>");
	say(&p, "From: Alice <Alice@Example.org>\r\nSender: "
		"alice+x@example.org\r\n\r\n.");
	message = house_await_message(p.house);
	trace = intake_message_trace(message);
	assert_true(view_find_view(trace, VIEW("with ESMTPSA")) < trace.len);
	assert_true(view_find_view(trace, VIEW("(TLSv1.3 TLS_")) < trace.len);
	assert_true(view_find_view(trace, VIEW("127.0.0.1")) == trace.len);
	envelope = intake_message_envelope(message);
	assert_int_equal(envelope->recipient_count, 2);
	assert_true(intake_leads_out(&envelope->recipients[0]));
	assert_view(envelope->recipients[0].address, "Bob@Example.net");
	assert_false(intake_leads_out(&envelope->recipients[1]));
	close_post(&p);
}

static void a_revoked_account_sends_no_more(void **state)
{
	struct post p;

	(void)state;
	open_post(&p, LISTENER_SUBMISSIONS);
	log_in(&p);
	assert_int_equal(sessions_count(service_sessions(p.house->service)), 1);
	house_revoke_alice(p.house);
	talk(&p, "MAIL FROM:<alice@example.org>",
			"550 5.7.1 This account may no longer be used");
	close_post(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mail_from_outside_reaches_the_intake_log),
		cmocka_unit_test(S32_mail_beyond_ascii_is_kept_as_such),
		cmocka_unit_test(reports_are_not_offered),
		cmocka_unit_test(each_account_gets_it_once),
		cmocka_unit_test(S25_who_cannot_get_mail_is_refused_in_the_session),
		cmocka_unit_test(S27_an_alias_loop_is_refused),
		cmocka_unit_test(S23_nothing_is_relayed),
		cmocka_unit_test(S26_nothing_is_ever_sent_back),
		cmocka_unit_test(S09_a_message_ends_with_its_tls),
		cmocka_unit_test(a_message_for_nobody_ends_well),
		cmocka_unit_test(a_client_that_goes_in_data_leaves_nothing),
		cmocka_unit_test(a_large_message_arrives_whole),
		cmocka_unit_test(A11_submission_is_for_own_addresses),
		cmocka_unit_test(submission_leads_to_our_people_and_out),
		cmocka_unit_test(a_revoked_account_sends_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
