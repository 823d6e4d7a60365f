#include "runtime/mailauth/verdict.h"

#include "runtime/base/limit.h"
#include "runtime/mail/address.h"
#include "runtime/mail/authres.h"

/* -- the field -- */

/* The whole path, or where that is too long its domain. */
static void add_mail_from(struct authres *a, const struct verdict *v)
{
	CLEANUP(buf_free) struct buf path = BUF_NULL(2 * AUTHRES_VALUE_MAX);

	address_print(&path, v->local, v->domain);
	if (buf_failed(&path) ||
			!authres_property(a, "smtp", "mailfrom", buf_view(&path)))
		authres_property(a, "smtp", "mailfrom", v->domain);
}

static void add_spf(struct authres *a, const struct verdict *v,
		const struct spf_result *result)
{
	authres_result(a, "spf", spf_code_name(result->code));
	if (result->reason.len)
		authres_reason(a, result->reason);
	if (result->identity == SPF_MAIL_FROM && v->domain.len)
		add_mail_from(a, v);
	else
		authres_property(a, "smtp", "helo", v->helo);
}

static void add_signature(struct authres *a, const struct dkim_verdict *verdict)
{
	authres_result(a, "dkim", dkim_code_name(verdict->code));
	if (verdict->bits) {
		CLEANUP(buf_free) struct buf bits = BUF_NULL(40);

		buf_addf(&bits, "%u bits%s", verdict->bits,
				verdict->testing ? ", testing" : "");
		authres_comment(a, buf_view(&bits));
	}
	if (verdict->reason)
		authres_reason(a, view_z(verdict->reason));
	if (verdict->domain.len)
		authres_property(a, "header", "d", verdict->domain);
	if (verdict->selector.len)
		authres_property(a, "header", "s", verdict->selector);
	if (verdict->algorithm)
		authres_property(a, "header", "a", view_z(verdict->algorithm));
	if (verdict->identity.len)
		authres_property(a, "header", "i", verdict->identity);
	if (verdict->mark.len)
		authres_property(a, "header", "b", verdict->mark);
}

static void add_dkim(struct authres *a, const struct dkim_result *result)
{
	uint64_t most = limit_value(LIMIT_DKIM_SIGNATURES);

	if (result->count == 0)
		authres_result(a, "dkim", "none");
	for (size_t i = 0; i < result->count && i <= most; i++)
		add_signature(a, &result->verdicts[i]);
}

static void add_dmarc(struct authres *a, const struct dmarc_result *result)
{
	authres_result(a, "dmarc", dmarc_code_name(result->code));
	if (result->has_record) {
		CLEANUP(buf_free) struct buf policy = BUF_NULL(80);

		buf_addf(&policy, "p=%s dis=%s", dmarc_policy_name(result->policy),
				dmarc_policy_name(result->disposition));
		authres_comment(a, buf_view(&policy));
	}
	if (result->reason)
		authres_reason(a, view_z(result->reason));
	if (result->domain.len)
		authres_property(a, "header", "from", result->domain);
}

void verdict_write_field(
		const struct verdict *v, struct view id, bool utf8, struct buf *out)
{
	struct authres a;

	authres_begin(&a, out, id, utf8);
	if (v->spf)
		add_spf(&a, v, v->spf);
	if (v->spf_helo)
		add_spf(&a, v, v->spf_helo);
	if (v->dkim)
		add_dkim(&a, v->dkim);
	if (v->dmarc)
		add_dmarc(&a, v->dmarc);
	authres_end(&a);
}

/* -- the line -- */

static void add_word(struct buf *out, const char *name, struct view value)
{
	buf_addf(out, "%s%s=", out->len ? " " : "", name);
	if (value.len == 0)
		buf_add_byte(out, '-');
	for (size_t i = 0; i < value.len; i++) {
		char c = value.data[i];
		bool plain = byte_is_alpha(c) || byte_is_digit(c) ||
			     (c && strchr("._-", c));

		buf_add_byte(out, plain ? c : '?');
	}
}

/* The best of the signatures stands for all: one that passed, else the first. */
static const struct dkim_verdict *best(const struct dkim_result *result)
{
	for (size_t i = 0; i < result->count; i++)
		if (result->verdicts[i].code == DKIM_PASS)
			return &result->verdicts[i];
	return result->count ? &result->verdicts[0] : NULL;
}

static void add_dkim_words(struct buf *out, const struct dkim_result *result)
{
	const struct dkim_verdict *verdict = best(result);

	add_word(out, "dkim", view_z(verdict ? dkim_code_name(verdict->code) : "none"));
	if (!verdict)
		return;
	add_word(out, "dkim_domain", verdict->domain);
	add_word(out, "dkim_selector", verdict->selector);
	buf_addf(out, " dkim_signatures=%zu", result->count);
}

static void add_dmarc_words(struct buf *out, const struct dmarc_result *result)
{
	add_word(out, "dmarc", view_z(dmarc_code_name(result->code)));
	add_word(out, "author_domain", result->domain);
	add_word(out, "policy",
			result->has_record ? view_z(dmarc_policy_name(result->policy))
					   : VIEW_NULL);
	add_word(out, "disposition", view_z(dmarc_policy_name(result->disposition)));
}

void verdict_write_line(const struct verdict *v, struct buf *out)
{
	CLEANUP(buf_free) struct buf line = BUF_NULL(VERDICT_LINE_MAX);

	if (v->spf) {
		add_word(&line, "spf", view_z(spf_code_name(v->spf->code)));
		add_word(&line, "spf_domain", v->spf->domain);
	}
	if (v->spf_helo) {
		add_word(&line, "helo", view_z(spf_code_name(v->spf_helo->code)));
		add_word(&line, "helo_domain", v->spf_helo->domain);
	}
	if (v->dkim)
		add_dkim_words(&line, v->dkim);
	if (v->dmarc)
		add_dmarc_words(&line, v->dmarc);
	buf_add(out, buf_view(&line));
}
