/* Postfix: main.cf, and the source files of its maps (postmap(1)). */
#include "agent/setup/moving.h"

#include "runtime/base/error.h"

#include <stdlib.h>

enum {
	LONGEST_LINE = 1024 * 1024,
	DEEPEST = 8, /* values within values of main.cf */
};

/* A logical line: a key and a value, continued by lines that begin with a blank. */
struct row {
	struct moving_place place; /* where it begins */
	unsigned line;             /* the last one that was read */
	struct view key, value;
	struct buf text;
};

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

static bool is_comment(struct view line)
{
	struct view text = view_trim(line);

	return text.len == 0 || text.data[0] == '#';
}

/* Takes one physical line off; the line's number moves. */
static struct view take_line(struct view *text, struct row *row)
{
	row->line++;
	return view_cut(text, '\n');
}

static bool continues(struct view text)
{
	return text.len && is_blank(text.data[0]);
}

/* Puts the next logical line into `row->text`; false at the end. */
static bool next_row(struct view *text, struct row *row)
{
	struct view line = VIEW_NULL;

	do {
		if (!text->len)
			return false;
		line = take_line(text, row);
	} while (is_comment(line) || is_blank(line.data[0]));
	row->place.line = row->line;
	buf_clear(&row->text);
	buf_add(&row->text, view_trim(line));
	while (text->len) {
		struct view ahead = *text, next = view_cut(&ahead, '\n');

		if (!is_comment(next) && !continues(next))
			break;
		line = take_line(text, row);
		if (is_comment(line))
			continue;
		buf_add_byte(&row->text, ' ');
		buf_add(&row->text, view_trim(line));
	}
	return true;
}

/* `key value` */
static bool next_pair(struct view *text, struct row *row)
{
	struct view line;
	size_t end = 0;

	if (!next_row(text, row))
		return false;
	line = buf_view(&row->text);
	while (end < line.len && !is_blank(line.data[end]))
		end++;
	row->key = view_sub(line, 0, end);
	row->value = view_trim(view_from(line, end));
	return true;
}

/* The next word of a list with commas and blanks between; empty at its end. */
static struct view next_word(struct view *list)
{
	size_t start = 0, end;
	struct view word;

	while (start < list->len && view_find(VIEW(", \t"), list->data[start]) < 3)
		start++;
	for (end = start;
			end < list->len && view_find(VIEW(", \t"), list->data[end]) == 3;
			end++)
		;
	word = view_sub(*list, start, end - start);
	*list = view_from(*list, end);
	return word;
}

/* -- maps -- */

void moving_read_mailboxes(struct moving *m, const char *file, struct view text)
{
	struct row row = { .place = { file, 0 }, .text = BUF_NULL(LONGEST_LINE) };

	while (next_pair(&text, &row)) {
		struct view address;

		if (row.key.data[0] == '@')
			moving_remark(m, row.place,
					"%.*s: one mailbox for a whole domain; name a "
					"user, and its domain `catch_all`",
					VIEW_ARG(row.key));
		else if (moving_address(m, row.place, row.key, &address) &&
				!moving_mailbox(m, address))
			(void)moving_add(m, row.place, address, false);
	}
	buf_free(&row.text);
}

/* `@old.example @new.example`: a twin; `@a.example anna@a.example`: a catch-all. */
static void take_whole_domain(struct moving *m, const struct row *row)
{
	struct view list = row->value, target = next_word(&list), address;
	struct moving_domain *domain =
			moving_domain(m, row->place, view_from(row->key, 1));

	if (!domain)
		return;
	if (next_word(&list).len) {
		moving_remark(m, row->place,
				"%.*s: a whole domain to several; write an alias, and "
				"name a user `catch_all`",
				VIEW_ARG(row->key));
	} else if (target.len && target.data[0] == '@') {
		domain->twin_of = arena_copy(m->arena, view_from(target, 1));
		domain->place = row->place;
	} else if (moving_address(m, row->place, target, &address)) {
		domain->catch_all = address;
		domain->place = row->place;
	}
}

