/* One look at everything that has to be right, with what to do where it is not. */
#include "agent/command/findings.h"

#include "agent/setup/host_checks.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const words_of_verdicts[] = {
	[FINDING_OK] = "ok", [FINDING_WARN] = "warn", [FINDING_FAIL] = "FAIL"
};

void finding_say(struct findings *f, enum finding_verdict verdict, const char *what,
		const char *help, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	f->fails += verdict == FINDING_FAIL;
	if (f->items) {
		json_array_append_new(f->items,
				json_pack("{s:s, s:s, s:s, s:s?}", "verdict",
						words_of_verdicts[verdict], "what", what,
						"finding", text, "help", help));
		return;
	}
	printf("%-4s %s: %s%s%s\n", words_of_verdicts[verdict], what, text,
			help ? " -> " : "", help ? help : "");
	fflush(stdout);
}

/* With the finding before it. */
static void say_paste(struct findings *f, const char *lines)
{
	if (f->items)
		json_object_set_new(
				json_array_get(f->items, json_array_size(f->items) - 1),
				"paste", json_string(lines));
	else
		host_checks_print_paste(lines, 4);
}

static void look_at_host(struct findings *f, const struct host_facts *facts, bool served)
{
	static const enum finding_verdict verdicts[] = { [CHECK_GOOD] = FINDING_OK,
		[CHECK_WORRY] = FINDING_WARN,
		[CHECK_UNKNOWN] = FINDING_WARN };

	for (size_t i = 0; i < host_check_count; i++) {
		const struct host_check *check = &host_checks[i];
		struct check_result result = { "", "", NULL };
		enum check_verdict verdict;

		if (served && strcmp(check->name, "ports in") == 0)
			continue; /* the agent has them */
		if (!facts->host_name && strcmp(check->name, "reverse DNS") == 0) {
			finding_say(f, FINDING_WARN, check->name, NULL,
					"not asked: no agent says this host's name");
			continue;
		}
		verdict = check->look(facts, &result);
		finding_say(f, verdicts[verdict], check->name,
				result.help[0] ? result.help : NULL, "%s", result.saw);
		if (result.paste)
			say_paste(f, result.paste);
	}
}

static void print_json(const struct findings *f)
{
	json_t *json = json_pack("{s:i, s:b, s:O}", "format_version", 1, "well",
			f->fails == 0, "findings", f->items);

	json_dumpf(json, stdout, JSON_INDENT(2) | JSON_SORT_KEYS);
	putchar('\n');
	json_decref(json);
}

static int run(const struct words *words)
{
	static const uint16_t ports[] = { 25, 465, 587, 993 };
	CLEANUP(setting_deinit) struct setting setting = { 0 };
	enum exit_code code = setting_load(words, &setting);
	struct findings f = { .mend = words_flag(words, "fix") };
	struct doctor_host host;
	struct host_facts facts = { .ports = ports,
		.port_count = ARRAY_LEN(ports),
		.probe = words_option(words, "probe"),
		.offline = words_flag(words, "offline") };

	if (code != EXIT_FINE)
		return (int)code;
	f.items = words_json(words) ? json_array() : NULL;
	facts.data = doctor_look_at_data(&f, &setting) ? setting.data : "/";
	doctor_look_at_agent(&f, &setting, &host);
	facts.host_name = host.name;
	look_at_host(&f, &facts, host.served);
	if (f.items)
		print_json(&f);
	json_decref(f.items);
	return f.fails ? EXIT_ERROR : EXIT_FINE;
}

static const struct option_row options[] = {
	{ "fix", NULL, "take from others what they may not see; make a missing folder" },
	{ "offline", NULL, "ask no name server and no other host" },
	{ "probe", "HOST[:PORT]", "whose port 25 is tried for the way out" },
	OPTION_OUTPUT,
	OPTION_CONFIG,
	OPTION_DATA,
	OPTION_CONTROL,
};

const struct command command_doctor = {
	.name = "doctor",
	.operands = "",
	.summary = "Look at everything that has to be right",
	.help = "A line each: `ok|warn|FAIL what: finding -> what to do`. Works beside "
		"an agent "
		"and without one.\n"
		"--fix mends modes and missing folders, nothing else. Ends with 1 where "
		"anything is FAIL.",
	OPTIONS(options),
	.run = run,
};
