/* Commits and tags. A commit's headers come in the one order in which git writes them:
 *
 *   tree  parent*  author  committer  [encoding]  mergetag*  [gpgsig]
 *
 * Libraries search for `gpgsig` and find it in the message, too; here a header that is not
 * at its place refuses the commit, and the message is never searched. */
#include "agent/git/object.h"

#include "agent/git/sshsig.h"

struct lines {
	struct view rest;
};

/* One header with its continuation lines, which begin with a blank. */
struct header {
	struct view name, value; /* the value of one line, or the first of several */
	struct view whole;       /* with all its lines, and the line feed */
	bool folded;
};

/* False, and nothing is taken, where the next line is no header. */
static bool next_header(struct lines *lines, struct header *out)
{
	struct view rest = lines->rest;
	struct view line = view_cut(&rest, '\n');
	size_t blank = view_find(line, ' ');
	bool folded = false;

	if (rest.data == NULL || blank == line.len || blank == 0)
		return false;
	while (rest.len && rest.data[0] == ' ') {
		(void)view_cut(&rest, '\n');
		folded = true;
		if (rest.data == NULL)
			return false;
	}
	*out = (struct header){
		.name = view_sub(line, 0, blank),
		.value = view_from(line, blank + 1),
		.whole = view_sub(lines->rest, 0, lines->rest.len - rest.len),
		.folded = folded,
	};
	lines->rest = rest;
	return true;
}

/* "NAME <ADDRESS> SECONDS +ZONE" */
static bool read_person(struct view text, struct git_person *out)
{
	size_t end = view_find_last(text, '>');
	struct view rest = view_from(text, end + 1);
	struct view seconds;
	uint64_t at;

	if (end == text.len || !view_starts(rest, VIEW(" ")))
		return false;
	rest = view_from(rest, 1);
	seconds = view_cut(&rest, ' ');
	if (!view_to_u64(seconds, &at) || at > INT64_MAX || rest.len != 5)
		return false;
	*out = (struct git_person){ view_sub(text, 0, end + 1), (walltime)at };
	return true;
}

/* The lines of a folded header without the blank that each begins with. */
static struct view unfold(const struct header *header, struct arena *arena)
{
	char *text = arena_alloc(arena, header->whole.len);
	struct view rest = view_from(header->whole, header->name.len);
	size_t len = 0;

	while (rest.len) {
		struct view line = view_cut(&rest, '\n');

		line = view_from(line, 1);
		memcpy(text + len, line.data, line.len);
		len += line.len;
		text[len++] = '\n';
	}
	return view_of(text, len);
}

static int form(const char **why_out, const char *why)
{
	*why_out = why;
	return GIT_PARSE_E_FORM;
}

static bool is_named(const struct header *header, const char *name)
{
	return view_eq(header->name, view_z(name));
}

static bool next_is(const struct lines *lines, const char *name)
{
	struct lines ahead = *lines;
	struct header header;

	return next_header(&ahead, &header) && is_named(&header, name);
}

static int read_parents(
		struct lines *lines, struct git_commit *commit, const char **why_out)
{
	struct header header;

	while (next_is(lines, "parent")) {
		if (!next_header(lines, &header) || header.folded ||
				commit->parent_count == COMMIT_PARENTS_MAX ||
				!object_id_read(header.value,
						&commit->parents[commit->parent_count]))
			return form(why_out, "a parent that is none, or more than 16");
		commit->parent_count++;
	}
	return GIT_PARSE_OK;
}

static bool read_one_person(struct lines *lines, const char *name, struct git_person *out)
{
	struct header header;

	return next_header(lines, &header) && is_named(&header, name) && !header.folded &&
	       read_person(header.value, out);
}

/* What git adds at times, in its order; none of it counts here. */
static void skip_others(struct lines *lines)
{
	struct header header;

	if (next_is(lines, "encoding"))
		(void)next_header(lines, &header);
	while (next_is(lines, "mergetag"))
		(void)next_header(lines, &header);
}

static int read_signature(struct lines *lines, struct view bytes, struct arena *arena,
		struct git_commit *commit)
{
	struct header header;
	size_t before, after;
	char *payload;