static bool is_program(struct view target)
{
	return view_find(VIEW("|/:\""), target.data[0]) < 4;
}

static void add_target(struct moving *m, struct moving_entry *alias, struct view address)
{
	struct view *more = arena_array(m->arena, alias->target_count + 1, sizeof(*more));

	for (size_t i = 0; i < alias->target_count; i++)
		if (view_eq(alias->targets[i], address))
			return;
	if (alias->target_count)
		memcpy(more, alias->targets, alias->target_count * sizeof(*more));
	more[alias->target_count++] = address;
	alias->targets = more;
}

static void take_targets(struct moving *m, const struct row *row, struct view address,
		struct moving_entry *alias)
{
	struct view list = row->value, word, target;

	while ((word = next_word(&list)).len) {
		if (is_program(word)) {
			moving_remark(m, row->place,
					"%.*s: a program, a file or a list is no target",
					VIEW_ARG(address));
			continue;
		}
		if (moving_address(m, row->place, word, &target) &&
				!view_eq(target, address))
			add_target(m, alias, target);
	}
}

static void take_alias(struct moving *m, const struct row *row)
{
	struct moving_entry found = { 0 }, *alias;
	struct view address;

	if (!moving_address(m, row->place, row->key, &address))
		return;
	take_targets(m, row, address, &found);
	if (moving_mailbox(m, address)) {
		/* To itself alone it says nothing. */
		if (found.target_count)
			moving_remark(m, row->place,
					"%.*s is a mailbox: copies elsewhere are not "
					"made by this version",
					VIEW_ARG(address));
		return;
	}
	alias = moving_add(m, row->place, address, true);
	if (!alias)
		return;
	alias->targets = found.targets;
	alias->target_count = found.target_count;
}

void moving_read_aliases(struct moving *m, const char *file, struct view text)
{
	struct row row = { .place = { file, 0 }, .text = BUF_NULL(LONGEST_LINE) };

	while (next_pair(&text, &row))
		if (row.key.data[0] == '@')
			take_whole_domain(m, &row);
		else if (view_find(row.key, '@') == row.key.len &&
				view_find(row.key, '.') < row.key.len)
			(void)moving_domain(
					m, row.place, row.key); /* `a.example anything` */
		else
			take_alias(m, &row);
	buf_free(&row.text);
}

void moving_read_domains(struct moving *m, const char *file, struct view text)
{
	struct row row = { .place = { file, 0 }, .text = BUF_NULL(LONGEST_LINE) };

	while (next_pair(&text, &row))
		if (view_find(row.key, '@') == row.key.len)
			(void)moving_domain(m, row.place, row.key);
	buf_free(&row.text);
}

/* -- main.cf -- */

struct parameters {
	struct arena *arena;
	struct map values; /* name → struct parameter */
};

struct parameter {
	struct view value;
	struct moving_place place;
};

static void parameters_deinit(struct parameters *p)
{
	map_free(&p->values);
}

static struct view value_of(struct parameters *p, struct view name)
{
	const struct parameter *found = map_get(&p->values, name);

	return found ? found->value : VIEW_NULL;
}

/* What the manual says of those that nobody set. */
static struct view default_of(struct parameters *p, struct view name)
{
	struct view host = value_of(p, VIEW("myhostname"));

	if (view_eq(name, VIEW("mydomain")) && view_find(host, '.') < host.len)
		return view_from(host, view_find(host, '.') + 1);
	if (view_eq(name, VIEW("virtual_mailbox_domains")))
		return VIEW("$virtual_mailbox_maps");
	if (view_eq(name, VIEW("virtual_alias_domains")))
		return VIEW("$virtual_alias_maps");
	return VIEW_NULL;
}

