/* What a connection that is no good any more leaves behind: everybody who waits for
 * something is told, once. */
#include "runtime/smtp/smtp_client_session.h"

static bool in_transaction(const struct smtp_client *s)
{
	return s->state == SMTP_CLIENT_ENVELOPE || s->state == SMTP_CLIENT_BODY ||
	       s->state == SMTP_CLIENT_FINAL;
}

/* Behind the final dot the server may have taken the message. */
static bool may_be_taken(const struct smtp_client *s)
{
	return s->state == SMTP_CLIENT_FINAL && s->out.len == 0;
}

static void lose_transaction(
		struct smtp_client *s, enum smtp_cause cause, const char *text)
{
	struct smtp_result result = smtp_result_of_loss(
			cause, smtp_client_stage(s), text, s->transaction.arena);

	if (may_be_taken(s))
		result.verdict = SMTP_UNKNOWN;
	smtp_client_decide(s, &result);
	smtp_client_tell(s);
}

static void lose_beginning(struct smtp_client *s, enum smtp_cause cause, const char *text)
{
	struct arena *arena = arena_new();

	smtp_client_fail(s, arena,
			smtp_result_of_loss(cause, smtp_client_stage(s), text, arena),
			SMTP_CLIENT_GONE);
}

void smtp_client_lose(struct smtp_client *s, enum smtp_cause cause, const char *text)
{
	s->end = SMTP_CLIENT_GONE;
	if (in_transaction(s))
		lose_transaction(s, cause, text);
	else if (s->state < SMTP_CLIENT_READY)
		lose_beginning(s, cause, text);
	else if (s->state == SMTP_CLIENT_QUIT)
		smtp_client_enter(s, SMTP_CLIENT_CLOSING);
	buf_wipe(&s->out); /* nobody reads it */
}

void smtp_client_server_leaves(struct smtp_client *s)
{
	struct smtp_result result;

	s->end = SMTP_CLIENT_GONE;
	if (in_transaction(s)) {
		result = smtp_result_of_reply(
				&s->reply, smtp_client_stage(s), s->transaction.arena);
		smtp_client_decide(s, &result);
		smtp_client_tell(s);
	} else if (s->state < SMTP_CLIENT_READY) {
		smtp_client_fail_by_reply(s);
	}
}
