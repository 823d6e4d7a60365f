#include "runtime/base/metric.h"

#include <assert.h>

enum {
	MOST_LABELS = 2,
	MOST_VALUES = 128 /* of one metric */
};

enum kind {
	COUNTER,
	GAUGE,
	HISTOGRAM,
};

enum scale {
	WHOLE,
	SECONDS, /* kept in nanoseconds */
};

struct label {
	const char *name;
	const char *values; /* the set, a blank between two */
};

#define PORT                                                                             \
	{                                                                                \
		"port", "smtp submission submissions imap imaps metrics http https"      \
	}
#define PROTOCOL                                                                         \
	{                                                                                \
		"protocol", "imap submission"                                            \
	}

/* A counter's name gets "_total". The last word of a name is its unit, where it has one
 * (OpenMetrics 1.0, "Units and Base Units"). */
/* clang-format off */
static const struct row {
	const char *name;
	enum kind kind;
	enum scale scale;
	const char *unit;
	struct label labels[MOST_LABELS];
	const char *help;
} rows[METRIC_COUNT] = {
	[METRIC_CONNECTIONS]            = { "posthus_connections",               GAUGE,     WHOLE,   NULL,      { PORT, { "state", "handshake open closing" } }, "Connections now." },
	[METRIC_CONNECTIONS_ACCEPTED]   = { "posthus_connections_accepted",      COUNTER,   WHOLE,   NULL,      { PORT }, "Connections that were let in." },
	[METRIC_CONNECTIONS_REFUSED]    = { "posthus_connections_refused",       COUNTER,   WHOLE,   NULL,      { PORT, { "reason", "connections connections_per_ip connections_per_network descriptors tls" } }, "Connections that were turned away: by a limit of the host's, for want of open files, or since the TLS handshake failed." },
	[METRIC_JOBS_WAITING]           = { "posthus_jobs_waiting",              GAUGE,     WHOLE,   NULL,      { { 0 } }, "Jobs that wait for a worker." },
	[METRIC_JOBS_RUNNING]           = { "posthus_jobs_running",              GAUGE,     WHOLE,   NULL,      { { 0 } }, "Jobs that workers run now." },
	[METRIC_SESSIONS]               = { "posthus_sessions",                  GAUGE,     WHOLE,   NULL,      { PROTOCOL }, "Sessions that are logged in." },
	[METRIC_LOGINS]                 = { "posthus_logins",                    COUNTER,   WHOLE,   NULL,      { PROTOCOL, { "outcome", "accepted refused unavailable" } }, "Logins by what became of them." },
	[METRIC_PASSWORD_HASHES]        = { "posthus_password_hashes",           COUNTER,   WHOLE,   NULL,      { { "algorithm", "argon2id sha512_crypt bcrypt ssha512" } }, "Password hashes that were computed, for logins and new passwords; those of nobody are among them." },
	[METRIC_IMAP_COMMANDS]          = { "posthus_imap_commands",             COUNTER,   WHOLE,   NULL,      { { "command",
		"CAPABILITY NOOP LOGOUT ID STARTTLS LOGIN AUTHENTICATE ENABLE NAMESPACE SELECT EXAMINE LIST LSUB STATUS CREATE DELETE RENAME SUBSCRIBE "
		"UNSUBSCRIBE APPEND IDLE FETCH STORE SEARCH COPY MOVE EXPUNGE CHECK CLOSE UNSELECT" } }, "IMAP commands that were begun." },
	[METRIC_MESSAGES_ACCEPTED]      = { "posthus_messages_accepted",         COUNTER,   WHOLE,   NULL,      { { 0 } }, "Messages that were answered with 250." },
	[METRIC_MESSAGE_BYTES_ACCEPTED] = { "posthus_messages_accepted_bytes",   COUNTER,   WHOLE,   "bytes",   { { 0 } }, "Their size, the header lines that we add left out." },
	[METRIC_COPIES_DELIVERED]       = { "posthus_copies_delivered",          COUNTER,   WHOLE,   NULL,      { { 0 } }, "Copies that were filed in mailboxes." },
	[METRIC_RECIPIENTS_SENT]        = { "posthus_recipients_sent",           COUNTER,   WHOLE,   NULL,      { { "outcome", "delivered deferred failed" } }, "Attempts at recipients elsewhere, by what became of them." },
	[METRIC_QUEUE]                  = { "posthus_queue",                     GAUGE,     WHOLE,   NULL,      { { "state", "waiting out" } }, "Messages, once for each destination, that wait for other hosts or are on their way." },
	[METRIC_MESSAGES_WAITING]       = { "posthus_messages_waiting",          GAUGE,     WHOLE,   NULL,      { { 0 } }, "Messages that are accepted and not yet in all their mailboxes." },
	[METRIC_ACCOUNTS]               = { "posthus_accounts",                  GAUGE,     WHOLE,   NULL,      { { "state", "open quarantined" } }, "Account files that are open, or set apart: damaged, older than is remembered, or gone." },
	[METRIC_INTAKE_FLUSH]           = { "posthus_intake_flush_seconds",      HISTOGRAM, SECONDS, "seconds", { { 0 } }, "How long a flush of accepted mail to the disk takes." },
	[METRIC_INTAKE_ACCEPTING]       = { "posthus_intake_accepting",          GAUGE,     WHOLE,   NULL,      { { 0 } }, "1 while mail is accepted, 0 after a flush that failed: restart once the disk is mended." },
	[METRIC_INTAKE_DAMAGED]         = { "posthus_intake_damaged",            GAUGE,     WHOLE,   NULL,      { { 0 } }, "Places in the segments of accepted mail that did not verify at the start." },
	[METRIC_TRANSACTIONS]           = { "posthus_store_transactions",        COUNTER,   WHOLE,   NULL,      { { "outcome", "committed rolled_back" } }, "Transactions of all databases." },
	[METRIC_MEMORY_RESIDENT]        = { "posthus_memory_resident_bytes",     GAUGE,     WHOLE,   "bytes",   { { 0 } }, "Memory that the process has from the system." },
	[METRIC_KEYS_LOCKED]            = { "posthus_keys_locked",               GAUGE,     WHOLE,   NULL,      { { 0 } }, "1 where the memory of all keys is locked, 0 where keys may reach the swap: raise RLIMIT_MEMLOCK." },
	[METRIC_INTAKE_BUDGET]          = { "posthus_intake_memory_limit_bytes", GAUGE,     WHOLE,   "bytes",   { { 0 } }, "What messages on their way in may take of it; larger ones go by the disk." },
	[METRIC_DISK_FREE]              = { "posthus_disk_free_bytes",           GAUGE,     WHOLE,   "bytes",   { { 0 } }, "Room that is left for the data directory." },
	[METRIC_DISK_SIZE]              = { "posthus_disk_size_bytes",           GAUGE,     WHOLE,   "bytes",   { { 0 } }, "The size of the file system that it is on." },
	[METRIC_CERTIFICATE_DAYS]       = { "posthus_certificate_days",          GAUGE,     WHOLE,   "days",    { { 0 } }, "Days until the first certificate ends; below 0: it has." },
	[METRIC_GENERATION]             = { "posthus_generation",                GAUGE,     WHOLE,   NULL,      { { 0 } }, "The generation of the state that is desired." },
	[METRIC_GENERATION_OBSERVED]    = { "posthus_generation_observed",       GAUGE,     WHOLE,   NULL,      { { 0 } }, "The newest generation that was reconciled without a fault." },
	[METRIC_RECONCILES]             = { "posthus_reconciles",                COUNTER,   WHOLE,   NULL,      { { "outcome", "fine error invalid held conflict not_ready" } }, "Applies and reconciles by what became of them." },
	[METRIC_RECONCILE_TIME]         = { "posthus_reconcile_time_seconds",    GAUGE,     SECONDS, "seconds", { { 0 } }, "How long the last one took." },
	[METRIC_RECONCILE_LAST]         = { "posthus_reconcile_last_timestamp_seconds", GAUGE, WHOLE, "seconds", { { 0 } }, "When the last one was, in seconds since 1970." },
	[METRIC_SUSPENDED]              = { "posthus_suspended",                 GAUGE,     WHOLE,   NULL,      { { 0 } }, "1 while nothing is applied since `posthus suspend` says so." },
	[METRIC_SOURCE_FAILING]         = { "posthus_source_failing",            GAUGE,     WHOLE,   NULL,      { { 0 } }, "1 while the repository of the state cannot be asked, or its newest commit is not taken." },
	[METRIC_SOURCE_SEEN]            = { "posthus_source_seen_timestamp_seconds", GAUGE, WHOLE,   "seconds", { { 0 } }, "When the repository of the state was last asked and answered, in seconds since 1970." },
	[METRIC_OBJECTS]                = { "posthus_objects",                   GAUGE,     WHOLE,   NULL,      { { "kind", "policy host certificate listener relay destination dns-provider domain dkim-key mta-sts record user shared service group alias backup alerts" }, { "condition", "ready not_ready disabled" } }, "Objects of the state." },
};
/* clang-format on */

