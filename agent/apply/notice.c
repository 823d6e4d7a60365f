#include "agent/apply/notice.h"

#include "agent/apply/letter.h"
#include "agent/database/text.h"
#include "runtime/base/error.h"
#include "runtime/store/database.h"
#include "schema/desired.h"

enum {
	LONGEST_NOTICE = 256 * 1024,
	LONGEST_SUBJECT = 500,
};

static const char *const subjects[] = {
	[TOPIC_FORWARD] = "where copies of your mail go",
	[TOPIC_ACCESS] = "who and what has access",
	[TOPIC_RESET] = "your password",
	[TOPIC_RECOVERY] = "who can restore your mailbox",
};

/* clang-format off */
static const struct {
	const char *path; /* of the field, and of what is below it */
	enum notice_topic topic;
	const char *what;
} told_fields[] = {
	{ "address",    TOPIC_ACCESS,   "Your first address, by which you log in" },
	{ "addresses",  TOPIC_ACCESS,   "Your further addresses" },
	{ "protocols",  TOPIC_ACCESS,   "The ways into your account" },
	{ "roles",      TOPIC_ACCESS,   "What you may administer" },
	{ "forward",    TOPIC_FORWARD,  "Copies of your mail" },
	{ "encryption", TOPIC_RECOVERY, "Who can open your mailbox" },
	{ "recovery",   TOPIC_RECOVERY, "Who can restore your mailbox" },
};
/* clang-format on */

int notice_topics(struct database *db, unsigned *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	json_t *policy;
	const json_t *topics;
	int r = database_prepare(db,
			"SELECT last_applied FROM object"
			" WHERE kind = 'policy' AND state = 'active'",
			&s);

	*out = (1u << TOPICS) - 1;
	if (r)
		return r;
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r;
	policy = json_loadb(column_view(s, 0).data, column_view(s, 0).len, 0, NULL);
	topics = json_object_get(policy, "tell");
	if (json_is_integer(topics))
		*out = (unsigned)json_integer_value(topics);
	json_decref(policy);
	return 0;
}

/* -- what is said -- */

static void add_end(
		struct buf *text, struct view address, struct view actor, walltime now)
{
	struct view domain = address;

	view_cut(&domain, '@');
	buf_addf(text, "\nIt was done by %.*s, at ", VIEW_ARG(actor));
	text_add_time(text, now);
	buf_addf(text,
			".\n\nIf you did not expect this, ask the people who run this "
			"server: write to\npostmaster@%.*s, or better speak to them, "
			"since somebody else may read\nyour mail.\n",
			VIEW_ARG(domain));
}

static int put(struct database *db, const unsigned char *account, enum notice_topic topic,
		const struct buf *text)
{
	CLEANUP(buf_free) struct buf subject = BUF_NULL(LONGEST_SUBJECT);

	buf_addf(&subject, "Your account was changed: %s", subjects[topic]);
	return letter_put(db, &(const struct letter_draft){ .account = account,
					      .subject = buf_view(&subject),
					      .text = buf_view(text) });
}

int notice_put(struct database *db, const struct notice *notice)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST_NOTICE);
	unsigned topics;
	int r = notice_topics(db, &topics);

	if (r || !(topics & 1u << notice->topic))
		return r;
	buf_addf(&text, "This is about your account %.*s.\n\n  %s\n",
			VIEW_ARG(notice->address), notice->what);
	add_end(&text, notice->address, notice->actor, notice->now);
	return put(db, notice->account, notice->topic, &text);
}

/* -- of a plan -- */

/* Its row, or -1: nobody is told of it. */
static int row_of(struct view path)
{
	for (size_t i = 0; i < ARRAY_LEN(told_fields); i++) {
		struct view first = path;

		if (view_eq(view_cut(&first, '.'), view_z(told_fields[i].path)))
			return (int)i;
	}
	return -1;
}

static struct view or_nothing(struct view value)
{
	return value.len ? value : VIEW("nothing");
}

/* *topic_out is the gravest of those that are told; TOPICS: there is nothing to tell. */
static void add_fields(const struct change *change, unsigned topics, struct buf *text,
		enum notice_topic *topic_out)
{
	*topic_out = TOPICS;
	for (size_t i = 0; i < change->field_count; i++) {
		const struct field_change *field = &change->fields[i];
		int row = row_of(field->path);

		if (row < 0 || !(topics & 1u << told_fields[row].topic))
			continue;
		if (told_fields[row].topic < *topic_out)
			*topic_out = told_fields[row].topic;
		buf_addf(text, "  %s (%.*s): %.*s, and was %.*s\n", told_fields[row].what,
				VIEW_ARG(field->path), VIEW_ARG(or_nothing(field->after)),
				VIEW_ARG(or_nothing(field->before)));
	}
}

/* An account that begins with a forward: its user would never know. */
static void add_forward(const struct change *change, unsigned topics, struct buf *text,
		enum notice_topic *topic_out)
{
	const struct desired_user *user = change->wanted ? change->wanted->desired : NULL;

	*topic_out = TOPICS;
	if (!user || !user->forward.count || !(topics & 1u << TOPIC_FORWARD))
		return;
	*topic_out = TOPIC_FORWARD;
	buf_add_z(text, "  Copies of your mail go on to:");
	for (size_t i = 0; i < user->forward.count; i++)
		buf_addf(text, " %.*s", VIEW_ARG(user->forward.items[i]));
	buf_add_byte(text, '\n');
}

static int put_change(struct database *db, unsigned topics, const struct change *change,
		struct view actor, walltime now)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST_NOTICE);
	enum notice_topic topic;

	buf_addf(&text, "This is about your account %.*s.\n\n", VIEW_ARG(change->key));
	if (change_makes(change))
		add_forward(change, topics, &text, &topic);
	else
		add_fields(change, topics, &text, &topic);
	if (topic == TOPICS)
		return 0;
	add_end(&text, change->key, actor, now);
	return put(db, change->object->uid, topic, &text);
}

static bool is_told(const struct change *change)
{
	return change->driver == &driver_user && !change->held && change->object &&
	       !change_leaves(change) && change->action != ACTION_CORRECT;
}

int notices_put(struct database *db, unsigned topics, const struct plan *plan,
		struct view actor, walltime now)
{
	int r = 0;

	for (size_t i = 0; i < plan->change_count && r == 0; i++)
		if (is_told(&plan->changes[i]))
			r = put_change(db, topics, &plan->changes[i], actor, now);
	return r;
}
