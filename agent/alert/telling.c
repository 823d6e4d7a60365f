#include "agent/alert/telling.h"

#include "agent/alert/alert_text.h"
#include "agent/apply/letter.h"
#include "agent/database/reason.h"
#include "agent/effect/call.h"
#include "agent/effect/courier.h"
#include "agent/inside.h"
#include "agent/people/invite.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/os.h"
#include "runtime/crypto/random.h"

#include <stdlib.h>

enum {
	LONGEST_TEXT = 1024 * 1024,
	LONGEST_SUBJECT = 1000,
	LONGEST_PAUSE = 60 * 60, /* seconds, where a webhook refuses what it is told */
	FROZEN_KEPT = 1000,
};

enum errand_number {
	WEBHOOK = 1,
	HEARTBEAT
};

struct telling {
	struct courier *courier;
	nstime look_due;
	nstime letter_after;
	nstime post_after, beat_due;
	bool posting, beating; /* a call is out */
	unsigned post_failures;
	struct arena *posted; /* owns what the call tells; NULL: none is out */
	struct alert *news;
	size_t news_count;
	struct alarm_frozen frozen[FROZEN_KEPT];
	size_t frozen_count;
};

int telling_new(struct telling **out)
{
	struct telling *t = xcalloc(1, sizeof(*t));
	int r = courier_new(&t->courier);

	if (r) {
		free(t);
		return r;
	}
	*out = t;
	return 0;
}

void telling_free(struct telling *t)
{
	if (!t)
		return;
	courier_free(t->courier);
	arena_free(t->posted);
	free(t);
}

void telling_stale(struct telling *t)
{
	if (t)
		t->look_due = 0;
}

static struct alarm_frozen *soonest(struct telling *t)
{
	struct alarm_frozen *found = &t->frozen[0];

	for (size_t i = 1; i < t->frozen_count; i++)
		if (t->frozen[i].until < found->until)
			found = &t->frozen[i];
	return found;
}

/* Where there is no room, in the place of the one that ends first. */
void telling_freeze(struct telling *t, const unsigned char account[16], walltime until)
{
	struct alarm_frozen *place = NULL;

	for (size_t i = 0; i < t->frozen_count; i++)
		if (memcmp(t->frozen[i].account, account, 16) == 0)
			place = &t->frozen[i];
	if (!place && t->frozen_count < FROZEN_KEPT)
		place = &t->frozen[t->frozen_count++];
	if (!place)
		place = soonest(t);
	memcpy(place->account, account, 16);
	place->until = until;
	t->look_due = 0;
}

/* -- who is told -- */

struct told {
	struct arena *arena;
	json_t *json; /* NULL: nobody is */
	struct view *to;
	size_t to_count;
	struct view webhook, heartbeat; /* empty: none */
	const json_t *secret;
};

static void told_deinit(struct told *told)
{
	json_decref(told->json);
	arena_free(told->arena);
}

static struct view text_of(const json_t *value)
{
	return view_of(json_string_value(value), json_string_length(value));
}

static int read_told(struct database *db, struct told *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	const json_t *to;
	struct view text;
	int r = database_prepare(db,
			"SELECT last_applied FROM object"
			" WHERE kind = 'alerts' AND state = 'active'",
			&s);

	*out = (struct told){ .arena = arena_new() };
	if (r == 0)
		r = statement_step(s);
	if (r != DATABASE_ROW)
		return r;
	text = column_view(s, 0);
	out->json = json_loadb(text.data, text.len, 0, NULL);
	to = json_object_get(out->json, "to");
	out->to = arena_array(out->arena, json_array_size(to), sizeof(*out->to));
	for (size_t i = 0; i < json_array_size(to); i++)
		out->to[out->to_count++] = text_of(json_array_get(to, i));
	out->webhook = text_of(json_object_get(out->json, "webhook"));
	out->heartbeat = text_of(json_object_get(out->json, "heartbeat"));
	out->secret = json_object_get(out->json, "webhook_secret");
	return 0;
}

