/* What makes one state out of another, and who may do it. */
#include "agent/git/scope.h"
#include "runtime/base/buf.h"
#include "schema/checker.h"
#include "tests/lib/test.h"

#define HEAD                                                                             \
	"version: 1\n"                                                                   \
	"hosts: {mail: {name: mail.a.example}}\n"                                        \
	"domains: {a.example: {dns: none}, b.example: {dns: none}}\n"
#define USERS                                                                            \
	"users:\n"                                                                       \
	"  anna@a.example: {id: anna, roles: [admin]}\n"                                 \
	"  bo@a.example: {id: bo}\n"
#define ALL HEAD USERS

struct change {
	const char *name;
	const char *may; /* as in agent.yaml */
	const char *before, *after;
	const char *refused; /* a part of the refusal; NULL: it is allowed */
};

/* clang-format off */
static const struct change table[] = {
	{ "nothing", "[users.add]", ALL, ALL, NULL },
	{ "comments and layout", "[users.add]", ALL, ALL "# said again\n", NULL },
	{ "a user comes", "[users.add]", ALL, ALL "  cy@a.example: {}\n", NULL },
	{ "a user comes, by who may aliases", "[aliases]", ALL, ALL "  cy@a.example: {}\n", "x may not add user/cy@a.example (x.yaml:7:3)" },
	{ "a user is changed", "[users.change]", ALL, ALL "defaults: {}\n", NULL },
	{ "a quota", "[users.change]", ALL, HEAD "users:\n  anna@a.example: {id: anna, roles: [admin]}\n  bo@a.example: {id: bo, quota: 20GiB}\n", NULL },
	{ "a quota, by who may add", "[users.add]", ALL, HEAD "users:\n  anna@a.example: {id: anna, roles: [admin]}\n  bo@a.example: {id: bo, quota: 20GiB}\n", "may not change user/bo@a.example (x.yaml:6:3)" },
	{ "a user leaves", "[users.remove]", ALL, HEAD "users: {anna@a.example: {id: anna, roles: [admin]}}\n", NULL },
	{ "a user leaves, by who may add and change", "[users.add, users.change]", ALL, HEAD "users: {anna@a.example: {id: anna, roles: [admin]}}\n", "may not remove user/bo@a.example (x.yaml:6:3, where it was)" },
	{ "a rename is two", "[users.add, users.change]", ALL, HEAD "users:\n  anna@a.example: {id: anna, roles: [admin]}\n  bob@a.example: {id: bo}\n", "may not remove user/bo@a.example" },
	{ "another takes an id", "[users.add]", ALL, HEAD "users:\n  anna@a.example: {roles: [admin]}\n  bo@a.example: {id: bo}\n", "may not change user/anna@a.example" },
	/* What no scope gives. */
	{ "an admin comes", "[users]", ALL, ALL "  cy@a.example: {roles: [admin]}\n", "roles are for those who may all" },
	{ "bo becomes an admin", "[users]", ALL, HEAD "users:\n  anna@a.example: {id: anna, roles: [admin]}\n  bo@a.example: {id: bo, roles: [admin]}\n", "may not change user/bo@a.example: roles are" },
	{ "anna is none any more", "[users]", ALL, HEAD "users:\n  anna@a.example: {id: anna}\n  bo@a.example: {id: bo}\n", "roles are for those" },
	{ "a role by a group", "[users, groups]", ALL, ALL "groups: {staff: {members: [bo], roles: [admin]}}\n", "roles are for those" },
	{ "a role by a default", "[users]", ALL, ALL "defaults: {user: {roles: [auditor]}}\n", "x may not change `defaults`: it is for those who may all" },
	{ "a default for those to come", "[users, aliases]", HEAD, HEAD "defaults: {user: {quota: 1GiB}}\n", "may not change `defaults`" },
	{ "a rule is loosened for a user", "[users]", ALL, HEAD "users:\n  anna@a.example: {id: anna, roles: [admin]}\n  bo@a.example: {id: bo, send_limit: 9000/d}\n", "what loosens a rule is for those who may all" },
	{ "a looser policy", "[users, domains, hosts]", ALL, ALL "policy: {gates: {users: {percent: 100}}}\n", "may not change policy/" },
	{ "who opens secrets", "[users, domains, hosts]", ALL, ALL "secrets: {recipients: {host/mail: age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p}}\n", "may not change `secrets`" },
	{ "what is destroyed later", "[users]", ALL, ALL "purge: [{kind: user, id: old, uid: 00112233445566778899aabbccddeeff}]\n", "may not change `purge`" },
	{ "whose mailbox it becomes", "[users]", ALL, ALL "moved: [{kind: user, from: old, to: bo}]\n", "may not change `moved`" },
	/* What is hers in the end counts, too: where an account begins anew it is taken. */
	{ "a password that is not taken now", "[aliases]",
	  HEAD "users: {anna@a.example: {password: {hash: \"$6$rounds=5000$abc$5UgUPNSBiprn69E7xyMqfRMUILiGwbLBUtpp5ZjTR6wBB1BPsgS9LUrmyVbRUiHqlmXMYUrP5xt0mHtw9PTYR0\"}}}\n",
	  HEAD "users: {anna@a.example: {password: {hash: \"$6$rounds=5000$abd$5UgUPNSBiprn69E7xyMqfRMUILiGwbLBUtpp5ZjTR6wBB1BPsgS9LUrmyVbRUiHqlmXMYUrP5xt0mHtw9PTYR0\"}}}\n",
	  "may not change user/anna@a.example" },
	/* A domain and its addresses. */
	{ "an alias of a domain", "[domains.a.example]", ALL, ALL "aliases: {info@a.example: [bo]}\n", NULL },
	{ "an alias of another one", "[domains.a.example]", ALL, ALL "aliases: {info@b.example: [bo]}\n", "may not add alias/info@b.example" },
	{ "a user of a domain", "[domains.b.example]", ALL, ALL "  cy@b.example: {}\n", NULL },
	{ "… who takes an address of another one", "[domains.b.example]", ALL, ALL "  cy@b.example: {addresses: [ceo@a.example]}\n", "may not add user/cy@b.example" },
	{ "the domain itself", "[domains.b.example]", ALL, "version: 1\nhosts: {mail: {name: mail.a.example}}\ndomains: {a.example: {dns: none}, b.example: {dns: none, subaddress: \"-\"}}\n" USERS, NULL },
	{ "another domain", "[domains.a.example]", ALL, "version: 1\nhosts: {mail: {name: mail.a.example}}\ndomains: {a.example: {dns: none}, b.example: {dns: none, subaddress: \"-\"}}\n" USERS, "may not change domain/b.example" },
	{ "a domain below it", "[domains.a.example]", ALL, "version: 1\nhosts: {mail: {name: mail.a.example}}\ndomains: {a.example: {dns: none}, b.example: {dns: none}, x.a.example: {dns: none}}\n" USERS, "may not add domain/x.a.example" },
	/* Several. */
	{ "two scopes", "[users.add, aliases]", ALL, ALL "  cy@a.example: {}\naliases: {info@a.example: [cy@a.example]}\n", NULL },
	{ "the first state of all", "[users, domains]", NULL, ALL, "may not add host/mail" },
	{ "all", "[\"*\"]", NULL, ALL "policy: {retain: 1d}\n", NULL },
	{ "all, and secrets", "[\"*\"]", ALL, HEAD "defaults: {user: {roles: [admin]}}\n", NULL },
	{ "looking is not doing", "[approve]", ALL, ALL "  cy@a.example: {}\n", "may not add" },
};
/* clang-format on */

