/* What to say of a field that does not exist: the word of another product, a field that
 * belongs elsewhere, a slip of the finger. */
#include "schema/check.h"

enum {
	NAMES_MAX = 64,
	LISTED = 16 /* so many fields are listed; of more, `posthus explain` tells */
};

/* -- words that people bring along -- */

struct brought {
	const struct table *table;
	const char *words; /* between blanks */
	const char *help;
};

/* clang-format off */
static const struct brought brought[] = {
	{ &state_table, " accounts mailboxes principals mailusers people ", "people with a mailbox stand below `users:`" },
	{ &state_table, " server servers machines mailserver hostname node nodes ", "a machine stands below `hosts:`, as in `hosts: {mail: {name: mail.a.example}}`" },
	{ &state_table, " listeners listen ports smtp imap submission protocols ", "where a machine listens is said of it: `hosts: {mail: {listen: {smtp: 25}}}`" },
	{ &state_table, " tls ssl certificates certificate acme letsencrypt ", "certificates stand below `certs:`; without it the host signs its own" },
	{ &state_table, " forwards forwarding forwarders redirects virtual virtual_aliases ", "an address that leads elsewhere stands below `aliases:`" },
	{ &state_table, " lists mailinglists distribution_lists mailing_lists ", "mail to several people is an alias: `aliases: {team@a.example: [anna, bo]}`" },
	{ &state_table, " shared_mailboxes sharedmailboxes shared_folders public ", "mailboxes of several people stand below `shared:`" },
	{ &state_table, " bots devices applications apps api_users smtp_users ", "machines that send stand below `services:`" },
	{ &state_table, " smarthost smarthosts relayhost transports transport ", "servers that send for us stand below `relays:`" },
	{ &state_table, " admins administrators ", "who administers says so with a role: `users: {anna@a.example: {roles: [admin]}}`" },
	{ &state_table, " apiVersion kind metadata spec ", "this is no Kubernetes object: a state has sections like `users:` and `domains:`" },
	{ &state_table, " resource provider variable output terraform ", "this is no Terraform: a state has sections like `users:` and `domains:`" },
	{ &state_table, " config settings global options general ", "there is no section for all settings; what is said of a machine stands below `hosts:`, of mail to a domain below `domains:`" },
	{ &state_table, " database storage redis directory ldap directories data ", "where data lies is said on the machine, in agent.yaml: `data: /var/lib/posthus`" },
	{ &state_table, " include includes imports import ", "nothing is included: every *.yaml of a directory is read, and the sections are joined" },
	{ &state_table, " webhook webhooks notifications monitoring ", "who is told of trouble stands below `alerts:`" },
	{ &host_table, " hostname fqdn host servername myhostname ehlo helo ", "its full name is `name: mail.a.example`" },
	{ &host_table, " ip ips address bind interface interfaces public_ip ", "its public addresses are `addresses: [203.0.113.10]`; where it listens is `listen: {smtp: \"203.0.113.10:25\"}`" },
	{ &host_table, " port ports listeners protocols ", "ports stand in `listen: {smtp: 25, imaps: 993}`" },
	{ &host_table, " max_message_size message_size_limit maxsize max_connections ", "limits stand in `limits: {message_size: 50MiB, connections: 10000}`" },
	{ &host_table, " tls ssl certificate cert ", "certificates stand below `certs:`, beside `hosts:`" },
	{ &host_table, " relayhost smarthost relay ", "a relay is named by `send_via: NAME`, and stands below `relays:`" },
	{ &host_table, " trusted_proxies proxy_protocol haproxy ", "load balancers before it are named by `proxy: [192.0.2.0/24]`" },
	{ &domain_table, " catchall catch-all default_address fallback ", "who gets what is for no other address is `catch_all: anna`" },
	{ &domain_table, " postmaster abuse admin owner email ", "who gets postmaster@ and abuse@ is `contact: anna`" },
	{ &domain_table, " alias alias_of aliases same_domain twin_of mirror ", "a domain whose addresses are those of another is `same_as: a.example`" },
	{ &domain_table, " separator recipient_delimiter plus_addressing delimiter tag ", "what begins the detail of an address is `subaddress: \"+\"`" },
	{ &domain_table, " users mailboxes accounts ", "users stand below `users:`, beside `domains:`; the address says which domain is theirs" },
	{ &domain_table, " relay smarthost transport ", "a relay is named by `send_via: NAME`, and stands below `relays:`" },
	{ &domain_table, " enabled active disabled ", "leave the domain out to close it: its mail is kept" },
	{ &domain_table, " quota default_quota ", "a quota is said of users: `defaults: {user: {quota: 10GiB}}`" },
	{ &domain_table, " mta-sts mtasts ", "write `mta_sts:`" },
	{ &user_table, " size mailbox_size storage disk_quota quota_bytes mailbox_quota maxsize max_size limit ", "how much the mailbox holds is `quota: 10GiB`" },
	{ &user_table, " display_name displayname full_name fullname realname real_name cn description gecos title ", "a person's name is `name: Anna Andersson`" },
	{ &user_table, " aliases alias emails email_aliases additional_addresses mail_aliases secondary ", "further addresses of the same mailbox are `addresses: [a.ek@a.example]`" },
	{ &user_table, " email mail address login username user ", "the address is the key: `users: {anna@a.example: {…}}`" },
	{ &user_table, " passwd pass pw secret password_hash hash hashed_password credentials ", "a password is `password: {hash: \"$6$…\"}`, from `mkpasswd -m sha512crypt`" },
	{ &user_table, " admin is_admin administrator role permissions is_superuser ", "what a person may administer is `roles: [admin]`" },
	{ &user_table, " group groups member_of memberof ", "who is in a group is said there: `groups: {sales: {members: [anna]}}`" },
	{ &user_table, " enabled active disabled suspended status state ", "leave the user out to disable the account: its mail is kept" },
	{ &user_table, " forward_to forwarding forwards redirect forward_address ", "copies elsewhere are `forward: {to: [anna@elsewhere.example]}`" },
	{ &user_table, " out_of_office autoreply autoresponder auto_reply ooo ", "an answer while away is `vacation: {text: …}`" },
	{ &user_table, " sieve sieve_script filters rules ", "a Sieve script is `filter: anna.sieve`" },
	{ &user_table, " language lang timezone ", "the language of what we write to a person is `locale: sv`" },
	{ &user_table, " domain domains ", "the address says which domain is the user's" },
	{ &user_table, " rate_limit ratelimit send_quota max_recipients sending_limit ", "how much a person sends is `send_limit: 300/d`" },
	{ &user_table, " uid gid home maildir mailbox uuid ", "where a mailbox lies, and its number, is the program's own affair; `id:` is the identity when the address changes" },
	{ &user_table, " send_as ", "who may write in the name of an address is said of an alias or a shared mailbox" },
	{ &group_table, " users member people ", "who is in it is `members: [anna, bo]`" },
	{ &group_table, " email address mail addresses ", "a group has no address; an alias leads to it: `aliases: {team@a.example: [group/team]}`" },
	{ &group_table, " description name title display_name comment ", "a group has no further name; what is to be said of it goes into a comment, behind `# `" },
	{ &shared_table, " users access permissions acl owner owners rights ", "who may look into it is `members: {anna: manage, group/sales: write}`" },
	{ &shared_table, " password ", "nobody logs into a shared mailbox: each member finds it below Shared/; a machine that sends stands below `services:`" },
	{ &shared_table, " aliases alias emails ", "further addresses are `addresses: [b@a.example]`" },
	{ &service_table, " passwd pass pw secret hash api_key token ", "what it logs in with is `password: {hash: \"$6$…\"}`" },
	{ &service_table, " ip ips networks source sources allowed_ips address ", "the networks that it may log in from are `from: [192.0.2.0/24]`" },
	{ &service_table, " recipients allowed_recipients domains destinations ", "where it may write to is `to: [a.example]`" },
	{ &service_table, " quota ", "a service has no mailbox; how much it sends is `send_limit: 300/d`" },
	{ &alias_table, " target targets goto destination destinations members recipients forward forward_to redirect ", "where mail goes is `to: [anna, bo]`" },
	{ &alias_table, " enabled active disabled ", "leave the alias out, or write `reject: \"closed\"`" },
	{ &alias_table, " drop blackhole devnull ignore ", "mail that is thrown away is `discard: true`" },
	{ &alias_table, " regex pattern wildcard ", "a pattern is `match: '/shop-(.+)/'`" },
	{ &policy_table, " prune delete deletion gate max_deletions ", "removals wait for an approval by `gates: {users: {percent: 10}}`" },
	{ &policy_table, " reconcile_interval sync_interval poll period ", "how often the world is compared is `interval: 5m`" },
	{ &policy_table, " retention retention_days keep ", "how long data of what left the state is kept is `retain: 30d`" },
	{ &agent_table, " datadir data_dir storage state_dir ", "the data directory is `data: /var/lib/posthus`" },
	{ &agent_table, " socket sock control_socket listen ", "the control socket is `control: /run/posthus/control.sock`" },
	{ &agent_table, " key keyfile master masterkey encryption_key ", "the master key is `master_key: {host_file: /etc/posthus/master.key}`" },
	{ &agent_table, " git repo repository source ", "where the state is, is `state: {path: /etc/posthus/state}`" },
	{ &agent_table, " path config states ", "where the state is, is `state: {path: /etc/posthus/state}`" },
	{ &agent_table, " run_as uid group gid ", "whom the agent becomes is `user: posthus`" },
	{ &agent_table, " hosts users domains policy version aliases ", "that belongs into the state, not into agent.yaml" },
	{ &agent_table, " log logs loglevel log_level logging verbose ", "nothing is set for the log: it goes to the standard error stream, which systemd keeps" },
};
/* clang-format on */

