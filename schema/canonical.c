/* The canonical form: JSON whose keys are sorted, whose sets are sorted, without floats,
 * with sizes and durations in their one printed form. A secret is a digest. */
#include "runtime/base/base64.h"
#include "runtime/crypto/digest.h"
#include "schema/unit.h"
#include "schema/value.h"

#include <stdlib.h>

enum {
	CANONICAL_MAX = 16 * 1024 * 1024,
	SECRET_DIGEST = 16,
	SECRET_KEY = 32
};

static void add_text(struct buf *out, struct view text)
{
	buf_add_byte(out, '"');
	while (text.len) {
		size_t plain = 0;

		while (plain < text.len && (unsigned char)text.data[plain] >= 0x20 &&
				text.data[plain] != '"' && text.data[plain] != '\\')
			plain++;
		buf_add(out, view_sub(text, 0, plain));
		text = view_from(text, plain);
		if (!text.len)
			break;
		if (text.data[0] == '"' || text.data[0] == '\\')
			buf_addf(out, "\\%c", text.data[0]);
		else
			buf_addf(out, "\\u%04x", (unsigned char)text.data[0]);
		text = view_from(text, 1);
	}
	buf_add_byte(out, '"');
}

static void add_secret(struct buf *out, struct view text,
		const struct canonical_options *options)
{
	unsigned char digest[DIGEST_SIZE];
	struct digest d;

	digest_init(&d);
	if (options->secret_key)
		digest_add(&d, view_of(options->secret_key, SECRET_KEY));
	digest_add(&d, text);
	digest_final(&d, digest);
	buf_add_z(out, "\"b2:");
	hex_add(out, view_of(digest, SECRET_DIGEST));
	buf_add_byte(out, '"');
}

static void add_plain(struct buf *out, const struct value *value,
		const struct canonical_options *options, struct arena *scratch)
{
	const struct type *type = value->type;

	if (value->word) {
		add_text(out, value->text);
		return;
	}
	switch (type->kind) {
	case TYPE_BOOL:
		buf_add_z(out, value->number ? "true" : "false");
		break;
	case TYPE_INT:
		buf_addf(out, "%lld", (long long)value->number);
		break;
	case TYPE_SIZE:
		add_text(out, size_print(scratch, value->number));
		break;
	case TYPE_DURATION:
		add_text(out, duration_print(scratch, value->number));
		break;
	case TYPE_WORD:
		add_text(out, view_z(type->words[value->number]));
		break;
	case TYPE_HASH:
		add_secret(out, value->text, options);
		break;
	default:
		add_text(out, value->text);
		break;
	}
}

/* A member of a record, a map or a list, under what it is sorted by. */
struct member {
	struct view by;
	struct view text; /* of an item of a list: its canonical form */
	const struct value *value;
};

static int by_name(const void *left, const void *right)
{
	const struct member *a = left, *b = right;

	return view_compare(a->by, b->by);
}

static struct view printed(const struct value *value,
		const struct canonical_options *options, struct arena *scratch)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(CANONICAL_MAX);

	canonical_value(value, options, scratch, &text);
	return arena_copy(scratch, buf_view(&text));
}

static struct member *sorted(const struct value *first,
		const struct canonical_options *options, struct arena *scratch,
		size_t *count_out)
{
	struct member *members;
	size_t count = 0;

	for (const struct value *value = first; value; value = value->next)
		count++;
	members = arena_array(scratch, count, sizeof(*members));
	*count_out = count;
	count = 0;
	for (const struct value *value = first; value; value = value->next) {
		struct member *member = &members[count++];

		member->value = value;
		if (value->field) {
			member->by = view_z(value->field->name);
		} else if (value->key.len) {
			member->by = value->key;
		} else {
			member->text = printed(value, options, scratch);
			member->by = member->text;
		}
	}
	if (count > 1)
		qsort(members, count, sizeof(*members), by_name);
	return members;
}

static void add_members(struct buf *out, const struct member *members, size_t count,
		bool list, const struct canonical_options *options, struct arena *scratch)
{
	for (size_t i = 0; i < count; i++) {
		if (i)
			buf_add_byte(out, ',');
		if (list) {
			buf_add(out, members[i].text);
			continue;
		}
		add_text(out, members[i].by);
		buf_add_byte(out, ':');
		canonical_value(members[i].value, options, scratch, out);
	}
}

void canonical_value(const struct value *value, const struct canonical_options *options,
		struct arena *scratch, struct buf *out)
{
	bool list = value->type->kind == TYPE_LIST;
	struct member *members;
	size_t count;

	if (value->word || type_is_plain(value->type)) {
		add_plain(out, value, options, scratch);
		return;
	}
	members = sorted(value->first, options, scratch, &count);
	buf_add_byte(out, list ? '[' : '{');
	add_members(out, members, count, list, options, scratch);
	buf_add_byte(out, list ? ']' : '}');
}

void canonical_object(const struct desired_object *object,
		const struct canonical_options *options, struct arena *scratch,
		struct buf *out)
{
	struct member *members;
	size_t count, kept = 0;

	members = sorted(object->values, options, scratch, &count);
	for (size_t i = 0; i < count; i++)
		if (!view_eq(members[i].by, VIEW("id")))
			members[kept++] = members[i];
	buf_add_byte(out, '{');
	add_members(out, members, kept, false, options, scratch);
	buf_add_byte(out, '}');
}
