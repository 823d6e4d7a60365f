#include "runtime/store/message_facts.h"

#include "runtime/mail/date.h"
#include "runtime/mail/encoded_word.h"
#include "runtime/mail/envelope.h"
#include "runtime/mail/fold.h"
#include "runtime/mail/header.h"
#include "runtime/mail/message_blob.h"
#include "runtime/mail/structure.h"

static const enum part_field fields[FACT_TEXTS] = {
	[FACT_SUBJECT] = FIELD_SUBJECT,
	[FACT_FROM] = FIELD_FROM,
	[FACT_TO] = FIELD_TO,
	[FACT_CC] = FIELD_CC,
	[FACT_BCC] = FIELD_BCC,
};

struct view field_text(struct arena *arena, struct view value)
{
	CLEANUP(buf_free) struct buf folded = BUF_NULL(SIZE_MAX);
	struct view text = encoded_words_decode(arena, header_unfold(arena, value));

	text_fold(&folded, text);
	return folded.len ? arena_copy(arena, buf_view(&folded)) : VIEW("");
}

void message_facts_make(struct arena *arena, const struct message *message,
		struct message_facts *out)
{
	const struct message_part *root = message->root;
	CLEANUP(buf_free) struct buf b = BUF_NULL(SIZE_MAX);
	struct date date;

	*out = (struct message_facts){ .size = message->size };
	envelope_render(root, &b);
	out->envelope = arena_copy(arena, buf_view(&b));
	buf_clear(&b);
	structure_render(message, false, &b);
	out->body = arena_copy(arena, buf_view(&b));
	buf_clear(&b);
	structure_render(message, true, &b);
	out->bodystructure = arena_copy(arena, buf_view(&b));
	buf_clear(&b);
	message_pack(message, &b);
	out->parts = arena_copy(arena, buf_view(&b));
	if (root->has_field[FIELD_DATE] && date_parse(root->field[FIELD_DATE], &date)) {
		out->has_date = true;
		out->sent_day = date_day(date);
	}
	for (int i = 0; i < FACT_TEXTS; i++)
		if (root->has_field[fields[i]])
			out->texts[i] = field_text(arena, root->field[fields[i]]);
}