/* The same but for case, `_` and `-`: displayName, display_name, display-name. */
static bool same_word(struct view a, struct view b)
{
	size_t i = 0, j = 0;

	while (true) {
		while (i < a.len && (a.data[i] == '_' || a.data[i] == '-'))
			i++;
		while (j < b.len && (b.data[j] == '_' || b.data[j] == '-'))
			j++;
		if (i == a.len || j == b.len)
			return i == a.len && j == b.len;
		if (byte_lower(a.data[i++]) != byte_lower(b.data[j++]))
			return false;
	}
}

static bool has_word(const char *words, struct view key)
{
	struct view rest = view_z(words);

	while (rest.data) {
		struct view word = view_cut(&rest, ' ');

		if (word.len && same_word(word, key))
			return true;
	}
	return false;
}

static const char *brought_help(const struct table *table, struct view key)
{
	for (size_t i = 0; i < ARRAY_LEN(brought); i++)
		if (brought[i].table == table && has_word(brought[i].words, key))
			return brought[i].help;
	return NULL;
}

/* -- fields that belong elsewhere -- */

static bool own_field(const struct table *table, struct view key)
{
	const struct field *field = table_field(table, key);

	return field && field >= table->fields && field < table->fields + table->count;
}

/* The record below `table` that has the field: `message_size` in `limits`. */
static const struct field *record_with(const struct table *table, struct view key)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct type *type = table->fields[i].type;

		if (type->kind == TYPE_RECORD && !type->table->secret &&
				own_field(type->table, key))
			return &table->fields[i];
	}
	return NULL;
}