/* The upper ends of a histogram's buckets, and their canonical spelling. */
static const struct {
	nstime end;
	const char *text;
} bounds[] = {
	{ NS_PER_MS / 2, "0.0005" },
	{ NS_PER_MS, "0.001" },
	{ 2 * NS_PER_MS, "0.002" },
	{ 5 * NS_PER_MS, "0.005" },
	{ 10 * NS_PER_MS, "0.01" },
	{ 20 * NS_PER_MS, "0.02" },
	{ 50 * NS_PER_MS, "0.05" },
	{ 100 * NS_PER_MS, "0.1" },
	{ 200 * NS_PER_MS, "0.2" },
	{ 500 * NS_PER_MS, "0.5" },
	{ NS_PER_S, "1.0" },
	{ 5 * NS_PER_S, "5.0" },
};

enum {
	BOUNDS = sizeof(bounds) / sizeof(bounds[0]),
	BEYOND = BOUNDS, /* the bucket past the last bound */
	SUM,             /* then the sum of all */
};

static _Atomic int64_t values[METRIC_COUNT][MOST_VALUES];

/* -- labels -- */

/* Cuts the next value off a set; false where there is none. */
static bool next_value(struct view *set, struct view *out)
{
	if (!set->data || set->len == 0)
		return false;
	*out = view_cut(set, ' ');
	return true;
}

