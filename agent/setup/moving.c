/* What was gathered, made to fit together and written. */
#include "agent/setup/moving.h"

#include "runtime/base/error.h"
#include "schema/checker.h"
#include "schema/compose.h"
#include "schema/name.h"

#include <stdarg.h>
#include <stdlib.h>

enum {
	LONGEST_REMARK = 4096,
	REMARKS_SHOWN = 200, /* in the state's comments; all of them are warnings */
	LONGEST_STATE = 64 * 1024 * 1024,
};

void moving_init(struct moving *m, struct view domain, struct view host)
{
	*m = (struct moving){ .arena = arena_new(), .domain = domain, .host = host };
}

void moving_deinit(struct moving *m)
{
	map_free(&m->by_address);
	map_free(&m->by_domain);
	free(m->entries);
	free(m->domains);
	free(m->remarks);
	arena_free(m->arena);
}

/* -- gathering -- */

void moving_remark(struct moving *m, struct moving_place place, const char *format, ...)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST_REMARK);
	va_list args;

	va_start(args, format);
	buf_vaddf(&text, format, args);
	va_end(args);
	array_grow(&m->remarks, &m->remark_capacity, m->remark_count + 1,
			sizeof(*m->remarks));
	m->remarks[m->remark_count++] = (struct moving_remark){
		place,
		arena_copy(m->arena, buf_view(&text)),
	};
}

bool moving_address(struct moving *m, struct moving_place place, struct view text,
		struct view *out)
{
	const char *why = "";

	if (view_find(text, '@') == text.len) {
		if (!m->domain.len) {
			moving_remark(m, place,
					"%.*s has no domain: --domain says which one",
					VIEW_ARG(text));
			return false;
		}
		text = arena_printf(m->arena, "%.*s@%.*s", VIEW_ARG(text),
				VIEW_ARG(m->domain));
	}
	/* What is canonical already is not copied by the check. */
	if (address_check(m->arena, arena_copy(m->arena, text), out, &why) == NAME_OK)
		return true;
	moving_remark(m, place, "%.*s: %s", VIEW_ARG(text), why);
	return false;
}

static struct moving_entry *entry_at(struct moving *m, struct view address)
{
	size_t number = (size_t)map_get(&m->by_address, address);

	return number ? &m->entries[number - 1] : NULL;
}

struct moving_entry *moving_mailbox(struct moving *m, struct view address)
{
	struct moving_entry *entry = entry_at(m, address);

	return entry && !entry->alias ? entry : NULL;
}

static struct view domain_part(struct view address)
{
	return view_from(address, view_find_last(address, '@') + 1);
}

struct moving_domain *moving_domain(
		struct moving *m, struct moving_place place, struct view name)
{
	struct view checked;
	const char *why = "";
	size_t number;

	if (domain_check(m->arena, arena_copy(m->arena, name), &checked, &why)) {
		moving_remark(m, place, "%.*s: %s", VIEW_ARG(name), why);
		return NULL;
	}
	number = (size_t)map_get(&m->by_domain, checked);
	if (number)
		return &m->domains[number - 1];
	array_grow(&m->domains, &m->domain_capacity, m->domain_count + 1,
			sizeof(*m->domains));
	m->domains[m->domain_count++] =
			(struct moving_domain){ .name = checked, .place = place };
	map_set(&m->by_domain, checked, (void *)m->domain_count);
	return &m->domains[m->domain_count - 1];
}

struct moving_entry *moving_add(struct moving *m, struct moving_place place,
		struct view address, bool alias)
{
	const struct moving_entry *before = entry_at(m, address);

	if (before) {
		moving_remark(m, place, "%.*s stands in %s:%u already", VIEW_ARG(address),
				before->place.file, before->place.line);
		return NULL;
	}
	if (!moving_domain(m, place, domain_part(address)))
		return NULL;
	array_grow(&m->entries, &m->entry_capacity, m->entry_count + 1,
			sizeof(*m->entries));
	m->entries[m->entry_count++] = (struct moving_entry){
		.address = address,
		.place = place,
		.alias = alias,
	};
	map_set(&m->by_address, address, (void *)m->entry_count);
	return &m->entries[m->entry_count - 1];
}

/* -- fitting together -- */

