#include "runtime/imap/imap_view.h"

#include "runtime/base/error.h"

#include <stdlib.h>

struct imap_view *imap_view_new(uint64_t mailbox, bool read_only)
{
	struct imap_view *view = xcalloc(1, sizeof(*view));

	view->mailbox = mailbox;
	view->read_only = read_only;
	return view;
}

void imap_view_free(struct imap_view *view)
{
	if (!view)
		return;
	uid_set_free(&view->uids);
	uid_set_free(&view->vanished);
	free(view->before);
	free(view);
}

static uint32_t range_size(struct uid_range range)
{
	return range.last - range.first + 1;
}

/* Counts anew from the range `at` on. */
static void count_from(struct imap_view *view, size_t at)
{
	const struct uid_set *uids = &view->uids;

	view->before = xrealloc(view->before,
			(uids->capacity ? uids->capacity : 1) * sizeof(*view->before));
	view->exists = 0;
	for (; at < uids->count; at++)
		view->before[at] =
				at == 0 ? 0
					: view->before[at -
							  1] + range_size(uids->ranges[at -
										       1]);
	if (uids->count)
		view->exists = view->before[uids->count - 1] +
			       range_size(uids->ranges[uids->count - 1]);
}

void imap_view_set(struct imap_view *view, struct uid_set *uids, uint32_t next_uid)
{
	uid_set_free(&view->uids);
	view->uids = *uids;
	*uids = UID_SET_NULL;
	view->next_uid = next_uid;
	count_from(view, 0);
}

void imap_view_add(struct imap_view *view, uint32_t first, uint32_t last)
{
	size_t at = view->uids.count;

	uid_set_add(&view->uids, first, last);
	count_from(view, at ? at - 1 : 0);
	if (view->next_uid <= last)
		view->next_uid = last + 1;
}

uint32_t imap_view_number(const struct imap_view *view, uint32_t uid)
{
	size_t at = uid_set_find(&view->uids, uid);

	if (at == view->uids.count || view->uids.ranges[at].first > uid)
		return 0;
	return view->before[at] + uid - view->uids.ranges[at].first + 1;
}

uint32_t imap_view_last(const struct imap_view *view)
{
	return view->uids.count ? view->uids.ranges[view->uids.count - 1].last : 0;
}

/* The range that holds sequence number `number`, which is in the view. */
static size_t range_of_number(const struct imap_view *view, uint32_t number)
{
	size_t low = 0, high = view->uids.count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (view->before[middle] < number)
			low = middle;
		else
			high = middle;
	}
	return low;
}

void imap_view_to_uids(const struct imap_view *view, const struct uid_set *numbers,
		struct uid_set *uids)
{
	for (size_t i = 0; i < numbers->count; i++) {
		uint32_t number = numbers->ranges[i].first;
		uint32_t last = numbers->ranges[i].last;

		if (last > view->exists)
			last = view->exists;
		while (number && number <= last) {
			size_t at = range_of_number(view, number);
			struct uid_range range = view->uids.ranges[at];
			uint32_t skip = number - view->before[at] - 1;
			uint32_t there = range_size(range) - skip;
			uint32_t taken = last - number + 1 < there ? last - number + 1
								   : there;

			uid_set_add(uids, range.first + skip,
					range.first + skip + taken - 1);
			number += taken;
		}
	}
}

void imap_view_to_numbers(const struct imap_view *view, const struct uid_set *uids,
		struct uid_set *numbers)
{
	for (size_t i = 0; i < uids->count; i++) {
		uint32_t first = imap_view_number(view, uids->ranges[i].first);

		uid_set_add(numbers, first, first + range_size(uids->ranges[i]) - 1);
	}
}

void imap_view_expunge(struct imap_view *view, struct buf *out)
{
	CLEANUP(uid_set_free) struct uid_set gone = UID_SET_NULL;
	CLEANUP(uid_set_free) struct uid_set left = UID_SET_NULL;

	uid_set_intersect(&gone, &view->uids, &view->vanished);
	uid_set_free(&view->vanished);
	if (gone.count == 0)
		return;
	for (size_t i = gone.count; i-- > 0;) {
		struct uid_range range = gone.ranges[i];

		for (uint64_t uid = range.last; uid >= range.first; uid--) {
			buf_add(out, VIEW("* "));
			buf_add_u64(out, imap_view_number(view, (uint32_t)uid));
			buf_add(out, VIEW(" EXPUNGE\r\n"));
		}
	}
	uid_set_subtract(&left, &view->uids, &gone);
	uid_set_free(&view->uids);
	view->uids = left;
	left = UID_SET_NULL;
	count_from(view, 0);
}
