#include "runtime/service/receive_inside.h"

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/limit.h"
#include "runtime/base/log.h"
#include "runtime/crypto/random.h"
#include "runtime/mail/address.h"
#include "runtime/mail/received.h"
#include "runtime/mailauth/author.h"
#include "runtime/service/account.h"
#include "runtime/service/allowance.h"
#include "runtime/service/author.h"
#include "runtime/service/checking.h"
#include "runtime/service/service.h"
#include "runtime/service/sessions.h"
#include "runtime/service/signing.h"

#include <assert.h>
#include <stdlib.h>

enum {
	TRACE_SIZE = VERDICT_FIELD_MAX + DKIM_FIELDS_MAX + 4096,
	SHORT_HEADER = 128 *
		       1024, /* of which a server holds as many as it has sessions */
	HEADER_COPIES = 2,
	ID_BYTES = 12, /* of a Message-ID of ours */
};

/* -- who sends -- */

bool receive_normalise(struct arena *arena, struct view mailbox, struct view *out)
{
	struct address address;

	return address_parse(arena, mailbox, &address) == ADDRESS_OK &&
	       address_normalise(arena, address.local, address.domain, out);
}

static const char *sender_refusal(
		const struct receive *r, const struct receive_login *login)
{
	struct service *s = r->service;
	struct view address;

	if (!service_intake(s) || !intake_accepting(service_intake(s)))
		return "451 4.3.0 No mail is taken until the disk has been looked at";
	if (!login)
		return NULL;
	if (!r->account || !sessions_valid(r->configuration, login->account,
					   login->revocation, PROTOCOL_SMTP))
		return "550 5.7.1 This account may no longer be used";
	if (r->sender.mailbox.len &&
			(!receive_normalise(r->arena, r->sender.mailbox, &address) ||
					!configuration_may_send_as(r->configuration,
							r->account, address)))
		return "553 5.7.1 Not an address of yours";
	return NULL;
}

struct receive *receive_open(struct service *s, const struct receive_login *login,
		const struct receive_sender *sender, struct buf *reply)
{
	CLEANUP(receive_freep) struct receive *r = xcalloc(1, sizeof(*r));
	const char *refused;

	r->service = s;
	r->edited = BUF_NULL(SIZE_MAX); /* a chunk and a header, both limited before */
	r->trace = BUF_NULL(TRACE_SIZE);
	r->verdict = BUF_NULL(VERDICT_LINE_MAX);
	r->configuration = service_configuration(s);
	r->arena = arena_new();
	r->end = &r->targets;
	r->sender = *sender;
	r->sender.mailbox = arena_copy(r->arena, sender->mailbox);
	r->sender.envid = arena_copy(r->arena, sender->envid);
	if (login)
		r->account = configuration_account(r->configuration, login->account);
	refused = sender_refusal(r, login);
	if (refused) {
		buf_add_z(reply, refused);
		return NULL;
	}
	return TAKE(r);
}

void receive_free(struct receive *r)
{
	if (!r)
		return;
	intake_abandon(r->message);
	if (r->taken)
		allowance_give_back(service_allowances(r->service), r->account->uid,
				r->taken, r->taken_at);
	checking_free(r->checking);
	dkim_sign_free(r->sign);
	atomic_fetch_sub(service_long_headers(r->service), r->head_charged);
	submission_deinit(&r->submission);
	incoming_deinit(&r->incoming);
	buf_free(&r->edited);
	buf_free(&r->trace);
	buf_free(&r->verdict);
	map_free(&r->by_account);
	resolution_free(&r->found);
	arena_free(r->arena);
	configuration_unref(r->configuration);
	free(r);
}

void receive_freep(struct receive **r)
{
	receive_free(*r);
}

bool receive_has_begun(const struct receive *r)
{
	return r->begun;
}

/* -- the message -- */

void receive_outcome(int outcome, struct buf *reply)
{
	if (outcome == INTAKE_OK)
		return;
	if (outcome == INTAKE_E_FULL) {
		buf_add_z(reply, "452 4.3.1 The disk is full; try again later");
		return;
	}
	if (outcome == INTAKE_E_ENVELOPE) {
		buf_add_z(reply, "452 4.5.3 Too many mailboxes behind the recipients; "
				 "send to fewer at a time");
		return;
	}
	if (outcome < 0)
		log_event(LOG_ERROR, "intake.fault", log_fault(outcome));
	buf_add_z(reply, "451 4.3.0 The message cannot be kept now; try again later");
}

