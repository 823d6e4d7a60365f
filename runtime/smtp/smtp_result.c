/* What a reply, or the want of one, means for those who wait for it. */
#include "runtime/smtp/smtp_client_session.h"

static const char *const stage_names[] = {
	[SMTP_STAGE_GREETING] = "greeting",
	[SMTP_STAGE_HELLO] = "hello",
	[SMTP_STAGE_TLS] = "tls",
	[SMTP_STAGE_AUTH] = "auth",
	[SMTP_STAGE_MAIL] = "mail",
	[SMTP_STAGE_RCPT] = "rcpt",
	[SMTP_STAGE_DATA] = "data",
	[SMTP_STAGE_BODY] = "body",
	[SMTP_STAGE_FINAL] = "final",
};

/* What the server owed us there. */
static const char *const owed[] = {
	[SMTP_STAGE_GREETING] = "its greeting",
	[SMTP_STAGE_HELLO] = "the reply to EHLO",
	[SMTP_STAGE_TLS] = "TLS",
	[SMTP_STAGE_AUTH] = "the reply to AUTH",
	[SMTP_STAGE_MAIL] = "the reply to MAIL",
	[SMTP_STAGE_RCPT] = "the reply to RCPT",
	[SMTP_STAGE_DATA] = "the reply to DATA",
	[SMTP_STAGE_BODY] = "the end of the message",
	[SMTP_STAGE_FINAL] = "the reply to the message",
};

/* RFC 3463, 3.5: X.4.2 is a connection that was made and did not carry the transaction
 * through; what is no SMTP is an undefined status of the network. */
static const struct {
	const char *status, *words;
} losses[] = {
	[SMTP_CAUSE_LOST] = { "4.4.2", "the connection was lost before" },
	[SMTP_CAUSE_TIMEOUT] = { "4.4.2", "the time was up before" },
	[SMTP_CAUSE_PROTOCOL] = { "4.4.0", "the server did not speak SMTP before" },
	[SMTP_CAUSE_OURS] = { "4.3.2", "this server ended the connection before" },
};

const char *smtp_stage_name(enum smtp_stage stage)
{
	return stage_names[stage];
}

const char *smtp_verdict_name(enum smtp_verdict verdict)
{
	static const char *const names[] = {
		[SMTP_DELIVERED] = "delivered",
		[SMTP_DEFERRED] = "deferred",
		[SMTP_REFUSED] = "refused",
		[SMTP_UNKNOWN] = "unknown",
	};

	return names[verdict];
}

struct smtp_result smtp_result_of_reply(const struct smtp_reply_reader *reply,
		enum smtp_stage stage, struct arena *arena)
{
	static const enum smtp_verdict verdicts[] = {
		[2] = SMTP_DELIVERED, [4] = SMTP_DEFERRED, [5] = SMTP_REFUSED
	};
	unsigned class = reply->code / 100;
	char *text = arena_copy_z(arena, buf_view(&reply->text));

	for (size_t i = 0; i < reply->text.len; i++)
		if (text[i] == '\n')
			text[i] = ' ';
	return (struct smtp_result){
		.verdict = verdicts[class],
		.stage = stage,
		.cause = SMTP_CAUSE_REPLY,
		.code = reply->code,
		.status = reply->status[0] ? arena_copy(arena, view_z(reply->status))
					   : arena_printf(arena, "%u.0.0", class),
		.text = view_of(text, reply->text.len),
	};
}

struct smtp_result smtp_result_of_ours(enum smtp_verdict verdict, enum smtp_stage stage,
		enum smtp_cause cause, const char *status, const char *text,
		struct arena *arena)
{
	return (struct smtp_result){
		.verdict = verdict,
		.stage = stage,
		.cause = cause,
		.status = arena_copy(arena, view_z(status)),
		.text = arena_copy(arena, view_z(text)),
	};
}

struct smtp_result smtp_result_of_loss(enum smtp_cause cause, enum smtp_stage stage,
		const char *text, struct arena *arena)
{
	struct view words = arena_printf(arena, "%s %s%s%s", losses[cause].words,
			owed[stage], text ? ": " : "", text ? text : "");

	return (struct smtp_result){
		.verdict = SMTP_DEFERRED,
		.stage = stage,
		.cause = cause,
		.status = view_z(
				stage == SMTP_STAGE_TLS ? "4.7.5" : losses[cause].status),
		.text = words,
	};
}
