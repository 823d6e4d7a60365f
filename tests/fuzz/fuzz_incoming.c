/* Whatever a stranger writes into a header, what is kept of it says nothing in our name, loses
 * nothing else, and is the same whole and in pieces. */
#include "runtime/mail/authres.h"
#include "runtime/mail/incoming.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NAME VIEW("mx.here.example")

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void pass(struct view in, size_t step, struct buf *out)
{
	struct incoming i;

	incoming_init(&i, NAME);
	for (size_t at = 0; at < in.len; at += step)
		incoming_feed(&i, view_sub(in, at, step), out);
	incoming_finish(&i, out);
	incoming_deinit(&i);
}

/* All but the forged fields, in their order. */
static void keep_honest(struct view in, struct buf *out)
{
	struct header_iterator it = header_iterate(in);
	struct header_field field;

	while (header_next(&it, &field))
		if (!authres_is_forged(&field, NAME))
			buf_add(out, field.whole);
}

/* As the server lets it through: a line ends in CR LF, and neither stands alone. */
static void with_line_ends(struct view bytes, struct buf *out)
{
	for (size_t i = 0; i < bytes.len; i++) {
		if (bytes.data[i] == '\n')
			buf_add_z(out, "\r\n");
		else if (bytes.data[i] != '\r')
			buf_add_byte(out, bytes.data[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t most = 2 * size + 1;
	CLEANUP(buf_free) struct buf in = BUF_NULL(most);
	CLEANUP(buf_free) struct buf whole = BUF_NULL(most), pieces = BUF_NULL(most);
	CLEANUP(buf_free) struct buf before = BUF_NULL(most), after = BUF_NULL(most);

	if (size == 0)
		return 0;
	with_line_ends(view_of(data, size), &in);
	pass(buf_view(&in), most, &whole);
	pass(buf_view(&in), 1 + data[size - 1] % 16, &pieces);
	must(!buf_failed(&whole) && view_eq(buf_view(&whole), buf_view(&pieces)));
	keep_honest(buf_view(&in), &before);
	keep_honest(buf_view(&whole), &after);
	must(view_eq(buf_view(&before), buf_view(&after)));
	must(view_starts(buf_view(&whole), buf_view(&after)));
	return 0;
}
