/* posthus git verify: who signed, and whether that would do, without an agent. */
#include "agent/command/git_verify.h"
#include "agent/command/connect.h"
#include "agent/git/persons.h"
#include "agent/git/verify.h"
#include "runtime/base/arena.h"
#include "schema/agent_file.h"

#include <stdio.h>

enum {
	SHORT_ID = 7,
};

static void print_step(const struct trust_step *step, struct arena *arena)
{
	struct view id = view_sub(object_id_text(&step->commit, arena), 0, SHORT_ID);

	printf("%.*s  signed by %.*s\n", VIEW_ARG(id), VIEW_ARG(step->signer->name));
}

static enum exit_code print_verdict(
		const struct trust_verdict *verdict, struct arena *arena)
{
	if (verdict->outcome == TRUST_UNCHANGED) {
		printf("It is the commit that --since names.\n");
		return EXIT_FINE;
	}
	if (verdict->outcome) {
		printf("%.*s: %s%s%.*s\n", VIEW_ARG(object_id_text(&verdict->at, arena)),
				verdict->why, verdict->fingerprint.len ? "  " : "",
				VIEW_ARG(verdict->fingerprint));
		printf("It would not be taken.\n");
		return EXIT_UNTRUSTED;
	}
	for (size_t i = 0; i < verdict->step_count; i++)
		print_step(&verdict->steps[i], arena);
	printf("%.*s\nIts signatures would do. What a signer may change, and what was "
	       "revoked, "
	       "the agent knows.\n",
			VIEW_ARG(verdict->subject));
	return EXIT_FINE;
}

static enum exit_code judge(const struct words *words, const struct agent_file *file,
		struct arena *arena)
{
	CLEANUP(trust_freep) struct trust *trust = NULL;
	const char *repo = words_option(words, "repo"), *tip = words_operand(words, 1);
	const struct verify_question question = { repo ? repo : ".", tip ? tip : "HEAD",
		words_option(words, "since") };
	struct trust_policy policy = { .mode = (enum trust_mode)file->git.mode,
		.now = clock_wall() };
	struct trust_person *persons;
	struct view why;

	if (persons_read(file, arena, &persons, &policy.person_count, &why)) {
		say_error("nobody is trusted until it can", "%.*s", VIEW_ARG(why));
		return EXIT_UNTRUSTED;
	}
	policy.persons = persons;
	if (verify(&question, &policy, arena, &trust, &why)) {
		say_error("--repo names the folder of a repository", "%.*s",
				VIEW_ARG(why));
		return EXIT_ERROR;
	}
	return print_verdict(trust_verdict(trust), arena);
}

enum exit_code git_verify(const struct words *words)
{
	CLEANUP(setting_deinit) struct setting setting = { 0 };
	enum exit_code code = setting_load(words, &setting);

	return code == EXIT_FINE ? judge(words, &setting.file, setting.arena) : code;
}
