/* Rules that no row of a table can say: what fields and objects mean together. */
#include "schema/check.h"

#include <stdlib.h>

/* -- hosts -- */

static const char *const service_names[LISTEN_SERVICES] = {
	[LISTEN_SMTP] = "smtp",
	[LISTEN_SUBMISSION] = "submission",
	[LISTEN_SUBMISSIONS] = "submissions",
	[LISTEN_IMAP] = "imap",
	[LISTEN_IMAPS] = "imaps",
	[LISTEN_METRICS] = "metrics",
	[LISTEN_HTTP] = "http",
	[LISTEN_HTTPS] = "https",
};

static const struct value *listen_value(const struct desired_host *host, size_t service)
{
	const struct value *listen = value_at(host->object.values, "listen");

	return listen ? value_at(listen->first, service_names[service]) : NULL;
}

static bool same_port(const struct desired_listen *a, const struct desired_listen *b)
{
	return a->open && b->open && a->port == b->port &&
	       (!a->address.len || !b->address.len || view_eq(a->address, b->address));
}

/* The value that was written is shown; the other may be a default. */
static void say_port_taken(
		struct check *c, const struct desired_host *host, size_t one, size_t two)
{
	const struct value *a = listen_value(host, one), *b = listen_value(host, two);
	const struct node *node = b ? b->node : a ? a->node : host->object.node;
	struct diagnostic *item = complain_key(c, PORT_TAKEN, node,
			"`%s` and `%s` would share port %u", service_names[one],
			service_names[two], host->listen[one].port);

	if (a && b)
		diagnostic_frame(c->d, item, a->node->span, "the other");
	help(c, item, "choose another port, or close one with `off`");
}

static void check_ports(struct check *c, const struct desired_host *host)
{
	for (size_t i = 0; i < LISTEN_SERVICES; i++)
		for (size_t j = 0; j < i; j++)
			if (same_port(&host->listen[i], &host->listen[j]))
				say_port_taken(c, host, j, i);
}

static void choose_host(struct check *c)
{
	struct objects *hosts = &c->kinds[KIND_HOST];
	const struct agent_file *agent = c->options->agent;
	struct diagnostic *item;
	struct desired_object *chosen = NULL;

	if (hosts->count == 0 && hosts->declared)
		return;
	if (hosts->count == 0) {
		item = diagnostics_add(c->d, NO_HOST, VIEW("$.hosts"), (struct span){ 0 },
				"the state has no host");
		help(c, item, "add `hosts: {mail: {name: mail.a.example}}`");
	} else if (agent && agent->host.len) {
		chosen = object_named(c, KIND_HOST, agent->host);
		if (!chosen) {
			item = complain_key(c, UNKNOWN_HOST,
					object_at(hosts, 0)->node->parent,
					"agent.yaml says that this is host `%.*s`; there "
					"is none here",
					VIEW_ARG(agent->host));
			help(c, item,
					"write `host: %.*s` in agent.yaml, or add the "
					"host here",
					VIEW_ARG(object_at(hosts, 0)->key));
		}
	} else if (hosts->count == 1) {
		chosen = object_at(hosts, 0);
	} else if (agent) {
		item = complain_key(c, HOST_NOT_CHOSEN, object_at(hosts, 1)->node,
				"a second host");
		diagnostic_frame(c->d, item, object_at(hosts, 0)->key_span, "the first");
		help(c, item,
				"say in agent.yaml which of them this machine is: `host: "
				"%.*s`",
				VIEW_ARG(object_at(hosts, 0)->key));
	}
	c->desired->host = (const struct desired_host *)(void *)chosen;
}

/* -- domains -- */

static void check_twin(struct check *c, const struct desired_domain *domain)
{
	static const char *const borrowed[] = { "contact", "catch_all", "subaddress",
		"allow", "deny" };

	for (size_t i = 0; i < ARRAY_LEN(borrowed) && domain->same_as; i++) {
		const struct value *value = value_at(domain->object.values, borrowed[i]);
		struct diagnostic *item;

		if (!value)
			continue;
		item = complain_key(c, TWIN_HAS_SETTINGS, value->node,
				"a twin takes this from `%.*s`",
				VIEW_ARG(domain->same_as->object.key));
		help(c, item, "remove it here");
	}
}

