#include "schema/diagnostic.h"

#include "runtime/base/error.h"
#include "runtime/base/utf8.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* clang-format off */
static const struct diagnostic_row rows[DIAGNOSTIC_NAMES] = {
	[BAD_YAML]              = { "BadYaml",             SEVERITY_ERROR, "the file is not YAML" },
	[BAD_ENCODING]          = { "BadEncoding",         SEVERITY_ERROR, "the file is not UTF-8" },
	[FILE_TOO_LARGE]        = { "FileTooLarge",        SEVERITY_ERROR, "a file is larger than 4 MiB" },
	[STATE_TOO_LARGE]       = { "StateTooLarge",       SEVERITY_ERROR, "the files together are larger than 64 MiB" },
	[TOO_MANY_FILES]        = { "TooManyFiles",        SEVERITY_ERROR, "a state has more than 10,000 files" },
	[TOO_DEEP]              = { "TooDeep",             SEVERITY_ERROR, "maps and lists are nested deeper than 32" },
	[TOO_MANY_VALUES]       = { "TooManyValues",       SEVERITY_ERROR, "more values than a file or a state may have" },
	[VALUE_TOO_LONG]        = { "ValueTooLong",        SEVERITY_ERROR, "one value is longer than 1 MiB" },
	[NO_FILES]              = { "NoFiles",             SEVERITY_ERROR, "no file of a state was found" },
	[UNREADABLE_FILE]       = { "UnreadableFile",      SEVERITY_ERROR, "a file or directory could not be read" },
	[NOT_A_STATE]           = { "NotAState",           SEVERITY_ERROR, "nothing at the top level of a file is a section of a state" },
	[ANCHOR_NOT_ALLOWED]    = { "AnchorNotAllowed",    SEVERITY_ERROR, "a state has no YAML anchors" },
	[ALIAS_NOT_ALLOWED]     = { "AliasNotAllowed",     SEVERITY_ERROR, "a state has no YAML aliases" },
	[MERGE_KEY_NOT_ALLOWED] = { "MergeKeyNotAllowed",  SEVERITY_ERROR, "a state has no YAML merge keys" },
	[TAG_NOT_ALLOWED]       = { "TagNotAllowed",       SEVERITY_ERROR, "a state has no YAML tags" },
	[DIRECTIVE_NOT_ALLOWED] = { "DirectiveNotAllowed", SEVERITY_ERROR, "a state has no YAML directives" },
	[SECOND_DOCUMENT]       = { "SecondDocument",      SEVERITY_ERROR, "a file holds more than one YAML document" },
	[COMPLEX_KEY]           = { "ComplexKey",          SEVERITY_ERROR, "a key is a map or a list" },
	[EMPTY_KEY]             = { "EmptyKey",            SEVERITY_ERROR, "a key is empty" },
	[KEY_WITH_COLON]        = { "KeyWithColon",        SEVERITY_ERROR, "a blank is missing behind a colon" },
	[EMPTY_VALUE]           = { "EmptyValue",          SEVERITY_ERROR, "a value is missing" },
	[VALUE_CUT_OFF]         = { "ValueCutOff",         SEVERITY_ERROR, "an unquoted value was cut off by ` #`" },
	[CONTROL_BYTE]          = { "ControlByte",         SEVERITY_ERROR, "a byte that has no place in a text" },
	[DUPLICATE_KEY]         = { "DuplicateKey",        SEVERITY_ERROR, "the same key stands twice" },
	[UNKNOWN_FIELD]         = { "UnknownField",        SEVERITY_ERROR, "no such field" },
	[WRONG_TYPE]            = { "WrongType",           SEVERITY_ERROR, "a map, a list or a plain value where another is wanted" },
	[NOT_A_BOOLEAN]         = { "NotABoolean",         SEVERITY_ERROR, "neither `true` nor `false`" },
	[NOT_A_NUMBER]          = { "NotANumber",          SEVERITY_ERROR, "not a whole number" },
	[OUT_OF_RANGE]          = { "OutOfRange",          SEVERITY_ERROR, "a value past its bounds" },
	[UNKNOWN_UNIT]          = { "UnknownUnit",         SEVERITY_ERROR, "a number with a unit that does not exist, or none" },
	[UNKNOWN_WORD]          = { "UnknownWord",         SEVERITY_ERROR, "not one of the words that may stand here" },
	[BAD_DURATION]          = { "BadDuration",         SEVERITY_ERROR, "not a duration" },
	[BAD_SIZE]              = { "BadSize",             SEVERITY_ERROR, "not a size" },
	[BAD_RATE]              = { "BadRate",             SEVERITY_ERROR, "not a rate" },
	[BAD_SCHEDULE]          = { "BadSchedule",         SEVERITY_ERROR, "not a schedule" },
	[BAD_DATE]              = { "BadDate",             SEVERITY_ERROR, "not a date" },
	[BAD_ID]                = { "BadId",               SEVERITY_ERROR, "not an id" },
	[BAD_NAME]              = { "BadName",             SEVERITY_ERROR, "not a name" },
	[BAD_DOMAIN]            = { "BadDomain",           SEVERITY_ERROR, "not a domain name" },
	[BAD_ADDRESS]           = { "BadAddress",          SEVERITY_ERROR, "not a mail address" },
	[BAD_IP]                = { "BadIp",               SEVERITY_ERROR, "not an IP address or network" },
	[BAD_ENDPOINT]          = { "BadEndpoint",         SEVERITY_ERROR, "not a port or an address with a port" },
	[BAD_URL]               = { "BadUrl",              SEVERITY_ERROR, "not a URL" },
	[BAD_PATH]              = { "BadPath",             SEVERITY_ERROR, "not a path that may stand here" },
	[BAD_PATTERN]           = { "BadPattern",          SEVERITY_ERROR, "not a pattern" },
	[BAD_RECIPIENT]         = { "BadRecipient",        SEVERITY_ERROR, "not an age recipient" },
	[BAD_HASH]              = { "BadHash",             SEVERITY_ERROR, "not a password hash of a known form" },
	[BAD_TEXT]              = { "BadText",             SEVERITY_ERROR, "a text with something that may not stand in it" },
	[PLAIN_SECRET]          = { "PlainSecret",         SEVERITY_ERROR, "a secret in plain text" },
	[MISSING_FIELD]         = { "MissingField",        SEVERITY_ERROR, "a field that must be there is not" },
	[ONE_OF]                = { "OneOf",               SEVERITY_ERROR, "exactly one of several fields must be there" },
	[EXCLUDES]              = { "Excludes",            SEVERITY_ERROR, "two fields that cannot stand together" },
	[UNSUPPORTED_VERSION]   = { "UnsupportedVersion",  SEVERITY_ERROR, "a version of the language that this program does not know" },
	[VERSION_DISAGREES]     = { "VersionDisagrees",    SEVERITY_ERROR, "two files name two versions" },
	[DEPRECATED_FIELD]      = { "DeprecatedField",     SEVERITY_WARNING, "a field that a later version drops" },
	[UNKNOWN_REFERENCE]     = { "UnknownReference",    SEVERITY_ERROR, "nothing has this name" },
	[AMBIGUOUS_REFERENCE]   = { "AmbiguousReference",  SEVERITY_ERROR, "several things have this name" },
	[UNKNOWN_DOMAIN]        = { "UnknownDomain",       SEVERITY_ERROR, "an address in a domain that the state does not have" },
	[DUPLICATE_ID]          = { "DuplicateId",         SEVERITY_ERROR, "two objects have the same id" },
	[ID_IS_A_KEY]           = { "IdIsAKey",            SEVERITY_ERROR, "an id equals the key of another object" },
	[ADDRESS_TAKEN]         = { "AddressTaken",        SEVERITY_ERROR, "one address belongs to two objects" },
	[DUPLICATE_ITEM]        = { "DuplicateItem",       SEVERITY_ERROR, "a list names the same thing twice" },
	[ALIAS_LOOP]            = { "AliasLoop",           SEVERITY_ERROR, "aliases lead in a circle" },
	[TWIN_LOOP]             = { "TwinLoop",            SEVERITY_ERROR, "`same_as` leads to a twin" },
	[TWIN_HAS_SETTINGS]     = { "TwinHasSettings",     SEVERITY_ERROR, "a twin sets what it takes from its domain" },
	[POLICY_UNSERVED]       = { "PolicyUnserved",      SEVERITY_ERROR, "a policy of MTA-STS that could not be served" },
	[GROUPS_DISAGREE]       = { "GroupsDisagree",      SEVERITY_ERROR, "two groups give one user two values" },
	[HASH_FOR_PRIVATE]      = { "HashForPrivate",      SEVERITY_ERROR, "a password hash for an account that only its owner can open" },
	[INVITE_TO_ITSELF]      = { "InviteToItself",      SEVERITY_ERROR, "an invitation goes to the mailbox that it opens" },
	[INVITE_UNSERVED]       = { "InviteUnserved",      SEVERITY_ERROR, "an invitation, and no host serves the page that its link opens" },
	[HOST_NOT_CHOSEN]       = { "HostNotChosen",       SEVERITY_ERROR, "several hosts, and the agent's file does not say which this is" },
	[UNKNOWN_HOST]          = { "UnknownHost",         SEVERITY_ERROR, "the agent's file names a host that the state does not have" },
	[NO_HOST]               = { "NoHost",              SEVERITY_ERROR, "a state without hosts" },
	[PORT_TAKEN]            = { "PortTaken",           SEVERITY_ERROR, "two listeners on one port" },
	[FILE_NOT_ALLOWED]      = { "FileNotAllowed",      SEVERITY_ERROR, "a file of the host that the agent's file does not allow" },
	[FOLDER_NOT_ALLOWED]    = { "FolderNotAllowed",    SEVERITY_ERROR, "a folder of the host that the agent's file does not let a state write to" },
	[FORWARD_NOT_ALLOWED] = { "ForwardNotAllowed", SEVERITY_ERROR, "a user's forward that the policy does not allow" },
	[CREDENTIAL_NOT_ALLOWED] = { "CredentialNotAllowed", SEVERITY_ERROR, "a credential that the agent's file does not allow in this place" },
	[BAD_RECORD]            = { "BadRecord",           SEVERITY_ERROR, "a value that no record of its type can have" },
	[BAD_SEALED]            = { "BadSealed",           SEVERITY_ERROR, "a sealed value that is no age file in base64" },
	[BAD_SPF]               = { "BadSpf",              SEVERITY_ERROR, "a term that others could not read or would not heed" },
	[TOO_MANY_LOOKUPS]      = { "TooManyLookups",      SEVERITY_ERROR, "an SPF record that asks the DNS more often than is allowed" },
	[NOT_SERVED_YET]        = { "NotServedYet",        SEVERITY_ERROR, "right, but this version does not act on it" },
	[NO_RECIPIENT_OFF_HOST] = { "NoRecipientOffHost",  SEVERITY_WARNING, "secrets can be opened on the host alone: if it is lost, so are they" },
	[ALERTS_STAY_INSIDE]    = { "AlertsStayInside",    SEVERITY_WARNING, "every alert goes to a domain of this state" },
	[NO_POSTMASTER]         = { "NoPostmaster",        SEVERITY_WARNING, "nobody gets the mail to postmaster@ of a domain" },
	[NO_MEMBERS]            = { "NoMembers",           SEVERITY_WARNING, "a shared mailbox that nobody can look into" },
	[CANNOT_LOG_IN]         = { "CannotLogIn",         SEVERITY_WARNING, "a user with neither password nor invitation" },
};
/* clang-format on */

