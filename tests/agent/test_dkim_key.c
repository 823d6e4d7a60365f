/* The life of keys that sign: made by an apply, in use once their record is seen, followed by
 * successors, gone in the end. What publishes their records is played by a kind of this test,
 * whose objects are Ready when it says so. */
#include "agent/apply/apply.h"
#include "agent/database/dkim_row.h"
#include "agent/database/standing.h"
#include "agent/inside.h"
#include "agent/status.h"
#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/crypto/signing_key.h"
#include "runtime/mailauth/dkim_sign.h"
#include "runtime/mailauth/dkim_verify.h"
#include "runtime/store/database.h"
#include "tests/agent/house.h"
#include "tests/lib/zone.h"

#include <errno.h>
#include <stdlib.h>

#define DAY ((walltime)86400)

/* -- the kind `record` of this test -- */

static void want_records(const struct driver *driver, const struct desired *desired,
		struct wanted_list *out)
{
	for (size_t i = 0; i < out->facts->key_count; i++) {
		const struct zone_key *key = &out->facts->keys[i];
		struct wanted *wanted;

		if (key->state == ZONE_KEY_HIDDEN ||
				!desired_domain_of(desired, key->domain))
			continue;
		wanted = wanted_add(out, driver);
		wanted->key = arena_printf(out->arena, "%.*s._domainkey.%.*s/TXT",
				VIEW_ARG(key->selector), VIEW_ARG(key->domain));
		wanted->spec = wanted->applied = arena_printf(out->arena,
				"{\"selector\":\"%.*s\"}", VIEW_ARG(key->selector));
		wanted->span = desired_domain_of(desired, key->domain)->object.key_span;
		digest_bytes(wanted->spec, wanted->hash);
	}
}

/* Each public half is known by now. */
static int bind_key(struct application *a, struct wanted *wanted)
{
	for (size_t i = 0; i < a->o->facts.key_count; i++) {
		const struct zone_key *key = &a->o->facts.keys[i];

		if (view_starts(wanted->key, key->selector) &&
				view_find_view(wanted->key, key->domain) <
						wanted->key.len)
			return key->public_key.len ? 0 : -ENODATA;
	}
	return -ENOENT;
}

static int say_ready(struct database *db, const struct object *object, bool ready)
{
	CLEANUP(standing_deinit) struct standing standing = { 0 };
	int r = standing_read(db, object->uid, HOUSE_BEGIN, &standing);

	if (r)
		return r;
	standing_set(&standing, CONDITION_READY, ready, ready ? "Applied" : "Queued",
			VIEW_NULL);
	return standing_write(db, &standing);
}

static int apply_record(struct application *a, const struct change *change)
{
	return say_ready(application_db(a), change->object, false);
}

static const struct driver stand_in = {
	.kind = "record",
	.schema = KIND_NONE,
	.absence = ABSENCE_REMOVES,
	.risk = RISK_SERVICE,
	.want = want_records,
	.bind = bind_key,
	.apply = apply_record,
};

/* clang-format off */
const struct driver *const drivers[] = {
	&driver_policy,
	&driver_host,
	&driver_certificate,
	&driver_listener,
	&driver_domain,
	&driver_dkim_key,
	&stand_in,
	&driver_user,
	&driver_shared,
	&driver_service,
	&driver_group,
	&driver_alias,
};
/* clang-format on */

const size_t driver_count = ARRAY_LEN(drivers);

/* -- what is done -- */

static void live(struct house *house, const char *domains)
{
	CLEANUP(buf_free) struct buf state = BUF_NULL(HOUSE_TEXT);

	house_state(&state, "policy: {gates: {other: {percent: 100}}}\n");
	buf_addf(&state, "domains: {%s}\nusers: {anna@a.example: {id: anna}}\n", domains);
	house_must_apply(house, buf_view(&state));
}

static void tick(struct house *house)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };

	assert_int_equal(agent_reconcile(house->agent, RECONCILE_TIMER, &result), 0);
	assert_int_equal(result.code, EXIT_FINE);
}

static void look(struct house *house)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };

	assert_int_equal(agent_reconcile(house->agent, RECONCILE_SIGNAL, &result), 0);
	assert_int_equal(result.code, EXIT_FINE);
}

static const struct object *record_of(
		struct house *house, struct object_set *set, const char *name)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();

	return object_find(set, arena_printf(arena, "record/%s/TXT", name));
}

static bool is_published(struct house *house, const char *name)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(object_set_deinit) struct object_set set = OBJECT_SET_NULL;

	assert_int_equal(object_set_load(house->agent->db, arena, &set), 0);
	return record_of(house, &set, name) != NULL;
}