static bool has_issuer(struct check *c)
{
	const struct objects *certificates = &c->kinds[KIND_CERTIFICATE];

	for (size_t i = 0; i < certificates->count; i++) {
		const void *certificate = object_at(certificates, i);

		if (((const struct desired_certificate *)certificate)->issuer_count)
			return true;
	}
	return false;
}

/* Whoever looks for it finds the name only where somebody puts it into the zone, and takes
 * the file only under a certificate (RFC 8461, 3.3). */
static void check_policy(struct check *c, const struct desired_domain *domain)
{
	const struct value *sts = value_at(domain->object.values, "mta_sts");
	bool is_kept = domain->dns_mode == DNS_MANUAL ||
		       (domain->dns_mode == DNS_MANAGE && domain->dns_provider.count);
	struct diagnostic *item;

	if (!domain->has_sts || domain->sts_mode == DESIRED_STS_NONE ||
			(is_kept && has_issuer(c)))
		return;
	item = complain_key(c, POLICY_UNSERVED, sts->node,
			is_kept ? "its file needs a certificate of an issuer, and "
				  "`certs` "
				  "has none"
				: "nobody puts what it needs into the zone");
	help(c, item, "%s",
			is_kept ? "write `certs: {mail: {issuer: …}}`"
				: "say who keeps it: `dns: manual`, or a provider");
}

/* -- users -- */

static void check_password(struct check *c, const struct desired_user *user)
{
	const struct value *values_password = value_at(user->object.values, "password");
	const struct value *hash = value_at(user->object.values, "password.hash");
	const struct value *invite = value_at(user->object.values, "invite");
	struct diagnostic *item;

	if (hash && user->encryption == ENCRYPTION_PRIVATE) {
		item = complain(c, HASH_FOR_PRIVATE, hash->node,
				"a hash cannot open a private mailbox");
		help(c, item,
				"a private account begins with `invite`: its owner sets "
				"the "
				"password, and the key is made with it");
	}
	if (values_password && invite) {
		item = complain_key(c, EXCLUDES, invite->node,
				"an invitation and a password");
		diagnostic_frame(c->d, item, node_key_span(values_password->node),
				"the password");
		help(c, item,
				"invited, the person sets the password; remove one of "
				"them");
	}
}

static bool serves_pages(struct check *c)
{
	struct objects *hosts = &c->kinds[KIND_HOST];

	for (size_t i = 0; i < hosts->count; i++) {
		const struct desired_host *host = (const void *)object_at(hosts, i);

		if (host->listen[LISTEN_HTTPS].open)
			return true;
	}
	return false;
}

/* Whoever cannot log in yet reads none of her own addresses. */
static bool is_own(const struct desired_user *user, struct view address)
{
	bool own = view_eq_nocase(user->object.key, address);

	for (size_t i = 0; i < user->addresses.count; i++)
		own |= view_eq_nocase(user->addresses.items[i], address);
	return own;
}

static void check_invitation(struct check *c, const struct desired_user *user)
{
	const struct value *invite = value_at(user->object.values, "invite");
	struct diagnostic *item;

	if (!invite || !user->invite.len || value_at(user->object.values, "password"))
		return;
	if (is_own(user, user->invite)) {
		item = complain(c, INVITE_TO_ITSELF, invite->node,
				"she cannot read it: it is the mailbox that the link "
				"opens");
		help(c, item,
				"name an address that the person reads today; or leave "
				"it out, and `posthus account invite` prints the link");
	}
	if (!serves_pages(c)) {
		item = complain(c, INVITE_UNSERVED, invite->node,
				"nothing serves the page that its link opens");
		help(c, item,
				"open `listen: {https: 443}` on a host; or leave "
				"`invite` out, and set a password");
	}
}

