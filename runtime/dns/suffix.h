/* The list of public suffixes (publicsuffix.org): below which names domains are given to
 * people. It says which names belong together. */
#ifndef DNS_SUFFIX_H
#define DNS_SUFFIX_H

#include "runtime/base/view.h"

struct suffix_list;

/* The newer of the system's list (package publicsuffix) and the one that libpsl was built
 * with. Reads a file: at the start, by who may. NULL where there is neither. Never written
 * again, so any number of threads may ask it. */
MUST_USE struct suffix_list *suffix_list_load(void);
/* NULL is fine. */
void suffix_list_free(struct suffix_list *list);
void suffix_list_freep(struct suffix_list **list);

/* The organizational domain of a normalised name (RFC 7489, 3.2): one label more than its
 * public suffix; the name itself where it is a public suffix. A part of `name`. */
struct view suffix_organization(const struct suffix_list *list, struct view name);

#endif