static const struct trusted *read_person(struct arena *arena, struct diagnostics *d,
		const char *may, struct agent_file *file)
{
	struct source_file text = { VIEW("agent.yaml"),
		arena_printf(arena, "trust: {x: {keys: /x, may: %s}}\n", may) };

	diagnostics_init(d, arena, sources_new(arena, &text, 1));
	if (agent_file_read(d, file))
		fail_msg("%s is refused", may);
	return &file->operators[0];
}

static void read_state(const char *text, struct source_file *file, struct checked *out)
{
	static const struct check_options options = { 0 };

	*file = (struct source_file){ VIEW("x.yaml"), view_z(text) };
	if (checker_check(file, 1, &options, out))
		fail_msg("this is no state: %s", text);
}

static void judge(const struct change *change)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(checked_deinit) struct checked before = { 0 }, after = { 0 };
	struct source_file files[2];
	struct scope_refusal refusal = { 0 };
	struct diagnostics d;
	struct agent_file file;
	const struct trusted *person = read_person(arena, &d, change->may, &file);
	bool allowed;

	if (change->before)
		read_state(change->before, &files[0], &before);
	read_state(change->after, &files[1], &after);
	allowed = scope_allows(
			before.desired, after.desired, &person, 1, arena, &refusal);
	if (allowed != !change->refused)
		fail_msg("%s: %s%.*s", change->name, allowed ? "allowed" : "refused: ",
				VIEW_ARG(refusal.text));
	if (!allowed && view_find_view(refusal.text, view_z(change->refused)) ==
					refusal.text.len)
		fail_msg("%s: %.*s", change->name, VIEW_ARG(refusal.text));
	diagnostics_deinit(&d);
}

static void G18_a_scope_gives_what_it_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		judge(&table[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(G18_a_scope_gives_what_it_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
