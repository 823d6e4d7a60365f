/* What another server's files say, as a state, and what they say that no state does. */
#include "agent/setup/moving.h"
#include "runtime/base/error.h"
#include "schema/compose.h"
#include "tests/lib/test.h"

#include <stdlib.h>

#define SHA512 "$6$saltsalt$" X43 X43
#define X43    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

enum {
	LONGEST = 1024 * 1024
};

struct case_file {
	void (*read)(struct moving *m, const char *file, struct view text);
	const char *name, *text;
};

/* Reads them; the whole text that comes of it. */
static void move(const struct case_file *files, size_t count, struct buf *out)
{
	CLEANUP(agent_export_free) struct agent_export export = { 0 };
	CLEANUP(buf_free) struct buf problem = BUF_NULL(LONGEST);
	struct moving m;

	moving_init(&m, VIEW("a.example"), VIEW("mx.a.example"));
	for (size_t i = 0; i < count; i++)
		files[i].read(&m, files[i].name, view_z(files[i].text));
	if (!moving_finish(&m, &export, &problem))
		fail_msg("%.*s", VIEW_ARG(buf_view(&problem)));
	agent_export_print(&export, out);
	moving_deinit(&m);
}

static bool says(const struct buf *text, const char *words)
{
	if (view_find_view(buf_view(text), view_z(words)) < text->len)
		return true;
	print_message("not there: %s\nin:\n%.*s\n", words, VIEW_ARG(buf_view(text)));
	return false;
}

#define MOVE(out, ...)                                                                   \
	move((const struct case_file[]){ __VA_ARGS__ },                                  \
			sizeof((const struct case_file[]){ __VA_ARGS__ }) /              \
					sizeof(struct case_file),                        \
			(out))

static void people_of_a_passwd_file(void **state)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST);

	(void)state;
	MOVE(&text, { moving_read_dovecot, "users",
				    "# people\n"
				    "Anna:{SHA512-CRYPT}" SHA512
				    ":1:1:Anna Ek,room 7:/home/anna::userdb_quota_rule=*:"
				    "storage=2G nologin\n"
				    "\n"
				    "bo@b.example:{PLAIN}my secret::::::\n"
				    "eva@b.example:" SHA512 "\n"
				    "dan@b.example:{SHA512-CRYPT}$6$short$x\n"
				    "eva@b.example:{PLAIN}other\n"
				    "bad address@b.example:x\n"
				    "nopass@b.example::::::\n" });
	assert_true(says(&text,
			"  anna@a.example:\n    name: Anna Ek\n"
			"    password: {hash: \"" SHA512 "\"}\n    quota: 2GiB\n"));
	assert_true(says(&text, "  bo@b.example: {}\n"));
	assert_true(says(&text,
			"  eva@b.example:\n    password: {hash: \"" SHA512 "\"}\n"));
	assert_true(says(&text, "  nopass@b.example: {}\n"));
	assert_true(says(&text,
			"#   users:2: anna@a.example: `nologin` says nothing here\n"));
	assert_true(says(&text,
			"#   users:4: bo@b.example: a password of the scheme {PLAIN}"));
	assert_true(says(&text, "#   users:6: dan@b.example: the password is not taken"));
	assert_true(says(
			&text, "#   users:7: eva@b.example stands in users:5 already\n"));
	assert_true(says(&text, "#   users:8: bad address@b.example: "));
	/* Secrets stand in no remark. */
	assert_int_equal(view_find_view(buf_view(&text), VIEW("my secret")), text.len);
	assert_int_equal(view_find_view(buf_view(&text), VIEW("$short$")), text.len);
}

static void people_of_the_system(void **state)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST);

	(void)state;
	MOVE(&text,
			{ moving_read_passwd, "passwd",
					"root:x:0:0:root:/root:/bin/bash\n"
					"anna:x:1000:1000:Anna "
					"Ek,,,:/home/anna:/bin/bash\n"
					"bo:x:1001:1001::/home/bo:/bin/sh\n"
					"web:x:1002:1002::/srv:/usr/sbin/nologin\n"
					"nobody:x:65534:65534:nobody:/:/bin/sh\n" },
			{ moving_read_shadow, "shadow",
					"root:" SHA512 ":1::::::\nanna:" SHA512
					":19000:0:99999:7:::\nbo:!:1::::::\n" });
	assert_true(says(&text, "  anna@a.example:\n    name: Anna Ek\n    password: "
				"{hash: \"" SHA512 "\"}\n  bo@a.example: {}\n"));
	assert_true(says(&text, "#   shadow:3: bo@a.example has no password\n"));
	assert_int_equal(view_find_view(buf_view(&text), VIEW("root@")), text.len);
	assert_int_equal(view_find_view(buf_view(&text), VIEW("web@")), text.len);
}

