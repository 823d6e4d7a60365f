#include "runtime/service/penalty.h"

#include "runtime/base/map.h"
#include "runtime/net/connection.h"

enum {
	LONGEST_NAME = 320,
	KEYS = 3,
};

/* What is counted, and how much of it is too much. */
struct key {
	uint64_t hash;
	unsigned most;
};

static uint64_t hash_of(char kind, struct view bytes)
{
	char key[1 + LONGEST_NAME];
	size_t len = bytes.len < LONGEST_NAME ? bytes.len : LONGEST_NAME;

	key[0] = kind;
	for (size_t i = 0; i < len; i++)
		key[1 + i] = bytes.data[i];
	return bytes_hash(view_of(key, 1 + len));
}

static uint64_t hash_of_name(struct view name)
{
	char lower[LONGEST_NAME];
	size_t len = name.len < sizeof(lower) ? name.len : sizeof(lower);

	for (size_t i = 0; i < len; i++)
		lower[i] = byte_lower(name.data[i]);
	return hash_of('n', view_of(lower, len));
}

/* Its address and its network; the control socket's peers have one of each. */
static void peer_bytes(
		const struct peer *peer, struct view *address, struct view *network)
{
	const struct sockaddr_in *four = (const void *)&peer->address;
	const struct sockaddr_in6 *six = (const void *)&peer->address;

	*address = *network = VIEW("unix");
	if (peer->address.ss_family == AF_INET) {
		*address = view_of(&four->sin_addr, 4);
		*network = view_of(&four->sin_addr, 3);
	} else if (peer->address.ss_family == AF_INET6) {
		*address = view_of(&six->sin6_addr, 8);
		*network = view_of(&six->sin6_addr, 6);
	}
}

static void keys_of(const struct penalty_who *who, struct key keys[KEYS])
{
	struct view address, network;

	peer_bytes(who->peer, &address, &network);
	keys[0] = (struct key){ hash_of_name(who->name), PENALTY_NAME_MOST };
	keys[1] = (struct key){ hash_of('a', address), PENALTY_ADDRESS_MOST };
	keys[2] = (struct key){ hash_of('p', network), PENALTY_NETWORK_MOST };
}

/* The count as it is now. */
static void decay(struct penalty_slot *slot, nstime now)
{
	nstime halves = (now - slot->last) / nstime_seconds(PENALTY_HALF_LIFE_S);

	if (halves <= 0)
		return;
	slot->count = halves < 32 ? slot->count >> halves : 0;
	slot->last = now;
}

/* Its slot, among the few that it may have. A newcomer takes that of who failed least: nobody
 * gets rid of a high count by failing under many names. */
static struct penalty_slot *slot_of(struct penalty *penalty, uint64_t hash, nstime now)
{
	struct penalty_slot *row = penalty->slots[hash % PENALTY_ROWS], *least = row;

	for (size_t i = 0; i < PENALTY_WAYS; i++) {
		decay(&row[i], now);
		if (row[i].hash == hash)
			return &row[i];
		if (row[i].count < least->count)
			least = &row[i];
	}
	*least = (struct penalty_slot){ .hash = hash, .last = now };
	return least;
}

/* For who only asks. */
static unsigned count_of(struct penalty *penalty, uint64_t hash, nstime now)
{
	struct penalty_slot *row = penalty->slots[hash % PENALTY_ROWS];

	for (size_t i = 0; i < PENALTY_WAYS; i++) {
		if (row[i].hash != hash)
			continue;
		decay(&row[i], now);
		return row[i].count;
	}
	return 0;
}

nstime penalty_failed(struct penalty *penalty, const struct penalty_who *who, nstime now)
{
	struct key keys[KEYS];
	unsigned worst = 0;

	keys_of(who, keys);
	for (size_t i = 0; i < KEYS; i++) {
		struct penalty_slot *slot = slot_of(penalty, keys[i].hash, now);

		if (slot->count <= keys[i].most)
			slot->count++;
		/* A network's first failures are those of its neighbours. */
		if (i < 2 && slot->count > worst)
			worst = slot->count;
	}
	if (worst * PENALTY_STEP_S >= PENALTY_LONGEST_S)
		return nstime_seconds(PENALTY_LONGEST_S);
	return nstime_seconds((int64_t)worst * PENALTY_STEP_S);
}

/* A name and the address that it came from. */
static uint64_t device_of(const struct penalty_who *who)
{
	struct view address, network;
	uint64_t both[2];

	peer_bytes(who->peer, &address, &network);
	both[0] = hash_of_name(who->name);
	both[1] = hash_of('a', address);
	return hash_of('d', view_of(both, sizeof(both)));
}

void penalty_succeeded(struct penalty *penalty, const struct penalty_who *who)
{
	uint64_t device = device_of(who);

	penalty->known[device % PENALTY_KNOWN] = device;
}

bool penalty_bars(struct penalty *penalty, const struct penalty_who *who, nstime now)
{
	uint64_t device = device_of(who);
	struct key keys[KEYS];

	if (penalty->known[device % PENALTY_KNOWN] == device)
		return false;
	keys_of(who, keys);
	for (size_t i = 0; i < KEYS; i++)
		if (count_of(penalty, keys[i].hash, now) > keys[i].most)
			return true;
	return false;
}
