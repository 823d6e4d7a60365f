#include "runtime/service/signing.h"

#include "runtime/base/log.h"

struct dkim_sign *signing_begin(
		const struct configuration *c, struct view domain, walltime now)
{
	size_t count;
	const struct signing *signings = configuration_signings(c, domain, &count);
	struct dkim_signer signers[DKIM_SIGNERS_MAX];

	_Static_assert((int)DOMAIN_SIGNINGS <= (int)DKIM_SIGNERS_MAX, "all of them sign");
	if (count == 0)
		return NULL;
	for (size_t i = 0; i < count; i++)
		signers[i] = (struct dkim_signer){ .domain = domain,
			.selector = signings[i].selector,
			.key = signings[i].key };
	return dkim_sign_new(signers, count, now, DKIM_LIFETIME);
}

void signing_finish(struct dkim_sign *sign, struct buf *out, struct buf *reply)
{
	int r = dkim_sign_finish(sign, out);

	if (r < 0) {
		log_event(LOG_ERROR, "signing.fault", log_fault(r));
		buf_add_z(reply, "451 4.3.0 The message cannot be signed now; try again "
				 "later");
	} else if (r) {
		log_event(LOG_WARN, "signing.refused",
				log_text("reason", r == DKIM_SIGN_E_FROM
								   ? "from"
								   : "header-too-long"),
				log_text("next", "the message goes unsigned"));
	}
}
