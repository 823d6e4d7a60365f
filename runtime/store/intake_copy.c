/* The log as it is copied while it is written: its files stay, its marks wait. */
#include "runtime/store/intake_message.h"

#include "runtime/base/error.h"

static void move_ids(struct buf *to, struct buf *from)
{
	buf_add(to, buf_view(from));
	buf_clear(from);
}

/* Locked. */
static void let_go(struct intake *intake)
{
	intake->retained.on = false;
	move_ids(&intake->marks, &intake->retained.marks);
	move_ids(&intake->spent, &intake->retained.spent);
	pthread_cond_signal(&intake->work);
}

void intake_retain(struct intake *intake, uint64_t most)
{
	pthread_mutex_lock(&intake->lock);
	intake->retained.on = true;
	intake->retained.given_up = false;
	intake->retained.most = most;
	intake->retained.grown = 0;
	pthread_mutex_unlock(&intake->lock);
}

void intake_retained_grew(struct intake *intake, uint64_t bytes)
{
	if (!intake->retained.on)
		return;
	intake->retained.grown += bytes;
	if (intake->retained.grown <= intake->retained.most)
		return;
	intake->retained.given_up = true;
	let_go(intake);
}

bool intake_let_go(struct intake *intake)
{
	bool whole;

	pthread_mutex_lock(&intake->lock);
	whole = !intake->retained.given_up;
	if (intake->retained.on)
		let_go(intake);
	pthread_mutex_unlock(&intake->lock);
	return whole;
}

/* -- the cut -- */

static size_t count_segments(const struct intake *intake)
{
	size_t count = 0;

	LIST_EACH (link, &intake->segments)
		count++;
	return count;
}

static size_t count_names(struct view names)
{
	size_t count = 0;

	for (; names.len; count++)
		view_cut(&names, '\0');
	return count;
}

static void name_piece(struct intake_piece *piece, const char *path)
{
	struct view name = view_from(view_z(path), view_find_last(view_z(path), '/') + 1);

	memcpy(piece->name, name.data, name.len + 1);
}

static void add_segment(const struct segment *segment, struct intake_piece *out)
{
	CLEANUP(freep) char *path = segment_path("", segment->number);

	*out = (struct intake_piece){ .size = segment->settled };
	name_piece(out, path);
}

static void add_spool(uint64_t id, struct intake_piece *out)
{
	CLEANUP(freep) char *path = spool_path("", id);

	*out = (struct intake_piece){ .size = UINT64_MAX, .may_vanish = true };
	name_piece(out, path);
}

/* The folder is read behind the segments, so that it has the spool of every message that
 * stands in them. */
int intake_cut(struct intake *intake, struct arena *arena, struct intake_piece **out,
		size_t *count_out)
{
	CLEANUP(buf_free) struct buf names = BUF_NULL(SIZE_MAX);
	struct intake_piece *segments, *all;
	struct view rest;
	size_t count = 0;
	uint64_t id;
	int r;

	pthread_mutex_lock(&intake->lock);
	segments = arena_array(arena, count_segments(intake), sizeof(*segments));
	LIST_EACH (link, &intake->segments)
		add_segment(LIST_ITEM(link, struct segment, link), &segments[count++]);
	pthread_mutex_unlock(&intake->lock);
	r = intake->os->list(intake->os->state, intake->folder, &names);
	if (r)
		return fault(r);
	rest = buf_view(&names);
	all = arena_array(arena, count + count_names(rest), sizeof(*all));
	for (size_t i = 0; i < count; i++)
		all[i] = segments[i];
	while (rest.len)
		if (spool_name(view_cut(&rest, '\0'), &id))
			add_spool(id, &all[count++]);
	*out = all;
	*count_out = count;
	return 0;
}
