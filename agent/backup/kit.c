#include "agent/backup/kit.h"

#include "runtime/base/base64.h"
#include "runtime/crypto/recovery_code.h"

#define MASTER "posthus-master-1:"

enum {
	MASTER_SIZE = 32,
};

/* A code is hyphens and letters alone, and as long as one. */
static bool looks_like_code(struct view line)
{
	size_t hyphens = 0;

	for (size_t i = 0; i < line.len; i++) {
		unsigned char c = (unsigned char)line.data[i];

		hyphens += c == '-';
		if (c != '-' && !byte_is_digit((char)c) &&
				!((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
			return false;
	}
	return hyphens == RECOVERY_CODE_GROUPS - 1;
}

static bool read_master(struct view text, struct kit *out)
{
	CLEANUP(buf_wipe) struct buf bytes = BUF_NULL(MASTER_SIZE + 3);

	if (!base64_decode(&bytes, text) || bytes.len != MASTER_SIZE)
		return false;
	secret_free(&out->master);
	out->master = secret_copy(buf_view(&bytes));
	return true;
}

static void read_signer(struct view hex, struct kit *out)
{
	out->has_signer |= hex_decode(hex, out->signer, VAULT_KEY);
}

static int read_code(struct view line, struct kit *out, unsigned *group_out)
{
	CLEANUP(recovery_code_wipe) struct recovery_code code;
	int r = recovery_code_read(line, &code, group_out);

	if (r)
		return KIT_E_CODE;
	recovery_code_identity(&code, &out->identity);
	out->has_identity = true;
	return KIT_OK;
}

static int read_place(struct view text, struct kit *out)
{
	json_t *place = json_loadb(text.data, text.len, 0, NULL);

	if (!json_is_object(place) || out->place_count == KIT_PLACES) {
		json_decref(place);
		return KIT_E_PLACE;
	}
	out->places[out->place_count++] = place;
	return KIT_OK;
}

static int read_line(struct view line, struct kit *out, unsigned *group_out)
{
	if (view_starts(line, VIEW(MASTER))) {
		if (!read_master(view_from(line, sizeof(MASTER) - 1), out))
			return KIT_E_CODE;
	} else if (view_starts(line, VIEW("AGE-SECRET-KEY-1"))) {
		out->has_identity |= age_identity_read(line, &out->identity);
	} else if (view_starts(line, VIEW("backup {"))) {
		return read_place(view_from(line, 7), out);
	} else if (view_starts(line, VIEW("vault "))) {
		read_signer(view_trim(view_from(line, 6)), out);
	} else if (looks_like_code(line)) {
		return read_code(line, out, group_out);
	}
	return KIT_OK;
}

int kit_read(struct view page, struct kit *out, unsigned *line_out, unsigned *group_out)
{
	*group_out = 0;
	for (*line_out = 1; page.len; ++*line_out) {
		int r = read_line(view_trim(view_cut(&page, '\n')), out, group_out);

		if (r)
			return r;
	}
	return KIT_OK;
}

void kit_deinit(struct kit *kit)
{
	secret_free(&kit->master);
	key_wipe(&kit->identity);
	for (size_t i = 0; i < kit->place_count; i++)
		json_decref(kit->places[i]);
	kit->place_count = 0;
}
