/* The table that drives the language: one row a field, one table a kind of object.
 *
 * From these rows alone come validation, decoding, defaults, error texts, the canonical
 * form, the JSON Schema, `posthus explain` and docs/reference/state.md. A field is added
 * in one place: the table of its resource. */
#ifndef SCHEMA_TABLE_H
#define SCHEMA_TABLE_H

#include "schema/desired.h"

struct arena;

enum type_kind {
	TYPE_BOOL,
	TYPE_INT,
	TYPE_SIZE,     /* 10GiB */
	TYPE_DURATION, /* 2h30m */
	TYPE_RATE,     /* 300/d */
	TYPE_SCHEDULE, /* daily 03:00 */
	TYPE_DATE,     /* 2026-12-01, 2026-12-01T17:00 */
	TYPE_TEXT,     /* anything a person reads */
	TYPE_WORD,     /* one of `words` */
	TYPE_ID,       /* [a-z0-9][a-z0-9-]{0,62} */
	TYPE_NAME,     /* the name of an object */
	TYPE_DOMAIN,   /* a domain name, normalised to A-labels */
	TYPE_ADDRESS,  /* local@domain, normalised */
	TYPE_IP,       /* an address */
	TYPE_HOST,     /* a host's name or its address */
	TYPE_NETWORK,  /* an address or a network */
	TYPE_REACH,    /* a domain name or a mail address */
	TYPE_ENDPOINT, /* PORT, ADDRESS:PORT or off */
	TYPE_URL,
	TYPE_PATH,      /* absolute, no .. */
	TYPE_NEAR_PATH, /* absolute, or meant from the file that says it; no .. */
	TYPE_FILE,      /* a file of the state: relative, no .. */
	TYPE_PATTERN,   /* /…/ */
	TYPE_RECIPIENT, /* age1… */
	TYPE_HASH,      /* a password hash */
	TYPE_REFERENCE, /* to an object of a kind in `kinds`, or an address */
	TYPE_ROLE,
	TYPE_LIST,   /* a set of `item`; a plain value is a list of one */
	TYPE_MAP,    /* names to `item` */
	TYPE_RECORD, /* the fields of `table` */
};

enum owner {
	OWNER_ENFORCE,
	OWNER_INITIAL,
	OWNER_SHARED,
	OWNER_OBSERVE
};

enum risk {
	RISK_HARMLESS,
	RISK_SERVICE,
	RISK_EXPOSING,
	RISK_DATA,
	RISK_IRREVERSIBLE,
	RISK_POLICY
};

/* Which way a change of a value is of its row's class: towards more (a larger number, a further
 * item, a later word) or less; the other way it is of the class `otherwise`. */
enum toward {
	TOWARD_ANY, /* every change is */
	TOWARD_MORE,
	TOWARD_LESS
};

enum field_flags {
	FIELD_SERVED = 1 << 0, /* this version acts on it */
	FIELD_REQUIRED = 1 << 1,
	FIELD_GROUP = 1 << 2,  /* a group may set it for its members */
	FIELD_OWN = 1 << 3,    /* of the object alone: not in `defaults` */
	FIELD_REMOTE = 1 << 4, /* its references may leave the state */
	FIELD_LINES = 1 << 5,  /* a text of several lines */
	/* What of the machine it uses: agent.yaml has to allow it. */
	FIELD_READS = 1 << 6,      /* a file */
	FIELD_WRITES = 1 << 7,     /* a folder */
	FIELD_CREDENTIAL = 1 << 8, /* a credential */
};

struct table;
struct type;

struct field {
	const char *name;
	const struct type *type;
	const char *fallback; /* the default as one would write it; NULL: none */
	enum owner owner;
	enum risk risk;
	unsigned flags;
	size_t at; /* where its value goes in the typed struct; 0: nowhere */
	const char *help;
	/* Words of it that this version does not act on yet, NULL at the end; NULL: none. */
	const char *const *later_words;
	const char *since;      /* NULL: 0.1 */
	const char *deprecated; /* what to write instead; NULL: not deprecated */
	enum toward toward;
	enum risk otherwise;
	bool unset_is_all; /* of a list: where it is left out nothing is kept away */
};

struct type {
	enum type_kind kind;
	int64_t least, most;      /* bounds; both 0: those of the kind */
	const char *const *words; /* of TYPE_WORD; of others: words besides */
	unsigned kinds;           /* of TYPE_REFERENCE: a set of 1 << enum kind */
	bool holders; /* of TYPE_REFERENCE: an address stands for the object that has it */
	const struct type *key;    /* of TYPE_MAP */
	const struct type *item;   /* of TYPE_LIST, TYPE_MAP */
	const struct table *table; /* of TYPE_RECORD */
};

struct table {
	const char *noun; /* "a user": for error texts */
	const char *help;
	enum kind kind; /* of objects; KIND_NONE: a part of one */
	const struct field *fields;
	size_t count;
	const char *short_form;    /* the field that a plain value stands for */
	const char *short_word;    /* the field that a plain word of its own stands for */
	const char *const *one_of; /* exactly one of these is given; NULL: no matter */
	const struct table *also;  /* its fields with FIELD_GROUP may stand here too */
	bool secret;               /* a plain value here would be a secret in the open */
	size_t size;               /* of the typed struct of an object */
};

extern const struct table state_table; /* the root of a state */
extern const struct table agent_table; /* the root of agent.yaml */
/* Of each resource, in the file of its name under schema/resource/. */
extern const struct table host_table, group_table, domain_table, user_table, shared_table,
		service_table, alias_table, relay_table, destination_table,
		dns_provider_table, issuer_table, certificate_table, backup_table,
		policy_table, alerts_table;
/* Parts that several share. */
extern const struct table secret_table, password_table, retention_table, webhook_table;

const struct field *table_field(const struct table *table, struct view name);
/* The names of all fields that may stand in a record of the table; how many. */
size_t table_names(const struct table *table, const char **names, size_t most);
/* The table of a kind's objects, or NULL. */
const struct table *table_of_kind(enum kind kind);
/* The field of the state's root that holds a kind's objects ("users"), or NULL. */
const struct field *table_section(enum kind kind);

const char *type_name(const struct type *type); /* "size" */
const char *type_what(const struct type *type); /* "a size like `10GiB`" */
/* The table of a record, or of the items of a list or map; NULL where there is none. */
const struct table *type_table(const struct type *type);
/* A password, a sealed value: nothing of it is printed. NULL: false. */
bool table_is_secret(const struct field *field);
/* "`private`", "`cloudflare` and `hetzner`", in the arena; empty: this version acts on all. */
struct view table_later(struct arena *arena, const struct field *field);
const char *owner_name(enum owner owner);
const char *risk_name(enum risk risk);
/* "policy", "policy where it is more, else service": in words, in the arena. */
struct view risk_describe(struct arena *arena, const struct field *field);

/* The row at a path like `user.quota` or `$.users.quota`; *table_out is the table that it
 * stands in. NULL where there is none. */
const struct field *table_find(struct view path, const struct table **table_out);

/* The row that speaks for a path of values below an object of `kind` (as in
 * desired_origins): behind a map stands one of its keys, and the map's row speaks for it. NULL
 * where the field is unknown. */
const struct field *table_row(enum kind kind, struct view path);
/* How much a change of the field at `path` may break at most; RISK_HARMLESS where the field
 * is unknown. */
enum risk table_risk(enum kind kind, struct view path);
enum owner table_owner(enum kind kind, struct view path);

#define REFERS(kind) (1u << (kind))

#endif
