#include "schema/table.h"

#include "runtime/base/arena.h"

#include <assert.h>

/* clang-format off */
static const char *const kind_names[KINDS] = {
	[KIND_NONE]         = "",
	[KIND_HOST]         = "host",
	[KIND_GROUP]        = "group",
	[KIND_DOMAIN]       = "domain",
	[KIND_USER]         = "user",
	[KIND_SHARED]       = "shared",
	[KIND_SERVICE]      = "service",
	[KIND_ALIAS]        = "alias",
	[KIND_RELAY]        = "relay",
	[KIND_DESTINATION]  = "destination",
	[KIND_DNS_PROVIDER] = "dns-provider",
	[KIND_ISSUER]       = "issuer",
	[KIND_CERTIFICATE]  = "certificate",
	[KIND_BACKUP]       = "backup",
	[KIND_POLICY]       = "policy",
	[KIND_ALERTS]       = "alerts",
};

static const struct table *const kind_tables[KINDS] = {
	[KIND_HOST]         = &host_table,
	[KIND_GROUP]        = &group_table,
	[KIND_DOMAIN]       = &domain_table,
	[KIND_USER]         = &user_table,
	[KIND_SHARED]       = &shared_table,
	[KIND_SERVICE]      = &service_table,
	[KIND_ALIAS]        = &alias_table,
	[KIND_RELAY]        = &relay_table,
	[KIND_DESTINATION]  = &destination_table,
	[KIND_DNS_PROVIDER] = &dns_provider_table,
	[KIND_ISSUER]       = &issuer_table,
	[KIND_CERTIFICATE]  = &certificate_table,
	[KIND_BACKUP]       = &backup_table,
	[KIND_POLICY]       = &policy_table,
	[KIND_ALERTS]       = &alerts_table,
};

struct type_row {
	const char *name;
	const char *what; /* behind "wanted: " */
};

static const struct type_row types[] = {
	[TYPE_BOOL]      = { "boolean",   "`true` or `false`" },
	[TYPE_INT]       = { "number",    "a whole number" },
	[TYPE_SIZE]      = { "size",      "a size like `10GiB`" },
	[TYPE_DURATION]  = { "duration",  "a duration like `90d` or `2h30m`" },
	[TYPE_RATE]      = { "rate",      "a rate like `300/d`" },
	[TYPE_SCHEDULE]  = { "schedule",  "a schedule: `hourly`, `daily 03:00`, `weekly Sun 04:00`, or five fields of cron in quotes" },
	[TYPE_DATE]      = { "date",      "a date like `2026-12-01` or `2026-12-01T17:00`" },
	[TYPE_TEXT]      = { "text",      "a text" },
	[TYPE_WORD]      = { "word",      "a word" },
	[TYPE_ID]        = { "id",        "an id" },
	[TYPE_NAME]      = { "name",      "a name" },
	[TYPE_DOMAIN]    = { "domain",    "a domain name" },
	[TYPE_ADDRESS]   = { "address",   "a mail address" },
	[TYPE_IP]        = { "ip",        "an IP address" },
	[TYPE_HOST]      = { "host",      "a host name or an IP address" },
	[TYPE_NETWORK]   = { "network",   "an IP address or a network like `192.0.2.0/24`" },
	[TYPE_REACH]     = { "reach",     "a domain name or a mail address" },
	[TYPE_ENDPOINT]  = { "endpoint",  "a port, ADDRESS:PORT, or `off`" },
	[TYPE_URL]       = { "url",       "a URL" },
	[TYPE_PATH]      = { "path",      "an absolute path" },
	[TYPE_NEAR_PATH] = { "path",      "a path; a relative one is meant from this file" },
	[TYPE_FILE]      = { "file",      "the relative path of a file of the state" },
	[TYPE_PATTERN]   = { "pattern",   "a pattern between slashes" },
	[TYPE_RECIPIENT] = { "recipient", "an age recipient, `age1…`" },
	[TYPE_HASH]      = { "hash",      "a password hash" },
	[TYPE_REFERENCE] = { "reference", "a name" },
	[TYPE_ROLE]      = { "role",      "a role" },
	[TYPE_LIST]      = { "list",      "a list" },
	[TYPE_MAP]       = { "map",       "a map of names" },
	[TYPE_RECORD]    = { "record",    "a map of fields" },
};

static const char *const owners[] = { "enforce", "initial", "shared", "observe" };
static const char *const risks[] = { "harmless", "service", "exposing", "data", "irreversible", "policy" };
/* clang-format on */

const char *kind_name(enum kind kind)
{
	assert(kind < KINDS);
	return kind_names[kind];
}

enum kind kind_of(struct view name)
{
	for (enum kind kind = KIND_NONE + 1; kind < KINDS; kind++)
		if (view_eq(name, view_z(kind_names[kind])))
			return kind;
	return KIND_NONE;
}

const char *type_name(const struct type *type)
{
	return types[type->kind].name;
}

const char *type_what(const struct type *type)
{
	return types[type->kind].what;
}