static void check_role_domains(struct check *c, const struct desired_user *user)
{
	const struct value *roles = value_at(user->object.values, "roles");

	for (const struct value *item = roles ? roles->first : NULL; item;
			item = item->next) {
		struct view domain = item->text;
		struct diagnostic *said;

		view_cut(&domain, ':');
		if (!domain.data || object_named(c, KIND_DOMAIN, domain))
			continue;
		said = complain(c, UNKNOWN_DOMAIN, item->node,
				"the state has no domain `%.*s`", VIEW_ARG(domain));
		help(c, said, "add `%.*s: {}` to `domains`", VIEW_ARG(domain));
	}
}

/* -- services -- */

/* An empty list would be taken for one that was left out. */
static void check_allowed(
		struct check *c, const struct desired_service *service, const char *field)
{
	const struct value *list = value_at(service->object.values, field);
	struct diagnostic *item;

	if (!list || list->node->kind != NODE_LIST || list->node->first)
		return;
	item = complain(c, OUT_OF_RANGE, list->node, "an empty list allows nothing");
	help(c, item, "name what is allowed, or leave `%s` out: then everything is",
			field);
}

/* -- aliases -- */

static void check_alias(struct check *c, const struct desired_alias *alias)
{
	const struct value *to = value_at(alias->object.values, "to");
	const struct value *discard = value_at(alias->object.values, "discard");
	struct diagnostic *item;

	if (view_starts(alias->object.key, VIEW("*@"))) {
		item = complain_key(c, BAD_ADDRESS, alias->object.node,
				"an alias is of one address: `*` is no pattern");
		help(c, item,
				"what is for no other address goes to `catch_all` of its "
				"domain: `%.*s: {catch_all: anna}`",
				VIEW_ARG(view_from(alias->object.key, 2)));
	}
	if (to && !to->first) {
		item = complain(c, ONE_OF, to->node, "an alias that leads nowhere");
		help(c, item, "name a target, or write `reject:` or `discard: true`");
	}
	if (discard && !discard->number) {
		item = complain(c, ONE_OF, discard->node, "nothing is left of the alias");
		help(c, item, "write `discard: true`, or `to:` or `reject:` instead");
	}
}

/* -- users that forward -- */

static uint64_t user_forward(const struct check *c)
{
	const struct value *word = value_at(c->root, "policy.user_forward");

	return word ? (uint64_t)word->number : USER_FORWARD_ALLOW;
}

static void check_forward(struct check *c, const struct desired_user *user)
{
	const struct value *to = value_at(user->object.values, "forward.to");
	uint64_t allowed = user_forward(c);
	struct diagnostic *item;

	if (to && !to->first) {
		item = complain(c, OUT_OF_RANGE, to->node,
				"a forward that leads nowhere");
		help(c, item, "name an address, or leave `forward` out");
	}
	for (const struct value *one = to ? to->first : NULL; one; one = one->next) {
		if (allowed == USER_FORWARD_ALLOW ||
				(allowed == USER_FORWARD_INTERNAL &&
						domain_of_address(c, one->text)))
			continue;
		item = complain(c, FORWARD_NOT_ALLOWED, one->node,
				"the policy lets nobody send mail on%s",
				allowed == USER_FORWARD_DENY ? "" : " to others");
		help(c, item, "write `policy: {user_forward: %s}`, or leave it out",
				allowed == USER_FORWARD_DENY ? "internal" : "allow");
	}
}

/* -- warnings -- */

static void warn_of_recipients(struct check *c)
{
	const struct value *recipients = value_at(c->root, "secrets.recipients");
	struct diagnostic *item;

	if (!recipients || !recipients->first)
		return;
	for (const struct value *r = recipients->first; r; r = r->next)
		if (!view_starts(r->key, VIEW("host/")))
			return;
	item = complain_key(c, NO_RECIPIENT_OFF_HOST, recipients->node,
			"only hosts can open what is sealed");
	help(c, item, "add a recipient whose key is kept elsewhere: `recovery: age1…`");
}

