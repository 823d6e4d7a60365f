#include "agent/git/object.h"

#include "runtime/base/base64.h"
#include "runtime/base/error.h"

#include <openssl/evp.h>
#include <stdio.h>

const char *git_type_name(enum git_type type)
{
	static const char *const names[] = {
		[GIT_COMMIT] = "commit",
		[GIT_TREE] = "tree",
		[GIT_BLOB] = "blob",
		[GIT_TAG] = "tag",
	};

	return names[type];
}

static void free_digest(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

void object_id_of(enum git_type type, struct view bytes, struct object_id *out)
{
	CLEANUP(free_digest) EVP_MD_CTX *context = EVP_MD_CTX_new();
	char head[64];
	int len = snprintf(head, sizeof(head), "%s %zu", git_type_name(type), bytes.len);

	if (!context || !EVP_DigestInit_ex(context, EVP_sha1(), NULL) ||
			!EVP_DigestUpdate(context, head, (size_t)len + 1) ||
			!EVP_DigestUpdate(context, bytes.data, bytes.len) ||
			!EVP_DigestFinal_ex(context, out->bytes, NULL))
		die("SHA-1 is missing");
}

bool object_id_eq(const struct object_id *a, const struct object_id *b)
{
	return memcmp(a->bytes, b->bytes, OBJECT_ID_SIZE) == 0;
}

bool object_id_read(struct view text, struct object_id *out)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] >= 'A' && text.data[i] <= 'F')
			return false;
	return text.len == OBJECT_ID_TEXT && hex_decode(text, out->bytes, OBJECT_ID_SIZE);
}

struct view object_id_text(const struct object_id *id, struct arena *arena)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(OBJECT_ID_TEXT);

	hex_add(&text, view_of(id->bytes, OBJECT_ID_SIZE));
	return arena_copy(arena, buf_view(&text));
}

/* -- trees -- */

static bool read_mode(struct view text, enum git_mode *out)
{
	/* clang-format off */
	static const struct {
		const char *text;
		enum git_mode mode;
	} modes[] = {
		{ "100644", GIT_FILE },
		{ "100755", GIT_FILE },
		{ "100664", GIT_FILE },
		{ "40000",  GIT_FOLDER },
		{ "120000", GIT_LINK },
		{ "160000", GIT_MODULE },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_LEN(modes); i++)
		if (view_eq(text, view_z(modes[i].text))) {
			*out = modes[i].mode;
			return true;
		}
	return false;
}

/* `.git` in any case, as some file systems know it, and what begins like it but for names
 * that git itself reads (.gitignore, .gitattributes): those lie beside a state and are not
 * read. */
static bool is_git_folder(struct view name)
{
	struct view rest = view_from(name, 4);

	if (view_eq_nocase(name, VIEW("git~1")))
		return true;
	if (!view_starts_nocase(name, VIEW(".git")))
		return false;
	return rest.len == 0 || rest.data[0] == ' ' || rest.data[0] == '.' ||
	       rest.data[0] == ':' || rest.data[0] == '~' || rest.data[0] == '\\';
}

static const char *name_wrong(struct view name)
{
	if (name.len == 0 || name.len > TREE_NAME_MAX)
		return "an entry's name is empty, or longer than 255 bytes";
	if (view_eq(name, VIEW(".")) || view_eq(name, VIEW("..")))
		return "an entry is named `.` or `..`";
	if (is_git_folder(name))
		return "an entry is named like `.git`";
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.data[i];

		if (c == '/' || c == '\\' || c < ' ' || c == 0x7f)
			return "an entry's name has a slash, a backslash or a control "
			       "character";
	}
	return NULL;
}

int git_tree_next(struct view *rest, struct git_entry *out, const char **why_out)
{
	size_t blank = view_find(*rest, ' ');
	struct view name = view_from(*rest, blank + 1);
	size_t end = view_find(name, '\0');
	struct view id = view_sub(name, end + 1, OBJECT_ID_SIZE);

	if (blank == rest->len || end == name.len || id.len != OBJECT_ID_SIZE ||
			!read_mode(view_sub(*rest, 0, blank), &out->mode)) {
		*why_out = "a tree that git does not write";
		return GIT_PARSE_E_FORM;
	}
	out->name = view_sub(name, 0, end);
	memcpy(out->id.bytes, id.data, OBJECT_ID_SIZE);
	*rest = view_from(name, end + 1 + OBJECT_ID_SIZE);
	*why_out = name_wrong(out->name);
	return *why_out ? GIT_PARSE_E_FORM : GIT_PARSE_OK;
}