/* `$name`, `${name}`, `$(name)` */
static struct view expand(struct parameters *p, struct view text, unsigned depth)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(LONGEST_LINE);

	while (text.len) {
		size_t dollar = view_find(text, '$'), end = 0;
		struct view name, value;

		buf_add(&out, view_sub(text, 0, dollar));
		text = view_from(text, dollar + 1);
		if (!text.len)
			break;
		if (text.data[0] == '{' || text.data[0] == '(') {
			end = view_find(text, text.data[0] == '{' ? '}' : ')');
			name = view_sub(text, 1, end - 1);
			text = view_from(text, end + 1);
		} else {
			while (end < text.len && (byte_is_alpha(text.data[end]) ||
								 text.data[end] == '_'))
				end++;
			name = view_sub(text, 0, end);
			text = view_from(text, end);
		}
		value = value_of(p, name);
		if (!value.len)
			value = default_of(p, name);
		if (depth)
			buf_add(&out, expand(p, value, depth - 1));
	}
	return arena_copy(p->arena, buf_view(&out));
}

static void read_parameters(struct parameters *p, const char *file, struct view text)
{
	struct row row = { .place = { file, 0 }, .text = BUF_NULL(LONGEST_LINE) };

	while (next_row(&text, &row)) {
		struct view value = buf_view(&row.text), name = view_cut(&value, '=');
		struct parameter *parameter = ARENA_NEW(p->arena, struct parameter);

		*parameter = (struct parameter){ arena_copy(p->arena, view_trim(value)),
			row.place };
		map_set(&p->values, arena_copy(p->arena, view_trim(name)), parameter);
	}
	buf_free(&row.text);
}

struct file_list {
	struct moving_file *items; /* malloc'd */
	size_t count, capacity;
};

/* One word of a value: a map of a kind that has a source file, or a domain. */
static void take_word(struct moving *m, const struct parameter *parameter,
		struct view word, enum moving_map map, struct file_list *files)
{
	static const char *const kinds[] = { "hash", "btree", "texthash", "lmdb", "cdb",
		"dbm" };
	struct view path = word, kind = view_cut(&path, ':');
	bool known = word.data[0] == '/';

	for (size_t i = 0; path.data && i < ARRAY_LEN(kinds); i++)
		known |= view_eq(kind, view_z(kinds[i]));
	if (!known && path.data) {
		moving_remark(m, parameter->place, "a map of the kind %.*s is not read",
				VIEW_ARG(kind));
	} else if (known) {
		array_grow(&files->items, &files->capacity, files->count + 1,
				sizeof(*files->items));
		files->items[files->count++] = (struct moving_file){ map,
			arena_copy_z(m->arena, path.data ? path : word),
			parameter->place };
	} else if (map == MOVING_DOMAINS && view_find(word, '.') < word.len) {
		(void)moving_domain(m, parameter->place, word);
	}
}

static void take_parameter(struct moving *m, struct parameters *p, const char *name,
		enum moving_map map, struct file_list *files)
{
	const struct parameter *parameter = map_get(&p->values, view_z(name));
	struct view list, word;

	if (!parameter)
		return;
	list = expand(p, parameter->value, DEEPEST);
	while ((word = next_word(&list)).len)
		take_word(m, parameter, word, map, files);
}

/* The host is where mail is, not a domain of it. */
static void take_host(struct moving *m, struct parameters *p)
{
	struct view host = expand(p, VIEW("$myhostname"), DEEPEST);
	struct view domain = expand(p, VIEW("$mydomain"), DEEPEST);

	if (!m->host.len && view_find(host, '.') < host.len)
		m->host = host;
	if (!m->domain.len && view_find(domain, '.') < domain.len)
		m->domain = domain;
}

size_t moving_read_main_cf(struct moving *m, const char *file, struct view text,
		struct moving_file **out)
{
	CLEANUP(parameters_deinit) struct parameters p = { .arena = m->arena };
	struct file_list files = { 0 };

	read_parameters(&p, file, text);
	take_host(m, &p);
	take_parameter(m, &p, "virtual_mailbox_domains", MOVING_DOMAINS, &files);
	take_parameter(m, &p, "virtual_alias_domains", MOVING_DOMAINS, &files);
	take_parameter(m, &p, "virtual_mailbox_maps", MOVING_MAILBOXES, &files);
	take_parameter(m, &p, "virtual_alias_maps", MOVING_ALIASES, &files);
	*out = files.items;
	return files.count;
}
