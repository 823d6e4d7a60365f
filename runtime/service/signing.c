#include "runtime/service/signing.h"

#include "runtime/base/log.h"

struct dkim_sign *signing_begin(
		const struct configuration *c, struct view domain, walltime now)
{
	struct dkim_signer signers[DKIM_SIGNERS_MAX];
	const struct signing *signings = NULL;
	size_t count = 0;

	_Static_assert((int)DOMAIN_SIGNINGS <= (int)DKIM_SIGNERS_MAX, "all of them sign");
	while (domain.len && !configuration_has_domain(c, domain))
		view_cut(&domain, '.');
	if (domain.len)
		signings = configuration_signings(c, domain, &count);
	if (count == 0)
		return NULL;
	for (size_t i = 0; i < count; i++)
		signers[i] = (struct dkim_signer){ .domain = domain,
			.selector = signings[i].selector,
			.key = signings[i].key };
	return dkim_sign_new(signers, count, now, DKIM_LIFETIME);
}

bool signing_finish(struct dkim_sign *sign, struct buf *out)
{
	int r = dkim_sign_finish(sign, out);

	if (r < 0)
		log_event(LOG_ERROR, "signing.fault", log_fault(r));
	if (r > 0)
		log_event(LOG_WARN, "signing.refused",
				log_text("reason", r == DKIM_SIGN_E_FROM
								   ? "from"
								   : "header-too-long"),
				log_text("next", "the message goes unsigned"));
	return r >= 0;
}