/* -- mail -- */

static int write_news(struct agent *agent, const struct told *told,
		const struct alert *news, size_t count)
{
	CLEANUP(buf_free) struct buf subject = BUF_NULL(LONGEST_SUBJECT);
	CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST_TEXT);
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	struct view host = configuration_host(agent->configuration)->name;
	struct letter_draft letter = { .to = told->to, .to_count = told->to_count };
	int r = transaction_begin(agent->db, &t);

	alert_subject(news, count, host, &subject);
	alert_letter(news, count, host, &text);
	letter.subject = buf_view(&subject);
	letter.text = buf_view(&text);
	if (r == 0)
		r = letter_put(agent->db, &letter);
	if (r == 0)
		r = alerts_told(agent->db, ALERT_MAIL, news, count);
	return r ? r : transaction_commit(&t);
}

static int tell_by_mail(struct agent *agent, const struct told *told, nstime now)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct telling *t = agent->telling;
	struct alert *news;
	size_t count;
	int r;

	if (told->to_count == 0 || now < t->letter_after)
		return 0;
	r = alerts_news(agent->db, ALERT_MAIL, agent->os->wall(agent->os->state), arena,
			&news, &count);
	if (r || count == 0)
		return r;
	r = write_news(agent, told, news, count);
	if (r == 0)
		t->letter_after = now + nstime_seconds(TELLING_LETTER);
	return r;
}

/* -- calls -- */

static void send(struct agent *agent, enum errand_number number, struct view url,
		struct view body, const json_t *secret)
{
	struct errand *errand = errand_new(
			ERRAND_PERFORM, (struct outbox_id){ .seq = (uint64_t)number });

	errand->effects = &call_effects;
	errand->effect = (struct effect){
		.file = agent->file,
		.text = call_text(errand->arena, url, body, secret),
	};
	courier_send(agent->telling->courier, errand);
}

static int tell_by_webhook(struct agent *agent, const struct told *told, nstime now)
{
	CLEANUP(buf_free) struct buf body = BUF_NULL(LONGEST_TEXT);
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct telling *t = agent->telling;
	walltime wall = agent->os->wall(agent->os->state);
	struct alert *news;
	size_t count;
	int r;

	if (told->webhook.len == 0 || t->posting || now < t->post_after)
		return 0;
	r = alerts_news(agent->db, ALERT_WEBHOOK, wall, arena, &news, &count);
	if (r || count == 0)
		return r;
	alert_json(news, count, configuration_host(agent->configuration)->name, wall,
			&body);
	t->posting = true;
	t->posted = TAKE(arena);
	t->news = news;
	t->news_count = count;
	send(agent, WEBHOOK, told->webhook, buf_view(&body), told->secret);
	return 0;
}

static int beat(struct agent *agent, const struct told *told, nstime now)
{
	struct telling *t = agent->telling;
	size_t lasting;
	int r;

	if (told->heartbeat.len == 0 || t->beating || now < t->beat_due)
		return 0;
	r = alerts_count(agent->db, agent->os->wall(agent->os->state), &lasting);
	if (r || lasting)
		return r;
	t->beating = true;
	t->beat_due = now + agent->interval;
	send(agent, HEARTBEAT, told->heartbeat, VIEW_NULL, NULL);
	return 0;
}

/* -- what is back -- */

static void pause_posts(struct agent *agent, const struct errand *errand)
{
	struct telling *t = agent->telling;
	nstime delay = nstime_seconds(LONGEST_PAUSE);
	uint64_t draw;

	agent->os->random(agent->os->state, &draw, sizeof(draw));
	t->post_failures++;
	if (errand->answer.reason)
		delay = nstime_min(delay,
				requeue_delay(reason_class(view_z(errand->answer.reason)),
						t->post_failures, errand->answer.given,
						draw));
	t->post_after = agent_now(agent) + delay;
}

