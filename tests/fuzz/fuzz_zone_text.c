/* The text of a zone file: what is added is read again, what goes is gone, and with both done
 * the text is as it was, but for the digits of the serial and a line end. */
#include "agent/provider/zone_text.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static const struct view zone = { "a.example", 9 };

static struct rrset read_set(struct arena *arena, const struct buf *text)
{
	struct rrset set;
	size_t line;

	must(zone_text_read(buf_view(text), zone, VIEW("x.a.example"), VIEW("TXT"), arena,
			     &set, &line) == ZONE_TEXT_OK);
	return set;
}

/* From both ends on they agree, up to a number in the one and in the other. */
static bool is_same(struct view left, struct view right)
{
	if (view_ends(right, VIEW("\n")) && !view_ends(left, VIEW("\n")))
		right.len--;
	while (left.len && right.len && left.data[0] == right.data[0]) {
		left = view_from(left, 1);
		right = view_from(right, 1);
	}
	while (left.len && right.len &&
			left.data[left.len - 1] == right.data[right.len - 1]) {
		left.len--;
		right.len--;
	}
	for (size_t i = 0; i < left.len + right.len; i++)
		if (!byte_is_digit(i < left.len ? left.data[i]
						: right.data[i - left.len]))
			return false;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(buf_free) struct buf with = BUF_NULL(size + 4096), without = with;
	const struct view value = VIEW("\"ours; \\\"(\"");
	struct rrset before, ours, after, now;
	size_t line;

	if (zone_text_read(view_of(data, size), zone, VIEW("x.a.example"), VIEW("TXT"),
			    arena, &before, &line))
		return 0;
	must(rrset_make(arena, before.name, before.type, 300, &value, 1, &ours) == 0);
	if (rrset_has(&before, ours.values[0]))
		return 0;
	after = rrset_with(arena, &before, &ours);
	if (zone_text_change(view_of(data, size), zone, &before, &after, &with, &line))
		return 0; /* a serial that is none */
	now = read_set(arena, &with);
	must(rrset_eq(&now, &after));
	must(zone_text_change(buf_view(&with), zone, &now, &before, &without, &line) ==
			ZONE_TEXT_OK);
	now = read_set(arena, &without);
	must(rrset_eq(&now, &before));
	must(is_same(view_of(data, size), buf_view(&without)));
	return 0;
}
