/* Mail that waits for its owner: in order, through crashes and failing disks, and closed to
 * whoever takes the disk and every key of the host afterwards. */
#include "runtime/store/waiting.h"

#include "runtime/base/error.h"
#include "runtime/store/intake_segment.h"
#include "tests/lib/failing_os.h"
#include "tests/lib/test.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/posthus-test-waiting.XXXXXX";
static const struct key host = { "the key that the host seals R by" };
static const struct key seed = { "what only the owner's file holds" };

enum {
	SPOT = 64, /* bytes of a message that tell it from others */
	TEXT_MAX = 3 * WAITING_CHUNK,
};

/* "chain" or "waiting". */
static const char *in_folder(const char *name)
{
	static char chain[100], waiting[100];
	char *path = name[0] == 'c' ? chain : waiting;

	snprintf(path, sizeof(chain), "%s/%s", folder, name);
	return path;
}

static struct chain_file file_on(const struct os *os)
{
	return (struct chain_file){
		.os = os, .path = in_folder("chain"), .key = &host, .owner = "anna"
	};
}

static void start(void)
{
	const struct chain_file file = file_on(os_real());

	unlink(in_folder("waiting"));
	unlink(in_folder("chain"));
	assert_int_equal(waiting_renew(&file, in_folder("waiting"), 1, &seed), 0);
}

/* Without a flush: the disk's care is not what is tested by it. */
static void put_file(struct view bytes)
{
	FILE *file = fopen(in_folder("waiting"), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes.len ? bytes.data : "", 1, bytes.len, file),
			bytes.len);
	assert_int_equal(fclose(file), 0);
}

/* The n-th message is as long as n says, and says n. */
static size_t length_of(unsigned n)
{
	return n % 5 == 4 ? 2 * WAITING_CHUNK + n : SPOT + n * 37;
}

static void text_of(unsigned n, char *out)
{
	size_t len = length_of(n);

	for (size_t i = 0; i < len; i++)
		out[i] = (char)('a' + (n * 31 + i * 7) % 26);
	snprintf(out, SPOT, "message %u, which must not be read", n);
}

static int put(struct waiting *w, unsigned n)
{
	char about[32], *text = malloc(TEXT_MAX);
	size_t len = length_of(n);
	int r;

	assert_non_null(text);
	text_of(n, text);
	snprintf(about, sizeof(about), "%u", n);
	r = waiting_begin(w, view_z(about));
	for (size_t at = 0; at < len && !r; at += WAITING_CHUNK)
		r = waiting_chunk(w, view_sub(view_of(text, len), at, WAITING_CHUNK));
	if (!r)
		r = waiting_end(w);
	free(text);
	return r;
}

/* Opens, puts `count` from `first` on and commits them together. */
static int put_many(const struct os *os, unsigned first, unsigned count)
{
	const struct chain_file file = file_on(os);
	CLEANUP(waiting_closep) struct waiting *w = NULL;
	int r = waiting_open(&file, in_folder("waiting"), &w);

	for (unsigned i = 0; i < count && !r; i++)
		r = put(w, first + i);
	return r ? r : waiting_commit(w);
}

/* What the reader gives next: the number; -1: no more. Its bytes are right. */
static int take(struct waiting_reader *reader)
{
	CLEANUP(buf_free) struct buf about = BUF_NULL(WAITING_ABOUT);
	CLEANUP(buf_free) struct buf chunk = BUF_NULL(WAITING_CHUNK);
	CLEANUP(buf_free) struct buf all = BUF_NULL(TEXT_MAX);
	char *text;
	unsigned n;
	int r = waiting_next(reader, &about);

	if (r == WAITING_E_END)
		return -1;
	assert_int_equal(r, WAITING_OK);
	buf_add_byte(&about, '\0');
	n = (unsigned)atoi(about.data);
	while ((r = waiting_read(reader, &chunk)) == WAITING_OK)
		buf_add(&all, buf_view(&chunk));
	assert_int_equal(r, WAITING_E_END);
	text = malloc(TEXT_MAX);
	assert_non_null(text);
	text_of(n, text);
	assert_int_equal(all.len, length_of(n));
	assert_memory_equal(all.data, text, all.len);
	free(text);
	return (int)n;
}

