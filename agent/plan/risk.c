#include "agent/plan/risk.h"

#include "runtime/base/arena.h"
#include "schema/unit.h"
#include "schema/value.h"

#include <stdlib.h>

enum {
	LONGEST_DEFAULT = 64 * 1024
};

enum way {
	WAY_SAME,
	WAY_MORE,
	WAY_LESS,
	WAY_BOTH, /* or nobody can say */
};

enum risk risk_gravest(unsigned risks)
{
	enum risk risk = RISK_POLICY;

	while (risk > RISK_HARMLESS && !(risks & risk_bit(risk)))
		risk--;
	return risk;
}

/* -- what can be ordered -- */

static enum way way_of_numbers(int64_t before, int64_t after)
{
	return after > before ? WAY_MORE : after < before ? WAY_LESS : WAY_SAME;
}

static bool has(const json_t *list, const json_t *item)
{
	const json_t *other;
	size_t i;

	json_array_foreach (list, i, other)
		if (json_equal(other, item))
			return true;
	return false;
}

static bool has_all(const json_t *list, const json_t *items)
{
	const json_t *item;
	size_t i;

	json_array_foreach (items, i, item)
		if (!has(list, item))
			return false;
	return true;
}

static enum way way_of_lists(
		const struct field *field, const json_t *before, const json_t *after)
{
	bool comes, goes;

	if (field->unset_is_all && (!before || !after))
		return !after ? WAY_MORE : WAY_LESS;
	comes = !has_all(before, after);
	goes = !has_all(after, before);
	return comes && goes ? WAY_BOTH : comes ? WAY_MORE : goes ? WAY_LESS : WAY_SAME;
}

static struct view text_of(const json_t *json)
{
	return view_of(json_string_value(json), json_string_length(json));
}

/* More in a burst, or more in the long run. */
static enum way way_of_rates(const struct value *before, const struct value *after)
{
	static const char periods[] = "smhd";
	static const int64_t seconds[] = { 1, 60, 3600, 86400 };
	int64_t counts[2], spans[2];
	const struct value *values[] = { before, after };

	for (int i = 0; i < 2; i++) {
		const char *period;
		char per;

		if (rate_parse(values[i]->text, &counts[i], &per) != UNIT_OK)
			return WAY_BOTH;
		period = strchr(periods, per);
		if (!per || !period)
			return WAY_BOTH;
		spans[i] = seconds[period - periods];
	}
	if (counts[1] > counts[0] ||
			(long double)counts[1] * (long double)spans[0] >
					(long double)counts[0] * (long double)spans[1])
		return WAY_MORE;
	return WAY_LESS;
}

/* In the form that the schema reads. */
static bool read_value(struct arena *arena, const struct type *type, const json_t *json,
		struct value *out)
{
	CLEANUP(buf_free) struct buf number = BUF_NULL(32);
	struct view text = text_of(json);
	const char *why;

	if (json_is_boolean(json))
		text = json_is_true(json) ? VIEW("true") : VIEW("false");
	if (json_is_integer(json)) {
		buf_addf(&number, "%lld", (long long)json_integer_value(json));
		text = buf_view(&number);
	}
	return text.data && scalar_parse(arena, type, text, false, out, &why) == 0;
}

static enum way way_of_plain(
		const struct type *type, const json_t *before, const json_t *after)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct value from = { .type = type }, to = from;

	if (!read_value(arena, type, before, &from) ||
			!read_value(arena, type, after, &to) || from.word || to.word)
		return WAY_BOTH;
	switch (type->kind) {
	case TYPE_BOOL:
	case TYPE_INT:
	case TYPE_SIZE:
	case TYPE_DURATION:
	case TYPE_WORD:
		return way_of_numbers(from.number, to.number);
	case TYPE_RATE:
		return way_of_rates(&from, &to);
	default:
		return WAY_BOTH;
	}
}

/* -- a field -- */

/* What the schema says where nobody else does, in its canonical form; NULL: nothing. */
static json_t *default_of(const struct field *field)
{
	static const struct canonical_options options = { 0 };
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST_DEFAULT);
	const struct value *value = value_default(arena, field);

	/* A word for the whole map is what its entries are where they are not said. */
	if (field->type->kind == TYPE_MAP && field->fallback)
		return json_string(field->fallback);
	if (!value)
		return NULL;
	canonical_value(value, &options, arena, &text);
	return json_loadb(text.data, text.len, JSON_DECODE_ANY, NULL);
}

static enum way way_of(
		const struct field *field, const json_t *before, const json_t *after)
{
	const struct type *type = field->type;

	/* One entry of a map: it comes, it goes, or says something else. */
	if (type->kind == TYPE_MAP && !type->words && (!before || !after))
		return after ? WAY_MORE : WAY_LESS;
	if (type->kind == TYPE_MAP)
		type = type->item;
	if (type->kind == TYPE_LIST)
		return way_of_lists(field, before, after);
	return way_of_plain(type, before, after);
}

static unsigned risks_of_way(const struct field *field, enum way way)
{
	if (way == WAY_BOTH)
		return risk_bit(field->risk) | risk_bit(field->otherwise);
	if (way == (field->toward == TOWARD_MORE ? WAY_MORE : WAY_LESS))
		return risk_bit(field->risk);
	return risk_bit(field->otherwise);
}

unsigned risks_of_field(const struct driver *driver, struct view path,
		const json_t *before, const json_t *after)
{
	const struct field *field;
	json_t *from, *to;
	unsigned risks;

	if (driver->schema == KIND_NONE)
		return risk_bit(driver->risk);
	field = table_row(driver->schema, path);
	if (!field)
		return risk_bit(driver->risk);
	if (field->toward == TOWARD_ANY)
		return risk_bit(field->risk);
	from = before ? json_incref((json_t *)before) : default_of(field);
	to = after ? json_incref((json_t *)after) : default_of(field);
	risks = json_equal(from, to) ? risk_bit(RISK_HARMLESS)
				     : risks_of_way(field, way_of(field, from, to));
	json_decref(from);
	json_decref(to);
	return risks;
}
