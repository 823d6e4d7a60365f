/* CAPABILITY, NOOP, CHECK, LOGOUT (RFC 3501), ID (2971), ENABLE (5161), NAMESPACE (2342).
 */
#include "runtime/imap/imap_command.h"

enum {
	ID_PAIRS = 30 /* RFC 2971, 3.3 */
};

void imap_capability_proceed(struct imap_session *s, struct imap_op *answer)
{
	imap_sayf(s, "* CAPABILITY %s\r\n", imap_capabilities(s));
	imap_finish(s, VIEW("OK That is what we do"));
}

void imap_noop_proceed(struct imap_session *s, struct imap_op *answer)
{
	imap_finish(s, VIEW("OK Done"));
}

void imap_logout_proceed(struct imap_session *s, struct imap_op *answer)
{
	imap_say(s, VIEW("* BYE Until next time\r\n"));
	s->phase = IMAP_CLOSING;
	imap_finish(s, VIEW("OK Logged out"));
}

static void parse_nstring(struct imap_parse *p)
{
	if (!imap_parse_take_word(p, "NIL"))
		(void)imap_parse_string(p);
}

void imap_id_parse(struct imap_session *s, struct imap_parse *p)
{
	imap_parse_space(p);
	if (imap_parse_take_word(p, "NIL")) {
		imap_parse_end(p);
		return;
	}
	imap_parse_expect(p, '(', "BAD NIL or a list is expected here");
	for (int pairs = 0; !p->error && !imap_parse_take(p, ')'); pairs++) {
		if (pairs == ID_PAIRS)
			imap_parse_fail(p, "BAD ID takes at most 30 pairs");
		if (pairs)
			imap_parse_space(p);
		(void)imap_parse_string(p);
		imap_parse_space(p);
		parse_nstring(p);
	}
	imap_parse_end(p);
}

void imap_id_proceed(struct imap_session *s, struct imap_op *answer)
{
	imap_say(s, VIEW("* ID (\"name\" \"posthus\")\r\n"));
	imap_finish(s, VIEW("OK Pleased to meet you"));
}

void imap_enable_parse(struct imap_session *s, struct imap_parse *p)
{
	bool *condstore = ARENA_NEW(s->command->arena, bool);

	s->command->state = condstore;
	do {
		imap_parse_space(p);
		*condstore |= view_eq_nocase(imap_parse_atom(p), VIEW("CONDSTORE"));
	} while (imap_parse_peek(p, ' '));
	imap_parse_end(p);
}

/* What is not known is passed over; the answer names what was enabled. */
void imap_enable_proceed(struct imap_session *s, struct imap_op *answer)
{
	const bool *condstore = s->command->state;

	imap_sayf(s, "* ENABLED%s\r\n", *condstore ? " CONDSTORE" : "");
	if (*condstore)
		imap_enable_condstore(s);
	imap_finish(s, VIEW("OK Enabled what can be"));
}

void imap_namespace_proceed(struct imap_session *s, struct imap_op *answer)
{
	imap_say(s, VIEW("* NAMESPACE ((\"\" \"/\")) NIL ((\"" IMAP_SHARED
			 "\" \"/\"))\r\n"));
	imap_finish(s, VIEW("OK That is all of it"));
}