const struct diagnostic_row *diagnostic_row(enum diagnostic_name name)
{
	assert(name < DIAGNOSTIC_NAMES && rows[name].name);
	return &rows[name];
}

void diagnostics_init(
		struct diagnostics *d, struct arena *arena, const struct sources *sources)
{
	*d = (struct diagnostics){ .arena = arena, .sources = sources };
}

void diagnostics_deinit(struct diagnostics *d)
{
	free(d->items);
	*d = (struct diagnostics){ 0 };
}

bool diagnostics_full(const struct diagnostics *d)
{
	return d->count >= DIAGNOSTICS_KEPT;
}

PRINTF_LIKE(2, 0)
static struct view format(struct diagnostics *d, const char *text, va_list args)
{
	CLEANUP(buf_free) struct buf made = BUF_NULL(64 * 1024);

	buf_vaddf(&made, text, args);
	return arena_copy(d->arena, buf_view(&made));
}

PRINTF_LIKE(4, 0)
static struct diagnostic *add(struct diagnostics *d, enum diagnostic_name name,
		struct view path, const char *label, va_list args)
{
	struct diagnostic *item;

	if (rows[name].severity == SEVERITY_WARNING)
		d->warnings++;
	else
		d->errors++;
	if (diagnostics_full(d)) {
		d->spare = (struct diagnostic){ 0 };
		return &d->spare;
	}
	array_grow(&d->items, &d->capacity, d->count + 1, sizeof(*d->items));
	item = &d->items[d->count];
	*item = (struct diagnostic){
		.name = name,
		.order = d->count++,
		.warning = rows[name].severity == SEVERITY_WARNING,
		.path = path,
		.frames = arena_array(d->arena, 1, sizeof(*item->frames)),
		.frame_count = 1,
	};
	item->frames[0].label = format(d, label, args);
	return item;
}