static unsigned count_values(const struct label *label)
{
	struct view set = view_z(label->values), value;
	unsigned count = 0;

	while (next_value(&set, &value))
		count++;
	return count ? count : 1; /* no label has one value */
}

bool metric_label(enum metric metric, unsigned label, struct view value, unsigned *out)
{
	struct view set = view_z(rows[metric].labels[label].values), found;

	for (unsigned i = 0; next_value(&set, &found); i++) {
		if (!view_eq(found, value))
			continue;
		*out = i;
		return true;
	}
	return false;
}

/* The second label's set is short; the place is found without counting the first's. */
static _Atomic int64_t *place(enum metric metric, unsigned first, unsigned second)
{
	const struct label *label = &rows[metric].labels[1];
	unsigned at = first;

	if (label->name)
		at = first * count_values(label) + second;
	assert(metric < METRIC_COUNT && at < MOST_VALUES);
	return &values[metric][at];
}

/* -- counting -- */

void metric_add(enum metric metric, unsigned first, unsigned second, int64_t n)
{
	atomic_fetch_add_explicit(place(metric, first, second), n, memory_order_relaxed);
}

void metric_set(enum metric metric, unsigned first, unsigned second, int64_t value)
{
	atomic_store_explicit(place(metric, first, second), value, memory_order_relaxed);
}

int64_t metric_value(enum metric metric, unsigned first, unsigned second)
{
	return atomic_load_explicit(place(metric, first, second), memory_order_relaxed);
}

_Atomic int64_t *metric_values(enum metric metric)
{
	assert(rows[metric].labels[0].name && !rows[metric].labels[1].name);
	return values[metric];
}

void metric_observe(enum metric metric, nstime took)
{
	unsigned at = 0;

	assert(rows[metric].kind == HISTOGRAM);
	while (at < BOUNDS && took > bounds[at].end)
		at++;
	metric_add(metric, at, 0, 1);
	metric_add(metric, SUM, 0, took);
}

/* -- what a client takes -- */