static void warn_of_alerts(struct check *c)
{
	const struct value *to = value_at(c->root, "alerts.to");
	struct diagnostic *item;

	if (!to || !to->first)
		return;
	for (const struct value *address = to->first; address; address = address->next)
		if (!domain_of_address(c, address->text))
			return;
	item = complain_key(c, ALERTS_STAY_INSIDE, to->node,
			"every alert goes to a domain of this state");
	help(c, item,
			"add an address elsewhere: alerts matter most when mail fails "
			"here");
}

/* A name without its password is no login, nor the other way round. */
static void check_login(struct check *c, const struct desired_object *relay)
{
	const struct value *user = value_at(relay->values, "user");
	const struct value *password = value_at(relay->values, "password");
	struct diagnostic *item;

	if (!user == !password || c->d->errors) /* one that is wrong is not missing */
		return;
	item = complain(c, MISSING_FIELD, (user ? user : password)->node,
			"a login is `user` and `password`; there is no `%s`",
			user ? "password" : "user");
	help(c, item, "%s",
			user ? "name a file of the host: `password: {host_file: "
			       "/etc/posthus/relay}`"
			     : "write `user:`, or leave `password` out");
}

static void check_object(struct check *c, struct desired_object *object)
{
	void *typed = object;

	switch (object->kind) {
	case KIND_HOST:
		check_ports(c, typed);
		break;
	case KIND_DOMAIN:
		check_twin(c, typed);
		check_policy(c, typed);
		break;
	case KIND_USER:
		check_password(c, typed);
		check_invitation(c, typed);
		check_forward(c, typed);
		check_role_domains(c, typed);
		break;
	case KIND_SERVICE:
		check_allowed(c, typed, "from");
		check_allowed(c, typed, "to");
		break;
	case KIND_ALIAS:
		check_alias(c, typed);
		break;
	case KIND_DNS_PROVIDER:
		dns_provider_check(c, typed);
		break;
	case KIND_RELAY:
		check_login(c, typed);
		break;
	default:
		break;
	}
}

/* Said only of a state that is right: who an address is lost on is known then. */
static void warn_of_postmaster(struct check *c, const struct desired_domain *domain)
{
	struct diagnostic *item;

	if (domain->same_as || domain->catch_all.count ||
			desired_route(domain, VIEW("postmaster")))
		return;
	item = complain_key(c, NO_POSTMASTER, domain->object.node,
			"nobody gets the mail to postmaster here");
	help(c, item, "name a `contact`, or give a user the role admin");
}

static void warn_of_nobody(struct check *c, const struct desired_shared *shared)
{
	struct diagnostic *item;

	if (shared->member_count)
		return;
	item = complain_key(c, NO_MEMBERS, shared->object.node,
			"its mail is kept, and nobody can look into it");
	help(c, item, "name `members`: users or groups with people in them");
}

static void warn(struct check *c)
{
	struct objects *domains = &c->kinds[KIND_DOMAIN];
	struct objects *shared = &c->kinds[KIND_SHARED];

	for (size_t i = 0; i < domains->count; i++) {
		void *domain = object_at(domains, i);

		warn_of_postmaster(c, domain);
	}
	for (size_t i = 0; i < shared->count; i++) {
		void *mailbox = object_at(shared, i);

		warn_of_nobody(c, mailbox);
	}
	warn_of_recipients(c);
	warn_of_alerts(c);
}

void rules_check(struct check *c)
{
	for (enum kind kind = KIND_NONE + 1; kind < KINDS; kind++)
		for (size_t i = 0; i < c->kinds[kind].count; i++)
			check_object(c, object_at(&c->kinds[kind], i));
	allowed_check(c);
	records_check(c);
	spf_check_domains(c);
	spf_check_relays(c);
	choose_host(c);
	moved_check(c);
	if (c->d->errors == 0)
		warn(c);
}
