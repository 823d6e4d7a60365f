/* S01 to S04: no mixture of line ends, however it is cut, makes two messages of one.
 *
 * Every sequence of one to three octets of CR, LF and NUL stands before a dot and behind
 * it, in the midst of a message that carries another one. Who reads an end there files
 * the inner message; a splitter that knows nothing but RFC 5321, 4.1.1.4 says when there
 * is one. */
#include "tests/dialog/smtp_world.h"
#include "tests/lib/test.h"
#include "tests/lib/trickle.h"

#include <stdio.h>

enum {
	LONGEST = 3,
	ENDS = 3 + 3 * 3 + 3 * 3 * 3, /* of one, two and three octets */
	SEEDS = 2
};

struct line_end {
	char octets[LONGEST];
	size_t len;
};

static struct line_end line_ends[ENDS];

static void make_line_ends(void)
{
	static const char alphabet[3] = { '\r', '\n', '\0' };
	size_t n = 0;

	for (size_t len = 1, count = 3; len <= LONGEST; len++, count *= 3)
		for (size_t i = 0; i < count; i++, n++) {
			line_ends[n].len = len;
			for (size_t at = 0, rest = i; at < len; at++, rest /= 3)
				line_ends[n].octets[at] = alphabet[rest % 3];
		}
	assert_int_equal(n, ENDS);
}

/* The message whose end is in question, and the one that it carries: the inner one needs
 * no reply to be waited for. */
static void add_payload(struct buf *out, size_t before, size_t behind)
{
	buf_add_z(out, "Subject: outer\r\n\r\none");
	buf_add(out, view_of(line_ends[before].octets, line_ends[before].len));
	buf_add_byte(out, '.');
	buf_add(out, view_of(line_ends[behind].octets, line_ends[behind].len));
	buf_add_z(out, "MAIL FROM:<evil@example.net>\r\n"
		       "RCPT TO:<bob@example.org>\r\n"
		       "BDAT 16 LAST\r\nSubject: inner\r\n");
}

static bool is_sound(struct view text)
{
	for (size_t i = 0; i < text.len; i++) {
		bool lf_next = i + 1 < text.len && text.data[i + 1] == '\n';
		bool cr_before = i > 0 && text.data[i - 1] == '\r';

		if (text.data[i] == '\0' || (text.data[i] == '\r' && !lf_next) ||
				(text.data[i] == '\n' && !cr_before))
			return false;
	}
	return true;
}

/* How many messages the bytes behind DATA are, by the book. */
static uint64_t messages_of_data(struct view sent)
{
	const struct view end = VIEW("\r\n.\r\n");
	size_t at = view_find_view(sent, end);
	struct view first = view_sub(sent, 0, at + 2),
		    rest = view_from(sent, at + end.len);

	if (!is_sound(first))
		return 0;
	/* what follows a real end are commands: the inner message, where its first one
	 * begins a line */
	return view_starts(rest, VIEW("MAIL")) || view_starts(rest, VIEW("\nMAIL")) ? 2
										    : 1;
}

struct result {
	uint64_t messages;
	bool closed;
	struct buf output, last;
};

static void run(struct result *out, bool by_bdat, struct view payload,
		enum trickle_way way, uint64_t seed)
{
	CLEANUP(buf_free) struct buf flight = BUF_NULL(4096);
	const struct trickle_world *world = smtp_world();
	struct trickle_talk *talk;

	world->reset(world->state);
	talk = trickle_talk_new(world->open(world->state, VIEW("mx"), nstime_seconds(1)),
			world, way, seed);
	trickle_say(talk, VIEW("EHLO client.example.net\r\n"));
	trickle_say(talk, VIEW("MAIL FROM:<carol@example.net>\r\n"
			       "RCPT TO:<alice@example.org>\r\n"));
	if (by_bdat)
		buf_addf(&flight, "BDAT %zu LAST\r\n", payload.len);
	else
		trickle_say(talk, VIEW("DATA\r\n"));
	buf_add(&flight, payload);
	if (!by_bdat)
		buf_add_z(&flight, "\r\n.\r\n");
	*out = (struct result){ .output = BUF_NULL(4096), .last = BUF_NULL(4096) };
	buf_add(&out->output, trickle_say(talk, buf_view(&flight)));
	out->messages = smtp_world_deeds().messages;
	buf_add(&out->last, smtp_world_deeds().last);
	out->closed = trickle_is_closed(talk);
	trickle_talk_free(talk);
}

