/* What the parts of the checker share while one state is checked. Not for other floors. */
#ifndef SCHEMA_CHECK_H
#define SCHEMA_CHECK_H

#include "runtime/base/map.h"
#include "schema/checker.h"
#include "schema/overlay.h"
#include "schema/value.h"

/* All objects of one kind, as an array of the kind's typed struct; each begins with its
 * struct desired_object. */
struct objects {
	char *items;
	size_t size; /* of one */
	size_t count;
	size_t declared; /* in the files: more than count where some were dropped */
	struct map keys; /* key → object */
	struct map ids;  /* id → object */
};

/* Who has an address. */
struct holder {
	const struct desired_object *object;
	const struct node *node; /* the key or the item that says so */
	bool first;              /* the object's key, not a further address */
};

struct check {
	struct arena *arena;
	struct arena *tree;    /* nodes and values: dropped where nobody asks for lines */
	struct arena *scratch; /* dropped at the end */
	struct diagnostics *d;
	struct diagnostics not_served;
	const struct check_options *options;
	const struct table *root_table;
	unsigned silent;  /* within what was already named as not served */
	unsigned partial; /* within defaults and groups: nothing is required */
	unsigned in_defaults;
	size_t guessed; /* names that suggestions were looked for among */
	/* Part of the tree was lost to an error: what is missing proves nothing. */
	bool incomplete;
	struct objects kinds[KINDS];
	struct value *defaults[KINDS];
	struct value *root;   /* the root's other fields */
	struct map addresses; /* address → struct holder */
	struct map lost; /* keys and ids of what was dropped: asked for, they are no error */
	struct map overlaid;        /* key span → what is read in its place */
	struct map kept;            /* node → what it was made of */
	struct map schema_defaults; /* address of a field → struct value */
	struct buf text;            /* one canonical form at a time … */
	struct arena *line;         /* … and what it takes to print it */
	struct desired *desired;
};

/* -- shape: nodes to values -- */

/* Reports an error at a node (or at its key). Returns it for help and frames. */
struct diagnostic *complain(struct check *c, enum diagnostic_name name,
		const struct node *node, const char *label, ...) PRINTF_LIKE(4, 5);
struct diagnostic *complain_key(struct check *c, enum diagnostic_name name,
		const struct node *node, const char *label, ...) PRINTF_LIKE(4, 5);
void help(struct check *c, struct diagnostic *item, const char *text, ...)
		PRINTF_LIKE(3, 4);
/* Whether one more suggestion may be looked for among so many names: the search has its
 * price, and a hundred wrong lines in a large state are answered without. */
bool may_guess(struct check *c, size_t names);
/* "did you mean `…`?" where a candidate is near, else `otherwise` unless it is NULL. */
void help_nearest(struct check *c, struct diagnostic *item, struct view word,
		const char *const *candidates, size_t count, const char *otherwise);

/* How a value of a type looks: `{name: …}`. */
struct view form_of(struct check *c, const struct type *type);
/* Behind "write an IP address": " like `203.0.113.10`", or nothing. */
const char *example_of(const struct type *type);
void say_not_served(struct check *c, const struct node *node, const char *what);
void say_wrong_type(struct check *c, const struct type *type, const struct node *node);

/* Each kind of value; NULL where it is wrong. `field` may be NULL. */
struct value *shape_plain(struct check *c, const struct type *type,
		const struct field *field, struct node *node);
struct value *shape_list(struct check *c, const struct type *type,
		const struct field *field, struct node *node);
/* A plain value, or a map, where a list is wanted: a list of one. */
struct value *shape_list_of_one(struct check *c, const struct type *type,
		const struct field *field, struct node *node);
struct value *shape_map(struct check *c, const struct type *type, struct node *node);
/* The key of an entry of a map in its canonical form. */
MUST_USE bool shape_key(struct check *c, const struct type *map, struct node *node,
		struct view *out);