struct diagnostic *diagnostics_add(struct diagnostics *d, enum diagnostic_name name,
		struct view path, struct span span, const char *label, ...)
{
	struct diagnostic *item;
	va_list args;

	va_start(args, label);
	item = add(d, name, path, label, args);
	va_end(args);
	if (item->frame_count) {
		item->placed = true;
		item->frames[0].span = span;
	}
	return item;
}

struct diagnostic *diagnostics_add_unplaced(struct diagnostics *d,
		enum diagnostic_name name, struct view path, const char *label, ...)
{
	struct diagnostic *item;
	va_list args;

	va_start(args, label);
	item = add(d, name, path, label, args);
	va_end(args);
	return item;
}

void diagnostic_help(
		struct diagnostics *d, struct diagnostic *item, const char *help, ...)
{
	va_list args;

	if (item == &d->spare)
		return;
	va_start(args, help);
	item->help = format(d, help, args);
	va_end(args);
}

void diagnostic_frame(struct diagnostics *d, struct diagnostic *item, struct span span,
		const char *label, ...)
{
	struct frame *frames;
	va_list args;

	if (item == &d->spare || item->frame_count == FRAMES_MAX)
		return;
	frames = arena_array(d->arena, item->frame_count + 1, sizeof(*frames));
	memcpy(frames, item->frames, item->frame_count * sizeof(*frames));
	va_start(args, label);
	frames[item->frame_count].label = format(d, label, args);
	va_end(args);
	frames[item->frame_count].span = span;
	item->frames = frames;
	item->frame_count++;
}

