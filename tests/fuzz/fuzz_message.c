/* A message whole and in pieces (the first octet says how long) gives one tree; parts lie
 * within each other; every section of the packed tree lies within the message; the work is
 * linear; what is rendered cannot end a response. */
#include "runtime/mail/envelope.h"
#include "runtime/mail/message_blob.h"
#include "runtime/mail/structure.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static const struct message *parse(
		struct message_parser *p, struct view text, size_t step, struct buf *out)
{
	const struct message *message;

	for (size_t at = 0; at < text.len; at += step)
		message_parser_feed(p, view_sub(text, at, step));
	message = message_parser_finish(p);
	message_pack(message, out);
	envelope_render(message->root, out);
	structure_render(message, true, out);
	structure_render(message, false, out);
	buf_addf(out, "%u", message->notes);
	return message;
}

static void check_tree(const struct message *message)
{
	size_t count = 0;

	for (const struct message_part *p = message->root; p; p = p->following) {
		uint64_t end = p->body_offset + p->body_size;

		count++;
		must(p->body_offset == p->header_offset + p->header_size);
		must(end <= message->size);
		must((p->kind == PART_LEAF) == (p->first_child == NULL));
		must(p->kind != PART_MESSAGE || !p->first_child->next);
		must(p->body_lines <= p->body_size);
		if (p->parent)
			must(p->header_offset >= p->parent->body_offset);
		if (p->parent && p->header_size + p->body_size)
			must(end <= p->parent->body_offset + p->parent->body_size);
	}
	must(count == message->part_count);
	must(message->root->header_offset == 0);
	must(message->root->header_size + message->root->body_size == message->size);
	must(message->work <= 4 * message->size + 64);
}

static void check_sections(const struct message *message, struct view blob)
{
	static const char *const sections[] = { "", "HEADER", "TEXT", "1", "1.MIME",
		"1.HEADER", "1.TEXT", "2", "1.1", "1.2.MIME", "2.1.1", "1.1.1.1.HEADER",
		"3.2.1" };

	for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
		struct section_range range;
		int r = message_section_range(blob, view_z(sections[i]), &range);

		must(r == SECTION_OK || r == SECTION_E_ABSENT);
		if (r == SECTION_OK)
			must(range.offset <= message->size &&
					range.len <= message->size - range.offset);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(message_parser_freep) struct message_parser *whole = message_parser_new();
	CLEANUP(message_parser_freep)
	struct message_parser *pieces = message_parser_new();
	CLEANUP(buf_free) struct buf one = BUF_NULL(1 << 28);
	CLEANUP(buf_free) struct buf other = BUF_NULL(1 << 28);
	CLEANUP(buf_free) struct buf blob = BUF_NULL(1 << 28);
	struct view text = view_from(view_of(data, size), 1);
	const struct message *message = parse(whole, text, text.len + 1, &one);

	parse(pieces, text, 1 + (size ? data[0] % 16 : 0), &other);
	must(!buf_failed(&one) && view_eq(buf_view(&one), buf_view(&other)));
	check_tree(message);
	message_pack(message, &blob);
	check_sections(message, buf_view(&blob));
	/* A stranger's blob is an outcome, too. */
	for (const char *s = "1.2.3"; *s; s++) {
		struct section_range range;

		(void)!message_section_range(view_of(data, size), view_z(s), &range);
	}
	return 0;
}
