#include "agent/plan/targets.h"

#include "agent/database/text.h"
#include "runtime/base/arena.h"

static size_t most_addresses(const struct target_list *targets)
{
	size_t most = 0;

	for (size_t i = 0; i < targets->count; i++)
		most += targets->items[i].kind == TARGET_GROUP
					? targets->items[i].group->member_count
					: 1;
	return most;
}

static void add(struct view_list *list, struct view address)
{
	for (size_t i = 0; i < list->count; i++)
		if (view_eq(list->items[i], address))
			return;
	list->items[list->count++] = address;
}

struct view_list targets_addresses(const struct target_list *targets, struct arena *arena)
{
	struct view_list list = { 0 };

	list.items = arena_array(arena, most_addresses(targets), sizeof(*list.items));
	for (size_t i = 0; i < targets->count; i++) {
		const struct desired_target *target = &targets->items[i];

		if (target->kind != TARGET_GROUP) {
			add(&list, target->address);
			continue;
		}
		for (size_t k = 0; k < target->group->member_count; k++)
			add(&list, target->group->members[k]->object.key);
	}
	return list;
}

static void add_user(const struct desired_user **users, size_t *count,
		const struct desired_user *user)
{
	for (size_t i = 0; i < *count; i++)
		if (users[i] == user)
			return;
	users[(*count)++] = user;
}

const struct desired_user **targets_users(
		const struct target_list *targets, struct arena *arena, size_t *count_out)
{
	const struct desired_user **users =
			arena_array(arena, most_addresses(targets), sizeof(*users));

	*count_out = 0;
	for (size_t i = 0; i < targets->count; i++) {
		const struct desired_target *target = &targets->items[i];

		if (target->kind == TARGET_USER)
			add_user(users, count_out, target->user);
		for (size_t k = 0; target->group && k < target->group->member_count; k++)
			add_user(users, count_out, target->group->members[k]);
	}
	return users;
}

void targets_add_list(struct buf *json, const struct view_list *texts)
{
	buf_add_byte(json, '[');
	for (size_t i = 0; i < texts->count; i++) {
		if (i)
			buf_add_byte(json, ',');
		text_add_json(json, texts->items[i]);
	}
	buf_add_byte(json, ']');
}

void targets_add_json(
		struct buf *json, struct arena *arena, const struct target_list *targets)
{
	const struct view_list list = targets_addresses(targets, arena);

	targets_add_list(json, &list);
}

struct view targets_relay(const struct target_list *send_via)
{
	return send_via->count ? send_via->items[0].address : VIEW_NULL;
}