struct view table_later(struct arena *arena, const struct field *field)
{
	struct view text = VIEW_NULL;

	for (const char *const *word = field->later_words; word && *word; word++)
		text = arena_printf(arena, "%.*s%s`%s`", VIEW_ARG(text),
				!text.len ? ""
				: word[1] ? ", "
					  : " and ",
				*word);
	return text;
}

const char *owner_name(enum owner owner)
{
	return owners[owner];
}

const char *risk_name(enum risk risk)
{
	return risks[risk];
}

struct view risk_describe(struct arena *arena, const struct field *field)
{
	static const char *const ways[] = {
		[TOWARD_MORE] = "more", [TOWARD_LESS] = "less"
	};

	if (field->toward == TOWARD_ANY)
		return view_z(risk_name(field->risk));
	return arena_printf(arena, "%s where it is %s, else %s", risk_name(field->risk),
			ways[field->toward], risk_name(field->otherwise));
}

const struct table *table_of_kind(enum kind kind)
{
	assert(kind < KINDS);
	return kind_tables[kind];
}

const struct field *table_field(const struct table *table, struct view name)
{
	for (size_t i = 0; i < table->count; i++)
		if (view_eq(name, view_z(table->fields[i].name)))
			return &table->fields[i];
	for (size_t i = 0; table->also && i < table->also->count; i++)
		if (table->also->fields[i].flags & FIELD_GROUP &&
				view_eq(name, view_z(table->also->fields[i].name)))
			return &table->also->fields[i];
	return NULL;
}

size_t table_names(const struct table *table, const char **names, size_t most)
{
	size_t count = 0;

	for (size_t i = 0; i < table->count && count < most; i++)
		names[count++] = table->fields[i].name;
	for (size_t i = 0; table->also && i < table->also->count && count < most; i++)
		if (table->also->fields[i].flags & FIELD_GROUP)
			names[count++] = table->also->fields[i].name;
	return count;
}

const struct table *type_table(const struct type *type)
{
	while (type->kind == TYPE_LIST || type->kind == TYPE_MAP)
		type = type->item;
	return type->kind == TYPE_RECORD ? type->table : NULL;
}

bool table_is_secret(const struct field *field)
{
	return field && field->type->kind == TYPE_RECORD && field->type->table->secret;
}

const struct field *table_section(enum kind kind)
{
	for (size_t i = 0; i < state_table.count; i++)
		if (type_table(state_table.fields[i].type) == kind_tables[kind] &&
				kind_tables[kind])
			return &state_table.fields[i];
	return NULL;
}

/* The next name of a path, past dots and `[…]`. */
static struct view take_step(struct view *path)
{
	struct view step;
	size_t end = 0;

	while (end < path->len && path->data[end] != '.' && path->data[end] != '[')
		end++;
	step = view_sub(*path, 0, end);
	*path = view_from(*path, end);
	if (path->len && path->data[0] == '[')
		*path = view_from(*path, view_find(*path, ']') + 1);
	if (path->len && path->data[0] == '.')
		*path = view_from(*path, 1);
	return step;
}

static const struct table *first_table(struct view step, const struct field **section_out)
{
	enum kind kind = kind_of(step);

	*section_out = NULL;
	if (kind != KIND_NONE)
		return kind_tables[kind];
	if (view_eq(step, VIEW("agent")))
		return &agent_table;
	*section_out = table_field(&state_table, step);
	return *section_out ? type_table((*section_out)->type) : NULL;
}

/* *map_out: the last map on the way, or NULL. */
static const struct field *find_below(const struct table *table, struct view path,
		const struct table **table_out, const struct field **map_out)
{
	const struct field *field = NULL;

	*map_out = NULL;
	while (table && path.len) {
		struct view step = take_step(&path);

		field = table_field(table, step);
		if (!field)
			return NULL;
		if (field->type->kind == TYPE_MAP)
			*map_out = field;
		*table_out = table;
		table = type_table(field->type);
	}
	return path.len ? NULL : field;
}

const struct field *table_find(struct view path, const struct table **table_out)
{
	const struct field *section;
	const struct table *table;
	const struct field *map;

	if (view_starts(path, VIEW("$.")))
		path = view_from(path, 2);
	table = first_table(take_step(&path), &section);
	*table_out = section ? &state_table : table;
	if (!path.len)
		return section;
	return find_below(table, path, table_out, &map);
}

/* Keys of a map may have dots in them. */
const struct field *table_row(enum kind kind, struct view path)
{
	const struct table *table;
	const struct field *map;
	const struct field *field = find_below(kind_tables[kind], path, &table, &map);

	return field ? field : map;
}

enum risk table_risk(enum kind kind, struct view path)
{
	const struct field *field = table_row(kind, path);

	return field ? field->risk : RISK_HARMLESS;
}

enum owner table_owner(enum kind kind, struct view path)
{
	const struct field *field = table_row(kind, path);

	return field ? field->owner : OWNER_ENFORCE;
}