enum metric_format metric_format_of(struct view accept)
{
	while (accept.data) {
		struct view choice = view_cut(&accept, ',');
		struct view type = view_trim(view_cut(&choice, ';'));

		if (view_eq_nocase(type, VIEW("application/openmetrics-text")))
			return METRIC_OPENMETRICS;
	}
	return METRIC_PROMETHEUS;
}

const char *metric_content_type(enum metric_format format)
{
	return format == METRIC_OPENMETRICS
			       ? "application/openmetrics-text; version=1.0.0; "
				 "charset=utf-8"
			       : "text/plain; version=0.0.4; charset=utf-8";
}

/* -- rendering -- */

static void add_value(struct buf *out, const struct row *row, int64_t value)
{
	if (row->scale == WHOLE)
		buf_addf(out, " %lld\n", (long long)value);
	else
		buf_addf(out, " %lld.%09lld\n", (long long)(value / NS_PER_S),
				(long long)(value % NS_PER_S));
}

/* A metric's family; in the older format a counter's is named as its samples are. */
static void add_head(struct buf *out, const struct row *row, enum metric_format format)
{
	/* clang-format off */
	static const char *const kinds[] = {
		[COUNTER] = "counter", [GAUGE] = "gauge", [HISTOGRAM] = "histogram",
	};
	/* clang-format on */
	bool named_total = row->kind == COUNTER && format == METRIC_PROMETHEUS;
	const char *total = named_total ? "_total" : "";

	buf_addf(out, "# TYPE %s%s %s\n", row->name, total, kinds[row->kind]);
	if (row->unit && format == METRIC_OPENMETRICS)
		buf_addf(out, "# UNIT %s %s\n", row->name, row->unit);
	buf_addf(out, "# HELP %s%s %s\n", row->name, total, row->help);
}

static void add_histogram(struct buf *out, enum metric metric)
{
	const struct row *row = &rows[metric];
	int64_t count = 0;

	for (unsigned i = 0; i < BOUNDS; i++) {
		count += metric_value(metric, i, 0);
		buf_addf(out, "%s_bucket{le=\"%s\"} %lld\n", row->name, bounds[i].text,
				(long long)count);
	}
	count += metric_value(metric, BEYOND, 0);
	buf_addf(out, "%s_bucket{le=\"+Inf\"} %lld\n", row->name, (long long)count);
	buf_addf(out, "%s_count %lld\n%s_sum", row->name, (long long)count, row->name);
	add_value(out, row, metric_value(metric, SUM, 0));
}

static void add_sample(struct buf *out, enum metric metric, const struct view *labels,
		int64_t value)
{
	const struct row *row = &rows[metric];
	const char *before = "{";

	buf_addf(out, "%s%s", row->name, row->kind == COUNTER ? "_total" : "");
	for (unsigned i = 0; i < MOST_LABELS && row->labels[i].name; i++) {
		buf_addf(out, "%s%s=\"%.*s\"", before, row->labels[i].name,
				VIEW_ARG(labels[i]));
		before = ",";
	}
	if (row->labels[0].name)
		buf_add_byte(out, '}');
	add_value(out, row, value);
}

static void add_samples(struct buf *out, enum metric metric)
{
	const struct label *labels = rows[metric].labels;
	struct view firsts = view_z(labels[0].values), found[MOST_LABELS] = { 0 };
	unsigned first = 0;

	if (!labels[0].name) {
		add_sample(out, metric, found, metric_value(metric, 0, 0));
		return;
	}
	for (; next_value(&firsts, &found[0]); first++) {
		struct view seconds = view_z(labels[1].values);
		unsigned second = 0;

		if (!labels[1].name)
			add_sample(out, metric, found, metric_value(metric, first, 0));
		for (; next_value(&seconds, &found[1]); second++)
			add_sample(out, metric, found,
					metric_value(metric, first, second));
	}
}

void metrics_render(enum metric_format format, struct buf *out)
{
	for (int metric = 0; metric < METRIC_COUNT; metric++) {
		add_head(out, &rows[metric], format);
		if (rows[metric].kind == HISTOGRAM)
			add_histogram(out, (enum metric)metric);
		else
			add_samples(out, (enum metric)metric);
	}
	if (format == METRIC_OPENMETRICS)
		buf_add_z(out, "# EOF\n");
}
