/* What a kind of object offers to the reconciler: one table a kind.
 *
 * A driver says what a state wants of its kind, compares what lives with what was
 * applied, refuses what only the live world can refuse, and writes what is its own when a
 * step is applied. Everything that all kinds share (identity, diff, gates, journal, the
 * object's row) is done outside. A new kind is a row in drivers.c, a file in driver/, and
 * a test. */
#ifndef AGENT_DRIVER_H
#define AGENT_DRIVER_H

#include "agent/database/object.h"
#include "schema/desired.h"
#include "schema/table.h"

struct agent_file;
struct application; /* agent/apply/apply.h */
struct broker;
struct change;      /* agent/plan/plan.h */
struct effects;     /* agent/effect/effect.h */
struct observation; /* agent/plan/observe.h */
struct plan;
struct zone_facts; /* agent/zone/records.h */

/* What an object's absence from the state means. */
enum absence {
	ABSENCE_REMOVES,  /* it holds nothing of anybody's: it goes at once */
	ABSENCE_DISABLES, /* it holds people's data: it is shut, and everything kept */
};

/* Another object that has to be Ready first; it is removed after this one. */
struct need {
	const struct driver *driver;
	struct view name;            /* id or key */
	struct span span;            /* the place that says so */
	const struct wanted *wanted; /* the one that it is, found by the diff */
};

/* One object that the state wants. */
struct wanted {
	const struct driver *driver;
	struct view id; /* as given; empty where the key is the identity */
	struct view key;
	struct view spec;                /* canonical JSON */
	unsigned char hash[DIGEST_SIZE]; /* of the spec */
	/* What lives once it is applied, as JSON that is whole in itself: references
	 * resolved, defaults filled in. */
	struct view applied;
	struct view note; /* what it is, for whoever reads the plan that makes it; or empty */
	bool changed; /* `applied` has values that somebody else put there, and that stay */
	struct span span;    /* the place that declares it */
	const void *desired; /* the schema's struct of this kind; NULL where derived */
	struct need *needs;  /* in the list's arena; of kinds with `effects` alone */
	size_t need_count;
	struct object *object; /* the one that it is, found by the diff; NULL: new */
};

struct wanted_list {
	struct arena *arena;
	/* What no state says, for kinds that are derived; NULL: only names are asked for. A kind that makes such things adds
	 * those that its objects will make; what comes behind it in `drivers` sees them. */
	struct zone_facts *facts;
	struct wanted *items; /* malloc'd */
	size_t count;
	size_t capacity;
};

/* The id, else the key. */
static inline struct view wanted_identity(const struct wanted *wanted)
{
	return wanted->id.len ? wanted->id : wanted->key;
}

/* Adds one, zeroed but for its driver; it stays until the next is added. */
struct wanted *wanted_add(struct wanted_list *list, const struct driver *driver);
/* One that the schema has as an object: id, key, spec, hash and place are filled in. */
struct wanted *wanted_add_object(struct wanted_list *list, const struct driver *driver,
		const struct desired_object *object);
void wanted_list_deinit(struct wanted_list *list);

struct driver {
	const char *kind; /* the word of the CLI, the API and status */
	enum kind schema; /* KIND_NONE: derived, the schema knows no such section */
	enum absence absence;
	/* Of ABSENCE_DISABLES: false where this one holds nobody's data and may go;
	 * NULL: all hold some. */
	bool (*holds_data)(const struct object *object, const struct object_set *all);
	bool has_postbox; /* each has an encrypted file: its creation takes a wrapped key */
	enum risk risk; /* of its coming and going, and of fields that the schema does not
			   know */
	/* Derived from what gates count themselves: they do not count it once more. */
	bool follows;
	const char *policy_word; /* what `policy.drift` may call it besides; NULL: nothing */
	bool is_rules; /* when it goes, each of its rules is what the schema says */
	/* False for a field of the spec that another kind shows (a host's listeners);
	 * NULL: all are this kind's own. */
	bool (*owns)(struct view path);
	/* Adds to `o->facts` what derived kinds are made of, as it was applied: before any
	 * kind is asked what it wants. NULL: it has no such thing. */
	int (*know)(struct observation *o);
	/* Adds what the state wants of this kind. */
	void (*want)(const struct driver *driver, const struct desired *desired,
			struct wanted_list *out);
	/* Fills in `applied` where it names other objects, once all are matched; NULL: `want`
	 * has done so. */
	void (*refer)(struct wanted *wanted, const struct observation *o);
	/* Fills in what of `applied` is made by a step of this very apply, as the public half of
	 * a new key is: within the transaction, behind the steps of the kinds before it in
	 * `drivers`, and before its own row is written. The spec never has such a value: it
	 * names what makes it. NULL: the plan knew all of it. */
	int (*bind)(struct application *a, struct wanted *wanted);
	/* Compares all that lives of this kind with what was applied; NULL where nothing
	 * lives outside the object's row. */
	int (*observe)(const struct driver *driver, struct observation *o);
	/* Refuses a change that cannot be made: adds to the plan's problems. Reads only.
	 * NULL: nothing to refuse. */
	int (*check)(const struct change *change, struct observation *o,
			struct plan *plan);
	/* Why the object is Ready once the change is done: "Applied" where this is NULL. */
	int (*condition)(struct application *a, const struct change *change,
			const char **reason_out, struct view *message_out);
	/* Writes what is this kind's own, within the transaction, behind the object's row;
	 * may be NULL. */
	int (*apply)(struct application *a, const struct change *change);
	/* The same for an object that leaves: before its row goes (or is disabled). */
	int (*retire)(struct application *a, const struct change *change);
	/* Destroys what is this kind's own, before the object's row goes; keys first. NULL:
	 * there is nothing. */
	int (*purge)(struct application *a, const struct change *change);
	/* True where what the object has outside stays there when it leaves: somebody else keeps
	 * it from now on. `applied` is its row's. NULL: it is taken away. */
	bool (*lets_go)(struct application *a, struct view applied);
	/* What is done outside of this process, through the outbox; NULL: nothing. */
	const struct effects *effects;
};

static inline bool driver_keeps_data(const struct driver *driver)
{
	return driver->absence == ABSENCE_DISABLES;
}

/* In the order in which they depend on each other: creation walks down, removal up. */
extern const struct driver *const drivers[];
extern const size_t driver_count;

/* By kind's name; NULL where there is none. */
const struct driver *driver_of(struct view kind);
/* Its row in `drivers`. */
size_t driver_index(const struct driver *driver);

extern const struct driver driver_host;
extern const struct driver driver_policy;
extern const struct driver driver_alerts;
extern const struct driver driver_backup;
extern const struct driver driver_certificate;
extern const struct driver driver_listener;
extern const struct driver driver_relay;
extern const struct driver driver_destination;
extern const struct driver driver_dns_provider;
extern const struct driver driver_group;
extern const struct driver driver_domain;
extern const struct driver driver_dkim_key;
extern const struct driver driver_mta_sts;
extern const struct driver driver_record;
extern const struct driver driver_user;
extern const struct driver driver_shared;
extern const struct driver driver_service;
extern const struct driver driver_alias;

#endif