/* All name servers answer it. */
static void see(struct house *house, const char *name)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(object_set_deinit) struct object_set set = OBJECT_SET_NULL;
	const struct object *object;

	assert_int_equal(object_set_load(house->agent->db, arena, &set), 0);
	object = record_of(house, &set, name);
	assert_non_null(object);
	assert_int_equal(say_ready(house->agent->db, object, true), 0);
	look(house);
}

/* The selectors that sign for a domain, as the runtime has them: "", "x", "x y". */
static void assert_signs(struct house *house, const char *domain, const char *selectors)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(500);
	size_t count;
	const struct signing *signings = configuration_signings(
			house->runtime.configuration, view_z(domain), &count);

	for (size_t i = 0; i < count; i++) {
		buf_add_z(&text, i ? " " : "");
		buf_add(&text, signings[i].selector);
	}
	assert_view(buf_view(&text), selectors);
}

static size_t rows(struct house *house, struct arena *arena, struct dkim_row **out)
{
	size_t count;

	assert_int_equal(dkim_rows_read(house->agent->db, arena, out, &count), 0);
	return count;
}

static size_t row_count(struct house *house)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct dkim_row *all;

	return rows(house, arena, &all);
}

#define ED25519 "a.example: {dkim: {algorithms: [ed25519]}}"
#define FIRST   "ed25519-20260801._domainkey.a.example"

/* -- tests -- */

static void a_key_signs_once_its_record_is_seen(void **state)
{
	struct house *house = *state;

	live(house, "a.example: {}");
	assert_true(house->agent->awaits_ready);
	assert_signs(house, "a.example", "");
	assert_true(is_published(house, FIRST));
	assert_true(is_published(house, "rsa-20260801._domainkey.a.example"));
	look(house);
	assert_signs(house, "a.example", "");
	see(house, FIRST);
	assert_signs(house, "a.example", "ed25519-20260801");
	see(house, "rsa-20260801._domainkey.a.example");
	assert_signs(house, "a.example", "ed25519-20260801 rsa-20260801");
	assert_false(house->agent->awaits_ready);
}

static void a_plan_makes_no_key_and_a_second_apply_has_no_steps(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result planned = { 0 }, again = { 0 };
	CLEANUP(buf_free) struct buf text = BUF_NULL(HOUSE_TEXT);

	house_state(&text, "domains: {" ED25519 "}\n");
	house_plan(house, buf_view(&text), &planned);
	assert_int_equal(planned.code, EXIT_FINE);
	assert_int_equal(row_count(house), 0);
	house_must_apply(house, buf_view(&text));
	assert_int_equal(row_count(house), 1);
	house_apply(house, buf_view(&text), &again);
	assert_true(plan_is_empty(again.plan));
	assert_int_equal(row_count(house), 1);
}

static void a_successor_takes_over_and_nothing_is_unsigned_meanwhile(void **state)
{
	static const char second[] = "ed25519-20270128._domainkey.a.example";
	struct house *house = *state;

	live(house, ED25519);
	see(house, FIRST);
	house->now = HOUSE_BEGIN + 180 * DAY - 1;
	tick(house);
	assert_int_equal(row_count(house), 1);
	house->now++;
	tick(house); /* nothing moved but the time */
	assert_int_equal(row_count(house), 2);
	assert_true(is_published(house, second));
	assert_signs(house, "a.example", "ed25519-20260801");
	house->now += 30 * DAY; /* whoever keeps the zone is slow */
	look(house);
	assert_int_equal(row_count(house), 2);
	assert_signs(house, "a.example", "ed25519-20260801");
	see(house, second);
	assert_signs(house, "a.example", "ed25519-20270128");
	assert_true(is_published(house, FIRST));
	house->now += DKIM_GRACE_S - 1;
	tick(house);
	assert_true(is_published(house, FIRST));
	house->now++;
	tick(house);
	assert_false(is_published(house, FIRST));
	assert_true(is_published(house, second));
	assert_int_equal(row_count(house), 2); /* it is kept, sealed */
	house->now += DKIM_KEPT_S;
	tick(house);
	assert_int_equal(row_count(house), 1);
	assert_signs(house, "a.example", "ed25519-20270128");
}

static void what_leaves_the_state_signs_no_more(void **state)
{
	struct house *house = *state;

	live(house, "a.example: {}");
	see(house, FIRST);
	see(house, "rsa-20260801._domainkey.a.example");
	live(house, ED25519);
	assert_signs(house, "a.example", "ed25519-20260801");
	assert_true(is_published(house, "rsa-20260801._domainkey.a.example"));
	house->now += DKIM_GRACE_S;
	tick(house);
	assert_false(is_published(house, "rsa-20260801._domainkey.a.example"));
	assert_int_equal(row_count(house), 2);
	house->now += DKIM_KEPT_S;
	tick(house);
	assert_int_equal(row_count(house), 1);
	live(house, "a.example: {dns: none}");
	assert_signs(house, "a.example", "");
}