static bool can_check(const struct receive *r)
{
	return service_resolver(r->service) && service_suffixes(r->service);
}

/* A stranger of whom nobody will say whether he is who he says is not told of success: the
 * report might go to somebody else. */
static bool may_be_told(const struct receive *r, const struct receive_client *client)
{
	return r->account || !client->address || can_check(r);
}

/* Asks who the client may be, from now on. */
static void check(struct receive *r, const struct receive_client *client)
{
	struct mail_check_request request = { .helo = client->hello,
		.receiver = configuration_host(r->configuration)->name,
		.suffixes = service_suffixes(r->service),
		.now = r->began };
	struct address sender = { 0 };
	unsigned char sample;

	if (!client->address || !can_check(r) ||
			!network_of(client->address, &request.client))
		return;
	if (r->sender.mailbox.len && address_parse(r->arena, r->sender.mailbox,
						     &sender) == ADDRESS_OK) {
		request.local = sender.local;
		request.domain = sender.domain;
	}
	random_bytes(&sample, sizeof(sample));
	request.sample = sample * 100U / 256;
	r->checking = checking_new(r->service, &request);
}

void receive_begin(struct receive *r, walltime now, const struct receive_client *client,
		struct buf *reply)
{
	struct intake_envelope envelope = {
		.sender = r->sender.mailbox,
		.received = now,
		.utf8 = r->sender.utf8,
		.eight_bit = r->sender.eight_bit,
		.ret = r->sender.ret,
		.envid = r->sender.envid,
	};
	struct view name = configuration_host(r->configuration)->name;
	struct intake_recipient *all;
	size_t count = map_count(&r->by_account);

	r->begun = true;
	r->began = now;
	if (r->account)
		submission_init(&r->submission, random_name(r->arena, ID_BYTES), name,
				now);
	else
		incoming_init(&r->incoming, name);
	if (count == 0)
		return; /* to addresses that discard */
	all = arena_array(r->arena, count, sizeof(*all));
	for (struct target *t = r->targets; t; t = t->next) {
		if (!may_be_told(r, client))
			t->recipient.notify &= ~(unsigned)DSN_SUCCESS;
		all[envelope.recipient_count++] = t->recipient;
	}
	envelope.recipients = all;
	receive_outcome(intake_begin(service_intake(r->service), &envelope, &r->message),
			reply);
	r->begun = reply->len == 0;
	if (r->begun && !r->account)
		check(r, client);
}

/* -- its bytes -- */

static bool is_sent_out(const struct receive *r)
{
	for (const struct target *t = r->targets; t; t = t->next)
		if (intake_leads_out(&t->recipient))
			return true;
	return false;
}

/* The header has come: who wrote it is known. Of several authors, or none, each reader and
 * filter may believe another (RFC 7489, 6.6.1); what is odd otherwise fails DMARC. */
static void see_header(struct receive *r, struct view header, struct buf *reply)
{
	struct author author;
	int outcome = author_find(r->arena, header, &author);

	r->head_passed = true;
	if (r->account && outcome == AUTHOR_OK && is_sent_out(r))
		r->sign = signing_begin(r->configuration, author.domain, r->began);
	else if (!r->account && outcome)
		buf_add_z(reply, outcome == AUTHOR_E_FIELDS
						 ? "554 5.6.0 A message needs one From "
						   "field, and only one"
				 : outcome == AUTHOR_E_NONE
						 ? "554 5.6.0 From names nobody"
						 : "554 5.6.0 From names people of "
						   "several domains");
}

/* What was made of a piece goes on. */
static void keep_edited(struct receive *r, struct buf *reply)
{
	struct view bytes = buf_view(&r->edited);

	if (!bytes.len)
		return;
	if (!r->head_passed)
		see_header(r, bytes, reply);
	if (r->sign)
		dkim_sign_feed(r->sign, bytes);
	if (r->message && reply->len == 0)
		receive_outcome(intake_chunk(r->message, bytes), reply);
}

/* A header is held until its end, and what checks or signs the message keeps it longer: a
 * peer that sends long ones pays for them, and so do all together. */
