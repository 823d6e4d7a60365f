#include "agent/plan/diff.h"

#include "agent/database/account.h"
#include "agent/database/text.h"
#include "agent/plan/dependence.h"
#include "agent/plan/drift.h"
#include "agent/plan/fields.h"
#include "agent/plan/match.h"
#include "agent/plan/rules.h"
#include "agent/plan/unowned.h"
#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "schema/source.h"

enum {
	LONGEST_TEXT = 4096,
};

/* -- one object -- */

static struct change *begin_change(struct observation *o, struct plan *plan,
		enum action action, const struct wanted *wanted, const char *reason)
{
	struct object *object = wanted->object;
	struct view id = wanted->id.len ? wanted->id : object ? object->id : wanted->key;
	struct change *change =
			plan_add_change(plan, action, wanted->driver, id, wanted->key);

	change->reason = reason;
	change->object = object;
	change->wanted = (struct wanted *)wanted;
	change->declared = observe_declaration(o, wanted);
	return change;
}

static void begin_new(struct observation *o, struct plan *plan,
		const struct wanted *wanted, const struct unowned *file)
{
	struct change *change = begin_change(o, plan, file ? ACTION_ADOPT : ACTION_CREATE,
			wanted, file ? "FileUnowned" : "Declared");

	change->risks = fields_risks(wanted->driver, wanted->spec);
	change->note = wanted->note;
	if (file) {
		/* Whoever has the account reads what is in the file. */
		change->risks |= risk_bit(RISK_EXPOSING);
		change->adopted = file;
		change->note = unowned_describe(file, o->arena);
	}
	change->risk = risk_gravest(change->risks);
}

/* Nobody can tell whose they are, and nothing is known yet: control.db is not the one that
 * they were made under. */
static void refuse_unknown(
		struct observation *o, struct plan *plan, const struct wanted *wanted)
{
	struct declaration declared = observe_declaration(o, wanted);

	plan_add_problem(plan, &declared, "KeysLost",
			arena_printf(o->arena,
					"%zu account files are here whose keys and "
					"owners "
					"nothing knows: control.db and "
					"accounts/deeds.db are new",
					o->unowned->unknown),
			VIEW("put control.db or accounts/deeds.db back from a backup; "
			     "`--abandon` begins with empty accounts and leaves the "
			     "files"));
}

static void refuse_unowned(struct observation *o, struct plan *plan,
		const struct wanted *wanted, const struct unowned *file)
{
	struct declaration declared = observe_declaration(o, wanted);
	struct view described = unowned_describe(file, o->arena);

	if (view_eq(file->deed->kind, view_z(wanted->driver->kind)))
		plan_add_problem(plan, &declared, "KeysLost",
				arena_printf(o->arena,
						"the master key does not open what "
						"%.*s is in: %.*s",
						VIEW_ARG(wanted->key),
						VIEW_ARG(described)),
				VIEW("start the agent with the master key that was used "
				     "then (the recovery kit has it); `--abandon` begins "
				     "with an empty account and leaves the file"));
	else
		plan_add_problem(plan, &declared, "AddressKept",
				arena_printf(o->arena,
						"%.*s is the address of a %.*s: %.*s",
						VIEW_ARG(wanted->key),
						VIEW_ARG(file->deed->kind),
						VIEW_ARG(described)),
				VIEW("declare it as what it was; `--abandon` begins with "
				     "an empty account and leaves the file"));
}

static int look_for_files(struct observation *o)
{
	if (o->unowned)
		return 0;
	o->unowned = xcalloc(1, sizeof(*o->unowned));
	return unowned_find(o->data, o->deeds, o->broker, o, o->unowned);
}

/* An account is not made where a file of it may be. */
static int create(struct observation *o, struct plan *plan, const struct wanted *wanted)
{
	const struct unowned *file = NULL, *other;
	int r;

	if (!wanted->driver->has_postbox || o->assumed ||
			o->unowned_way == UNOWNED_ABANDONED) {
		begin_new(o, plan, wanted, NULL);
		return 0;
	}
	r = look_for_files(o);
	if (r)
		return r;
	file = unowned_of(o->unowned, wanted);
	other = unowned_other(o->unowned, wanted);
	if (file ? !file->opens : other != NULL)
		refuse_unowned(o, plan, wanted, file ? file : other);
	else if (!file && o->unowned->unknown && o->objects.count == 0 &&
			plan->problem_count == 0)
		refuse_unknown(o, plan, wanted);
	begin_new(o, plan, wanted, file);
	return 0;
}

static bool is_named_now(const struct wanted *wanted)
{
	return wanted->id.len && !view_eq(wanted->id, wanted->object->id);
}

/* The address that a rename leaves is another's from now on, as where two swap theirs. */
static bool is_given_away(const struct observation *o, struct view address)
{
	size_t at = view_find_last(address, '@');
	const struct desired_domain *domain =
			desired_domain_of(o->desired, view_from(address, at + 1));

	return domain && desired_route(domain, view_sub(address, 0, at));
}

