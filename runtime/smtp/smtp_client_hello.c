/* From the greeting to a connection that can carry mail: EHLO and what it offers, HELO for
 * those who do not know it, STARTTLS (RFC 3207). */
#include "runtime/smtp/smtp_client_session.h"

/* -- what is said where it cannot be done -- */

void smtp_client_fail(struct smtp_client *s, struct arena *arena,
		struct smtp_result result, enum smtp_client_end end)
{
	if (s->end < end)
		s->end = end;
	smtp_client_enter(s, SMTP_CLIENT_TOLD);
	smtp_client_ask(s, &smtp_client_failed_new(s, arena, &result)->op);
}

void smtp_client_fail_by_reply(struct smtp_client *s)
{
	struct arena *arena = arena_new();

	smtp_client_fail(s, arena,
			smtp_result_of_reply(&s->reply, smtp_client_stage(s), arena),
			SMTP_CLIENT_QUITS);
}

void smtp_client_fail_by_us(struct smtp_client *s, enum smtp_stage stage,
		const char *status, const char *text)
{
	struct arena *arena = arena_new();

	smtp_client_fail(s, arena,
			smtp_result_of_ours(SMTP_DEFERRED, stage, SMTP_CAUSE_OURS, status,
					text, arena),
			SMTP_CLIENT_QUITS);
}

/* -- what it offers -- */

static void read_size(struct smtp_client *s, struct view rest)
{
	uint64_t size;

	if (view_to_u64(view_cut(&rest, ' '), &size))
		s->size_max = size;
}

static void read_auth(struct smtp_client *s, struct view rest)
{
	while (rest.len) {
		struct view word = view_cut(&rest, ' ');

		if (view_eq_nocase(word, VIEW("PLAIN")))
			s->offers |= SMTP_OFFERS_PLAIN;
		if (view_eq_nocase(word, VIEW("LOGIN")))
			s->offers |= SMTP_OFFERS_LOGIN;
	}
}

/* clang-format off */
static const struct {
	const char *keyword;
	unsigned offer;
	void (*read)(struct smtp_client *s, struct view rest);
} keywords[] = {
	{ "PIPELINING",          SMTP_OFFERS_PIPELINING, NULL },
	{ "SIZE",                SMTP_OFFERS_SIZE,       read_size },
	{ "8BITMIME",            SMTP_OFFERS_8BITMIME,   NULL },
	{ "SMTPUTF8",            SMTP_OFFERS_SMTPUTF8,   NULL },
	{ "DSN",                 SMTP_OFFERS_DSN,        NULL },
	{ "ENHANCEDSTATUSCODES", SMTP_OFFERS_STATUS,     NULL },
	{ "STARTTLS",            SMTP_OFFERS_STARTTLS,   NULL },
	{ "AUTH",                0,                      read_auth },
};
/* clang-format on */

static void read_offer(struct smtp_client *s, struct view line)
{
	struct view keyword = view_cut(&line, ' ');

	for (size_t i = 0; i < ARRAY_LEN(keywords); i++) {
		if (!view_eq_nocase(keyword, view_z(keywords[i].keyword)))
			continue;
		s->offers |= keywords[i].offer;
		if (keywords[i].read)
			keywords[i].read(s, line);
	}
}

/* The first line has its name, each other one an extension (RFC 5321, 4.1.1.1). */
static void read_offers(struct smtp_client *s)
{
	struct view lines = buf_view(&s->reply.text);

	view_cut(&lines, '\n');
	while (lines.len)
		read_offer(s, view_cut(&lines, '\n'));
}

/* -- the steps -- */

void smtp_client_say_hello(struct smtp_client *s)
{
	s->offers = 0;
	s->size_max = 0;
	buf_addf(&s->out, "%s %.*s\r\n", s->extended ? "EHLO" : "HELO",
			VIEW_ARG(buf_view(&s->name)));
	smtp_client_await(s, s->times.hello);
}

void smtp_client_greeted(struct smtp_client *s)
{
	if (s->reply.code >= 400) {
		smtp_client_fail_by_reply(s);
		return;
	}
	if (s->reply.code != 220) {
		smtp_client_lose(s, SMTP_CAUSE_PROTOCOL, "it greeted by another code");
		return;
	}
	smtp_client_enter(s, SMTP_CLIENT_HELLO);
	smtp_client_say_hello(s);
}

static void start_tls(struct smtp_client *s)
{
	smtp_client_enter(s, SMTP_CLIENT_STARTTLS);
	buf_add_z(&s->out, "STARTTLS\r\n");
	smtp_client_await(s, s->times.hello);
}

void smtp_client_hello_heard(struct smtp_client *s)
{
	unsigned class = s->reply.code / 100;

	if (class == 3) {
		smtp_client_lose(s, SMTP_CAUSE_PROTOCOL, "EHLO wants no more input");
		return;
	}
	if (class == 5 && s->extended) {
		s->extended = false; /* an old server: RFC 5321, 3.2 */
		smtp_client_say_hello(s);
		return;
	}
	if (class != 2) {
		smtp_client_fail_by_reply(s);
		return;
	}
	if (s->extended)
		read_offers(s);
	if (!s->tls && s->policy != SMTP_TLS_NEVER && s->offers & SMTP_OFFERS_STARTTLS)
		start_tls(s);
	else if (!s->tls && s->policy == SMTP_TLS_MUST)
		smtp_client_fail_by_us(s, SMTP_STAGE_TLS, "4.7.5",
				"TLS is required and the server does not offer STARTTLS");
	else if (s->logs_in)
		smtp_client_log_in(s);
	else
		smtp_client_go_on(s);
}

void smtp_client_starttls_heard(struct smtp_client *s)
{
	if (s->reply.code >= 400) {
		smtp_client_fail_by_reply(s);
		return;
	}
	if (s->reply.code != 220) {
		smtp_client_lose(s, SMTP_CAUSE_PROTOCOL,
				"STARTTLS was answered by another code");
		return;
	}
	smtp_client_enter(s, SMTP_CLIENT_TLS_STARTING);
	smtp_client_await(s, s->times.hello);
}
