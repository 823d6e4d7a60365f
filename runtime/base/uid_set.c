#include "runtime/base/uid_set.h"

#include "runtime/base/error.h"

#include <stdlib.h>
#include <string.h>

/* True where b begins in a, right behind it, or before it. */
static bool reaches(struct uid_range a, struct uid_range b)
{
	return a.last == UINT32_MAX || b.first <= a.last + 1;
}

size_t uid_set_find(const struct uid_set *set, uint32_t number)
{
	size_t low = 0, high = set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (set->ranges[middle].last < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void uid_set_add_raw(struct uid_set *set, uint32_t first, uint32_t last)
{
	array_grow(&set->ranges, &set->capacity, set->count + 1, sizeof(*set->ranges));
	set->ranges[set->count++] = (struct uid_range){ first, last };
}

void uid_set_add(struct uid_set *set, uint32_t first, uint32_t last)
{
	struct uid_range added = { first, last };
	size_t at, end;

	if (set->count == 0 || !reaches(set->ranges[set->count - 1], added)) {
		uid_set_add_raw(set, first, last);
		return;
	}
	at = uid_set_find(set, first ? first - 1 : 0);
	for (end = at; end < set->count && reaches(added, set->ranges[end]); end++) {
		if (set->ranges[end].first < added.first)
			added.first = set->ranges[end].first;
		if (set->ranges[end].last > added.last)
			added.last = set->ranges[end].last;
	}
	if (end == at) {
		uid_set_add_raw(set, 0, 0);
		memmove(set->ranges + at + 1, set->ranges + at,
				(set->count - 1 - at) * sizeof(*set->ranges));
	} else {
		memmove(set->ranges + at + 1, set->ranges + end,
				(set->count - end) * sizeof(*set->ranges));
		set->count -= end - at - 1;
	}
	set->ranges[at] = added;
}

void uid_set_remove(struct uid_set *set, uint32_t number)
{
	size_t at = uid_set_find(set, number);
	struct uid_range *range = set->ranges + at;
	uint32_t last;

	if (at == set->count || range->first > number)
		return;
	last = range->last;
	if (range->first == last) {
		memmove(range, range + 1, (--set->count - at) * sizeof(*range));
	} else if (range->first == number) {
		range->first++;
	} else {
		range->last = number - 1;
		if (last > number)
			uid_set_add(set, number + 1, last);
	}
}

bool uid_set_has(const struct uid_set *set, uint32_t number)
{
	size_t at = uid_set_find(set, number);

	return at < set->count && set->ranges[at].first <= number;
}

uint64_t uid_set_size(const struct uid_set *set)
{
	uint64_t size = 0;

	for (size_t i = 0; i < set->count; i++)
		size += (uint64_t)set->ranges[i].last - set->ranges[i].first + 1;
	return size;
}

uint32_t uid_set_at(const struct uid_set *set, uint64_t n)
{
	for (size_t i = 0; i < set->count; i++) {
		uint64_t size = (uint64_t)set->ranges[i].last - set->ranges[i].first + 1;

		if (n < size)
			return set->ranges[i].first + (uint32_t)n;
		n -= size;
	}
	return 0;
}

static int by_first(const void *a, const void *b)
{
	const struct uid_range *left = a, *right = b;

	return (left->first > right->first) - (left->first < right->first);
}

void uid_set_normalise(struct uid_set *set)
{
	size_t kept = 0;

	if (set->count < 2)
		return;
	qsort(set->ranges, set->count, sizeof(*set->ranges), by_first);
	for (size_t i = 1; i < set->count; i++) {
		struct uid_range next = set->ranges[i];

		if (!reaches(set->ranges[kept], next))
			set->ranges[++kept] = next;
		else if (next.last > set->ranges[kept].last)
			set->ranges[kept].last = next.last;
	}
	set->count = kept + 1;
}

void uid_set_copy(struct uid_set *to, const struct uid_set *from)
{
	uid_set_clear(to);
	for (size_t i = 0; i < from->count; i++)
		uid_set_add_raw(to, from->ranges[i].first, from->ranges[i].last);
}

void uid_set_intersect(
		struct uid_set *out, const struct uid_set *a, const struct uid_set *b)
{
	size_t i = 0, j = 0;

	while (i < a->count && j < b->count) {
		struct uid_range left = a->ranges[i], right = b->ranges[j];
		uint32_t first = left.first > right.first ? left.first : right.first;
		uint32_t last = left.last < right.last ? left.last : right.last;

		if (first <= last)
			uid_set_add(out, first, last);
		if (left.last < right.last)
			i++;
		else
			j++;
	}
}

void uid_set_subtract(
		struct uid_set *out, const struct uid_set *a, const struct uid_set *b)
{
	size_t j = 0;

	for (size_t i = 0; i < a->count; i++) {
		uint64_t first = a->ranges[i].first;
		uint64_t last = a->ranges[i].last;

		while (j < b->count && b->ranges[j].last < first)
			j++;
		for (size_t k = j; k < b->count && b->ranges[k].first <= last; k++) {
			if (b->ranges[k].first > first)
				uid_set_add(out, (uint32_t)first, b->ranges[k].first - 1);
			first = (uint64_t)b->ranges[k].last + 1;
		}
		if (first <= last)
			uid_set_add(out, (uint32_t)first, (uint32_t)last);
	}
}

void uid_set_clear(struct uid_set *set)
{
	set->count = 0;
}

void uid_set_free(struct uid_set *set)
{
	free(set->ranges);
	*set = UID_SET_NULL;
}
