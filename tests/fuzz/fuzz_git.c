/* What a repository holds, and the lists of who may sign: any bytes give a verdict, and what is read lies within them. The first byte
 * says which reader gets the rest. */
#include "agent/git/allowed_signers.h"
#include "agent/git/known_hosts.h"
#include "agent/git/object.h"
#include "agent/git/sshsig.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_commit(struct view bytes, struct arena *arena)
{
	struct git_commit commit;
	const char *why = NULL;

	if (git_commit_parse(bytes, arena, &commit, &why)) {
		if (!why)
			abort();
		return;
	}
	/* What was signed is the rest of it. */
	if (commit.signature.len ? commit.payload.len >= bytes.len
				 : commit.payload.len != bytes.len)
		abort();
}

static void read_tag(struct view bytes)
{
	struct git_tag tag;
	const char *why = NULL;

	if (git_tag_parse(bytes, &tag, &why) == GIT_PARSE_OK &&
			tag.payload.len + tag.signature.len != bytes.len)
		abort();
}

static void read_tree(struct view bytes)
{
	struct git_entry entry;
	const char *why;

	while (bytes.len && git_tree_next(&bytes, &entry, &why) == GIT_PARSE_OK)
		if (entry.name.len == 0 || view_find(entry.name, '/') < entry.name.len)
			abort();
}

static void read_signature(struct view bytes, struct arena *arena)
{
	struct ssh_token token;
	struct sshsig sig;

	if (sshsig_read(bytes, arena, &sig) == SSHSIG_OK &&
			sshsig_verify(&sig, VIEW("git"), VIEW("nobody signed this"),
					&token) == SSHSIG_OK)
		abort();
}

static void read_signers(struct view bytes, struct arena *arena)
{
	struct allowed_signers list;
	struct allowed_signers_error error;

	if (allowed_signers_read(bytes, arena, &list, &error) && !error.why)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct view bytes = view_of(data + 1, size ? size - 1 : 0);

	if (size)
		switch (data[0]) {
		case 'c':
			read_commit(bytes, arena);
			break;
		case 't':
			read_tag(bytes);
			break;
		case 'f':
			read_tree(bytes);
			break;
		case 's':
			read_signature(bytes, arena);
			break;
		case 'a':
			read_signers(bytes, arena);
			break;
		default:
			(void)known_hosts_find(
					bytes, VIEW("forge.example"), 22, VIEW("key"));
			break;
		}
	arena_free(arena);
	return 0;
}
