/* The pure parts: signatures of S3's requests, listings, cuts, small objects. */
#include "tests/lib/test.h"

#include "agent/backup/cutter.h"
#include "agent/backup/records.h"
#include "agent/backup/s3_listing.h"
#include "agent/backup/sigv4.h"
#include "runtime/base/arena.h"
#include "runtime/base/error.h"

#include <stdlib.h>

/* The examples of "Authenticating Requests (AWS Signature Version 4)", as AWS publishes them. */
static void requests_are_signed_as_published(void **state)
{
	/* clang-format off */
	static const struct {
		const char *query, *signature;
	} rows[] = {
		{ "lifecycle=",          "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543" },
		{ "max-keys=2&prefix=J", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7" },
	};
	/* clang-format on */
	CLEANUP(secret_free)
	struct secret access = secret_copy(VIEW("AKIAIOSFODNN7EXAMPLE"));
	CLEANUP(secret_free)
	struct secret secret =
			secret_copy(VIEW("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"));

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(sigv4_fields_deinit)
		struct sigv4_fields fields = SIGV4_FIELDS_NULL;
		struct sigv4_request request = {
			.method = "GET",
			.host = VIEW("examplebucket.s3.amazonaws.com"),
			.path = VIEW("/"),
			.query = view_z(rows[i].query),
			.region = VIEW("us-east-1"),
			.service = VIEW("s3"),
			.access_key = &access,
			.secret_key = &secret,
			.now = 1369353600, /* 2013-05-24 */
		};

		sigv4_sign(&request, &fields);
		assert_view(buf_view(&fields.date), "x-amz-date: 20130524T000000Z");
		assert_true(view_ends(buf_view(&fields.authorization),
				view_z(rows[i].signature)));
	}
}

static void listings_are_read(void **state)
{
	/* clang-format off */
	static const struct {
		const char *xml;
		int count; /* -1: refused */
		const char *key;
		bool truncated;
	} rows[] = {
		{ "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\"><IsTruncated>false</IsTruncated>"
		  "<Contents><Key>packs/a&amp;b</Key><Size>12</Size><Owner><ID>Key</ID></Owner></Contents></ListBucketResult>", 1, "packs/a&b", false },
		{ "<ListBucketResult><Prefix/><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken></ListBucketResult>", 0, NULL, true },
		{ "<ListBucketResult><CommonPrefixes><Prefix>p</Prefix></CommonPrefixes></ListBucketResult>", 0, NULL, false },
		{ "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>", -1, NULL, false }, /* … and how? */
		{ "<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>", -1, NULL, false },
		{ "<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents></ListBucketResult>", -1, NULL, false },
		{ "<ListBucketResult><Contents><Key>&x;</Key><Size>1</Size></Contents></ListBucketResult>", -1, NULL, false },
		{ "<ListBucketResult><Contents><Key>a</Key><Size>1</Size></Contents>", -1, NULL, false }, /* cut off */
		{ "<!DOCTYPE a [<!ENTITY b \"c\">]><ListBucketResult></ListBucketResult>", -1, NULL, false },
		{ "<html><body>Welcome</body></html>", -1, NULL, false },
		{ "", -1, NULL, false },
	};
	/* clang-format on */
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct s3_page *page = xcalloc(1, sizeof(*page));

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool fine = s3_page_read(view_z(rows[i].xml), arena, page);

		if (fine != (rows[i].count >= 0))
			fail_msg("%s: %s", rows[i].xml, fine ? "read" : "refused");
		if (!fine)
			continue;
		assert_int_equal(page->count, rows[i].count);
		assert_int_equal(page->truncated, rows[i].truncated);
		if (rows[i].key) {
			assert_view(page->objects[0].key, rows[i].key);
			assert_int_equal(page->objects[0].size, 12);
		}
	}
	assert_view(s3_error_code(VIEW("<Error><Code>SlowDown</Code></Error>")),
			"SlowDown");
	assert_view(s3_error_code(VIEW("no XML")), "");
	free(page);
}

/* Whole or in pieces, the chunks are the same; none is too long or too short. */
static void cuts_do_not_depend_on_pieces(void **state)
{
	static const size_t pieces[] = { 1 << 20, 65536, 4097, 100 };
	enum {
		LEN = 3000000
	};
	const struct key key = { { 5 } };
	uint64_t x = 88172645463325252u;
	char *bytes = xmalloc(LEN);
	size_t lens[2][1024];

	(void)state;
	for (size_t i = 0; i < LEN; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		bytes[i] = (char)x;
	}
	for (enum vault_shape shape = VAULT_STREAM; shape <= VAULT_PAGES; shape++) {
		size_t wanted = 0;

		for (size_t p = 0; p < ARRAY_LEN(pieces); p++) {
			struct gear gear;
			struct cutter cutter;
			size_t count = 0, sum = 0;

			gear_init(&gear, &key);
			cutter_init(&cutter, &gear, shape);
			for (size_t at = 0; at < LEN; at += pieces[p]) {
				struct view piece = view_sub(
						view_of(bytes, LEN), at, pieces[p]);

				while (cutter_take(&cutter, &piece)) {
					assert_true(count < 1024);
					lens[p > 0][count++] = cutter.chunk.len;
					sum += cutter.chunk.len;
					assert_true(cutter.chunk.len >= CHUNK_LEAST &&
							cutter.chunk.len <= CHUNK_MOST);
					cutter_next(&cutter);
				}
			}
			assert_int_equal(sum + cutter.chunk.len, LEN);
			cutter_deinit(&cutter);
			if (p == 0)
				wanted = count;
			assert_int_equal(count, wanted);
			assert_memory_equal(
					lens[0], lens[p > 0], count * sizeof(lens[0][0]));
		}
		assert_true(wanted > 20);
	}
	free(bytes);
}

static void names_are_read_back(void **state)
{
	CLEANUP(buf_free) struct buf name = BUF_NULL(200);
	unsigned char id[DIGEST_SIZE] = { 0xab, 1 }, read[DIGEST_SIZE];
	uint64_t generation;

	(void)state;
	snapshot_name(258, id, &name);
	assert_true(view_starts(
			buf_view(&name), VIEW("snapshots/0000000000000102-ab01")));
	assert_true(snapshot_name_read(buf_view(&name), &generation, read));
	assert_int_equal(generation, 258);
	assert_memory_equal(id, read, DIGEST_SIZE);
	assert_false(snapshot_name_read(VIEW("snapshots/102-ab"), &generation, read));
	assert_false(digest_name_read(VIEW("packs/AB"), VIEW("packs/"), read));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_signed_as_published),
		cmocka_unit_test(listings_are_read),
		cmocka_unit_test(cuts_do_not_depend_on_pieces),
		cmocka_unit_test(names_are_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
