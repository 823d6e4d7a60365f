/* Messages filed a second, and rows listed a second: prints, asserts nothing but success.
 * bench_store [FOLDER], where FOLDER is on the disk that is to be measured. */
#include "runtime/base/error.h"
#include "runtime/crypto/key.h"
#include "runtime/store/mailbox.h"
#include "runtime/store/message.h"
#include "runtime/store/search.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	BODY = 10 * 1024,
	LISTED = 10000,
	PAGE = 500,
	ROUNDS = 20,
};

static const struct key key = { "the key of the benchmark's file!" };
static const struct uid_range all_range[] = { { 1, UINT32_MAX } };
static const struct uid_set all = { (struct uid_range *)all_range, 1, 1 };

static void must(int r, const char *what)
{
	if (r)
		die("%s: %d", what, r);
}

static double cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* Words, so that it compresses about as mail does. The body is the same each time but for
 * its beginning: the store does not look for equal ones. */
static size_t write_message(char *out, size_t size, unsigned n)
{
	static char body[BODY];
	static size_t body_len;
	size_t len = (size_t)snprintf(out, size,
			"Received: from mx%u.example.net by mail.example.org;\r\n"
			" Tue, 24 Nov 2026 07:33:22 +0000\r\n"
			"From: \"Sender Number %u\" <sender%u@example.net>\r\n"
			"To: Alice <alice@example.org>, Bob <bob@example.org>\r\n"
			"Subject: Message number %u about the usual things\r\n"
			"Date: Tue, 24 Nov 2026 07:33:22 +0000\r\n"
			"Message-ID: <%u.%u@example.net>\r\n"
			"MIME-Version: 1.0\r\n"
			"Content-Type: text/plain; charset=utf-8\r\n\r\n",
			n, n, n, n, n, n * 7);

	while (body_len + 12 < sizeof(body))
		body_len += (size_t)snprintf(body + body_len, sizeof(body) - body_len,
				"%x%s", (unsigned)rand() & 0xfffff,
				rand() % 12 ? " " : "\r\n");
	memcpy(out + len, body, size - len < body_len ? size - len : body_len);
	return size - len < body_len ? size : len + body_len;
}

static void file_messages(struct account_store *store, unsigned count, unsigned batch)
{
	struct append_options options = { .internal_date = 1795505623,
		.ignore_quota = true };
	nstime start = clock_now();
	double cpu = cpu_us();
	static char text[BODY];

	must(mailbox_find(store, VIEW("INBOX"), &options.mailbox), "INBOX");
	for (unsigned n = 0; n < count; n++) {
		struct append_result result;
		struct append *append;

		if (batch > 1 && n % batch == 0)
			must(append_batch_begin(store), "begin");
		must(append_begin(store, &append), "append");
		must(append_chunk(append,
				     view_of(text, write_message(text, sizeof(text), n))),
				"chunk");
		must(append_commit(&append, &options, &result), "commit");
		if (batch > 1 && (n % batch == batch - 1 || n + 1 == count))
			must(append_batch_commit(store, 0), "commit of the batch");
	}
	printf("filing, batch %3u   %8.0f messages/s   %6.0f us CPU each\n", batch,
			count / ((double)(clock_now() - start) / 1e9),
			(cpu_us() - cpu) / count);
}

/* In pages, as the server does. */
static void list_messages(struct account_store *store, const char *what, unsigned want)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	double best = 1e9, first = 0;
	int64_t inbox;
	size_t rows = 0;

	must(mailbox_find(store, VIEW("INBOX"), &inbox), "INBOX");
	for (int round = 0; round < ROUNDS; round++) {
		struct message_page page = { .next = 1 };
		nstime start = clock_now();
		double ms;

		for (rows = 0; page.next && rows < LISTED; rows += page.count) {
			arena_reset(arena);
			must(message_list(store, inbox, &all, page.next, 0, want,
					     (struct message_budget){ PAGE, SIZE_MAX },
					     arena, &page),
					"list");
		}
		ms = (double)(clock_now() - start) / 1e6;
		if (!round)
			first = ms;
		best = ms < best ? ms : best;
	}
	printf("%-18s %6.2f ms for %zu rows (first %.2f)\n", what, best, rows, first);
}

static void search_messages(
		struct account_store *store, const char *what, enum search_key search)
{
	struct search_term term = { .key = search,
		.name = VIEW("X-Kept-Nowhere"),
		.text = VIEW("nowhere to be found") };
	struct search_program program = { &term, 1 };
	struct search_result result = { 0 };
	nstime start = clock_now();
	double cpu = cpu_us();
	int64_t inbox;

	must(mailbox_find(store, VIEW("INBOX"), &inbox), "INBOX");
	must(search_run(store, inbox, &program, 1, SIZE_MAX, &result), "search");
	printf("%-18s %6.0f ms   %6.1f ms CPU\n", what,
			(double)(clock_now() - start) / 1e6, (cpu_us() - cpu) / 1e3);
	search_result_free(&result);
}

int main(int argc, char **argv)
{
	CLEANUP(freep) char *folder = NULL;
	CLEANUP(freep) char *path = NULL;
	CLEANUP(freep) char *wal = NULL;
	struct account_store_options options = {
		.key = &key, .quota = INT64_MAX, .now = 1795505623
	};
	struct account_store *store;

	if (asprintf(&folder, "%s/posthus-bench.XXXXXX", argc > 1 ? argv[1] : "/tmp") <
					0 ||
			!mkdtemp(folder) || asprintf(&path, "%s/a.db", folder) < 0 ||
			asprintf(&wal, "%s-wal", path) < 0)
		die("no folder for the benchmark");
	options.path = path;
	must(account_store_open(&options, &store), "open");
	file_messages(store, 500, 1);
	file_messages(store, 2000, 10);
	file_messages(store, LISTED, 100);
	list_messages(store, "UID FLAGS", 0);
	list_messages(store, "ENVELOPE", MESSAGE_WANT_ENVELOPE);
	list_messages(store, "BODYSTRUCTURE", MESSAGE_WANT_BODYSTRUCTURE);
	search_messages(store, "SEARCH SUBJECT", SEARCH_SUBJECT);
	search_messages(store, "SEARCH HEADER", SEARCH_HEADER);
	search_messages(store, "SEARCH BODY", SEARCH_BODY);
	account_store_close(store);
	unlink(path);
	unlink(wal);
	rmdir(folder);
	return 0;
}
