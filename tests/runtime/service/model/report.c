#include "tests/runtime/service/model/report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	LINES = 400,
	WIDTH = 200,
};

static struct {
	unsigned who;
	char way[12], text[WIDTH];
} lines[LINES];
static size_t next;
static uint64_t seed, commands;

void report_seed(uint64_t s)
{
	seed = s;
	commands = 0;
	memset(lines, 0, sizeof(lines));
}

void report_command(void)
{
	commands++;
}

uint64_t report_commands(void)
{
	return commands;
}

void report_note(unsigned who, const char *way, struct view line)
{
	size_t at = next++ % LINES;

	while (line.len && (line.data[line.len - 1] == '\n' ||
					   line.data[line.len - 1] == '\r'))
		line.len--;
	lines[at].who = who;
	snprintf(lines[at].way, sizeof(lines[at].way), "%s", way);
	snprintf(lines[at].text, WIDTH, "%.*s", VIEW_ARG(line));
}

void report_difference(unsigned who, const char *format, ...)
{
	va_list args;

	for (size_t i = next > LINES ? next - LINES : 0; i < next; i++)
		printf("%u %s: %s\n", lines[i % LINES].who, lines[i % LINES].way,
				lines[i % LINES].text);
	printf("session %u: ", who);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\nrepeat it by --seed %" PRIu64 " --commands %" PRIu64 "\n", seed,
			commands);
	fflush(stdout);
	abort();
}
