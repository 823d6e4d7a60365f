/* The records of states. A case is STATE.yaml in tests/agent/zone/records with STATE.txt,
 * what must come of it. `test_records FOLDER --write` writes the texts anew, for a person to
 * read through. */
#include "agent/zone/records.h"
#include "tests/schema/state.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	TEXT_MAX = 1024 * 1024
};

static const char *folder;
static bool writes;

/* An RSA key of 2048 bits takes two strings, one of ed25519 one. */
#define SIXTY "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA1234567890abcdef"

static void facts_of(struct arena *arena, struct zone_facts *out)
{
	struct view ed25519 = VIEW("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
	const struct zone_key keys[] = {
		{ VIEW("a.example"), VIEW("p1"), VIEW("rsa"),
				VIEW(SIXTY SIXTY SIXTY SIXTY SIXTY SIXTY "QIDAQAB") },
		{ VIEW("a.example"), VIEW("p2"), VIEW("ed25519"), ed25519 },
		{ VIEW("other.example"), VIEW("p1"), VIEW("ed25519"), ed25519 },
	};

	*out = (struct zone_facts){
		.authorities = ARENA_NEW(arena, struct zone_authority),
		.authority_count = 1,
	};
	out->authorities[0] = (struct zone_authority){
		.name = VIEW("letsencrypt.org"),
		.account = VIEW("https://acme-v02.api.letsencrypt.org/acme/acct/1234"),
		.method = VIEW("http-01"),
	};
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		zone_facts_add_key(out, arena, &keys[i]);
}

static void print_records(const struct desired *desired,
		const struct zone_records *records, struct buf *out)
{
	for (size_t i = 0; i < records->count; i++) {
		const struct zone_record *record = &records->items[i];

		buf_addf(out, "%.*s: %.*s. %u %s %.*s\n\t%.*s, line %u\n",
				VIEW_ARG(record->zone->object.key),
				VIEW_ARG(record->name), (unsigned)record->ttl,
				record->type, VIEW_ARG(record->value),
				VIEW_ARG(record->why),
				sources_place(desired->sources, record->span).line);
	}
	for (size_t i = 0; i < records->pointer_count; i++)
		buf_addf(out, "PTR of %.*s: %.*s, line %u\n",
				VIEW_ARG(records->pointers[i].address),
				VIEW_ARG(records->pointers[i].host->name),
				sources_place(desired->sources, records->pointers[i].span)
						.line);
}

static void write_text(const char *path, struct view text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fwrite(text.data, 1, text.len, file);
	fclose(file);
}

static void check_text_of(const char *path, struct view text)
{
	char wanted[TEXT_MAX / 16];
	FILE *file = fopen(path, "r");
	size_t len;

	if (!file)
		fail_msg("there is no %s", path);
	len = fread(wanted, 1, sizeof(wanted), file);
	fclose(file);
	if (!view_eq(view_of(wanted, len), text))
		fail_msg("%s: got\n%.*s", path, VIEW_ARG(text));
}

static void check_case(const char *name)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(buf_free) struct buf text = BUF_NULL(TEXT_MAX);
	CLEANUP(checked_deinit) struct checked checked = { 0 };
	struct zone_facts facts;
	struct zone_records records;
	char path[1024];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	check_good(arena, path, &checked);
	facts_of(arena, &facts);
	zone_records(checked.desired, strcmp(name, "small.yaml") == 0 ? NULL : &facts,
			arena, &records);
	print_records(checked.desired, &records, &text);
	strcpy(path + strlen(path) - strlen("yaml"), "txt");
	if (writes)
		write_text(path, buf_view(&text));
	check_text_of(path, buf_view(&text));
}

static int is_state(const struct dirent *entry)
{
	return view_ends(view_z(entry->d_name), VIEW(".yaml"));
}

static void every_state_calls_for_its_records(void **state)
{
	struct dirent **names;
	int count = scandir(folder, &names, is_state, alphasort);

	(void)state;
	assert_true(count > 0);
	for (int i = 0; i < count; i++) {
		check_case(names[i]->d_name);
		free(names[i]);
	}
	free(names);
}

static void texts_are_split_and_escaped(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct view octets = arena_printf(arena, "%0*d", ZONE_STRING_MAX, 0);
	struct view more = arena_printf(arena, "%0*d", ZONE_STRING_MAX + 1, 0);

	(void)state;
	assert_view(zone_text(arena, VIEW("")), "\"\"");
	assert_view(zone_text(arena, VIEW("a \"b\" \\ ; \n\xff")),
			"\"a \\\"b\\\" \\\\ ; \\010\\255\"");
	assert_int_equal(zone_text(arena, octets).len, ZONE_STRING_MAX + 2);
	assert_int_equal(zone_text(arena, more).len, ZONE_STRING_MAX + 6);
	assert_true(view_ends(zone_text(arena, more), VIEW("0\" \"0\"")));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_calls_for_its_records),
		cmocka_unit_test(texts_are_split_and_escaped),
	};

	if (argc < 2)
		return 1;
	folder = argv[1];
	writes = argc > 2 && strcmp(argv[2], "--write") == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
