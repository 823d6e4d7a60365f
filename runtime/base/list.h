/* An intrusive doubly linked list. The head is a `struct list` of its own; a member
 * embeds a `struct list` link. The owner of the head owns the members. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include "runtime/base/attr.h"

#include <stdbool.h>

struct list {
	struct list *next, *prev;
};

static inline void list_init(struct list *head)
{
	head->next = head->prev = head;
}

static inline bool list_empty(const struct list *head)
{
	return head->next == head;
}

static inline void list_insert(struct list *after, struct list *link)
{
	link->prev = after;
	link->next = after->next;
	after->next->prev = link;
	after->next = link;
}

static inline void list_push(struct list *head, struct list *link)
{
	list_insert(head->prev, link);
}

static inline void list_push_front(struct list *head, struct list *link)
{
	list_insert(head, link);
}

/* Takes the member out and leaves it linked to itself, so that a second call is harmless.
 */
static inline void list_remove(struct list *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	link->next = link->prev = link;
}

/* The first member taken out, or NULL. */
static inline struct list *list_pop(struct list *head)
{
	struct list *first = head->next;

	if (first == head)
		return NULL;
	list_remove(first);
	return first;
}

#define LIST_ITEM(link, type, member) CONTAINER_OF(link, type, member)

/* The current member may be removed within the loop. */
#define LIST_EACH(link, head)                                                            \
	for (struct list *link = (head)->next, *next_##link = link->next;                \
			link != (head); link = next_##link, next_##link = link->next)

#endif
