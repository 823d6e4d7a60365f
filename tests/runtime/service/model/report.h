/* What the sessions said last, and how a difference is reported. */
#ifndef TESTS_MODEL_REPORT_H
#define TESTS_MODEL_REPORT_H

#include "runtime/base/attr.h"
#include "runtime/base/view.h"

/* Repeats the run: printed with a difference. */
void report_seed(uint64_t seed);
/* A command that is begun; how many there were. */
void report_command(void);
uint64_t report_commands(void);
/* A line of session `who`, cut where it is long. `way`: "C", "S", or what happened. */
void report_note(unsigned who, const char *way, struct view line);
/* Server and model differ: says how, with the last lines of all sessions, and ends. */
NORETURN void report_difference(unsigned who, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
