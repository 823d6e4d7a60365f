#include "runtime/net/guests.h"

#include "runtime/base/error.h"
#include "runtime/base/network.h"

#include <assert.h>
#include <stdlib.h>

struct place {
	struct network network;
	size_t count;
};

enum width {
	ADDRESS,
	NETWORK,
	WIDTHS
};

/* bits of an IPv4 and of an IPv6 address */
static const unsigned char bits[WIDTHS][2] = {
	[ADDRESS] = { 32, 64 },
	[NETWORK] = { 24, 48 },
};

static bool network_by(
		const struct sockaddr_storage *who, enum width width, struct network *out)
{
	return network_around(who, bits[width][0], bits[width][1], out);
}

static size_t count_of(const struct guests *guests, const struct network *network)
{
	const struct place *place = map_get(&guests->places, network_view(network));

	return place ? place->count : 0;
}

static void add(struct guests *guests, const struct network *network)
{
	struct place *place = map_get(&guests->places, network_view(network));

	if (!place) {
		place = xcalloc(1, sizeof(*place));
		place->network = *network;
		map_set(&guests->places, network_view(&place->network), place);
	}
	place->count++;
}

static void take_off(struct guests *guests, const struct network *network)
{
	struct place *place = map_get(&guests->places, network_view(network));

	assert(place && place->count);
	if (--place->count)
		return;
	map_remove(&guests->places, network_view(network));
	free(place);
}

int guests_enter(struct guests *guests, const struct sockaddr_storage *who,
		size_t per_address, size_t per_network)
{
	struct network networks[WIDTHS];

	for (enum width width = ADDRESS; width < WIDTHS; width++)
		if (!network_by(who, width, &networks[width]))
			return GUESTS_OK;
	if (count_of(guests, &networks[ADDRESS]) >= per_address)
		return GUESTS_E_ADDRESS;
	if (count_of(guests, &networks[NETWORK]) >= per_network)
		return GUESTS_E_NETWORK;
	for (enum width width = ADDRESS; width < WIDTHS; width++)
		add(guests, &networks[width]);
	return GUESTS_OK;
}

void guests_leave(struct guests *guests, const struct sockaddr_storage *who)
{
	struct network network;

	for (enum width width = ADDRESS; width < WIDTHS; width++)
		if (network_by(who, width, &network))
			take_off(guests, &network);
}

size_t guests_places(const struct guests *guests)
{
	return map_count(&guests->places);
}

void guests_deinit(struct guests *guests)
{
	assert(map_count(&guests->places) == 0);
	map_free(&guests->places);
}