/* The domain that has the addresses of this one; NULL: it is not of this state. */
static const struct moving_domain *domain_of(struct moving *m, struct view address)
{
	size_t number = (size_t)map_get(&m->by_domain, domain_part(address));
	const struct moving_domain *domain = number ? &m->domains[number - 1] : NULL;

	if (!domain || !domain->twin_of.len)
		return domain;
	number = (size_t)map_get(&m->by_domain, domain->twin_of);
	return number ? &m->domains[number - 1] : NULL;
}

static bool has(struct moving *m, struct view local, struct view domain)
{
	const struct moving_entry *entry =
			entry_at(m, arena_printf(m->arena, "%.*s@%.*s", VIEW_ARG(local),
						    VIEW_ARG(domain)));

	return entry && !entry->dropped;
}

/* Somebody gets mail to it: as it is, or without the detail behind a plus. */
static bool leads_somewhere(struct moving *m, struct view address)
{
	const struct moving_domain *domain = domain_of(m, address);
	struct view local = view_sub(address, 0, view_find_last(address, '@'));
	size_t plus = view_find(local, '+');

	if (!domain)
		return false;
	return has(m, local, domain->name) ||
	       (plus && plus < local.len &&
			       has(m, view_sub(local, 0, plus), domain->name));
}

static void drop_target(struct moving *m, struct moving_entry *entry, size_t i)
{
	struct view target = entry->targets[i];

	moving_remark(m, entry->place,
			domain_of(m, target)
					? "%.*s -> %.*s: nobody has that address"
					: "%.*s -> %.*s: mail to other hosts is not sent "
					  "by this version",
			VIEW_ARG(entry->address), VIEW_ARG(target));
	entry->targets[i] = entry->targets[--entry->target_count];
}

/* True where something was left out: what led to it has to be looked at again. */
static bool drop_dangling(struct moving *m)
{
	bool changed = false;

	for (size_t n = 0; n < m->entry_count; n++) {
		struct moving_entry *entry = &m->entries[n];

		for (size_t i = 0; entry->alias && !entry->dropped &&
				   i < entry->target_count;)
			if (leads_somewhere(m, entry->targets[i]))
				i++;
			else
				drop_target(m, entry, i);
		if (!entry->alias || entry->dropped || entry->target_count)
			continue;
		moving_remark(m, entry->place, "%.*s leads nowhere: left out",
				VIEW_ARG(entry->address));
		entry->dropped = changed = true;
	}
	return changed;
}

static void drop_entries_of_twins(struct moving *m)
{
	for (size_t i = 0; i < m->entry_count; i++) {
		struct moving_entry *entry = &m->entries[i];
		size_t number = (size_t)map_get(
				&m->by_domain, domain_part(entry->address));

		if (!m->domains[number - 1].twin_of.len)
			continue;
		entry->dropped = true;
		moving_remark(m, entry->place,
				"%.*s: its domain takes all addresses from %.*s",
				VIEW_ARG(entry->address),
				VIEW_ARG(m->domains[number - 1].twin_of));
	}
}

static void check_domains(struct moving *m)
{
	for (size_t i = 0; i < m->domain_count; i++) {
		struct moving_domain *domain = &m->domains[i];
		struct moving_entry *entry = moving_mailbox(m, domain->catch_all);

		if (domain->twin_of.len && !map_get(&m->by_domain, domain->twin_of)) {
			moving_remark(m, domain->place,
					"@%.*s -> @%.*s: that domain is not of this "
					"state",
					VIEW_ARG(domain->name),
					VIEW_ARG(domain->twin_of));
			domain->twin_of = VIEW_NULL;
		}
		if (domain->catch_all.len && (!entry || entry->dropped)) {
			moving_remark(m, domain->place,
					"@%.*s -> %.*s: a catch-all leads to a mailbox",
					VIEW_ARG(domain->name),
					VIEW_ARG(domain->catch_all));
			domain->catch_all = VIEW_NULL;
		}
	}
}

/* -- a state, for the checker alone: the composer writes it for people -- */

static void add_domains(struct moving *m, struct buf *out)
{
	buf_add_z(out, "domains:\n");
	for (size_t i = 0; i < m->domain_count; i++) {
		const struct moving_domain *domain = &m->domains[i];

		buf_add_z(out, "  ");
		compose_text(out, domain->name);
		buf_add_z(out, ": {");
		if (domain->twin_of.len)
			buf_add_z(out, "same_as: ");
		else if (domain->catch_all.len)
			buf_add_z(out, "catch_all: ");
		if (domain->twin_of.len || domain->catch_all.len)
			compose_text(out, domain->twin_of.len ? domain->twin_of
							      : domain->catch_all);
		buf_add_z(out, "}\n");
	}
}