/* A plain value where a record is wanted: its usual field, if it has one. */
struct value *shape_short(struct check *c, const struct type *type, struct node *node);
struct value *shape_field(struct check *c, const struct field *field, struct node *node);
void say_unknown_field(
		struct check *c, const struct table *table, const struct node *node);
/* Names what this version does not act on. `value` may be NULL. */
void check_served(struct check *c, const struct field *field, const struct value *value,
		const struct node *node);
void check_required(struct check *c, const struct table *table, const struct node *node);
/* Checks the fields of a record and returns its values, in the order of the file. */
struct value *shape_record(struct check *c, const struct table *table, struct node *node);
/* Any value; NULL where it is wrong. `field` may be NULL. */
struct value *shape_value(struct check *c, const struct type *type,
		const struct field *field, struct node *node);
/* The whole tree: objects to c->kinds, the rest to c->root. */
void shape_state(struct check *c, struct node *root);

/* -- what is read otherwise than it is written -- */

void overlay_index(struct check *c);
/* Puts what the state declares no more into the tree. */
void overlay_add(struct check *c, struct node *root);
/* What is read in the place of an object's node; NULL: the node itself. */
const struct overlay_entry *overlay_at(const struct check *c, const struct node *node);
/* What a node was made of; NULL: it stands in a file. */
const struct overlay_entry *overlay_kept(const struct check *c, const struct node *node);
/* The node of an entry, with the place of another. */
struct node *overlay_node(struct check *c, const struct node *at,
		const struct overlay_entry *entry);

/* Of a state that has no errors: the hash of its canonical form. */
void desired_hash(struct desired_object *object);
/* Its canonical form, and the hash of that. */
void hash_object(struct check *c, struct desired_object *object);
/* And the maps of the check to find it by: they are taken. */
void desired_index(struct desired *desired, struct objects *kinds);
/* No object knows its nodes and values any more. */
void desired_forget_origins(struct desired *desired);

/* -- identity: keys, ids and addresses -- */

void identity_collect(struct check *c);
struct desired_object *object_at(const struct objects *objects, size_t i);
struct desired_object *object_named(
		const struct check *c, enum kind kind, struct view name);
/* The domain that an address lies in, its twin resolved; NULL: not of this state. */
const struct desired_domain *domain_of_address(
		const struct check *c, struct view address);

/* -- references -- */

/* Resolves every reference of every object and brings it into its canonical form. */
void reference_check(struct check *c);
/* What a reference that was checked points at. */
bool reference_target(const struct check *c, const struct value *value,
		struct desired_target *out);

/* -- layers, decoding, routes -- */

void layer_objects(struct check *c);
/* Writes values, and defaults of the schema, into the typed structs. */
void decode_objects(struct check *c);
void decode_fields(struct check *c, const struct table *table, struct value *values,
		void *object);
/* The items of a list as they are written in their canonical form. */
/* What the policy says of drift, as a word or by kind. */
void decode_drift(struct check *c, struct desired_policy *policy);
void decode_texts(struct check *c, const struct value *list, struct view_list *out);
void route_domains(struct check *c);
/* What the state says of objects that moved or go: rules first, then taken. */
void moved_check(struct check *c);
void moved_take(struct check *c, struct desired *desired);
void purge_take(struct check *c, struct desired *desired);
/* What of the machine a state names, and agent.yaml does not allow. */
void allowed_check(struct check *c);
/* What cannot be said of one field alone. */
void rules_check(struct check *c);
/* A domain's own records to typed form: values in the form of zone files. */
void records_decode(struct check *c, struct desired_domain *domain);
/* Who holds a zone that is to be kept. */
void records_check(struct check *c);
/* What a DNS provider needs by its type. */
void dns_provider_check(struct check *c, const struct desired_dns_provider *provider);
/* What the records of SPF would cost those who read them. */
void spf_check_domains(struct check *c);
void spf_check_relays(struct check *c);

#endif
