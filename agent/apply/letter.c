#include "agent/apply/letter.h"

#include "agent/database/object.h"
#include "agent/database/text.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/crypto/random.h"
#include "runtime/runtime.h"
#include "runtime/store/database.h"

#include <stdlib.h>

enum {
	AT_ONCE = 10, /* each waits for the disk */
	NAME_BYTES = 12,
	LONGEST_LIST = 1024 * 1024,
};

static void bind_addresses(struct statement *s, int at, const struct letter_draft *letter,
		struct buf *json)
{
	buf_add_byte(json, '[');
	for (size_t i = 0; i < letter->to_count; i++) {
		if (i)
			buf_add_byte(json, ',');
		text_add_json(json, letter->to[i]);
	}
	buf_add_byte(json, ']');
	bind_text(s, at, buf_view(json));
}

int letter_put(struct database *db, const struct letter_draft *letter)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(buf_free) struct buf addresses = BUF_NULL(LONGEST_LIST);
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"INSERT INTO letter (name, account, addresses, subject, text)"
			" VALUES (?1, ?2, ?3, ?4, ?5)",
			&s);

	if (r)
		return r;
	bind_text(s, 1, random_name(arena, NAME_BYTES));
	if (letter->to_count) {
		bind_null(s, 2);
		bind_addresses(s, 3, letter, &addresses);
	} else {
		bind_blob(s, 2, view_of(letter->account, UID_SIZE));
		bind_null(s, 3);
	}
	bind_text(s, 4, letter->subject);
	bind_text(s, 5, letter->text);
	return statement_run(s);
}

/* -- writing -- */

struct waiting {
	uint64_t number;
	struct runtime_letter letter;
};

static void read_addresses(
		struct arena *arena, struct view text, struct runtime_letter *out)
{
	json_t *list = json_loadb(text.data, text.len, 0, NULL), *address;
	struct view *to = arena_array(arena, json_array_size(list), sizeof(*to));
	size_t i;

	json_array_foreach (list, i, address)
		to[i] = arena_copy(arena, view_of(json_string_value(address),
							  json_string_length(address)));
	out->to = to;
	out->to_count = json_array_size(list);
	json_decref(list);
}

static int read_waiting(struct database *db, struct arena *arena,
		struct waiting out[AT_ONCE], size_t *count_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"SELECT number, name, account, addresses, subject, text"
			" FROM letter ORDER BY number LIMIT ?1",
			&s);

	*count_out = 0;
	if (r)
		return r;
	bind_u64(s, 1, AT_ONCE);
	while ((r = statement_step(s)) == DATABASE_ROW) {
		struct waiting *w = &out[(*count_out)++];

		*w = (struct waiting){ .number = column_u64(s, 0) };
		w->letter.unique = arena_copy(arena, column_view(s, 1));
		w->letter.subject = arena_copy(arena, column_view(s, 4));
		w->letter.text = arena_copy(arena, column_view(s, 5));
		if (column_is_null(s, 2))
			read_addresses(arena, column_view(s, 3), &w->letter);
		else
			w->letter.account = (const unsigned char *)arena_copy(
					arena, column_view(s, 2))
							    .data;
	}
	return r;
}

static int forget(struct database *db, uint64_t number)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, "DELETE FROM letter WHERE number = ?1", &s);

	if (r)
		return r;
	bind_u64(s, 1, number);
	return statement_run(s);
}

/* Whom nobody takes mail for is not written to; the log says so. */
static int write_one(struct database *db, struct runtime *runtime,
		const struct waiting *w, bool *later_out)
{
	int r = runtime_write_letter(runtime, &w->letter);

	*later_out = r == RUNTIME_E_LATER;
	if (r < 0)
		return fault(r);
	if (*later_out)
		return 0;
	if (r == RUNTIME_E_NOBODY)
		log_event(LOG_WARN, "agent.letter.dropped",
				log_view("subject", w->letter.subject),
				log_text("next", "nobody it is written to takes mail: "
						 "look at `alerts.to`"));
	return forget(db, w->number);
}

int letters_write(struct database *db, struct runtime *runtime, bool *left_out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct waiting waiting[AT_ONCE];
	size_t count;
	int r = read_waiting(db, arena, waiting, &count);

	*left_out = count == AT_ONCE;
	for (size_t i = 0; i < count && r == 0; i++) {
		bool later = false;

		r = write_one(db, runtime, &waiting[i], &later);
		*left_out |= later;
		if (later)
			break;
	}
	return r;
}