static struct view rename_note(struct observation *o, const struct wanted *wanted)
{
	CLEANUP(buf_free) struct buf note = BUF_NULL(LONGEST_TEXT);

	if (!driver_keeps_data(wanted->driver) ||
			view_find(wanted->key, '@') == wanted->key.len ||
			is_given_away(o, wanted->object->key))
		return VIEW_NULL;
	buf_add_z(&note, "old address kept until ");
	text_add_day(&note, o->now + ADDRESS_KEPT);
	return arena_copy(o->arena, buf_view(&note));
}

static int compare(struct observation *o, const struct wanted *wanted,
		struct field_list *fields)
{
	struct object *object = wanted->object;
	struct object_texts texts;
	int r;

	if (!view_eq(object->key, wanted->key))
		fields_add(fields,
				view_find(wanted->key, '@') == wanted->key.len
						? "name"
						: "address",
				object->key, wanted->key);
	if (is_named_now(wanted))
		fields_add(fields, "id", object->id, wanted->id);
	if (memcmp(object->hash, wanted->hash, DIGEST_SIZE) == 0)
		return 0;
	r = object_read_texts(o->db, object->uid, o->arena, &texts);
	if (r == 0)
		fields_compare(fields, texts.spec, wanted->spec);
	return r;
}

static void rebase(struct plan *plan, struct wanted *wanted)
{
	array_grow(&plan->rebased, &plan->rebased_capacity, plan->rebased_count + 1,
			sizeof(*plan->rebased));
	plan->rebased[plan->rebased_count++] = wanted;
}

static bool lives_as_wanted(const struct wanted *wanted)
{
	unsigned char applied[DIGEST_SIZE];

	digest_bytes(wanted->applied, applied);
	return memcmp(applied, wanted->object->observed, DIGEST_SIZE) == 0;
}

static int change_existing(
		struct observation *o, struct plan *plan, struct wanted *wanted)
{
	struct object *object = wanted->object;
	struct field_list fields = { .arena = o->arena, .driver = wanted->driver };
	struct change *change = NULL;
	bool spec_differs = memcmp(object->hash, wanted->hash, DIGEST_SIZE) != 0;
	int r;

	if (object->state == OBJECT_DISABLED && drift_kept(object, TOUCH_STATE)) {
		plan->unchanged++;
		return 0;
	}
	r = compare(o, wanted, &fields);
	if (r) {
		free(fields.items);
		return r;
	}
	if (object->state == OBJECT_DISABLED || object->leaving)
		change = begin_change(o, plan, ACTION_ENABLE, wanted,
				drift_is_corrected(object) ? "ChangedOutside"
							   : "Returned");
	else if (!view_eq(object->key, wanted->key))
		change = begin_change(o, plan, ACTION_MOVE, wanted, "KeyChanged");
	else if (is_named_now(wanted))
		change = begin_change(o, plan, ACTION_SET_ID, wanted, "IdGiven");
	else if (fields.count)
		change = begin_change(o, plan, ACTION_UPDATE, wanted, "SpecChanged");
	else if (drift_is_corrected(object))
		change = begin_change(o, plan, ACTION_CORRECT, wanted, "ChangedOutside");
	else if (object->drift == DRIFT_STEP)
		change = begin_change(
				o, plan, ACTION_ROTATE, wanted, object->drift_reason);
	else if (spec_differs || !lives_as_wanted(wanted))
		rebase(plan, wanted);
	if (!change) {
		plan->unchanged++;
		return 0;
	}
	if (change->action == ACTION_MOVE) {
		change->key_before = object->key;
		change->note = rename_note(o, wanted);
	}
	if (change->action == ACTION_CORRECT)
		drift_add_fields(object, &fields);
	if (change->action == ACTION_ENABLE || change->action == ACTION_ROTATE)
		change->risks |= risk_bit(wanted->driver->risk);
	fields_finish(&fields, change);
	return 0;
}

static void retain(struct observation *o, struct plan *plan, const struct object *object)
{
	array_grow(&plan->retained, &plan->retained_capacity, plan->retained_count + 1,
			sizeof(*plan->retained));
	plan->retained[plan->retained_count++] = (struct retained){ object->driver,
		object->id, object->disabled_at, object->disabled_at + o->rules->retain,
		!rules_backed_up(o->rules, object) };
}

static bool names(const struct desired_purge *purge, const struct object *object)
{
	return purge && view_eq(purge->kind, view_z(object->driver->kind)) &&
	       (view_eq(purge->id, object->id) || view_eq(purge->id, object->key));
}

/* What asks for the object's data to be destroyed: the state, or somebody by hand. */
static const struct desired_purge *purge_of(
		const struct observation *o, const struct object *object)
{
	for (size_t i = 0; o->desired && i < o->desired->purge_count; i++)
		if (names(&o->desired->purges[i], object))
			return &o->desired->purges[i];
	return names(o->purge, object) ? o->purge : NULL;
}