static int compare(const void *left, const void *right)
{
	const struct diagnostic *a = left, *b = right;
	struct span x = a->frames[0].span, y = b->frames[0].span;

	if (a->placed != b->placed)
		return a->placed ? 1 : -1;
	if (a->placed && x.file != y.file)
		return x.file < y.file ? -1 : 1;
	if (a->placed && x.start != y.start)
		return x.start < y.start ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

void diagnostics_sort(struct diagnostics *d)
{
	if (d->count)
		qsort(d->items, d->count, sizeof(*d->items), compare);
}

void diagnostics_make_strict(struct diagnostics *d)
{
	for (size_t i = 0; i < d->count; i++)
		d->items[i].warning = false;
	d->errors += d->warnings;
	d->warnings = 0;
}

void diagnostics_move(struct diagnostics *into, struct diagnostics *from)
{
	assert(into->arena == from->arena && into->sources == from->sources);
	for (size_t i = 0; i < from->count && !diagnostics_full(into); i++) {
		array_grow(&into->items, &into->capacity, into->count + 1,
				sizeof(*into->items));
		into->items[into->count] = from->items[i];
		into->items[into->count].order = into->count;
		into->count++;
	}
	into->errors += from->errors;
	into->warnings += from->warnings;
	from->count = from->errors = from->warnings = 0;
}

/* -- JSON -- */

static json_t *text_json(struct view text)
{
	CLEANUP(buf_free) struct buf repaired = BUF_NULL(3 * text.len + 1);

	utf8_add_repaired(&repaired, text);
	return json_stringn(repaired.data ? repaired.data : "", repaired.len);
}

static json_t *frame_json(const struct diagnostics *d, const struct frame *frame)
{
	struct place place = sources_place(d->sources, frame->span);
	json_t *json = json_object();

	json_object_set_new(json, "file", text_json(place.path));
	json_object_set_new(json, "line", json_integer(place.line));
	json_object_set_new(json, "column", json_integer(place.column));
	json_object_set_new(json, "byte_column", json_integer(place.byte_column));
	json_object_set_new(json, "offset", json_integer(frame->span.start));
	json_object_set_new(json, "length",
			json_integer(frame->span.end - frame->span.start));
	json_object_set_new(json, "label", text_json(frame->label));
	return json;
}

static json_t *diagnostic_json(const struct diagnostics *d, const struct diagnostic *item)
{
	json_t *json = item->placed ? frame_json(d, &item->frames[0]) : json_object();
	json_t *more = json_array();

	json_object_set_new(json, "name", json_string(rows[item->name].name));
	json_object_set_new(json, "severity",
			json_string(item->warning ? "warning" : "error"));
	json_object_set_new(json, "path", text_json(item->path));
	json_object_set_new(json, "label", text_json(item->frames[0].label));
	if (item->help.len)
		json_object_set_new(json, "help", text_json(item->help));
	for (size_t i = 1; i < item->frame_count; i++)
		json_array_append_new(more, frame_json(d, &item->frames[i]));
	if (item->frame_count > 1)
		json_object_set(json, "see", more);
	json_decref(more);
	return json;
}

json_t *diagnostics_json(const struct diagnostics *d)
{
	json_t *json = json_object(), *list = json_array();

	json_object_set_new(json, "errors", json_integer((json_int_t)d->errors));
	json_object_set_new(json, "warnings", json_integer((json_int_t)d->warnings));
	for (size_t i = 0; i < d->count; i++)
		json_array_append_new(list, diagnostic_json(d, &d->items[i]));
	json_object_set_new(json, "diagnostics", list);
	return json;
}