static void maps_of_postfix(void **state)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST);

	(void)state;
	MOVE(&text,
			{ moving_read_mailboxes, "vmailbox",
					"anna@a.example a/anna/\nbo@a.example\n  a/bo/\n"
					"@a.example a/all/\n" },
			{ moving_read_domains, "domains", "c.example x\n" },
			{ moving_read_aliases, "virtual",
					"# aliases\n"
					"info@a.example\tanna@a.example,\n"
					"# in between\n"
					"\tbo@a.example, bo@a.example\n"
					"anna@a.example anna@a.example\n"
					"bo@a.example bo@a.example, otto@else.example\n"
					"INFO@a.example anna@a.example\n"
					"far@a.example otto@else.example\n"
					"chain@a.example far@a.example\n"
					"pipe@a.example |/bin/cat anna@a.example\n"
					"detail@a.example anna+x@old.example\n"
					"@old.example @a.example\n"
					"stray@old.example anna@a.example\n"
					"@c.example anna@a.example\n"
					"@d.example bo@a.example anna@a.example\n"
					"a.example anything\n" });
	assert_true(says(&text,
			"  a.example: {}\n  c.example: {catch_all: anna@a.example}\n"
			"  d.example: {}\n  old.example: {same_as: a.example}\n"));
	assert_true(says(&text, "  anna@a.example: {}\n  bo@a.example: {}\n\n"));
	assert_true(says(&text, "aliases:\n  detail@a.example: [anna+x@a.example]\n"
				"  info@a.example: [anna@a.example, bo@a.example]\n"
				"  pipe@a.example: [anna@a.example]\n"));
	assert_true(says(&text,
			"#   vmailbox:4: @a.example: one mailbox for a whole domain"));
	assert_true(says(&text, "#   virtual:6: bo@a.example is a mailbox: copies"));
	assert_true(says(&text,
			"#   virtual:7: info@a.example stands in virtual:2 already\n"));
	assert_true(says(&text,
			"#   virtual:8: far@a.example -> otto@else.example: mail to "
			"other hosts"));
	assert_true(says(&text,
			"#   virtual:9: chain@a.example leads nowhere: left out\n"));
	assert_true(says(&text, "#   virtual:10: pipe@a.example: a program"));
	assert_true(says(&text, "#   virtual:13: stray@old.example: its domain takes all "
				"addresses from a.example\n"));
	assert_true(says(&text, "#   virtual:15: @d.example: a whole domain to several"));
}

static void main_cf_names_the_maps(void **state)
{
	static const char text[] =
			"myhostname = mx.b.example\n"
			"virtual_mailbox_maps =\n   hash:$config/vmailbox, mysql:/x\n"
			"config = /etc/postfix\n"
			"virtual_mailbox_domains = $mydomain ${more}\n"
			"more = c.example\n"
			"virtual_alias_maps = texthash:/etc/postfix/virtual\n";
	struct moving_file *files = NULL;
	struct moving m;
	size_t count;

	(void)state;
	moving_init(&m, VIEW_NULL, VIEW_NULL);
	count = moving_read_main_cf(&m, "main.cf", view_z(text), &files);
	assert_int_equal(count, 2);
	assert_int_equal(files[0].map, MOVING_MAILBOXES);
	assert_string_equal(files[0].path, "/etc/postfix/vmailbox");
	assert_int_equal(files[1].map, MOVING_ALIASES);
	assert_string_equal(files[1].path, "/etc/postfix/virtual");
	assert_true(view_eq(m.host, VIEW("mx.b.example")));
	assert_true(view_eq(m.domain, VIEW("b.example")));
	assert_int_equal(m.domain_count, 2);
	assert_true(view_eq(m.domains[1].name, VIEW("c.example")));
	assert_int_equal(m.remark_count, 1);
	assert_int_equal(m.remarks[0].place.line, 2);
	free(files);
	moving_deinit(&m);
}

static void loops_and_odd_lines_end(void **state)
{
	static const char *const texts[] = { "", "\n", "  \n", "$", "a = $a\n", "a = ${a",
		"a=$(", " x\n", "#\n x", "@\n", "@ @\n", "x@a.example\n",
		"a@a.example b@a.example\nb@a.example a@a.example\n", ":::::::::\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		CLEANUP(agent_export_free) struct agent_export export = { 0 };
		CLEANUP(buf_free) struct buf problem = BUF_NULL(LONGEST);
		struct moving_file *files = NULL;
		struct moving m;

		moving_init(&m, VIEW("a.example"), VIEW_NULL);
		moving_read_dovecot(&m, "file", view_z(texts[i]));
		moving_read_passwd(&m, "file", view_z(texts[i]));
		moving_read_shadow(&m, "file", view_z(texts[i]));
		moving_read_mailboxes(&m, "file", view_z(texts[i]));
		moving_read_domains(&m, "file", view_z(texts[i]));
		moving_read_aliases(&m, "file", view_z(texts[i]));
		(void)moving_read_main_cf(&m, "file", view_z(texts[i]), &files);
		if (!moving_finish(&m, &export, &problem))
			assert_true(problem.len > 0);
		free(files);
		moving_deinit(&m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(people_of_a_passwd_file),
		cmocka_unit_test(people_of_the_system),
		cmocka_unit_test(maps_of_postfix),
		cmocka_unit_test(main_cf_names_the_maps),
		cmocka_unit_test(loops_and_odd_lines_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
