#include "runtime/service/imap_listing.h"

#include "runtime/base/error.h"

#include <stdlib.h>

static struct imap_mailbox_row *add_row(struct imap_listing *listing)
{
	array_grow(&listing->rows, &listing->capacity, listing->count + 1,
			sizeof(*listing->rows));
	return &listing->rows[listing->count++];
}

void imap_listing_begin(struct imap_listing *listing, struct imap_list_op *op)
{
	*listing = (struct imap_listing){ .op = op };
	for (size_t i = 0; i < op->count; i++)
		*add_row(listing) = op->rows[i];
}

static void add_level(struct imap_listing *listing, struct view name)
{
	*add_row(listing) = (struct imap_mailbox_row){ .name = name, .exists = true };
}

void imap_listing_add(struct imap_listing *listing, const struct account_spec *shared)
{
	struct imap_list_op *op = listing->op;
	struct arena *arena = op->op.results;
	struct view level = arena_printf(
			arena, IMAP_SHARED "%.*s", VIEW_ARG(shared->address));

	add_level(listing, view_sub(level, 0, strlen(IMAP_SHARED) - 1));
	add_level(listing, level);
	for (size_t i = 0; i < op->count; i++) {
		struct imap_mailbox_row row = op->rows[i];

		if (!row.exists)
			continue; /* only subscribed to */
		row.name = arena_printf(
				arena, "%.*s/%.*s", VIEW_ARG(level), VIEW_ARG(row.name));
		row.subscribed = false;
		row.use = IMAP_USE_NONE;
		*add_row(listing) = row;
	}
}

static int by_name(const void *a, const void *b)
{
	const struct imap_mailbox_row *left = a, *right = b;

	return view_compare(left->name, right->name);
}

/* A name that is subscribed to here and exists there is one row. */
static void unite(struct imap_mailbox_row *row, const struct imap_mailbox_row *twin)
{
	if (!row->selectable)
		row->counts = twin->counts;
	row->exists = row->exists || twin->exists;
	row->selectable = row->selectable || twin->selectable;
	row->subscribed = row->subscribed || twin->subscribed;
}

void imap_listing_end(struct imap_listing *listing)
{
	struct imap_list_op *op = listing->op;
	struct imap_mailbox_row *rows = listing->rows;
	size_t count = 0;

	if (listing->count)
		qsort(rows, listing->count, sizeof(*rows), by_name);
	for (size_t i = 0; i < listing->count; i++) {
		if (count && view_eq(rows[count - 1].name, rows[i].name))
			unite(&rows[count - 1], &rows[i]);
		else
			rows[count++] = rows[i];
	}
	op->rows = arena_array(op->op.results, count, sizeof(*rows));
	if (count)
		memcpy(op->rows, rows, count * sizeof(*rows));
	op->count = count;
	free(rows);
	*listing = (struct imap_listing){ 0 };
}
