/* What a dialog cannot hold: the moment between the parts of a literal, and what an idle
 * session keeps. */
#include "runtime/imap/imap_server.h"
#include "runtime/imap/imap_session.h"
#include "tests/dialog/imap_world.h"
#include "tests/lib/test.h"
#include "tests/lib/trickle.h"

static struct engine *engine;

static int begin(void **state)
{
	const struct trickle_world *world = imap_world();

	(void)state;
	world->reset(world->state);
	engine = world->open(world->state, VIEW("imaps selected"), 0);
	return engine ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	engine_free(engine);
	return 0;
}

static void feed(struct view bytes)
{
	assert_int_equal(engine_feed(engine, bytes, 0), bytes.len);
}

/* The next operation, performed and not yet answered. */
static struct op *performed(void)
{
	const struct trickle_world *world = imap_world();
	struct op *op = engine_next_op(engine);

	assert_non_null(op);
	world->perform(world->state, op);
	return op;
}

/* A FETCH whose literal is half told: the rest has been asked for. */
static struct op *begin_literal(void)
{
	const struct trickle_world *world = imap_world();

	assert_true(world->happen(world->state, VIEW("batch 500 4")));
	feed(VIEW("a FETCH 3 BODY.PEEK[TEXT]\r\n"));
	engine_answer(engine, performed(), 0);
	assert_view(engine_output(engine), "* 3 FETCH (BODY[TEXT] {12}\r\n0123");
	engine_sent(engine, engine_output(engine).len);
	return performed();
}

static void no_line_is_said_within_a_literal(void **state)
{
	struct op *read = begin_literal();

	(void)state;
	engine_event(engine, ENGINE_REVOKED, 0, 0);
	assert_view(engine_output(engine), "");
	assert_int_equal(engine_want(engine), WANT_CLOSE | WANT_ANSWER);
	engine_answer(engine, read, 0);
	assert_view(engine_output(engine), "");
	assert_int_equal(engine_want(engine), WANT_CLOSE);
}

static void a_literal_that_cannot_be_finished_ends_the_session(void **state)
{
	struct op *read = begin_literal();

	(void)state;
	((struct imap_op *)read)->outcome = IMAP_E_GONE;
	engine_answer(engine, read, 0);
	assert_view(engine_output(engine), "");
	assert_int_equal(engine_want(engine), WANT_CLOSE);
}

static void a_literal_is_finished_in_pieces(void **state)
{
	struct op *read = begin_literal();

	(void)state;
	engine_answer(engine, read, 0);
	assert_view(engine_output(engine), "4567");
	engine_answer(engine, performed(), 0);
	assert_view(engine_output(engine), "456789\r\n)\r\na OK Fetched\r\n");
}

/* I12: the session's own part of it. A buffer that was large for once is given back. */
static void an_idle_session_is_small(void **state)
{
	const struct trickle_world *world = imap_world();
	const struct imap_session *s = (struct imap_session *)engine;
	size_t kept;

	(void)state;
	assert_true(world->happen(world->state, VIEW("fill INBOX 2000")));
	feed(VIEW("a NOOP\r\n"));
	engine_answer(engine, performed(), 0);
	feed(VIEW("b UID SEARCH ALL\r\n"));
	engine_answer(engine, performed(), 0);
	engine_sent(engine, engine_output(engine).len);
	feed(VIEW("c IDLE\r\n"));
	engine_sent(engine, engine_output(engine).len);
	assert_true(engine_want(engine) & WANT_READ);
	assert_int_equal(s->view->exists, 2003);
	kept = sizeof(*s) + sizeof(*s->view) + s->out.capacity + s->reader.text.capacity +
	       s->command->text.capacity + arena_used(s->command->arena) +
	       s->view->uids.capacity * (sizeof(struct uid_range) + sizeof(uint32_t));
	assert_true(kept <= 4096);
}

#define in_a_session(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_a_session(no_line_is_said_within_a_literal),
		in_a_session(a_literal_that_cannot_be_finished_ends_the_session),
		in_a_session(a_literal_is_finished_in_pieces),
		in_a_session(an_idle_session_is_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
