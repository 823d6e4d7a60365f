#include "agent/git/persons.h"

#include "runtime/base/error.h"
#include "runtime/base/os.h"
#include "schema/agent_file.h"

#include <string.h>

static int read_keys(const struct trusted *one, struct arena *arena,
		struct allowed_signers *out, struct view *why_out)
{
	CLEANUP(freep) char *bytes = NULL;
	struct allowed_signers_error error;
	size_t len;
	int r = os_read_file(os_real(), arena_copy_z(arena, one->keys),
			ALLOWED_SIGNERS_TEXT_MAX, &bytes, &len);

	if (r) {
		*why_out = arena_printf(
				arena, "%.*s: %s", VIEW_ARG(one->keys), strerror(-r));
		return PERSONS_E_UNREADABLE;
	}
	if (allowed_signers_read(
			    arena_copy(arena, view_of(bytes, len)), arena, out, &error)) {
		*why_out = arena_printf(arena, "%.*s, line %u: %s", VIEW_ARG(one->keys),
				error.line, error.why);
		return PERSONS_E_UNREADABLE;
	}
	return PERSONS_OK;
}

int persons_read(const struct agent_file *file, struct arena *arena,
		struct trust_person **out, size_t *count_out, struct view *why_out)
{
	struct trust_person *persons =
			arena_array(arena, file->operator_count, sizeof(*persons));
	size_t count = 0;

	for (size_t i = 0; i < file->operator_count; i++) {
		const struct trusted *one = &file->operators[i];

		if (!one->keys.len || !(one->all || one->scope_count))
			continue;
		persons[count].name = one->name;
		if (read_keys(one, arena, &persons[count].signers, why_out))
			return PERSONS_E_UNREADABLE;
		count++;
	}
	*out = persons;
	*count_out = count;
	return PERSONS_OK;
}
