/* The envelope of one transaction: RSET where the last one left something open, MAIL, RCPT
 * for each, DATA; all in one flight where the server offers PIPELINING (RFC 2920), else
 * one by one. Replies are counted, and each belongs to its step. */
#include "runtime/base/limit.h"
#include "runtime/mail/address.h"
#include "runtime/smtp/smtp_client_session.h"

#include <assert.h>

static size_t step_data(const struct smtp_client_transaction *t)
{
	return SMTP_STEP_RCPT + t->asked_count;
}

/* -- what is known of the recipients -- */

static void decide_one(struct smtp_client_transaction *t, size_t i,
		const struct smtp_result *result)
{
	if (t->fates[i] == SMTP_FATE_DECIDED)
		return;
	if (t->fates[i] == SMTP_FATE_ACCEPTED)
		t->accepted--;
	else
		t->open--;
	t->fates[i] = SMTP_FATE_DECIDED;
	t->results[i] = *result;
}

void smtp_client_decide(struct smtp_client *s, const struct smtp_result *result)
{
	for (size_t i = 0; i < s->transaction.count; i++)
		decide_one(&s->transaction, i, result);
}

void smtp_client_tell(struct smtp_client *s)
{
	assert(s->transaction.open == 0 && s->transaction.accepted == 0);
	if (s->state != SMTP_CLIENT_TOLD)
		smtp_client_enter(s, SMTP_CLIENT_TOLD);
	if (!s->waiting)
		smtp_client_ask(s, &smtp_client_outcome_new(s)->op);
}

void smtp_client_transaction_deinit(struct smtp_client_transaction *t)
{
	arena_free(t->arena);
	*t = (struct smtp_client_transaction){ 0 };
}

/* -- what cannot be sent here -- */

static struct smtp_result refusal(struct smtp_client *s, enum smtp_stage stage,
		const char *status, const char *text)
{
	return smtp_result_of_ours(SMTP_REFUSED, stage, SMTP_CAUSE_OURS, status, text,
			s->transaction.arena);
}

/* The address as it goes between the brackets: quoted where it needs to be, the domain in
 * A-labels. False where it is none. */
static bool write_address(struct arena *arena, struct view mailbox, struct view *out)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(limit_value(LIMIT_SMTP_PATH));
	struct address address;

	if (address_parse(arena, mailbox, &address))
		return false;
	address_print(&text, address.local, address.domain);
	if (buf_failed(&text))
		return false;
	*out = arena_copy(arena, buf_view(&text));
	return true;
}

static bool is_ascii(struct view text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.data[i] > 127)
			return false;
	return true;
}

static const char too_wide[] =
		"the address is not ASCII and the message was not sent with SMTPUTF8";

/* One whose address cannot be said is decided before anything is said. */
static void check_recipient(struct smtp_client *s, size_t i)
{
	struct smtp_client_transaction *t = &s->transaction;
	struct smtp_client_recipient *recipient = &t->recipients[i];
	struct smtp_result result;

	if (!write_address(t->arena, recipient->mailbox, &recipient->mailbox)) {
		result = refusal(s, SMTP_STAGE_RCPT, "5.1.3", "this is no mail address");
	} else if (!t->utf8 && !is_ascii(recipient->mailbox)) {
		result = refusal(s, SMTP_STAGE_RCPT, "5.6.7", too_wide);
	} else {
		t->asked[t->asked_count++] = i;
		return;
	}
	decide_one(t, i, &result);
}

/* False, and why, where nobody can be sent this message over this connection. */
static bool check_message(struct smtp_client *s, struct smtp_result *out)
{
	struct smtp_client_transaction *t = &s->transaction;

	if (t->sender.len && !write_address(t->arena, t->sender, &t->sender))
		*out = refusal(s, SMTP_STAGE_MAIL, "5.1.7",
				"the sender is no mail address");
	else if (!t->utf8 && !is_ascii(t->sender))
		*out = refusal(s, SMTP_STAGE_MAIL, "5.6.7", too_wide);
	else if (t->utf8 && !(s->offers & SMTP_OFFERS_SMTPUTF8))
		*out = refusal(s, SMTP_STAGE_MAIL, "5.6.7",
				"the message needs SMTPUTF8, which the server does not "
				"offer");
	else if (t->eight_bit && !(s->offers & SMTP_OFFERS_8BITMIME))
		*out = refusal(s, SMTP_STAGE_MAIL, "5.6.3",
				"the message needs 8BITMIME, which the server does not "
				"offer");
	else if (s->size_max && t->size > s->size_max)
		*out = refusal(s, SMTP_STAGE_MAIL, "5.3.4",
				"the message is larger than the server takes");
	else
		return true;
	return false;
}