static void add_mailbox(struct buf *out, const struct moving_entry *entry)
{
	const char *between = "";

	buf_add_z(out, ": {");
	if (entry->name.len) {
		buf_add_z(out, "name: ");
		compose_text(out, entry->name);
		between = ", ";
	}
	if (entry->hash.len) {
		buf_addf(out, "%spassword: {hash: ", between);
		compose_text(out, entry->hash);
		buf_add_z(out, "}");
		between = ", ";
	}
	if (entry->quota)
		buf_addf(out, "%squota: %lluKiB", between,
				(unsigned long long)(entry->quota + 1023) / 1024);
	buf_add_z(out, "}\n");
}

static void add_alias(struct buf *out, const struct moving_entry *entry)
{
	buf_add_z(out, ": [");
	for (size_t i = 0; i < entry->target_count; i++) {
		buf_add_z(out, i ? ", " : "");
		compose_text(out, entry->targets[i]);
	}
	buf_add_z(out, "]\n");
}

static void add_entries(struct moving *m, struct buf *out, bool alias)
{
	bool any = false;

	for (size_t i = 0; i < m->entry_count; i++) {
		const struct moving_entry *entry = &m->entries[i];

		if (entry->dropped || entry->alias != alias)
			continue;
		if (!any)
			buf_add_z(out, alias ? "aliases:\n" : "users:\n");
		any = true;
		buf_add_z(out, "  ");
		compose_text(out, entry->address);
		if (alias)
			add_alias(out, entry);
		else
			add_mailbox(out, entry);
	}
}

static void add_head(struct moving *m, struct buf *out)
{
	buf_add_z(out, "# Made by `posthus import`.\n");
	if (m->remark_count)
		buf_add_z(out, "# Not brought:\n");
	for (size_t i = 0; i < m->remark_count && i < REMARKS_SHOWN; i++)
		buf_addf(out, "#   %s:%u: %.*s\n", m->remarks[i].place.file,
				m->remarks[i].place.line, VIEW_ARG(m->remarks[i].text));
	if (m->remark_count > REMARKS_SHOWN)
		buf_addf(out, "#   and %zu more\n", m->remark_count - REMARKS_SHOWN);
}

/* Checked as any state, and written as an export is. */
static bool write_state(struct moving *m, struct view text, struct agent_export *out,
		struct buf *problem)
{
	static const struct compose_options all = { 0 };
	const struct source_file file = { VIEW("import"), text };
	CLEANUP(checked_deinit) struct checked checked = { 0 };
	CLEANUP(buf_free) struct buf head = BUF_NULL(LONGEST_STATE);

	if (checker_check(&file, 1, NULL, &checked) != CHECK_OK) {
		diagnostics_print(&checked.diagnostics, problem);
		return false;
	}
	add_head(m, &head);
	out->head = arena_copy(out->arena, buf_view(&head));
	out->section_count = compose(checked.desired, &all, out->arena, &out->sections);
	agent_export_split(out);
	return true;
}

bool moving_finish(struct moving *m, struct agent_export *out, struct buf *problem)
{
	CLEANUP(buf_wipe) struct buf text = BUF_NULL(LONGEST_STATE);

	*out = (struct agent_export){ .arena = arena_new() };
	if (m->domain_count == 0) {
		buf_add_z(problem,
				"error: these files name no domain, and nobody in one\n");
		return false;
	}
	check_domains(m);
	drop_entries_of_twins(m);
	while (drop_dangling(m))
		;
	check_domains(m);
	if (m->host.len)
		buf_addf(&text, "version: 1\nhosts: {mail: {name: %.*s}}\n",
				VIEW_ARG(m->host));
	else
		buf_addf(&text, "version: 1\nhosts: {mail: {name: mail.%.*s}}\n",
				VIEW_ARG(m->domains[0].name));
	add_domains(m, &text);
	add_entries(m, &text, false);
	add_entries(m, &text, true);
	if (buf_failed(&text)) {
		buf_add_z(problem, "error: this is more than a state holds\n");
		return false;
	}
	return write_state(m, buf_view(&text), out, problem);
}