static void refuse_uid(struct observation *o, struct plan *plan,
		const struct desired_purge *purge, const struct object *object)
{
	struct place place = sources_place(o->desired->sources, purge->span);
	const struct declaration declared = { .file = arena_copy(o->arena, place.path),
		.line = place.line,
		.column = place.column };

	plan_add_problem(plan, &declared, "UidDiffers",
			arena_printf(o->arena, "%.*s has another uid than this",
					VIEW_ARG(object_name(object, o->arena))),
			arena_printf(o->arena,
					"`posthus get %.*s` shows its uid; is it really "
					"this one that shall be destroyed?",
					VIEW_ARG(object_name(object, o->arena))));
}

static bool has_uid(const struct desired_purge *purge, const struct object *object)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(UID_TEXT);

	hex_add(&text, view_of(object->uid, UID_SIZE));
	return view_eq(buf_view(&text), purge->uid);
}

/* A disabled object stays as it is, or its time has come. */
static void stay_or_go(struct observation *o, struct plan *plan, struct object *object)
{
	const struct desired_purge *purge = purge_of(o, object);
	struct change *change;

	if (purge && !has_uid(purge, object)) {
		refuse_uid(o, plan, purge, object);
		return;
	}
	if (!purge || o->now < object->disabled_at + o->rules->retain ||
			(!purge->unbacked && !rules_backed_up(o->rules, object)) ||
			plan->purges == o->rules->purges) {
		retain(o, plan, object);
		return;
	}
	plan->purges++;
	change = plan_add_change(
			plan, ACTION_PURGE, object->driver, object->id, object->key);
	change->reason = "PurgeRequested";
	change->object = object;
	change->risk = RISK_IRREVERSIBLE;
	change->risks = risk_bit(RISK_IRREVERSIBLE);
}

/* Mail is hidden, or an address leads nowhere any more; where rules go, it is what they kept
 * away. */
static int risks_of_leaving(struct observation *o, const struct object *object,
		enum action action, unsigned *out)
{
	struct object_texts texts;
	int r;

	*out = risk_bit(RISK_DATA);
	if (action == ACTION_DISABLE)
		return 0;
	*out = risk_bit(RISK_SERVICE) | risk_bit(object->driver->risk);
	if (!object->driver->is_rules)
		return 0;
	r = object_read_texts(o->db, object->uid, o->arena, &texts);
	if (r == 0)
		*out = fields_risks_gone(object->driver, texts.spec);
	return r;
}

static int leave(struct observation *o, struct plan *plan, struct object *object)
{
	bool disables = driver_keeps_data(object->driver) &&
			(!object->driver->holds_data ||
					object->driver->holds_data(object, &o->objects));
	struct change *change;
	int r;

	if (object->leaving)
		return 0; /* it is on its way */
	if (object->state == OBJECT_DISABLED) {
		stay_or_go(o, plan, object);
		return 0;
	}
	change = plan_add_change(plan, disables ? ACTION_DISABLE : ACTION_REMOVE,
			object->driver, object->id, object->key);
	change->reason = "Absent";
	change->object = object;
	change->declared = object->declared;
	change->declared.file = VIEW_NULL; /* that line is gone */
	r = risks_of_leaving(o, object, change->action, &change->risks);
	change->risk = risk_gravest(change->risks);
	return r;
}

static void add_drift(struct plan *plan, const struct object *object)
{
	*plan_add_drift(plan) = (struct drift){
		.driver = object->driver,
		.id = object->id,
		.reason = object->drift_reason,
		.message = object->drift_message,
		.kind = object->drift,
	};
}

int diff(struct observation *o, struct plan *plan)
{
	int r;

	match(o, plan);
	for (size_t i = 0; i < o->wanted.count; i++)
		if (o->wanted.items[i].driver->refer)
			o->wanted.items[i].driver->refer(&o->wanted.items[i], o);
	r = drift_decide(o, plan);
	if (r)
		return r;
	dependences_check(o, plan);
	for (size_t i = 0; i < o->wanted.count; i++) {
		struct wanted *wanted = &o->wanted.items[i];

		if (wanted->object)
			r = change_existing(o, plan, wanted);
		else
			r = create(o, plan, wanted);
		if (r)
			return r;
	}
	for (size_t i = 0; i < o->objects.count; i++) {
		struct object *object = &o->objects.items[i];

		if (object->drift != DRIFT_NONE && object->drift < DRIFT_CORRECT)
			add_drift(plan, object);
		drift_show(o, plan, object);
		if (!object->wanted)
			r = leave(o, plan, object);
		if (r)
			return r;
	}
	for (size_t i = 0; i < plan->change_count; i++) {
		const struct change *change = &plan->changes[i];

		if (change->driver->check && !o->assumed)
			r = change->driver->check(change, o, plan);
		if (r)
			return r;
	}
	plan_finish(plan);
	return 0;
}