static void result_free(struct result *result)
{
	buf_free(&result->output);
	buf_free(&result->last);
}

static void describe(size_t before, size_t behind, bool by_bdat)
{
	fprintf(stderr, "%s, before the dot", by_bdat ? "BDAT" : "DATA");
	for (size_t i = 0; i < line_ends[before].len; i++)
		fprintf(stderr, " %02x", line_ends[before].octets[i]);
	fprintf(stderr, ", behind it");
	for (size_t i = 0; i < line_ends[behind].len; i++)
		fprintf(stderr, " %02x", line_ends[behind].octets[i]);
	fprintf(stderr, "\n");
}

static void check(size_t before, size_t behind, bool by_bdat, uint64_t *accepted)
{
	CLEANUP(buf_free) struct buf payload = BUF_NULL(4096);
	CLEANUP(buf_free) struct buf sent = BUF_NULL(4096);
	CLEANUP(result_free) struct result whole;
	uint64_t wanted;

	add_payload(&payload, before, behind);
	buf_add(&sent, buf_view(&payload));
	buf_add_z(&sent, "\r\n.\r\n");
	wanted = by_bdat ? is_sound(buf_view(&payload))
			 : messages_of_data(buf_view(&sent));
	run(&whole, by_bdat, buf_view(&payload), TRICKLE_WHOLE, 0);
	if (whole.messages != wanted || whole.closed != (wanted == 0)) {
		describe(before, behind, by_bdat);
		fail_msg("%u messages, not %u", (unsigned)whole.messages,
				(unsigned)wanted);
	}
	if (by_bdat && wanted && !view_eq(buf_view(&whole.last), buf_view(&payload))) {
		describe(before, behind, by_bdat);
		fail_msg("a chunk's octets changed");
	}
	for (uint64_t seed = 0; seed <= SEEDS; seed++) {
		CLEANUP(result_free) struct result split;

		run(&split, by_bdat, buf_view(&payload),
				seed ? TRICKLE_RANDOM : TRICKLE_BYTES, seed);
		if (split.messages != whole.messages ||
				!view_eq(buf_view(&split.output),
						buf_view(&whole.output))) {
			describe(before, behind, by_bdat);
			fail_msg("another outcome where it is split (%u)",
					(unsigned)seed);
		}
	}
	*accepted += wanted;
}

static void S01_S02_S03_no_line_ends_in_DATA_make_a_message_more(void **state)
{
	uint64_t accepted = 0;

	(void)state;
	for (size_t before = 0; before < ENDS; before++)
		for (size_t behind = 0; behind < ENDS; behind++)
			check(before, behind, false, &accepted);
	/* CR LF before, CR LF behind is the one real end; one octet more behind it is of
	 * the next command: LF a line of its own, CR and NUL spoil MAIL */
	assert_int_equal(accepted, 2 + 2 + 1 + 1);
}

static void S04_no_line_ends_in_BDAT_make_a_message_more(void **state)
{
	uint64_t accepted = 0;

	(void)state;
	for (size_t before = 0; before < ENDS; before++)
		for (size_t behind = 0; behind < ENDS; behind++)
			check(before, behind, true, &accepted);
	assert_int_equal(accepted, 1); /* CR LF and CR LF, all of it one message */
}

static int make(void **state)
{
	(void)state;
	make_line_ends();
	return 0;
}

static int end(void **state)
{
	(void)state;
	smtp_world_end();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(S01_S02_S03_no_line_ends_in_DATA_make_a_message_more),
		cmocka_unit_test(S04_no_line_ends_in_BDAT_make_a_message_more),
	};

	return cmocka_run_group_tests(tests, make, end);
}