/* The selector of one that was seen is never given to another key. */
static void a_key_that_returns_is_another_one(void **state)
{
	struct house *house = *state;

	live(house, ED25519);
	live(house, "a.example: {dns: none}");
	live(house, ED25519);
	assert_int_equal(row_count(house), 2);
	assert_true(is_published(house, "ed25519-20260801b._domainkey.a.example"));
	assert_false(is_published(house, FIRST)); /* it never signed */
	see(house, "ed25519-20260801b._domainkey.a.example");
	assert_signs(house, "a.example", "ed25519-20260801b");
}

static void twins_sign_with_keys_of_their_own(void **state)
{
	struct house *house = *state;

	live(house, ED25519 ", b.example: {same_as: a.example, dkim: {algorithms: "
			    "[ed25519]}}");
	see(house, "ed25519-20260801._domainkey.b.example");
	assert_signs(house, "a.example", "");
	assert_signs(house, "b.example", "ed25519-20260801");
}

/* A crash behind the commit of the key, before its record was published. */
static void a_crash_makes_no_second_key(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result result = { 0 };

	live(house, ED25519);
	house_restart(house, &result);
	assert_int_equal(result.code, EXIT_FINE);
	assert_int_equal(row_count(house), 1);
	assert_signs(house, "a.example", "");
	see(house, FIRST);
	assert_signs(house, "a.example", "ed25519-20260801");
	agent_result_free(&result);
	house_restart(house, &result);
	assert_signs(house, "a.example", "ed25519-20260801");
}

static void a_key_opens_in_its_own_row_alone(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(secret_free) struct secret pem = SECRET_NULL;
	CLEANUP(signing_key_freep) struct signing_key *key = NULL;
	struct house *house = *state;
	struct dkim_row *all, moved;

	live(house, ED25519);
	assert_int_equal(rows(house, arena, &all), 1);
	assert_int_equal(dkim_row_open(&all[0], house->agent->dkim_key, &pem), 0);
	assert_int_equal(signing_key_read(&pem, &key), 0);
	assert_true(view_find_view(all[0].sealed,
				    view_sub(secret_expose(&pem), 30, 16)) ==
			all[0].sealed.len);
	secret_free(&pem);
	moved = all[0];
	moved.selector = VIEW("another");
	assert_int_equal(dkim_row_open(&moved, house->agent->dkim_key, &pem), -EBADMSG);
	moved = all[0];
	moved.object[0] ^= 1;
	assert_int_equal(dkim_row_open(&moved, house->agent->dkim_key, &pem), -EBADMSG);
	assert_int_equal(dkim_row_open(&all[0], house->agent->tls_key, &pem), -EBADMSG);
}

static void status_says_who_sends_unsigned(void **state)
{
	struct house *house = *state;
	CLEANUP(buf_free) struct buf text = BUF_NULL(HOUSE_TEXT);
	CLEANUP(status_freep) struct status *before = NULL, *after = NULL;

	live(house, ED25519);
	assert_int_equal(agent_status(house->agent, VIEW_NULL, &before), 0);
	status_print(before, &text);
	assert_true(view_find_view(buf_view(&text),
				    VIEW("unsigned     mail from a.example:")) <
			text.len);
	see(house, FIRST);
	buf_clear(&text);
	assert_int_equal(agent_status(house->agent, VIEW_NULL, &after), 0);
	status_print(after, &text);
	assert_true(view_find_view(buf_view(&text), VIEW("unsigned")) == text.len);
}

/* -- two hundred days, by the quarter -- */

enum {
	STEP = 6 * 3600,                 /* seconds */
	SLOW_ZONE = 5 * STEP,            /* until a record is seen */
	LATEST_DELIVERY = 5 * 86400,     /* of the queue */
	PROBES = LATEST_DELIVERY / STEP, /* messages that are still on their way */
};

struct probe {
	walltime sent;
	struct buf message;
};

/* What our host sends now. */
static void send_probe(struct house *house, struct probe *out)
{
	static const char text[] = "From: anna@a.example\r\nSubject: x\r\n\r\nHello\r\n";
	CLEANUP(dkim_sign_freep) struct dkim_sign *sign = NULL;
	struct dkim_signer signers[DKIM_SIGNERS_MAX];
	size_t count;
	const struct signing *signings = configuration_signings(
			house->runtime.configuration, VIEW("a.example"), &count);

	assert_int_equal(count, 2); /* RSA and Ed25519, at every moment */
	for (size_t i = 0; i < count; i++)
		signers[i] = (struct dkim_signer){ VIEW("a.example"),
			signings[i].selector, signings[i].key };
	sign = dkim_sign_new(signers, count, house->now, DKIM_LIFETIME);
	dkim_sign_feed(sign, view_z(text));
	buf_clear(&out->message);
	assert_int_equal(dkim_sign_finish(sign, &out->message), 0);
	buf_add(&out->message, view_z(text));
	out->sent = house->now;
}

