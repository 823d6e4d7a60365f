/* BDAT: the message in counted chunks (RFC 3030). Whatever its fate, its octets are read
 * to their end and never as commands: what is refused is refused behind them. One refused
 * chunk spoils the transaction, up to its last one or RSET, so that no message is taken
 * with a hole in it. */
#include "runtime/base/limit.h"
#include "runtime/smtp/smtp_session.h"

enum {
	LONGEST_NUMBER = 20,  /* digits of 2^64 */
	DISCARD_MINUTES = 10, /* as for a message */
	SLOWEST_BYTES_S = 500,
};

const char *smtp_no_recipients(const struct smtp_server *s)
{
	return s->transaction.refused ? "554 5.5.1 No valid recipients"
				      : "503 5.5.1 Send RCPT first";
}

static bool read_arguments(struct view rest, struct smtp_bdat *out)
{
	struct view size = view_cut(&rest, ' ');

	rest = view_trim(rest);
	out->last = view_eq_nocase(rest, VIEW("LAST"));
	return size.len <= LONGEST_NUMBER && view_to_u64(size, &out->size) &&
	       (out->last || rest.len == 0);
}

/* Which of our limits closes the session before the chunk is read; LIMIT_COUNT: none. */
static enum limit limit_passed(const struct smtp_server *s)
{
	const struct smtp_bdat *bdat = &s->bdat;
	uint64_t drained = smtp_message_drained(s);
	uint64_t so_far = smtp_has_message(s) ? s->message.received : bdat->discarded;

	if (bdat->count > limit_value(LIMIT_SMTP_CHUNKS))
		return LIMIT_SMTP_CHUNKS;
	if (bdat->empty > limit_value(LIMIT_SMTP_EMPTY_CHUNKS))
		return LIMIT_SMTP_EMPTY_CHUNKS;
	if (so_far > drained || bdat->size > drained - so_far)
		return LIMIT_SMTP_MESSAGE;
	return LIMIT_COUNT;
}

static void count(struct smtp_bdat *bdat)
{
	bdat->left = bdat->size;
	bdat->under_way = true;
	bdat->count++;
	if (bdat->size == 0 && !bdat->last)
		bdat->empty++;
}

/* -- refused -- */

static void keep_refusal(struct smtp_server *s, struct view refusal)
{
	buf_clear(&s->bdat.refusal);
	buf_add(&s->bdat.refusal, refusal);
}

void smtp_bdat_spoil(struct smtp_server *s, struct view refusal)
{
	keep_refusal(s, refusal);
	s->bdat.after = SMTP_FAILED;
	smtp_forget(s, SMTP_AFTER_CHUNK);
}

void smtp_chunk_refused(struct smtp_server *s)
{
	if (s->message.body.fault)
		smtp_close_view(s, buf_view(&s->bdat.refusal));
	else
		smtp_refuse_view(s, buf_view(&s->bdat.refusal));
}

static void discard_ends(struct smtp_server *s)
{
	s->bdat.under_way = false;
	if (s->transaction.open) {
		smtp_forget(s, SMTP_AFTER_CHUNK);
		return;
	}
	smtp_enter(s, s->bdat.after);
	smtp_refuse_view(s, buf_view(&s->bdat.refusal));
}

/* Where a refused chunk leaves the session: behind the last one there is no transaction
 * that could be spoiled. */
static enum smtp_state state_behind(const struct smtp_server *s)
{
	if (s->state == SMTP_GREETED || s->state == SMTP_READY)
		return s->state;
	return s->bdat.last ? SMTP_READY : SMTP_FAILED;
}

static void discard(struct smtp_server *s, struct view refusal)
{
	keep_refusal(s, refusal);
	s->bdat.after = state_behind(s);
	s->deadline = s->now + nstime_seconds(60 * DISCARD_MINUTES);
	smtp_enter(s, SMTP_DISCARD);
	if (s->bdat.left == 0)
		discard_ends(s);
}

size_t smtp_discard_bytes(struct smtp_server *s, struct view bytes)
{
	struct smtp_bdat *bdat = &s->bdat;
	size_t took = bytes.len < bdat->left ? bytes.len : (size_t)bdat->left;

	bdat->left -= took;
	bdat->discarded += took;
	s->deadline += (nstime)took * (NS_PER_S / SLOWEST_BYTES_S);
	if (bdat->left == 0)
		discard_ends(s);
	return took;
}

/* -- taken -- */

static void chunk_ends(struct smtp_server *s)
{
	struct view refusal = smtp_message_refusal(s);

	s->bdat.under_way = false;
	if (s->bdat.last) {
		smtp_message_ends(s);
	} else if (refusal.len) {
		smtp_bdat_spoil(s, refusal);
	} else {
		smtp_enter(s, SMTP_CHUNKED);
		buf_add_z(&s->out, "250 2.0.0 ");
		buf_add_u64(&s->out, s->bdat.size);
		buf_add_z(&s->out, " octets received\r\n");
	}
}

void smtp_bdat_goes_on(struct smtp_server *s)
{
	if (s->bdat.left == 0)
		chunk_ends(s);
}

size_t smtp_bdat_bytes(struct smtp_server *s, struct view bytes)
{
	size_t took;

	if (bytes.len > s->bdat.left)
		bytes = view_sub(bytes, 0, (size_t)s->bdat.left);
	took = smtp_message_bytes(s, bytes);
	s->bdat.left -= took;
	if (!s->waiting)
		smtp_bdat_goes_on(s);
	return took;
}

void smtp_bdat_begun(struct smtp_server *s, struct view refusal)
{
	if (refusal.len) {
		discard(s, refusal);
		return;
	}
	smtp_message_init(s, true);
	smtp_enter(s, SMTP_CHUNK);
	smtp_bdat_goes_on(s);
}

/* -- the command -- */

void smtp_bdat(struct smtp_server *s, struct view rest)
{
	enum limit passed;

	if (!read_arguments(rest, &s->bdat)) {
		/* where the chunk would end is not known: no byte more can be read */
		smtp_close(s, "501 5.5.4 Say BDAT 1234, or BDAT 1234 LAST");
		return;
	}
	count(&s->bdat);
	passed = limit_passed(s);
	if (passed != LIMIT_COUNT) {
		smtp_close(s, limit_reply(passed));
		return;
	}
	switch (s->state) {
	case SMTP_GREETED:
		discard(s, VIEW("503 5.5.1 Send EHLO first"));
		break;
	case SMTP_READY:
		discard(s, VIEW("503 5.5.1 Send MAIL and RCPT first"));
		break;
	case SMTP_SENDER:
		discard(s, view_z(smtp_no_recipients(s)));
		break;
	case SMTP_FAILED:
		discard(s, VIEW("503 5.5.1 This transaction has failed; send RSET"));
		break;
	case SMTP_CHUNKED:
		smtp_enter(s, SMTP_CHUNK);
		s->deadline = s->message.deadline;
		smtp_bdat_goes_on(s);
		break;
	default: /* ADDRESSED: no other is legal */
		smtp_begin(s);
		break;
	}
}