static int webhook_back(struct agent *agent, const struct errand *errand)
{
	CLEANUP(transaction_end) struct transaction transaction = TRANSACTION_NULL;
	struct telling *t = agent->telling;
	int r = 0;

	t->posting = false;
	if (errand->outcome) {
		pause_posts(agent, errand);
	} else {
		t->post_failures = 0;
		r = transaction_begin(agent->db, &transaction);
		if (r == 0)
			r = alerts_told(agent->db, ALERT_WEBHOOK, t->news, t->news_count);
		if (r == 0)
			r = transaction_commit(&transaction);
	}
	arena_free(TAKE(t->posted));
	return r;
}

static void log_failure(const struct errand *errand)
{
	if (errand->outcome == 0)
		return;
	log_event(LOG_WARN,
			errand->id.seq == WEBHOOK ? "agent.webhook.failed"
						  : "agent.heartbeat.failed",
			log_text("reason", errand->answer.reason ? errand->answer.reason
								 : "InternalError"),
			log_view("message", buf_view(&errand->answer.message)));
}

static int take_back(struct agent *agent)
{
	struct errand *errand;
	int r = 0;

	while (r == 0 && (errand = courier_next(agent->telling->courier))) {
		log_failure(errand);
		if (errand->id.seq == WEBHOOK)
			r = webhook_back(agent, errand);
		else
			agent->telling->beating = false;
		errand_free(errand);
	}
	return r;
}

/* -- turns -- */

static int look(struct agent *agent, const struct told *told)
{
	CLEANUP(alarms_deinit) struct alarms alarms = { 0 };
	struct telling *t = agent->telling;
	const bool uses[ALERT_CHANNELS] = {
		[ALERT_MAIL] = told->to_count > 0,
		[ALERT_WEBHOOK] = told->webhook.len > 0,
	};
	int r = alarms_look(agent, t->frozen, t->frozen_count, &alarms);

	if (r == 0)
		r = alerts_follow(agent->db, &alarms, agent->os->wall(agent->os->state));
	return r ? r : alerts_forget(agent->db, uses);
}

static int turn(struct agent *agent, nstime now)
{
	CLEANUP(told_deinit) struct told told = { 0 };
	struct telling *t = agent->telling;
	bool left = false;
	int r = read_told(agent->db, &told);

	t->look_due = told.json ? now + nstime_seconds(TELLING_LOOK) : NSTIME_NEVER;
	if (r == 0 && told.json)
		r = look(agent, &told);
	if (r == 0)
		r = tell_by_mail(agent, &told, now);
	if (r == 0)
		r = invitations_write(agent);
	if (r == 0)
		r = letters_write(agent->db, agent->runtime, &left);
	if (r == 0)
		r = tell_by_webhook(agent, &told, now);
	if (r == 0)
		r = beat(agent, &told, now);
	if (left)
		t->look_due = nstime_min(t->look_due, now + nstime_seconds(1));
	return r;
}

int agent_alerts_fd(const struct agent *agent)
{
	return courier_fd(agent->telling->courier);
}

nstime agent_alerts_deadline(const struct agent *agent)
{
	return agent->configuration ? agent->telling->look_due : NSTIME_NEVER;
}

void agent_alerts_turn(struct agent *agent)
{
	nstime now = agent_now(agent);
	int r = take_back(agent);

	if (r == 0 && agent->configuration && now >= agent->telling->look_due)
		r = turn(agent, now);
	if (r == 0)
		return;
	log_event(LOG_ERROR, "agent.alerts.fault", log_number("outcome", r),
			log_text("database", database_message(agent->db)));
	agent->telling->look_due = now + nstime_seconds(TELLING_LOOK);
}

void agent_sending_frozen(struct agent *agent, const unsigned char *account)
{
	const struct account_spec *spec = NULL;

	if (agent->configuration)
		spec = configuration_account(agent->configuration, account);
	if (spec)
		telling_freeze(agent->telling, account,
				agent->os->wall(agent->os->state) +
						spec->send_period / NS_PER_S);
}