	commit->payload = bytes;
	if (!next_is(lines, "gpgsig"))
		return GIT_PARSE_OK;
	if (!next_header(lines, &header))
		return GIT_PARSE_E_SIGNATURES;
	commit->signature = unfold(&header, arena);
	before = (size_t)(header.whole.data - bytes.data);
	after = before + header.whole.len;
	payload = arena_alloc(arena, bytes.len - header.whole.len);
	memcpy(payload, bytes.data, before);
	memcpy(payload + before, bytes.data + after, bytes.len - after);
	commit->payload = view_of(payload, bytes.len - header.whole.len);
	return GIT_PARSE_OK;
}

int git_commit_parse(struct view bytes, struct arena *arena, struct git_commit *out,
		const char **why_out)
{
	struct lines lines = { bytes };
	struct git_commit commit = { 0 };
	struct header header;
	int r;

	if (bytes.len > COMMIT_MAX)
		return form(why_out, "a commit of more than 256 KiB");
	if (view_find(bytes, '\0') < bytes.len)
		return form(why_out, "a commit with a NUL in it");
	if (!next_header(&lines, &header) || !is_named(&header, "tree") ||
			header.folded || !object_id_read(header.value, &commit.tree))
		return form(why_out, "a commit does not begin with its tree");
	r = read_parents(&lines, &commit, why_out);
	if (r)
		return r;
	if (!read_one_person(&lines, "author", &commit.author) ||
			!read_one_person(&lines, "committer", &commit.committer))
		return form(why_out, "an author or committer that git does not write");
	skip_others(&lines);
	r = read_signature(&lines, bytes, arena, &commit);
	if (r) {
		*why_out = "a signature that git does not write";
		return r;
	}
	if (next_header(&lines, &header)) {
		*why_out = "a header behind the signature, or one that is not known";
		return view_starts(header.name, VIEW("gpgsig")) ? GIT_PARSE_E_SIGNATURES
								: GIT_PARSE_E_FORM;
	}
	if (lines.rest.len == 0 || lines.rest.data[0] != '\n')
		return form(why_out, "no blank line before the message");
	commit.message = view_from(lines.rest, 1);
	*out = commit;
	return GIT_PARSE_OK;
}

/* -- tags: the signature is the end of the message -- */

/* Where the one signature begins; SIZE_MAX where there is none. False: there are two. */
static bool find_signature(struct view bytes, size_t *out)
{
	struct view rest = bytes;

	*out = SIZE_MAX;
	while (rest.len) {
		size_t at = bytes.len - rest.len;
		struct view line = view_cut(&rest, '\n');

		if (!view_starts(line, VIEW(SSHSIG_BEGIN)))
			continue;
		if (*out != SIZE_MAX)
			return false;
		*out = at;
	}
	return true;
}

static bool read_tag_headers(struct lines *lines, struct git_tag *tag)
{
	struct header header;

	if (!next_header(lines, &header) || !is_named(&header, "object") ||
			header.folded || !object_id_read(header.value, &tag->target))
		return false;
	if (!next_header(lines, &header) || !is_named(&header, "type") || header.folded)
		return false;
	tag->target_type = header.value;
	if (!next_header(lines, &header) || !is_named(&header, "tag") || header.folded)
		return false;
	tag->name = header.value;
	return read_one_person(lines, "tagger", &tag->tagger);
}

int git_tag_parse(struct view bytes, struct git_tag *out, const char **why_out)
{
	struct lines lines = { bytes };
	struct git_tag tag = { 0 };
	size_t at;

	if (bytes.len > COMMIT_MAX)
		return form(why_out, "a tag of more than 256 KiB");
	if (view_find(bytes, '\0') < bytes.len)
		return form(why_out, "a tag with a NUL in it");
	if (!read_tag_headers(&lines, &tag) || lines.rest.len == 0 ||
			lines.rest.data[0] != '\n')
		return form(why_out, "a tag that git does not write");
	tag.payload = bytes;
	if (!find_signature(lines.rest, &at)) {
		*why_out = "a tag with two signatures";
		return GIT_PARSE_E_SIGNATURES;
	}
	if (at != SIZE_MAX) {
		at += bytes.len - lines.rest.len;
		tag.signature = view_from(bytes, at);
		tag.payload = view_sub(bytes, 0, at);
	}
	*out = tag;
	return GIT_PARSE_OK;
}