/* The zone as the world sees it: records that were seen, each with its key. */
static void print_zone(struct house *house, struct buf *out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct dkim_row *all;
	size_t count = rows(house, arena, &all);

	buf_clear(out);
	for (size_t i = 0; i < count; i++) {
		CLEANUP(buf_free) struct buf key = BUF_NULL(1024);
		struct view name =
				dkim_record_name(arena, all[i].domain, all[i].selector);

		if (!is_published(house, name.data))
			continue;
		base64_add(&key, all[i].public_key);
		buf_addf(out, "%s TXT v=DKIM1; k=%s; p=%.*s\n", name.data,
				all[i].algorithm == DKIM_RSA2048 ? "rsa" : "ed25519",
				VIEW_ARG(buf_view(&key)));
	}
}

static void assert_verifies(const struct probe *probe, struct view zone, walltime now)
{
	CLEANUP(dkim_verify_freep) struct dkim_verify *verify = dkim_verify_new(now);
	const struct dkim_result *result;
	struct op *op;

	dkim_verify_feed(verify, buf_view(&probe->message));
	dkim_verify_finish(verify);
	while ((op = dkim_verify_next_op(verify))) {
		zone_answer(zone, dns_lookup_of(op));
		dkim_verify_answer(verify, op);
	}
	result = dkim_verify_result(verify);
	assert_int_equal(result->count, 2);
	for (size_t i = 0; i < result->count; i++)
		assert_int_equal(result->verdicts[i].code, DKIM_PASS);
}

/* The zone is slow: what was asked for is there SLOW_ZONE later. */
static void see_what_is_due(struct house *house)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct dkim_row *all;
	size_t count = rows(house, arena, &all);

	for (size_t i = 0; i < count; i++)
		if (dkim_row_state(&all[i], house->now) == DKIM_WAITING &&
				house->now >= all[i].made_at + SLOW_ZONE)
			see(house, dkim_record_name(arena, all[i].domain, all[i].selector)
							.data);
}

/* Two rotations; in each quarter of a day a message leaves, and is looked at then, five days
 * later, and once between. */
static void every_message_verifies_while_keys_rotate(void **state)
{
	struct house *house = *state;
	CLEANUP(buf_free) struct buf zone = BUF_NULL(16 * 1024);
	struct probe probes[PROBES];
	size_t sent = 0, rotated = 0, keys = 0;

	for (size_t i = 0; i < PROBES; i++)
		probes[i] = (struct probe){ .message = BUF_NULL(16 * 1024) };
	live(house, "a.example: {dkim: {rotate: 90d}}");
	see(house, FIRST);
	see(house, "rsa-20260801._domainkey.a.example");
	for (walltime end = house->now + 200 * DAY; house->now < end;
			house->now += STEP) {
		size_t now_keys;

		tick(house);
		see_what_is_due(house);
		now_keys = row_count(house);
		rotated += now_keys > keys;
		keys = now_keys;
		print_zone(house, &zone);
		send_probe(house, &probes[sent++ % PROBES]);
		/* the newest, the oldest, and one between */
		assert_verifies(&probes[(sent - 1) % PROBES], buf_view(&zone),
				house->now);
		if (sent >= PROBES) {
			assert_verifies(&probes[sent % PROBES], buf_view(&zone),
					house->now);
			assert_verifies(&probes[sent * 7 % PROBES], buf_view(&zone),
					house->now);
		}
	}
	assert_true(sent >= 800 && rotated >= 3); /* the first keys, and two rotations */
	for (size_t i = 0; i < PROBES; i++)
		buf_free(&probes[i].message);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_key_signs_once_its_record_is_seen),
		TEST(a_plan_makes_no_key_and_a_second_apply_has_no_steps),
		TEST(a_successor_takes_over_and_nothing_is_unsigned_meanwhile),
		TEST(what_leaves_the_state_signs_no_more),
		TEST(a_key_that_returns_is_another_one),
		TEST(twins_sign_with_keys_of_their_own),
		TEST(a_crash_makes_no_second_key),
		TEST(a_key_opens_in_its_own_row_alone),
		TEST(every_message_verifies_while_keys_rotate),
		TEST(status_says_who_sends_unsigned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
