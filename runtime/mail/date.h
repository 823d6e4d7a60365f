/* Dates: in header fields (RFC 5322, 3.3; obsolete forms 4.3) and in IMAP (RFC 3501, 9:
 * date-time). */
#ifndef MAIL_DATE_H
#define MAIL_DATE_H

#include "runtime/base/buf.h"
#include "runtime/base/clock.h"

struct date {
	walltime time;
	int zone; /* minutes east of UTC, -5999 .. 5999 */
};

enum {
	DATE_TEXT_MAX = 40
};

/* Reads a Date field: comments, obsolete zones, two- and three-digit years, a missing day
 * name, a missing zone. A day past the month's end, a year outside 1..9999 and a zone
 * past ±9959 are clamped. False where it is no date at all. */
MUST_USE bool date_parse(struct view text, struct date *out);
/* "Tue, 24 Nov 2026 07:33:22 +0100"; the zone is that of the date. */
void date_print(struct buf *out, struct date date);

/* "24-Nov-2026 07:33:22 +0100", the day perhaps with a leading blank. Strict. */
MUST_USE bool internaldate_parse(struct view text, struct date *out);
/* With a day of two characters, a blank before one digit; no quotes. */
void internaldate_print(struct buf *out, struct date date);

/* "24-Nov-2026" as days since 1970: for SEARCH. Strict. */
MUST_USE bool search_date_parse(struct view text, int64_t *days_out);
/* The day of a date in its own zone, as days since 1970. */
int64_t date_day(struct date date);

#endif