static struct waiting_reader *read_from(const struct key *from, uint64_t generation)
{
	CLEANUP(chain_wipe) struct chain chain;
	struct waiting_reader *reader;

	chain_begin(&chain, generation, from);
	assert_int_equal(waiting_reader_open(os_real(), in_folder("waiting"), &chain,
					 &reader),
			0);
	return reader;
}

/* Each of 0 to count - 1, in order; some may come twice where `again`. */
static void assert_holds(unsigned count, bool again)
{
	CLEANUP(waiting_reader_closep)
	struct waiting_reader *reader = read_from(&seed, 1);
	unsigned next = 0;
	int n;

	if (!reader) {
		assert_int_equal(count, 0);
		return;
	}
	while ((n = take(reader)) >= 0) {
		assert_true(n <= (int)next);
		assert_true(again || n == (int)next);
		next += n == (int)next;
	}
	assert_int_equal(next, count);
}

static void the_owner_reads_all_in_order(void **state)
{
	struct stat st;

	(void)state;
	start();
	assert_null(read_from(&seed, 1));
	assert_int_equal(put_many(os_real(), 0, 1), 0);
	assert_int_equal(put_many(os_real(), 1, 7), 0);
	assert_int_equal(put_many(os_real(), 8, 0), 0);
	assert_int_equal(put_many(os_real(), 8, 12), 0);
	assert_holds(20, false);
	assert_int_equal(stat(in_folder("waiting"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(in_folder("chain"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void without_a_chain_nothing_is_taken(void **state)
{
	const struct chain_file file = file_on(os_real());
	struct chain_file others = file;
	struct waiting *w;
	FILE *chain;

	(void)state;
	start();
	assert_int_equal(put_many(os_real(), 0, 1), 0);
	others.owner[0] = 'b';
	assert_int_equal(
			waiting_open(&others, in_folder("waiting"), &w), CHAIN_E_DAMAGED);
	chain = fopen(in_folder("chain"), "r+");
	assert_non_null(chain);
	for (long at = 40; at < 8192; at += 4096) {
		assert_int_equal(fseek(chain, at, SEEK_SET), 0);
		fputs("??", chain);
		assert_int_equal(fflush(chain), 0);
		assert_int_equal(waiting_open(&file, in_folder("waiting"), &w),
				at == 40 ? CHAIN_OK : CHAIN_E_DAMAGED);
		if (at == 40)
			waiting_close(w); /* one copy is enough */
	}
	fclose(chain);
	unlink(in_folder("chain"));
	assert_int_equal(waiting_open(&file, in_folder("waiting"), &w), CHAIN_E_ABSENT);
}

static void a_new_chain_begins_empty(void **state)
{
	static const struct key fresh = { "the seed of the next generation" };
	const struct chain_file file = file_on(os_real());
	CLEANUP(waiting_reader_closep) struct waiting_reader *reader = NULL;
	char *old;
	size_t len;

	(void)state;
	start();
	assert_int_equal(put_many(os_real(), 0, 3), 0);
	assert_int_equal(os_read_file(os_real(), in_folder("waiting"), 1 << 24, &old,
					 &len),
			0);
	assert_int_equal(waiting_renew(&file, in_folder("waiting"), 2, &fresh), 0);
	assert_null(read_from(&fresh, 2));
	/* killed before what waited was dropped: it was filed, and is passed over */
	put_file(view_of(old, len));
	free(old);
	assert_int_equal(put_many(os_real(), 5, 1), 0);
	reader = read_from(&fresh, 2);
	assert_int_equal(take(reader), 5);
	assert_int_equal(take(reader), -1);
	assert_int_equal(waiting_passed_over(reader), 1);
}

/* -- crashes -- */

static void cut_off_anywhere_what_was_whole_is_read(void **state)
{
	CLEANUP(freep) char *bytes = NULL;
	size_t len, ends[8];

	(void)state;
	start();
	for (unsigned i = 0; i < ARRAY_LEN(ends); i++) {
		struct stat st;

		assert_int_equal(put_many(os_real(), i, 1), 0);
		assert_int_equal(stat(in_folder("waiting"), &st), 0);
		ends[i] = (size_t)st.st_size;
	}
	assert_int_equal(os_read_file(os_real(), in_folder("waiting"), 1 << 24, &bytes,
					 &len),
			0);
	for (size_t cut = 0; cut <= len; cut += cut % 7 == 0 ? 1 : 997) {
		unsigned whole = 0;

		put_file(view_of(bytes, cut));
		while (whole < ARRAY_LEN(ends) && ends[whole] <= cut)
			whole++;
		assert_holds(whole, false);
	}
}

/* Whichever call fails: what was committed is there, what was not is told, and it goes on. */
static void a_failing_disk_loses_nothing(void **state)
{
	struct failing_os f;
	bool failed = true;
	long nth;

	(void)state;
	failing_os_init(&f);
	for (nth = 1; failed; nth++) {
		start();
		assert_int_equal(put_many(os_real(), 0, 2), 0);
		failing_os_arm(&f, nth, -EIO, true);
		failed = put_many(&f.os, 2, 4) != 0;
		failing_os_arm(&f, 0, 0, false);
		if (failed) /* the intake log has them still */
			assert_int_equal(put_many(&f.os, 2, 4), 0);
		assert_int_equal(put_many(&f.os, 6, 2), 0);
		assert_holds(8, true);
	}
	assert_true(nth > 15);
}

static void what_did_not_end_is_not_read(void **state)
{
	const struct chain_file file = file_on(os_real());
	struct waiting *w;

	(void)state;
	start();
	assert_int_equal(put_many(os_real(), 0, 2), 0);
	assert_int_equal(waiting_open(&file, in_folder("waiting"), &w), 0);
	assert_int_equal(waiting_begin(w, VIEW("7")), 0);
	assert_int_equal(waiting_chunk(w, VIEW("half of it")), 0);
	assert_int_equal(put(w, 2), 0); /* the one before was given up */
	assert_int_equal(waiting_commit(w), 0);
	waiting_close(w);
	assert_holds(3, false);
}

static void a_changed_byte_costs_one_message(void **state)
{
	CLEANUP(freep) char *bytes = NULL;
	size_t len;

	(void)state;
	start();
	assert_int_equal(put_many(os_real(), 0, 4), 0); /* none of them long */
	assert_int_equal(os_read_file(os_real(), in_folder("waiting"), 1 << 24, &bytes,
					 &len),
			0);
	for (size_t at = 0; at < len; at += 3) {
		struct waiting_reader *reader;
		unsigned read = 0;

		bytes[at] ^= 0x20;
		put_file(view_of(bytes, len));
		bytes[at] ^= 0x20;
		reader = read_from(&seed, 1);
		while (take(reader) >= 0)
			read++;
		waiting_reader_close(reader);
		assert_true(read >= 3);
	}
}

/* -- the promise, attacked -- */

/* All that a thief has at one time: the files, and every key of the host. */
struct loot {
	char *chain, *waiting;
	size_t chain_len, waiting_len;
};

static void take_the_disk(struct loot *loot)
{
	assert_int_equal(os_read_file(os_real(), in_folder("chain"), 1 << 24,
					 &loot->chain, &loot->chain_len),
			0);
	assert_int_equal(os_read_file(os_real(), in_folder("waiting"), 1 << 24,
					 &loot->waiting, &loot->waiting_len),
			0);
}

/* How many messages he opens at any place of a file with the keys from a chain on. */
static unsigned opened_with(struct view file, struct chain chain, unsigned keys)
{
	CLEANUP(buf_free) struct buf content = BUF_NULL(WAITING_CHUNK + SEAL_OVERHEAD);
	unsigned opened = 0;

	for (unsigned k = 0; k < keys; k++, chain_advance(&chain)) {
		struct key key;

		chain_key(&chain, &key);
		for (size_t at = 0; at + 24 < file.len; at += FRAME_ALIGN) {
			enum intake_frame_type type;
			size_t size;

			if (!view_starts(view_from(file, at), VIEW("PW1\n")))
				continue;
			/* with the number that is written there, and with any other */
			for (uint64_t n = 0; n < 40; n++)
				opened += frame_read(view_from(file, at + 24),
							  (struct frame_place){ &key, n },
							  at + 24, &type, &content,
							  &size) == FRAME_OK;
		}
	}
	return opened;
}

static void the_host_at_one_time_opens_nothing_that_came_before(void **state)
{
	const struct chain_file file = file_on(os_real());
	CLEANUP(chain_wipe) struct chain stolen, first;
	struct loot loot;
	struct stat before, after;
	struct key key;

	(void)state;
	start();
	assert_int_equal(put_many(os_real(), 0, 6), 0);
	assert_int_equal(stat(in_folder("chain"), &before), 0);
	assert_int_equal(put_many(os_real(), 6, 7), 0);
	assert_int_equal(stat(in_folder("chain"), &after), 0);
	assert_int_equal(before.st_ino, after.st_ino); /* in place … */
	assert_int_equal(before.st_size, after.st_size);
	take_the_disk(&loot);
	assert_int_equal(chain_file_read(&file, &stolen), CHAIN_OK);
	assert_int_equal(stolen.number, 13);
	/* … and neither an R nor a key of what came is on the disk, sealed or not */
	chain_begin(&first, 1, &seed);
	for (unsigned n = 0; n < 13; n++, chain_advance(&first)) {
		chain_key(&first, &key);
		assert_null(memmem(loot.chain, loot.chain_len, first.r.bytes, KEY_SIZE));
		assert_null(memmem(
				loot.waiting, loot.waiting_len, first.r.bytes, KEY_SIZE));
		assert_null(memmem(loot.waiting, loot.waiting_len, key.bytes, KEY_SIZE));
	}
	assert_null(memmem(loot.waiting, loot.waiting_len, "which must not", 14));
	assert_int_equal(opened_with(view_of(loot.waiting, loot.waiting_len), stolen, 40),
			0);
	/* nor from a copy of the chain that a backup took before, put in its place: that is
	 * why none is taken. What it opens is what came after it: */
	chain_begin(&first, 1, &seed);
	assert_true(chain_advance_to(&first, 6));
	assert_int_equal(opened_with(view_of(loot.waiting, loot.waiting_len), first, 40),
			7);
	/* who stays on the host reads what comes from then on, and the owner reads all */
	assert_int_equal(put_many(os_real(), 13, 3), 0);
	free(loot.chain);
	free(loot.waiting);
	take_the_disk(&loot);
	assert_int_equal(opened_with(view_of(loot.waiting, loot.waiting_len), stolen, 40),
			3);
	assert_holds(16, false);
	free(loot.chain);
	free(loot.waiting);
}

static void a_chain_runs_forward_alone(void **state)
{
	CLEANUP(chain_wipe) struct chain a, b;
	struct key one, other;

	(void)state;
	chain_begin(&a, 1, &seed);
	chain_begin(&b, 1, &seed);
	assert_true(chain_advance_to(&a, 1000));
	for (unsigned i = 0; i < 1000; i++)
		chain_advance(&b);
	chain_key(&a, &one);
	chain_key(&b, &other);
	assert_memory_equal(&one, &other, sizeof(one));
	assert_false(chain_advance_to(&a, 999));
	assert_false(chain_advance_to(&a, CHAIN_FURTHEST + 1));
	assert_int_equal(a.number, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_owner_reads_all_in_order),
		cmocka_unit_test(without_a_chain_nothing_is_taken),
		cmocka_unit_test(a_new_chain_begins_empty),
		cmocka_unit_test(cut_off_anywhere_what_was_whole_is_read),
		cmocka_unit_test(a_failing_disk_loses_nothing),
		cmocka_unit_test(what_did_not_end_is_not_read),
		cmocka_unit_test(a_changed_byte_costs_one_message),
		cmocka_unit_test(the_host_at_one_time_opens_nothing_that_came_before),
		cmocka_unit_test(a_chain_runs_forward_alone),
	};

	assert_true(sodium_init() >= 0);
	if (!mkdtemp(folder))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