/* -- what is said -- */

static void say_mail(struct smtp_client *s)
{
	const struct smtp_client_transaction *t = &s->transaction;

	buf_addf(&s->out, "MAIL FROM:<%.*s>", VIEW_ARG(t->sender));
	if (s->offers & SMTP_OFFERS_SIZE && t->size) {
		buf_add_z(&s->out, " SIZE=");
		buf_add_u64(&s->out, t->size);
	}
	if (t->eight_bit)
		buf_add_z(&s->out, " BODY=8BITMIME");
	if (t->utf8)
		buf_add_z(&s->out, " SMTPUTF8");
	if (s->offers & SMTP_OFFERS_DSN) {
		if (t->ret != DSN_RET_UNSAID)
			buf_add_z(&s->out, t->ret == DSN_RET_FULL ? " RET=FULL"
								  : " RET=HDRS");
		if (t->envid.len && dsn_is_envid(t->envid))
			buf_addf(&s->out, " ENVID=%.*s", VIEW_ARG(t->envid));
	}
	buf_add_z(&s->out, "\r\n");
}

static void say_notify(struct buf *out, unsigned notify)
{
	static const struct {
		unsigned bit;
		const char *word;
	} words[] = { { DSN_SUCCESS, "SUCCESS" }, { DSN_FAILURE, "FAILURE" },
		{ DSN_DELAY, "DELAY" } };
	const char *before = " NOTIFY=";

	if (notify & DSN_NEVER) {
		buf_add_z(out, " NOTIFY=NEVER");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (!(notify & words[i].bit))
			continue;
		buf_addf(out, "%s%s", before, words[i].word);
		before = ",";
	}
}

static void say_rcpt(struct smtp_client *s, size_t i)
{
	const struct smtp_client_transaction *t = &s->transaction;
	const struct smtp_client_recipient *recipient = &t->recipients[i];

	buf_addf(&s->out, "RCPT TO:<%.*s>", VIEW_ARG(recipient->mailbox));
	if (s->offers & SMTP_OFFERS_DSN) {
		say_notify(&s->out, recipient->notify);
		if (recipient->orcpt.len && dsn_is_orcpt(recipient->orcpt, t->utf8))
			buf_addf(&s->out, " ORCPT=%.*s", VIEW_ARG(recipient->orcpt));
	}
	buf_add_z(&s->out, "\r\n");
}

static void say_step(struct smtp_client *s, size_t step)
{
	if (step == SMTP_STEP_RSET)
		buf_add_z(&s->out, "RSET\r\n");
	else if (step == SMTP_STEP_MAIL)
		say_mail(s);
	else if (step < step_data(&s->transaction))
		say_rcpt(s, s->transaction.asked[step - SMTP_STEP_RCPT]);
	else
		buf_add_z(&s->out, "DATA\r\n");
}

/* True where the next step is to be said at all. */
static bool is_wanted(const struct smtp_client_transaction *t)
{
	if (t->said < SMTP_STEP_RCPT)
		return true;
	if (t->refused || t->said > step_data(t))
		return false;
	/* with replies still to come, somebody may yet be accepted */
	return t->said < step_data(t) || t->said > t->heard || t->accepted > 0;
}

static nstime time_for(const struct smtp_client *s, size_t step)
{
	if (step < SMTP_STEP_RCPT)
		return s->times.mail;
	return step < step_data(&s->transaction) ? s->times.rcpt : s->times.data;
}

void smtp_client_say_envelope(struct smtp_client *s)
{
	struct smtp_client_transaction *t = &s->transaction;
	bool flows = s->offers & SMTP_OFFERS_PIPELINING;

	while (is_wanted(t) && (flows || t->said == t->heard) &&
			s->out.len < SMTP_CLIENT_OUTPUT_HIGH) {
		if (t->said == t->heard)
			smtp_client_await(s, time_for(s, t->said));
		say_step(s, t->said++);
	}
	if (t->said == t->heard && !is_wanted(t))
		smtp_client_tell(s);
}

