#include "agent/git/hook.h"
#include "runtime/base/base64.h"
#include "tests/lib/test.h"

#define SECRET "a secret of the forge"
#define BODY   "{\"ref\":\"refs/heads/main\"}"
/* Made with Python's hmac. */
#define RIGHT "5f3563ffb72fd78bc66bc4ea95e5eccfbdcaa6029ee6b5160c7e4b2a7b4b5730"
#define WRONG "5f3563ffb72fd78bc66bc4ea95e5eccfbdcaa6029ee6b5160c7e4b2a7b4b5731"
/* The example of the specification of Standard Webhooks. */
#define WHSEC  "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define MSG    "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define MSG_AT 1614265330
#define TEST   "{\"test\": 2432232314}"
#define V1     "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
/* Of another key. */
#define OTHER "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="

struct sent {
	const char *name;
	const char *fields[HOOK_FIELDS];
	const char *secret;
	const char *body;
	walltime now;
	enum hook_outcome outcome;
};

/* clang-format off */
static const struct sent table[] = {
	/* The example of GitHub's documentation. */
	{ "GitHub", { [HOOK_GITHUB] = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17" },
	  "It's a Secret to Everybody", "Hello, World!", 0, HOOK_OK },
	{ "GitHub, another body", { [HOOK_GITHUB] = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17" },
	  "It's a Secret to Everybody", "Hello, World?", 0, HOOK_E_WRONG },
	{ "GitHub, by SHA-1", { [HOOK_GITHUB] = "sha1=" RIGHT }, SECRET, BODY, 0, HOOK_E_FORM },
	{ "GitHub, without its prefix", { [HOOK_GITHUB] = RIGHT }, SECRET, BODY, 0, HOOK_E_FORM },
	{ "GitHub, cut short", { [HOOK_GITHUB] = "sha256=5f35" }, SECRET, BODY, 0, HOOK_E_FORM },
	{ "GitHub, empty", { [HOOK_GITHUB] = "" }, SECRET, BODY, 0, HOOK_E_FORM },
	{ "Forgejo", { [HOOK_FORGEJO] = RIGHT }, SECRET, BODY, 0, HOOK_OK },
	{ "Gitea", { [HOOK_GITEA] = RIGHT }, SECRET, BODY, 0, HOOK_OK },
	{ "Gitea, one digit off", { [HOOK_GITEA] = WRONG }, SECRET, BODY, 0, HOOK_E_WRONG },
	{ "Gitea, no digits", { [HOOK_GITEA] = "zz3563ffb72fd78bc66bc4ea95e5eccfbdcaa6029ee6b5160c7e4b2a7b4b5730" },
	  SECRET, BODY, 0, HOOK_E_WRONG },
	{ "Gitea, another secret", { [HOOK_GITEA] = RIGHT }, SECRET "!", BODY, 0, HOOK_E_WRONG },
	{ "all that Forgejo sends", { [HOOK_GITHUB] = "sha256=" RIGHT, [HOOK_FORGEJO] = RIGHT, [HOOK_GITEA] = RIGHT },
	  SECRET, BODY, 0, HOOK_OK },
	{ "a wrong one is not mended by a weaker one", { [HOOK_GITHUB] = "sha256=" WRONG, [HOOK_TOKEN] = SECRET },
	  SECRET, BODY, 0, HOOK_E_WRONG },
	{ "by a program of one's own", { [HOOK_OWN] = "sha256=" RIGHT }, SECRET, BODY, 0, HOOK_OK },
	{ "GitLab before 19", { [HOOK_TOKEN] = SECRET }, SECRET, BODY, 0, HOOK_OK },
	{ "GitLab before 19, another token", { [HOOK_TOKEN] = "a secret of the forgE" }, SECRET, BODY, 0, HOOK_E_WRONG },
	{ "GitLab before 19, part of it", { [HOOK_TOKEN] = "a secret" }, SECRET, BODY, 0, HOOK_E_WRONG },
	{ "GitLab before 19, no token", { [HOOK_TOKEN] = "" }, SECRET, BODY, 0, HOOK_E_WRONG },
	{ "Standard Webhooks", { [HOOK_STANDARD] = V1, [HOOK_ID] = MSG, [HOOK_TIMESTAMP] = "1614265330" }, WHSEC, TEST, MSG_AT, HOOK_OK },
	{ "… among others", { [HOOK_STANDARD] = "v1a,AAAA " OTHER " " V1, [HOOK_ID] = MSG, [HOOK_TIMESTAMP] = "1614265330" },
	  WHSEC, TEST, MSG_AT, HOOK_OK },
	{ "… behind more than are looked at", { [HOOK_STANDARD] = "v1,A v1,A v1,A v1,A v1,A v1,A v1,A v1,A " V1,
	  [HOOK_ID] = MSG, [HOOK_TIMESTAMP] = "1614265330" }, WHSEC, TEST, MSG_AT, HOOK_E_WRONG },
	{ "… by another key", { [HOOK_STANDARD] = OTHER, [HOOK_ID] = MSG, [HOOK_TIMESTAMP] = "1614265330" },
	  WHSEC, TEST, MSG_AT, HOOK_E_WRONG },
	{ "… five minutes old", { [HOOK_STANDARD] = V1, [HOOK_ID] = MSG, [HOOK_TIMESTAMP] = "1614265330" },
	  WHSEC, TEST, MSG_AT + 300, HOOK_OK },
	{ "… older", { [HOOK_STANDARD] = V1, [HOOK_ID] = MSG, [HOOK_TIMESTAMP] = "1614265330" },
	  WHSEC, TEST, MSG_AT + 301, HOOK_E_STALE },
	{ "… yet to be", { [HOOK_STANDARD] = V1, [HOOK_ID] = MSG, [HOOK_TIMESTAMP] = "1614265330" },
	  WHSEC, TEST, MSG_AT - 301, HOOK_E_STALE },
	{ "… made younger", { [HOOK_STANDARD] = V1, [HOOK_ID] = MSG, [HOOK_TIMESTAMP] = "1614265331" },
	  WHSEC, TEST, MSG_AT, HOOK_E_WRONG },
	{ "… at no time", { [HOOK_STANDARD] = V1, [HOOK_ID] = MSG }, WHSEC, TEST, MSG_AT, HOOK_E_FORM },
	{ "… beyond all time", { [HOOK_STANDARD] = V1, [HOOK_ID] = MSG, [HOOK_TIMESTAMP] = "18446744073709551615" },
	  WHSEC, TEST, MSG_AT, HOOK_E_FORM },
	{ "… without a name", { [HOOK_STANDARD] = V1, [HOOK_TIMESTAMP] = "1614265330" }, WHSEC, TEST, MSG_AT, HOOK_E_FORM },
	{ "… with a key that is no base64", { [HOOK_STANDARD] = V1, [HOOK_ID] = MSG, [HOOK_TIMESTAMP] = "1614265330" },
	  "whsec_not base64 at all", TEST, MSG_AT, HOOK_E_SECRET },
	{ "… with a short key", { [HOOK_STANDARD] = V1, [HOOK_ID] = MSG, [HOOK_TIMESTAMP] = "1614265330" },
	  "whsec_AAAAAAAAAAA=", TEST, MSG_AT, HOOK_E_SECRET },
	{ "nothing is signed", { [HOOK_ID] = MSG, [HOOK_TIMESTAMP] = "1614265330" }, SECRET, BODY, 0, HOOK_E_UNSIGNED },
	{ "no secret, and the HMAC by none", { [HOOK_TOKEN] = "" }, "", BODY, 0, HOOK_E_SECRET },
	{ "a short secret", { [HOOK_TOKEN] = "fifteen letters" }, "fifteen letters", BODY, 0, HOOK_E_SECRET },
};
/* clang-format on */

static enum hook_outcome judge(const struct sent *sent, size_t piece)
{
	struct view fields[HOOK_FIELDS], body = view_z(sent->body);
	enum hook_outcome outcome;
	struct hook hook;

	for (size_t i = 0; i < HOOK_FIELDS; i++)
		fields[i] = view_z(sent->fields[i]);
	outcome = hook_begin(&hook, fields, view_z(sent->secret), sent->now);
	if (outcome)
		return outcome;
	for (size_t at = 0; at < body.len; at += piece)
		assert_int_equal(hook_add(&hook, view_sub(body, at, piece)), HOOK_OK);
	return hook_end(&hook);
}

static void each_forge_signs_its_way(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		for (size_t piece = 1; piece <= 1024; piece *= 4)
			if (judge(&table[i], piece) != table[i].outcome)
				fail_msg("%s, in pieces of %zu: %d", table[i].name, piece,
						(int)judge(&table[i], piece));
}

static void a_changed_bit_is_never_right(void **state)
{
	char digits[] = RIGHT;
	struct sent sent = { "", { [HOOK_GITEA] = digits }, SECRET, BODY, 0, HOOK_OK };

	(void)state;
	assert_int_equal(judge(&sent, 64), HOOK_OK);
	for (size_t i = 0; i < strlen(RIGHT); i++) {
		digits[i] = digits[i] == '0' ? '1' : '0';
		assert_int_equal(judge(&sent, 64), HOOK_E_WRONG);
		digits[i] = RIGHT[i];
	}
}

static void a_body_has_an_end(void **state)
{
	static const char mebibyte[1024 * 1024];
	static const enum hook_field ways[] = { HOOK_GITEA, HOOK_TOKEN };

	(void)state;
	for (size_t way = 0; way < ARRAY_LEN(ways); way++) {
		struct view fields[HOOK_FIELDS] = { [HOOK_ID] = VIEW(MSG) };
		struct hook hook;

		fields[ways[way]] = VIEW(RIGHT);
		assert_int_equal(hook_begin(&hook, fields, VIEW(SECRET), 0), HOOK_OK);
		for (int i = 0; i < 25; i++)
			assert_int_equal(
					hook_add(&hook, view_of(mebibyte,
									sizeof(mebibyte))),
					HOOK_OK);
		assert_int_equal(hook_add(&hook, VIEW("x")), HOOK_E_TOO_LARGE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_forge_signs_its_way),
		cmocka_unit_test(a_changed_bit_is_never_right),
		cmocka_unit_test(a_body_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
