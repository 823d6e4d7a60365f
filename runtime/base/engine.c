#include "runtime/base/engine.h"

size_t engine_feed(struct engine *engine, struct view bytes, nstime now)
{
	return engine->class->feed(engine, bytes, now);
}

struct op *engine_next_op(struct engine *engine)
{
	return engine->class->next_op(engine);
}

void engine_answer(struct engine *engine, struct op *op, nstime now)
{
	engine->class->answer(engine, op, now);
}

void engine_event(
		struct engine *engine, enum engine_event event, uint64_t arg, nstime now)
{
	engine->class->event(engine, event, arg, now);
}

struct view engine_output(struct engine *engine)
{
	return engine->class->output(engine);
}

void engine_sent(struct engine *engine, size_t len)
{
	engine->class->sent(engine, len);
}

void engine_tick(struct engine *engine, nstime now)
{
	engine->class->tick(engine, now);
}

nstime engine_deadline(const struct engine *engine)
{
	return engine->class->deadline(engine);
}

unsigned engine_want(const struct engine *engine)
{
	return engine->class->want(engine);
}

size_t engine_held(const struct engine *engine)
{
	return engine->class->held ? engine->class->held(engine) : 0;
}

void engine_free(struct engine *engine)
{
	if (engine)
		engine->class->free(engine);
}

void op_free(struct op *op)
{
	if (op)
		op->free(op);
}
