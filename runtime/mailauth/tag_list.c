#include "runtime/mailauth/tag_list.h"

#include "runtime/base/base64.h"
#include "runtime/base/limit.h"
#include "runtime/mail/lexer.h"

static bool is_name(struct view name)
{
	if (name.len == 0 || !byte_is_alpha(name.data[0]))
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!byte_is_alpha(name.data[i]) && !byte_is_digit(name.data[i]) &&
				name.data[i] != '_')
			return false;
	return true;
}

static bool is_value(struct view value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char octet = (unsigned char)value.data[i];

		if ((octet < ' ' && !byte_is_blank(value.data[i])) || octet == 127)
			return false;
	}
	return true;
}

static const struct tag *find(const struct tag_list *list, struct view name)
{
	for (size_t i = 0; i < list->count; i++)
		if (view_eq(list->tags[i].name, name))
			return &list->tags[i];
	return NULL;
}

int tag_list_parse(struct arena *arena, struct view text, struct tag_list *out)
{
	size_t most = limit_value(LIMIT_MAILAUTH_TAGS);
	struct tag_list list = { .tags = arena_array(arena, most, sizeof(*list.tags)) };
	struct view rest = text;

	while (rest.len) {
		struct view value = view_cut(&rest, ';');
		struct view name = view_trim(view_cut(&value, '='));

		if (name.len == 0 && !value.data && !rest.data)
			break; /* behind the last semicolon */
		if (!value.data || !is_name(name) || !is_value(value) ||
				list.count == most || find(&list, name))
			return TAG_LIST_E_SYNTAX;
		list.tags[list.count++] =
				(struct tag){ .name = name, .value = view_trim(value) };
	}
	if (list.count == 0)
		return TAG_LIST_E_SYNTAX;
	*out = list;
	return 0;
}

bool tag_list_find(const struct tag_list *list, const char *name, struct view *out)
{
	const struct tag *tag = find(list, view_z(name));

	if (tag)
		*out = tag->value;
	return tag != NULL;
}

struct view tag_list_get(const struct tag_list *list, const char *name)
{
	struct view value = VIEW_NULL;

	return tag_list_find(list, name, &value) ? value : VIEW_NULL;
}

bool tag_value_decode(struct arena *arena, struct view value, struct view *out)
{
	CLEANUP(buf_free) struct buf packed = BUF_NULL(value.len);
	CLEANUP(buf_free) struct buf octets = BUF_NULL(value.len);

	for (size_t i = 0; i < value.len; i++)
		if (!byte_is_blank(value.data[i]))
			buf_add_byte(&packed, value.data[i]);
	if (!base64_decode(&octets, buf_view(&packed)))
		return false;
	*out = arena_copy(arena, buf_view(&octets));
	return true;
}

bool tag_value_has(struct view value, struct view word)
{
	while (value.data) {
		struct view part = view_trim(view_cut(&value, ':'));

		if (view_eq_nocase(part, word))
			return true;
	}
	return false;
}
