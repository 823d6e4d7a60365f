#include "agent/provider/zone_text.h"

#include "agent/provider/zone_reader.h"
#include "runtime/base/error.h"
#include "runtime/base/limit.h"

#include <inttypes.h>

int zone_text_read(struct view text, struct view zone, struct view name, struct view type,
		struct arena *arena, struct rrset *out, size_t *line_out)
{
	CLEANUP(zone_reader_deinit) struct zone_reader r = { 0 };
	size_t most = limit_value(LIMIT_DNS_RECORDS), count = 0;
	struct view *values = arena_array(arena, most, sizeof(*values));
	uint32_t ttl = 0;
	struct rrset set;
	int outcome;

	*line_out = 0;
	if (rrset_make(arena, name, type, 0, NULL, 0, &set) ||
			!zone_reader_init(&r, text, zone, &set, arena))
		return ZONE_TEXT_E_MALFORMED;
	while (zone_reader_next(&r, &outcome)) {
		*line_out = r.entry.line;
		if (outcome)
			return outcome;
		if (!r.is_asked)
			continue;
		if (count == most)
			return ZONE_TEXT_E_MALFORMED;
		ttl = count ? ttl : r.own_ttl;
		values[count++] = r.value;
	}
	return rrset_make(arena, name, type, ttl, values, count, out)
			       ? ZONE_TEXT_E_MALFORMED
			       : ZONE_TEXT_OK;
}

/* -- changes -- */

struct rewriting {
	const struct rrset *before, *after;
	struct arena *arena;
	bool anew;         /* the TTL is another one: all of the set is written again */
	bool orphan;       /* the record before went, and had the name */
	struct view owner; /* its name, whole: $ORIGIN may be another one by then */
	struct buf *out;
};

static bool goes(const struct rewriting *w, const struct zone_reader *r)
{
	return r->is_asked && (w->anew || !rrset_has(w->after, r->value));
}

/* The next serial (RFC 1982); 0 has a meaning of its own to some servers. */
static bool raise_serial(const struct zone_reader *r, struct buf *out)
{
	const struct entry *e = &r->entry;
	const struct word *word = &e->words[r->type_at + 3];
	size_t begin = (size_t)(e->bytes.data - r->cutter.text.data);
	uint64_t serial;

	if (r->type_at + 3 >= e->word_count || !view_to_u64(word->text, &serial) ||
			serial > UINT32_MAX)
		return false;
	serial = serial == UINT32_MAX ? 1 : serial + 1;
	buf_add(out, view_sub(e->bytes, 0, word->at - begin));
	buf_addf(out, "%" PRIu64, serial);
	buf_add(out, view_from(e->bytes, word->at - begin + word->text.len));
	return true;
}

static struct view print_name(struct arena *arena, const ldns_rdf *name)
{
	CLEANUP(freep) char *text = ldns_rdf2str(name);

	if (!text)
		die("out of memory");
	return arena_copy(arena, view_z(text));
}

static bool rewrite_entry(struct rewriting *w, const struct zone_reader *r)
{
	const struct entry *e = &r->entry;

	if (goes(w, r)) {
		if (!e->indented) {
			w->orphan = true;
			w->owner = print_name(w->arena, r->owner);
		}
		return true;
	}
	if (r->is_record && w->orphan && e->indented)
		buf_add(w->out, w->owner);
	w->orphan = w->orphan && !r->is_record;
	if (r->is_soa)
		return raise_serial(r, w->out);
	buf_add(w->out, e->bytes);
	return true;
}

static void add_values(struct rewriting *w)
{
	const struct rrset *after = w->after;

	for (size_t i = 0; i < after->count; i++) {
		if (!w->anew && rrset_has(w->before, after->values[i]))
			continue;
		if (w->out->len && w->out->data[w->out->len - 1] != '\n')
			buf_add_byte(w->out, '\n');
		buf_addf(w->out, "%.*s. %" PRIu32 " IN %.*s %.*s\n",
				VIEW_ARG(after->name), after->ttl, VIEW_ARG(after->type),
				VIEW_ARG(after->values[i]));
	}
}

int zone_text_change(struct view text, struct view zone, const struct rrset *before,
		const struct rrset *after, struct buf *out, size_t *line_out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(zone_reader_deinit) struct zone_reader r = { 0 };
	struct rewriting w = { before, after, arena, .out = out };
	struct rrset now;
	int outcome = zone_text_read(
			text, zone, before->name, before->type, arena, &now, line_out);

	if (outcome)
		return outcome;
	if (!rrset_eq(&now, before))
		return ZONE_TEXT_E_DIFFERS;
	w.anew = now.count && after->count && now.ttl != after->ttl;
	if (!zone_reader_init(&r, text, zone, before, arena))
		return ZONE_TEXT_E_MALFORMED;
	while (zone_reader_next(&r, &outcome)) {
		*line_out = r.entry.line;
		if (outcome || !rewrite_entry(&w, &r))
			return ZONE_TEXT_E_MALFORMED;
	}
	add_values(&w);
	return buf_failed(out) ? ZONE_TEXT_E_TOO_LONG : ZONE_TEXT_OK;
}
