/* The log: one event, one line, one stable name, fields after it.
 *
 *   log_event(LOG_INFO, "smtp.rcpt.refused", log_id("session", id),
 *             log_view("rcpt", rcpt), log_text("reason", "unknown-user"));
 *
 * Values are escaped so that no peer can write a line of his own. A struct secret is no
 * field. Engines and formats never log; service, net and agent do. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "runtime/base/view.h"

enum log_level {
	LOG_DEBUG,
	LOG_INFO,
	LOG_WARN,
	LOG_ERROR,
	LOG_OFF,
};

struct log_field {
	const char *name;
	enum {
		LOG_FIELD_END,
		LOG_FIELD_VIEW,
		LOG_FIELD_NUMBER,
		LOG_FIELD_ID,
		LOG_FIELD_ERRNO,
	} type;
	struct view view;
	int64_t number;
};

static inline struct log_field log_view(const char *name, struct view value)
{
	return (struct log_field){ name, LOG_FIELD_VIEW, value, 0 };
}

static inline struct log_field log_text(const char *name, const char *value)
{
	return (struct log_field){ name, LOG_FIELD_VIEW, view_z(value), 0 };
}

static inline struct log_field log_number(const char *name, int64_t value)
{
	return (struct log_field){ name, LOG_FIELD_NUMBER, VIEW_NULL, value };
}

/* Printed as hexadecimal digits: sessions, messages. */
static inline struct log_field log_id(const char *name, uint64_t value)
{
	return (struct log_field){ name, LOG_FIELD_ID, VIEW_NULL, (int64_t)value };
}

/* A negative errno (a fault), printed in words as `error=`. */
static inline struct log_field log_fault(int r)
{
	return (struct log_field){ "error", LOG_FIELD_ERRNO, VIEW_NULL, r };
}

#define log_event(level, name, ...)                                                      \
	log_write((level), (name),                                                       \
			(const struct log_field[]){                                      \
					__VA_ARGS__, { .type = LOG_FIELD_END } })

/* Safe from any thread: the line goes out in one write(2) to stderr, and is kept for a while
 * in memory: runtime/base/log_kept.h. */
void log_write(enum log_level level, const char *name, const struct log_field *fields);

/* Lines below `level` are dropped; LOG_INFO at start. */
void log_set_level(enum log_level level);

/* True where a line of the log has that field with that value, as it was given to log_event.
 * `level` and `event` stand for the words at its head. */
MUST_USE bool log_line_has(struct view line, struct view field, struct view value);

struct buf;

/* Adds the value of the line's first field of that name as it was given to log_event; false:
 * it has none. */
MUST_USE bool log_line_value(struct view line, struct view field, struct buf *out);

#endif