/* The kind whose objects have the field; people look for users first. */
static enum kind kind_with(const struct table *besides, struct view key)
{
	static const enum kind first[] = { KIND_USER, KIND_DOMAIN, KIND_HOST };

	for (size_t i = 0; i < ARRAY_LEN(first) + KINDS; i++) {
		enum kind kind = i < ARRAY_LEN(first) ? first[i]
						      : (enum kind)(i - ARRAY_LEN(first));
		const struct table *table = kind ? table_of_kind(kind) : NULL;

		if (table && table != besides && table_section(kind) &&
				own_field(table, key))
			return kind;
	}
	return KIND_NONE;
}

/* The section just above that was left empty, since what is in it is not indented. */
static const struct node *section_above(const struct node *node)
{
	const struct node *above = node->parent ? node->parent->first : NULL;

	while (above && above != node && above->next != node)
		above = above->next;
	if (!above || above == node || !above->bad || above->kind != NODE_SCALAR ||
			above->text.len)
		return NULL;
	return above;
}

static bool help_elsewhere(struct check *c, struct diagnostic *item,
		const struct table *table, const struct node *node)
{
	struct view key = node->key;
	const struct node *above = table == c->root_table ? section_above(node) : NULL;
	enum kind kind;

	if (c->root_table != &state_table)
		return false;
	if (above) {
		help(c, item, "indent it if it belongs below `%.*s:`",
				VIEW_ARG(above->key));
		return true;
	}
	if (table->also && table_field(table->also, key)) {
		help(c, item, "`%.*s` belongs to each user alone: a group cannot give it",
				VIEW_ARG(key));
		return true;
	}
	if (table != c->root_table && table_field(c->root_table, key)) {
		help(c, item,
				"`%.*s:` is a section of its own: it stands at the "
				"beginning of a line",
				VIEW_ARG(key));
		return true;
	}
	kind = kind_with(table, key);
	if (kind == KIND_NONE)
		return false;
	help(c, item, "`%.*s` is a field of %s, which stands below `%s:`", VIEW_ARG(key),
			table_of_kind(kind)->noun, table_section(kind)->name);
	return true;
}