void smtp_client_begin(struct smtp_client *s, struct smtp_client_next *next)
{
	struct smtp_client_transaction *t = &s->transaction;
	struct smtp_result why;

	assert(next->recipient_count > 0 &&
			next->recipient_count <= SMTP_CLIENT_RECIPIENTS);
	*t = (struct smtp_client_transaction){
		.arena = TAKE(next->arena),
		.sender = next->sender,
		.recipients = next->recipients,
		.count = next->recipient_count,
		.size = next->size,
		.utf8 = next->utf8,
		.eight_bit = next->eight_bit,
		.ret = next->ret,
		.envid = next->envid,
		.open = next->recipient_count,
	};
	t->results = arena_array(t->arena, t->count, sizeof(*t->results));
	t->fates = arena_array(t->arena, t->count, sizeof(*t->fates));
	t->asked = arena_array(t->arena, t->count, sizeof(*t->asked));
	smtp_client_enter(s, SMTP_CLIENT_ENVELOPE);
	if (s->end != SMTP_CLIENT_GOES_ON) {
		why = smtp_result_of_ours(SMTP_DEFERRED, SMTP_STAGE_MAIL,
				SMTP_CAUSE_UNTRIED, "4.4.2",
				"the connection ended before MAIL was sent", t->arena);
		smtp_client_decide(s, &why);
	} else if (!check_message(s, &why)) {
		smtp_client_decide(s, &why);
	} else {
		for (size_t i = 0; i < t->count; i++)
			check_recipient(s, i);
	}
	if (t->open == 0) {
		smtp_client_tell(s);
		return;
	}
	t->said = t->heard = s->open_envelope ? SMTP_STEP_RSET : SMTP_STEP_MAIL;
	smtp_client_say_envelope(s);
}

/* -- what is heard -- */

static void mail_heard(struct smtp_client *s, unsigned class)
{
	struct smtp_result result;

	if (class == 2) {
		s->open_envelope = true;
		return;
	}
	s->transaction.refused = true;
	result = smtp_result_of_reply(&s->reply, SMTP_STAGE_MAIL, s->transaction.arena);
	smtp_client_decide(s, &result);
}

/* RFC 5321, 4.5.3.1.10: too many recipients is said by 452, and by some by 552. */
static bool means_too_many(const struct smtp_client *s)
{
	struct view status = view_z(s->reply.status);

	return s->reply.code == 552 && s->transaction.accepted > 0 &&
	       (status.len == 0 || view_eq(status, VIEW("5.5.3")));
}

static void rcpt_heard(struct smtp_client *s, unsigned class, size_t i)
{
	struct smtp_client_transaction *t = &s->transaction;
	struct smtp_result result;

	if (t->fates[i] == SMTP_FATE_DECIDED)
		return; /* MAIL was refused */
	if (class == 2) {
		t->fates[i] = SMTP_FATE_ACCEPTED;
		t->accepted++;
		t->open--;
		return;
	}
	result = smtp_result_of_reply(&s->reply, SMTP_STAGE_RCPT, t->arena);
	if (means_too_many(s))
		result.verdict = SMTP_DEFERRED;
	decide_one(t, i, &result);
}

static void data_heard(struct smtp_client *s, unsigned class)
{
	struct smtp_result result;

	if (class == 3) {
		smtp_client_begin_body(s);
		return;
	}
	result = smtp_result_of_reply(&s->reply, SMTP_STAGE_DATA, s->transaction.arena);
	smtp_client_decide(s, &result);
}

/* A reply that no command of this step can have. */
static bool fits(const struct smtp_client_transaction *t, size_t step, unsigned class)
{
	if (step == SMTP_STEP_RSET)
		return class == 2;
	return class >= 4 || (step == step_data(t) ? class == 3 : class == 2);
}

void smtp_client_envelope_heard(struct smtp_client *s)
{
	struct smtp_client_transaction *t = &s->transaction;
	unsigned class = s->reply.code / 100;
	size_t step = t->heard;

	if (step == t->said) {
		smtp_client_lose(s, SMTP_CAUSE_PROTOCOL, "it replied to nothing");
		return;
	}
	if (!fits(t, step, class)) {
		smtp_client_lose(s, SMTP_CAUSE_PROTOCOL,
				"the code of its reply is none of this command");
		return;
	}
	t->heard++;
	if (step == SMTP_STEP_RSET)
		s->open_envelope = false;
	else if (step == SMTP_STEP_MAIL)
		mail_heard(s, class);
	else if (step < step_data(t))
		rcpt_heard(s, class, t->asked[step - SMTP_STEP_RCPT]);
	else
		data_heard(s, class);
	if (s->state != SMTP_CLIENT_ENVELOPE)
		return;
	if (t->heard < t->said)
		smtp_client_await(s, time_for(s, t->heard));
	smtp_client_say_envelope(s);
}

enum smtp_stage smtp_client_envelope_stage(const struct smtp_client *s)
{
	const struct smtp_client_transaction *t = &s->transaction;

	if (t->heard < SMTP_STEP_RCPT)
		return SMTP_STAGE_MAIL;
	return t->heard < step_data(t) ? SMTP_STAGE_RCPT : SMTP_STAGE_DATA;
}
