/* The metrics: what monitoring reads of a running posthus, one table for the whole
 * program.
 *
 * Who does a thing counts it, from any thread and without a lock; who wants to know
 * renders all of it as text (OpenMetrics 1.0 or the Prometheus format 0.0.4). Labels are
 * of fixed sets that stand in the table: no name, no address and no secret ever becomes
 * one. A metric has up to two labels; one without any has the single value at 0, 0. */
#ifndef BASE_METRIC_H
#define BASE_METRIC_H

#include "runtime/base/buf.h"
#include "runtime/base/clock.h"

#include <stdatomic.h>

enum metric {
	/* net */
	METRIC_CONNECTIONS,          /* port, enum metric_connection */
	METRIC_CONNECTIONS_ACCEPTED, /* port */
	METRIC_CONNECTIONS_REFUSED,  /* port, enum metric_refusal */
	METRIC_JOBS_WAITING,
	METRIC_JOBS_RUNNING,
	/* service */
	METRIC_SESSIONS,        /* enum metric_protocol */
	METRIC_LOGINS,          /* enum metric_protocol, enum metric_login */
	METRIC_PASSWORD_HASHES, /* enum metric_hash */
	METRIC_IMAP_COMMANDS,   /* by their place in the table of runtime/imap */
	METRIC_MESSAGES_ACCEPTED,
	METRIC_MESSAGE_BYTES_ACCEPTED,
	METRIC_COPIES_DELIVERED,
	METRIC_RECIPIENTS_SENT,
	METRIC_QUEUE,
	METRIC_MESSAGES_WAITING,
	METRIC_ACCOUNTS, /* enum metric_account */
	/* store */
	METRIC_INTAKE_FLUSH,
	METRIC_INTAKE_ACCEPTING,
	METRIC_INTAKE_DAMAGED,
	METRIC_TRANSACTIONS, /* enum metric_transaction */
	/* the process and its machine */
	METRIC_MEMORY_RESIDENT,
	METRIC_KEYS_LOCKED,
	METRIC_INTAKE_BUDGET,
	METRIC_DISK_FREE,
	METRIC_DISK_SIZE,
	/* agent */
	METRIC_CERTIFICATE_DAYS,
	METRIC_GENERATION,
	METRIC_GENERATION_OBSERVED,
	METRIC_RECONCILES, /* by a word for the exit that `posthus apply` would have */
	METRIC_RECONCILE_TIME,
	METRIC_RECONCILE_LAST,
	METRIC_SUSPENDED,
	METRIC_SOURCE_FAILING,
	METRIC_SOURCE_SEEN,
	METRIC_OBJECTS, /* kind, enum metric_condition */
	METRIC_COUNT,
};

enum metric_connection {
	CONNECTION_HANDSHAKE,
	CONNECTION_OPEN,
	CONNECTION_CLOSING,
	CONNECTION_STATES,
};

enum metric_refusal {
	/* limits of the host, by the words of the state */
	REFUSED_CONNECTIONS,
	REFUSED_CONNECTIONS_PER_IP,
	REFUSED_CONNECTIONS_PER_NETWORK,
	REFUSED_DESCRIPTORS, /* the process has no more */
	REFUSED_TLS,         /* the handshake failed */
};

enum metric_protocol {
	METRIC_IMAP,
	METRIC_SUBMISSION,
};

enum metric_login {
	METRIC_LOGIN_ACCEPTED,
	METRIC_LOGIN_REFUSED,
	METRIC_LOGIN_UNAVAILABLE,
};

enum metric_hash {
	METRIC_HASH_ARGON2ID,
	METRIC_HASH_SHA512_CRYPT,
	METRIC_HASH_BCRYPT,
	METRIC_HASH_SSHA512,
	METRIC_HASHES,
};

enum metric_account {
	METRIC_ACCOUNT_OPEN,
	METRIC_ACCOUNT_QUARANTINED,
};

enum metric_transaction {
	TRANSACTION_COMMITTED,
	TRANSACTION_ROLLED_BACK,
};

enum metric_condition {
	CONDITION_READY,
	CONDITION_NOT_READY,
	CONDITION_DISABLED,
};

/* Adds to a counter, or to a gauge, which may go down again. */
void metric_add(enum metric metric, unsigned first, unsigned second, int64_t n);
/* What a gauge is now. Durations are in nanoseconds; they are shown in seconds. */
void metric_set(enum metric metric, unsigned first, unsigned second, int64_t value);
/* One more of what a histogram is of. */
void metric_observe(enum metric metric, nstime took);
int64_t metric_value(enum metric metric, unsigned first, unsigned second);

/* The place of a label's value in its set: label 0 or 1. False where it has none. */
MUST_USE bool metric_label(
		enum metric metric, unsigned label, struct view value, unsigned *out);
/* The values of a metric with one label, in the order of its set, for who counts often. */
_Atomic int64_t *metric_values(enum metric metric);

enum metric_format {
	METRIC_OPENMETRICS, /* 1.0.0 */
	METRIC_PROMETHEUS,  /* 0.0.4 */
};

/* What a client that sends this Accept field is answered in (RFC 9110, 12.5.1): the newer
 * form where it is asked for, as scrapers do, else the older one. */
enum metric_format metric_format_of(struct view accept);
const char *metric_content_type(enum metric_format format);
/* Adds the whole text. */
void metrics_render(enum metric_format format, struct buf *out);

#endif
