/* What failing objects cost the others: effects at a loopback service, of which one in a
 * hundred is refused, or hangs until nobody waits for it any more.
 *
 *   isolation SERVICE [ROUNDS]      5 rounds
 *
 * A thousand probes at twenty providers are applied, and the time from there to each one's
 * effect is taken: with no failures, with 1 % refused (500), with 1 % that hang, in turn.
 * Printed are the p50 and p99 of those that do not fail, median [lowest..highest] of the
 * rounds, and their ratio to the rounds without failures. The aim is 1.1 at p99. */
#include "runtime/base/error.h"
#include "tests/agent/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	PROVIDERS = 20,
	PROBES = 1000,
	ONE_IN = 100,
	MOST_ROUNDS = 100,
};

static const struct kind_of_failure {
	const char *name;
	const char *fault; /* NULL: none fails */
} kinds[] = {
	{ "none fails", NULL },
	{ "1 % refused", "500" },
	{ "1 % hang", "timeout" },
};

struct figures {
	double p50[MOST_ROUNDS], p99[MOST_ROUNDS];
};

static char addresses[PROBES][64];
static struct probe_line lines[PROBES];

/* Each hundredth, and not all at one provider. */
static bool fails(size_t i)
{
	return i % ONE_IN == (i / ONE_IN) % PROVIDERS;
}

static void tell_faults(const char *fault)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(HOUSE_TEXT);

	buf_add_z(&text, "[");
	for (size_t i = 0; fault && i < PROBES; i++)
		if (fails(i))
			buf_addf(&text,
					"%s{\"name\": \"p%zu.example/n%zu\", \"on\": "
					"\"PUT\", "
					"\"fault\": \"%s\", \"seconds\": 4}",
					text.len > 1 ? ", " : "", i % PROVIDERS, i,
					fault);
	buf_add_z(&text, "]");
	buf_add_byte(&text, '\0');
	probe_tell("faults", text.data);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Of those that did not fail, in milliseconds from `begin`. */
static void take_figures(double begin, struct figures *out, size_t round)
{
	double took[PROBES];
	size_t count = 0, i;
	json_t *log = probe_log(), *entry;

	json_array_foreach (log, i, entry)
		if (json_is_true(json_object_get(entry, "effect")) && count < PROBES)
			took[count++] = 1000 *
					(json_number_value(json_object_get(entry, "at")) -
							begin);
	json_decref(log);
	assert_true(count >= PROBES - PROBES / ONE_IN);
	qsort(took, count, sizeof(*took), by_size);
	out->p50[round] = took[count / 2];
	out->p99[round] = took[count * 99 / 100];
}

static void run_round(const char *fault, struct figures *out, size_t round)
{
	struct timespec now;
	struct world *w;
	void *state;

	world_setup(&state);
	w = state;
	tell_faults(fault);
	world_apply(w, lines, PROBES);
	clock_gettime(CLOCK_REALTIME, &now);
	world_turn(w);
	take_figures((double)now.tv_sec + (double)now.tv_nsec / NS_PER_S, out, round);
	probe_quiet();
	world_teardown(&state);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), by_size);
	return values[count / 2];
}

static void print(const char *name, struct figures *of, double base50, double base99,
		size_t rounds)
{
	double p50 = median(of->p50, rounds), p99 = median(of->p99, rounds);

	printf("%-12s p50 %6.0f ms [%.0f..%.0f]  p99 %6.0f ms [%.0f..%.0f]  ratio %.2f, "
	       "%.2f\n",
			name, p50, of->p50[0], of->p50[rounds - 1], p99, of->p99[0],
			of->p99[rounds - 1], p50 / base50, p99 / base99);
}

int main(int argc, char **argv)
{
	static struct figures figures[ARRAY_LEN(kinds)];
	size_t rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 5;
	double base50, base99;
	void *state = NULL;

	if (argc < 2 || rounds == 0 || rounds > MOST_ROUNDS) {
		fprintf(stderr, "isolation SERVICE [ROUNDS]\n");
		return 2;
	}
	world_service_path = argv[1];
	world_group_setup(&state);
	for (size_t i = 0; i < PROBES; i++) {
		snprintf(addresses[i], sizeof(addresses[i]), "n%zu@p%zu.example", i,
				i % PROVIDERS);
		lines[i] = (struct probe_line){ addresses[i], "one", "" };
	}
	for (size_t round = 0; round < rounds; round++)
		for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
			run_round(kinds[k].fault, &figures[k], round);
	world_group_teardown(&state);
	base50 = median(figures[0].p50, rounds);
	base99 = median(figures[0].p99, rounds);
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
		print(kinds[k].name, &figures[k], base50, base99, rounds);
	return 0;
}
