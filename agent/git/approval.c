#include "agent/git/approval.h"

#include "agent/database/revocation.h"
#include "agent/git/allowed_signers.h"
#include "agent/git/sshsig.h"
#include "runtime/base/buf.h"
#include "runtime/base/error.h"
#include "runtime/base/os.h"

#include <string.h>

struct judging {
	const struct agent_file *file;
	const struct revocations *revoked;
	const struct approval_claim *claim;
	struct arena *arena;
	struct approval_verdict *out;
};

static void refuse(struct judging *j, struct view why)
{
	j->out->person = NULL;
	j->out->why = why;
}

/* ssh-keygen signs a file as it is: with the end of its line, or without. */
static int verify(struct judging *j, const struct sshsig *sig, struct ssh_token *token)
{
	struct view line = arena_printf(j->arena, "%.*s\n", VIEW_ARG(j->claim->text));
	int r = sshsig_verify(sig, VIEW(APPROVAL_NAMESPACE), line, token);

	if (r == SSHSIG_E_WRONG)
		r = sshsig_verify(sig, VIEW(APPROVAL_NAMESPACE), j->claim->text, token);
	return r;
}

static struct view why_not(int r)
{
	switch (r) {
	case SSHSIG_E_KEY:
		return VIEW("it is by a key of a kind that is not read");
	case SSHSIG_E_NAMESPACE:
		return VIEW("it was made for something else than " APPROVAL_NAMESPACE);
	case SSHSIG_E_WRONG:
		return VIEW("it is not over that digest, or not by the key that it "
			    "names");
	case SSHSIG_E_ABSENT:
		return VIEW("it is by a token that nobody touched");
	default:
		return VIEW("it is no signature of ssh-keygen");
	}
}

/* ALLOWED_OK where the key is this person's; false where his list cannot be read. */
static bool find_key(struct judging *j, const struct trusted *one,
		const struct ssh_key *key, int *found_out)
{
	CLEANUP(freep) char *bytes = NULL;
	struct allowed_signers_error error;
	struct allowed_signers list;
	const struct allowed_signer *line;
	size_t len;
	int r = os_read_file(os_real(), arena_copy_z(j->arena, one->keys),
			ALLOWED_SIGNERS_TEXT_MAX, &bytes, &len);

	if (r == 0)
		r = allowed_signers_read(arena_copy(j->arena, view_of(bytes, len)),
				j->arena, &list, &error);
	if (r) {
		refuse(j, arena_printf(j->arena, "%.*s cannot be read: %s",
					  VIEW_ARG(one->keys),
					  r < 0 ? strerror(-r) : error.why));
		return false;
	}
	*found_out = allowed_signers_find(
			&list, key, VIEW(APPROVAL_NAMESPACE), j->claim->now, &line);
	return true;
}

static void find_person(struct judging *j, const struct ssh_key *key)
{
	int best = ALLOWED_E_UNLISTED;

	for (size_t i = 0; i < j->file->operator_count; i++) {
		const struct trusted *one = &j->file->operators[i];
		int found;

		if (!one->keys.len)
			continue;
		if (!find_key(j, one, key, &found))
			return;
		if (found == ALLOWED_OK) {
			j->out->person = one;
			return;
		}
		if (found != ALLOWED_E_UNLISTED)
			best = found;
	}
	refuse(j, best == ALLOWED_E_UNLISTED ? VIEW("nobody of `trust` has its key")
			: best == ALLOWED_E_NAMESPACE ? VIEW("its key is listed, but not "
							     "for " APPROVAL_NAMESPACE)
						      : VIEW("its key is not valid now"));
}

static void judge_person(struct judging *j)
{
	const struct trusted *person = j->out->person;

	if (!person->all && !person->approve)
		refuse(j, arena_printf(j->arena,
					  "%.*s may not approve: `may` has neither "
					  "`approve` nor `*`",
					  VIEW_ARG(person->name)));
	else if (revocations_have(j->revoked, person->name) ||
			revocations_have(j->revoked, j->out->fingerprint))
		refuse(j, VIEW("its key, or the person, was revoked on this host"));
}

void approval_judge(const struct agent_file *file, const struct revocations *revoked,
		const struct approval_claim *claim, struct arena *arena,
		struct approval_verdict *out)
{
	struct judging j = { file, revoked, claim, arena, out };
	struct ssh_token token;
	struct sshsig sig;
	int r = sshsig_read(view_trim(claim->signature), arena, &sig);

	*out = (struct approval_verdict){ 0 };
	if (r == 0) {
		out->fingerprint = ssh_key_fingerprint(&sig.key, arena);
		r = verify(&j, &sig, &token);
	}
	if (r) {
		refuse(&j, why_not(r));
		return;
	}
	out->way = token.present ? APPROVAL_PASSKEY : APPROVAL_SSH;
	find_person(&j, &sig.key);
	if (out->person)
		judge_person(&j);
}