static void help_with_list(struct check *c, struct diagnostic *item,
		const struct table *table, const char *const *names, size_t count)
{
	CLEANUP(buf_free) struct buf list = BUF_NULL(4096);

	for (size_t i = 0; i < count && count <= LISTED; i++)
		buf_addf(&list, "%s`%s`",
				i == 0          ? ""
				: i + 1 < count ? ", "
						: " and ",
				names[i]);
	if (count <= LISTED)
		help(c, item, "%s has %.*s", table->noun, VIEW_ARG(buf_view(&list)));
	else
		help(c, item, "`posthus explain%s%s` lists what %s has",
				table->kind == KIND_NONE ? "" : " ",
				table->kind == KIND_NONE ? "" : kind_name(table->kind),
				table->noun);
}

static void help_with_field(struct check *c, struct diagnostic *item,
		const struct table *table, const struct node *node)
{
	const char *names[NAMES_MAX];
	size_t count = table_names(table, names, NAMES_MAX);
	const char *known = brought_help(table, node->key);
	const struct field *below = record_with(table, node->key);
	struct nearest near = { .word = node->key };

	for (size_t i = 0; !known && i < count && may_guess(c, 1); i++)
		nearest_try(&near, view_z(names[i]));
	if (known)
		help(c, item, "%s", known);
	else if (below && near.distance != 1)
		help(c, item, "it belongs into `%s`: write `%s: {%.*s: …}`", below->name,
				below->name, VIEW_ARG(node->key));
	else if (near.best.data)
		help(c, item, "did you mean `%.*s`?", VIEW_ARG(near.best));
	else if (!help_elsewhere(c, item, table, node))
		help_with_list(c, item, table, names, count);
}

void say_unknown_field(
		struct check *c, const struct table *table, const struct node *node)
{
	struct diagnostic *item = complain_key(
			c, UNKNOWN_FIELD, node, "no such field in %s", table->noun);

	if (!diagnostics_full(c->d))
		help_with_field(c, item, table, node);
}
