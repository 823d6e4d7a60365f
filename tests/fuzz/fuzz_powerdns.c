/* What PowerDNS answers: what is read of it is about the zone, and what is sent back for a
 * change has every value that was there and is to stay, as the server wrote it. */
#include "agent/provider/powerdns_inside.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check(struct view text, const char *type)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(powerdns_zone_deinit) struct powerdns_zone zone = { 0 };
	const char *why = NULL;
	json_t *sent, *record;
	char *body;
	size_t i;

	if (powerdns_read(text, VIEW("a.example"), VIEW("x.a.example"), view_z(type),
			    arena, &zone, &why)) {
		must(why && !zone.records);
		return;
	}
	must(zone.set.count <= json_array_size(zone.records));
	body = powerdns_change(&zone, &zone.set);
	sent = json_loads(body, 0, NULL);
	must(sent != NULL);
	json_array_foreach (
			json_object_get(json_array_get(json_object_get(sent, "rrsets"),
							0),
					"records"),
			i, record) {
		bool same = false;

		for (size_t k = 0; k < json_array_size(zone.records); k++)
			same |= json_equal(record, json_array_get(zone.records, k));
		must(same);
	}
	json_decref(sent);
	free(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check(view_of(data, size), "TXT");
	check(view_of(data, size), "MX");
	return 0;
}
