#include "agent/command/connect.h"
#include "agent/git/approval.h"
#include "agent/git/sshsig.h"
#include "runtime/base/error.h"
#include "runtime/base/os.h"

#include <stdlib.h>
#include <string.h>

/* What was signed: the digest, and the word that made it another text. */
static json_t *text_of(const struct words *words)
{
	const char *word = words_operand(words, 1);

	return word ? json_sprintf("%s %s", words_operand(words, 0), word)
		    : json_string(words_operand(words, 0));
}

static bool add_signature(const struct words *words, json_t *body)
{
	const char *path = words_option(words, "signature");
	CLEANUP(freep) char *bytes = NULL;
	size_t len = 0;
	int r = path ? os_read_file(os_real(), path, SSHSIG_TEXT_MAX, &bytes, &len) : 0;

	if (r)
		say_error(NULL, "%s: %s", path, strerror(-r));
	else if (path)
		json_object_set_new(body, "signature", json_stringn(bytes, len));
	return r == 0;
}

static int run(const struct words *words)
{
	json_t *body = json_pack("{s:o}", "digest", text_of(words));
	enum exit_code code = EXIT_ERROR;

	if (!body)
		say_error(NULL, "a digest looks like b2:5c1e…, as the plan prints it");
	else if (words_operand(words, 1) && !words_option(words, "signature"))
		say_error("the second word is what a signature is over, besides the "
			  "digest: `--signature FILE`",
				"nothing is signed");
	else if (add_signature(words, body))
		code = connect_ask(words, "POST", "/v1/approve", body);
	json_decref(body);
	return (int)code;
}

static const struct option_row options[] = {
	{ "signature", "FILE",
			"what `ssh-keygen -Y sign` wrote: whoever signed it agrees" },
	OPTION_OUTPUT,
	OPTION_CONFIG,
	OPTION_DATA,
	OPTION_CONTROL,
};

const struct command command_approve = {
	.name = "approve",
	.operands = "DIGEST [WORD]",
	.least_operands = 1,
	.most_operands = 2,
	.summary = "Let the held steps go that this digest names, once",
	.help = "The digest is the one that `posthus status` and a plan print. It covers "
		"exactly those steps, on\n"
		"those objects as they are now: where they have changed it lets nothing "
		"go and ends with 4.\n"
		"Whoever may not come here signs: echo DIGEST | ssh-keygen -Y sign -f "
		"KEY "
		"-n " APPROVAL_NAMESPACE "\n"
		"> FILE. A signature counts once; to sign the same digest again, sign "
		"`DIGEST WORD` and give both.",
	OPTIONS(options),
	.run = run,
};
