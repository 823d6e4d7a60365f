#include "runtime/dns/suffix.h"

#include "runtime/base/error.h"
#include "runtime/dns/name.h"

#include <libpsl.h>
#include <stdlib.h>

struct suffix_list {
	psl_ctx_t *psl;
};

struct suffix_list *suffix_list_load(void)
{
	psl_ctx_t *psl = psl_latest(NULL);
	struct suffix_list *list;

	if (!psl)
		return NULL;
	list = xcalloc(1, sizeof(*list));
	list->psl = psl;
	return list;
}

void suffix_list_free(struct suffix_list *list)
{
	if (!list)
		return;
	psl_free(list->psl);
	free(list);
}

void suffix_list_freep(struct suffix_list **list)
{
	suffix_list_free(TAKE(*list));
}

struct view suffix_organization(const struct suffix_list *list, struct view name)
{
	char text[NAME_MAX + 1];
	const char *found;

	if (name.len == 0 || name.len > NAME_MAX)
		return name;
	memcpy(text, name.data, name.len);
	text[name.len] = '\0';
	found = psl_registrable_domain(list->psl, text);
	return found ? view_from(name, (size_t)(found - text)) : name;
}