static bool has_room_for_header(struct receive *r, size_t size, struct buf *reply)
{
	atomic_size_t *all = service_long_headers(r->service);

	r->head_size += size;
	if (r->head_passed || r->head_size <= SHORT_HEADER)
		return true;
	r->head_charged += HEADER_COPIES * size;
	if (atomic_fetch_add(all, HEADER_COPIES * size) + HEADER_COPIES * size <=
			limit_value(LIMIT_RECEIVE_LONG_HEADERS))
		return true;
	buf_add_z(reply, limit_reply(LIMIT_RECEIVE_LONG_HEADERS));
	return false;
}

void receive_chunk(struct receive *r, struct view bytes, struct buf *reply)
{
	if (!has_room_for_header(r, bytes.len, reply))
		return;
	if (r->checking)
		checking_feed(r->checking, bytes);
	buf_clear(&r->edited);
	if (r->account)
		submission_feed(&r->submission, bytes, &r->edited);
	else
		incoming_feed(&r->incoming, bytes, &r->edited);
	keep_edited(r, reply);
}

/* The last bytes, and what was held until the end came. */
static void finish(struct receive *r, struct view bytes, struct buf *reply)
{
	receive_chunk(r, bytes, reply);
	if (reply->len)
		return;
	buf_clear(&r->edited);
	if (r->account)
		submission_finish(&r->submission, &r->edited);
	else
		incoming_finish(&r->incoming, &r->edited);
	keep_edited(r, reply);
	if (!r->head_passed) /* it is empty */
		see_header(r, VIEW_NULL, reply);
}

/* -- its end -- */

static void write_received(struct receive *r, const struct receive_trace *trace)
{
	const struct received received = {
		.helo = trace->hello,
		.peer = trace->authenticated ? VIEW_NULL : trace->peer,
		.by = configuration_host(r->configuration)->name,
		.id = trace->id,
		.recipient = r->only,
		.tls = trace->tls,
		.extended = trace->extended,
		.authenticated = trace->authenticated,
		.utf8 = r->sender.utf8,
		.date = { r->began, 0 },
	};

	received_write(&r->trace, &received);
}

/* It goes to the disk, under `top` and the trace; who asked may be done with it by now. */
static void commit(struct receive *r, struct buf *top)
{
	buf_add(top, buf_view(&r->trace));
	intake_commit(TAKE(r->message), buf_view(top), r->done, r->arg);
}

static void checked(void *arg)
{
	struct receive *r = arg;
	const struct verdict *verdict = checking_verdict(r->checking);
	CLEANUP(buf_free) struct buf top = BUF_NULL(TRACE_SIZE);

	verdict_write_line(verdict, &r->verdict);
	verdict_write_field(verdict, configuration_host(r->configuration)->name,
			r->sender.utf8, &top);
	commit(r, &top);
}

static bool sign_and_commit(struct receive *r, struct buf *reply)
{
	CLEANUP(buf_free) struct buf top = BUF_NULL(TRACE_SIZE);

	if (r->sign && !signing_finish(r->sign, &top)) {
		buf_add_z(reply, "451 4.3.0 The message cannot be signed now; try again "
				 "later");
		return false;
	}
	commit(r, &top);
	return true;
}

bool receive_commit(struct receive *r, struct view bytes, struct view from,
		struct view sender, const struct receive_trace *trace, intake_done *done,
		void *arg, struct buf *reply)
{
	const char *refused = r->account ? author_refusal(r->configuration, r->account,
							   from, sender)
					 : NULL;

	assert(r->begun);
	if (refused)
		buf_add_z(reply, refused);
	else
		finish(r, bytes, reply);
	if (reply->len)
		return false;
	r->done = done;
	r->arg = arg;
	write_received(r, trace);
	r->begun = false;
	if (!r->message) {
		done(arg, INTAKE_OK, 0);
		return true;
	}
	if (!r->checking)
		return sign_and_commit(r, reply);
	checking_finish(r->checking, checked, r);
	return true;
}

struct view receive_verdict(const struct receive *r)
{
	return buf_view(&r->verdict);
}

struct view receive_sender(const struct receive *r)
{
	return r->sender.mailbox;
}

size_t receive_recipients(const struct receive *r)
{
	return r->recipients;
}

size_t receive_accounts(const struct receive *r)
{
	return map_count(&r->by_account);
}
