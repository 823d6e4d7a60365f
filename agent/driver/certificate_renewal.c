/* When an issued certificate is renewed: its issuer is asked, every few hours, for as long as
 * it is what is wanted. */
#include "agent/driver/certificate_issue_inside.h"

#include "agent/acme/exchange.h"
#include "agent/acme/renewal.h"
#include "agent/database/text.h"
#include "agent/driver/certificate_row.h"
#include "runtime/base/error.h"
#include "runtime/crypto/random.h"

#include <jansson.h>

enum {
	RENEWAL_SECONDS = 6 * 60 *
			  60, /* between two questions, where the issuer names no time */
	RENEWAL_LEAST = 60 * 60,
	RENEWAL_MOST = 24 * 60 * 60,
};

/* Where the issuer is asked when it wants the certificate to be renewed; nothing before its
 * time. */
int certificate_brief_look(const struct effect_desk *desk, const struct effect *effect,
		struct buf *out)
{
	CLEANUP(buf_free) struct buf id = BUF_NULL(RENEWAL_URL / 2);
	struct certificate_row row;
	json_t *root, *asked;
	int r = certificate_row_read(desk->db, effect->uid, desk->arena, &row);

	if (r)
		return r == CERTIFICATE_ROW_E_ABSENT ? 0 : r;
	if (!row.issued.len || row.renewal_at > desk->now || renewal_id(row.chain, &id))
		return 0;
	asked = json_loadb(row.issued.data, row.issued.len, 0, NULL);
	root = json_pack("{s:O?, s:o, s:I}", "acme", json_object_get(asked, "acme"), "id",
			json_view(buf_view(&id)), "renew_at", (json_int_t)row.renew_at);
	json_decref(asked);
	certificate_write_brief(root, &SECRET_NULL, &SECRET_NULL, out);
	return 0;
}

int certificate_keep_renewal(const struct effect_desk *desk, const struct effect *effect,
		const struct effect_answer *answer)
{
	json_t *root = json_loadb(answer->progress.data, answer->progress.len, 0, NULL);
	walltime renew_at = json_integer_value(json_object_get(root, "renew_at"));
	walltime again = json_integer_value(json_object_get(root, "again"));

	json_decref(root);
	return certificate_row_set_renewal(desk->db, effect->uid, renew_at, again);
}

static walltime again_at(const struct effect *effect, nstime said)
{
	walltime seconds = said > 0 ? said / NS_PER_S : RENEWAL_SECONDS;

	seconds = seconds < RENEWAL_LEAST ? RENEWAL_LEAST : seconds;
	return effect->now + (seconds > RENEWAL_MOST ? RENEWAL_MOST : seconds);
}

static int ask_renewal(const struct effect *effect, const json_t *brief,
		struct effect_answer *answer, struct renewal_window *out,
		nstime *again_out)
{
	CLEANUP(web_reply_deinit) struct web_reply directory = WEB_REPLY_NULL;
	CLEANUP(web_reply_deinit) struct web_reply reply = WEB_REPLY_NULL;
	CLEANUP(buf_free) struct buf place = BUF_NULL(RENEWAL_URL);
	const char *url = json_string_value(json_object_get(brief, "acme"));
	const char *id = json_string_value(json_object_get(brief, "id"));
	int r;

	if (!url || !id)
		return RENEWAL_E_FORM;
	r = exchange_get(effect, view_z(url), &directory, answer);
	if (r == 0)
		r = renewal_place(buf_view(&directory.body), view_z(id), &place);
	if (r == 0)
		r = exchange_get(effect, buf_view(&place), &reply, answer);
	if (r == 0)
		r = renewal_read(buf_view(&reply.body), out);
	*again_out = reply.retry_after;
	return r;
}

/* What is served is there; the question is when it shall be renewed. No answer is no failure:
 * there is a time without it, too. */
int certificate_look(const struct effect *effect, struct effect_answer *out)
{
	struct view text = effect->brief;
	struct renewal_window window;
	walltime renew_at;
	nstime again = 0;
	uint64_t random;
	json_t *brief;
	int r;

	buf_add(&out->live, effect->text);
	if (text.len == 0)
		return EFFECT_DONE;
	text = view_cut(&text, '\0');
	brief = json_loadb(text.data, text.len, 0, NULL);
	renew_at = json_integer_value(json_object_get(brief, "renew_at"));
	random_bytes(&random, sizeof(random));
	r = ask_renewal(effect, brief, out, &window, &again);
	json_decref(brief);
	if (r == 0)
		renew_at = renewal_choose(&window, renew_at, random);
	buf_addf(&out->progress, "{\"again\":%lld,\"renew_at\":%lld}",
			(long long)again_at(effect, again), (long long)renew_at);
	return EFFECT_DONE;
}
