/* What a name server sends: read as the answer to one question, as a referral, and as a
 * signed reply. Whatever is taken out of it is in the form that we would write. */
#include "agent/provider/packet.h"
#include "agent/provider/tsig.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_set(struct arena *arena, const struct rrset *set)
{
	for (size_t i = 0; i < set->count; i++) {
		struct view again;

		must(rrset_value(arena, set->type, set->values[i], &again) == RRSET_OK);
		must(view_eq(again, set->values[i]));
		must(i == 0 || view_compare(set->values[i - 1], set->values[i]) < 0);
	}
}

static void check_reply(
		struct arena *arena, struct view message, const struct question *question)
{
	CLEANUP(reply_deinit) struct reply reply = { 0 };
	struct rrset set;

	if (reply_read(message, question, &reply))
		return;
	if (reply_judge(&reply, question, VIEW("a.example"), arena, &set) == REPLY_HOLDS)
		check_set(arena, &set);
	for (size_t section = REPLY_ANSWER; section <= REPLY_ADDITIONAL; section++)
		if (!reply_set(&reply, (enum reply_section)section, arena,
				    VIEW("a.example"), VIEW("NS"), &set))
			check_set(arena, &set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = { "TXT", "MX", "CAA", "NS", "TLSA", "SRV" };
	static const struct tsig_key key = { { "k", 1 }, HMAC_SHA256, { "secret", 6 } };
	static const struct tsig_mac mac = { { 0 }, 32 };
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct view message = view_of(data, size);

	must(tsig_verify(message, &key, &mac, 1800000000) != TSIG_OK);
	for (size_t i = 0; size >= 2 && i < ARRAY_LEN(types); i++)
		check_reply(arena, message,
				&(struct question){ VIEW("a.example"), view_z(types[i]),
						(uint16_t)(data[0] << 8 | data[1]),
						false });
	return 0;
}
