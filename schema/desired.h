/* What a state asks for, checked, in typed form: the agent's left hand.
 *
 * Everything here is made by checker_check() and lives until desired_free(). Names and
 * addresses are normalised: lower case, domains as A-labels. An object's identity is its
 * `id` where one is given, else its key. Values come by layers, schema < defaults <
 * groups < object; desired_origins() says for each field which layer and line gave it.
 *
 * `canonical` is the object's own JSON: sorted keys, no floats, sets sorted, secrets
 * replaced by a digest, fields that only the schema gave left out; key and id are not in
 * it. `hash` is BLAKE2b-256 over it. */
#ifndef SCHEMA_DESIRED_H
#define SCHEMA_DESIRED_H

#include "runtime/base/clock.h"
#include "runtime/base/secret.h"
#include "schema/diagnostic.h"
#include "schema/source.h"

enum {
	DESIRED_HASH = 32
};

enum kind {
	KIND_NONE,
	KIND_HOST,
	KIND_GROUP,
	KIND_DOMAIN,
	KIND_USER,
	KIND_SHARED,
	KIND_SERVICE,
	KIND_ALIAS,
	KIND_RELAY,
	KIND_DESTINATION,
	KIND_DNS_PROVIDER,
	KIND_ISSUER,
	KIND_CERTIFICATE,
	KIND_BACKUP,
	KIND_POLICY,
	KIND_ALERTS,
	KINDS,
};

/* "user"; the word of the CLI, the API and status. */
const char *kind_name(enum kind kind);
/* KIND_NONE where no kind has that name. */
enum kind kind_of(struct view name);

enum origin {
	ORIGIN_SCHEMA,
	ORIGIN_DEFAULTS,
	ORIGIN_GROUP,
	ORIGIN_OBJECT
};

struct value; /* schema/value.h */
struct node;  /* schema/reader.h */

/* What every object has. It is the first member of each typed struct. */
struct desired_object {
	enum kind kind;
	struct view id;          /* as given; empty where the key is the identity */
	struct view key;         /* address or name, normalised */
	struct span span;        /* key and value */
	struct span key_span;    /* the key alone: the place to show */
	const struct node *node; /* where it stands in the tree; NULL: forgotten */
	struct value *values;    /* sparse, all layers but the schema's; or forgotten */
	struct view canonical;
	unsigned char hash[DESIRED_HASH];
};

/* The id, else the key. */
static inline struct view desired_identity(const struct desired_object *object)
{
	return object->id.len ? object->id : object->key;
}

/* So many in a time. */
struct desired_rate {
	uint64_t count;
	nstime period;
};

struct view_list {
	struct view *items;
	size_t count;
};

/* -- references -- */

struct desired_user;
struct desired_group;

enum target_kind {
	TARGET_USER,
	TARGET_GROUP,
	TARGET_ADDRESS, /* an address of this state: an alias, a subaddress, a further one */
	TARGET_REMOTE, /* elsewhere */
	TARGET_OBJECT, /* an object of another kind, by its name */
};

/* Where something is sent. `address` is whole for all but groups; of a user it is the
 * key. */
struct desired_target {
	enum target_kind kind;
	const struct desired_user *user;
	const struct desired_group *group;
	struct view address;
	struct span span;
};

struct target_list {
	struct desired_target *items;
	size_t count;
};

/* -- secrets -- */

/* A secret by the name that the machine has it under; what it is stays there. The places of
 * `password` are not of this kind: they may hold a hash. */
enum desired_secret_form {
	SECRET_NONE, /* none was given, or in a form that this version does not act on */
	SECRET_CREDENTIAL,
	SECRET_HOST_FILE,
	SECRET_SEALED,
};

struct desired_secret {
	enum desired_secret_form form;
	struct view name; /* of the credential; or the path; or what is sealed, in base64 */
	/* Of what is sealed: KIND/ID/path.to.field, and where it is sent (sealed.h). */
	struct view place, endpoint;
};

/* -- host -- */

enum listen_service {
	LISTEN_SMTP,
	LISTEN_SUBMISSION,
	LISTEN_SUBMISSIONS,
	LISTEN_IMAP,
	LISTEN_IMAPS,
	LISTEN_METRICS,
	LISTEN_HTTP,
	LISTEN_HTTPS,
	LISTEN_SERVICES,
};

struct desired_listen {
	bool said; /* it, or a default of the schema */
	bool open;
	struct view address; /* "127.0.0.1", "::1"; empty: all addresses */
	uint16_t port;
};

struct desired_host {
	struct desired_object object;
	struct view name; /* EHLO, certificate */
	struct desired_listen listen[LISTEN_SERVICES];
	uint64_t message_size; /* bytes */
	uint64_t connections;
	uint64_t connections_per_ip;
	uint64_t connections_per_network; /* 0: not said */
	uint64_t memory;                  /* bytes */
	struct view_list proxy;           /* networks */
	struct target_list send_via;      /* a relay, or the word `direct` */
	struct view_list addresses;       /* public ones */
	uint64_t mx;                      /* preference */
};

/* -- people -- */

struct desired_alias;
struct desired_index;

enum desired_role {
	ROLE_ADMIN = 1 << 0,
	ROLE_AUDITOR = 1 << 1,
	ROLE_PLANNER = 1 << 2,
	ROLE_DOMAIN_ADMIN = 1 << 3, /* of the domains in role_domains */
};

struct desired_group {
	struct desired_object object;
	const struct desired_user *
			*members; /* each once, in the order of their addresses */
	size_t member_count;
};

enum user_protocol {
	USER_IMAP = 1 << 0,
	USER_SMTP = 1 << 1,
	USER_DAV = 1 << 2,
	USER_API = 1 << 3,
	USER_POP3 = 1 << 4,
};

enum user_encryption {
	ENCRYPTION_MANAGED,
	ENCRYPTION_PRIVATE
};

enum password_scheme {
	PASSWORD_NONE,
	PASSWORD_ARGON2ID, /* $argon2id$ */
	PASSWORD_SHA512,   /* $6$ */
	PASSWORD_BCRYPT,   /* $2y$ */
	PASSWORD_SSHA512,  /* {SSHA512} */
};

struct desired_user {
	struct desired_object object; /* key: its first address, its login name */
	struct view name;
	enum password_scheme password_scheme;
	struct secret password;     /* the whole hash text; empty: none given */
	struct view invite;         /* where the link goes; empty: nobody is invited */
	uint64_t quota;             /* bytes */
	uint64_t encryption;        /* enum user_encryption */
	struct view_list addresses; /* further ones */
	uint64_t roles;             /* a set of enum desired_role */
	struct view_list role_domains;
	uint64_t protocols; /* a set of enum user_protocol */
	struct view locale;
	struct desired_rate send_limit; /* recipients */
	struct view_list forward;       /* addresses; none: mail stays */
	bool forward_keeps;             /* a copy */
	bool adopt; /* an account file that is here and nobody's is this one's */
};

/* What somebody may do in a mailbox that is not hers; each may what is before it, too. */
enum desired_right {
	MAY_READ,
	MAY_WRITE,  /* flags, and putting in and taking out of messages */
	MAY_MANAGE, /* folders */
};

struct desired_member {
	const struct desired_user *user;
	enum desired_right right;
};

enum shared_send_as {
	SEND_AS_MEMBERS,
	SEND_AS_NONE
};

struct desired_shared {
	struct desired_object object; /* key: its first address */
	struct view name;
	/* Each once, groups written out, in the order of their addresses. Who is named has
	 * what is said of him; else the most that one of his groups has. */
	struct desired_member *members;
	size_t member_count;
	uint64_t send_as; /* enum shared_send_as */
	uint64_t quota;   /* bytes */
	struct view_list addresses;
	bool adopt; /* as of a user */
};

struct desired_service {
	struct desired_object object; /* key: its address, its login name */
	struct view name;
	enum password_scheme password_scheme;
	struct secret password;
	struct view_list from; /* networks; none: from anywhere */
	struct view_list to;   /* domains and addresses; none: to anybody */
	struct desired_rate send_limit;
};

/* -- addresses -- */

/* What stands behind one local part of a domain. */
enum desired_route_kind {
	TO_USER,
	TO_SHARED,
	TO_SERVICE, /* which gets no mail */
	TO_TARGETS, /* an alias, or postmaster and abuse of a domain with a contact */
	TO_REJECTION,
	TO_NOTHING, /* discarded */
};

struct desired_route {
	struct view local_part;
	enum desired_route_kind kind;
	const struct desired_user *user;
	const struct desired_shared *shared;
	const struct desired_service *service;
	const struct desired_alias *alias; /* NULL where a contact gave it */
	struct target_list targets;
	struct view text; /* of a rejection */
	struct span span; /* the line that says so */
};

/* Who keeps the records of a zone; in the order of the words, as are all these. */
enum dns_mode {
	DNS_MANAGE,
	DNS_MANUAL,
	DNS_NONE
};

/* What of a zone somebody else may keep. */
enum dns_part {
	DNS_PART_MX,
	DNS_PART_A,
	DNS_PART_SPF,
	DNS_PART_DKIM,
	DNS_PART_DMARC,
	DNS_PART_MTA_STS,
	DNS_PART_TLS_RPT,
	DNS_PART_TLSA,
	DNS_PART_CAA,
	DNS_PART_SRV,
	DNS_PART_AUTOCONFIG,
};

enum desired_spf {
	DESIRED_SPF_FAIL,
	DESIRED_SPF_SOFTFAIL,
	DESIRED_SPF_NEUTRAL
};

enum desired_dmarc {
	DESIRED_DMARC_REJECT,
	DESIRED_DMARC_QUARANTINE,
	DESIRED_DMARC_NONE
};

enum desired_sts {
	DESIRED_STS_ENFORCE,
	DESIRED_STS_TESTING,
	DESIRED_STS_NONE
};

enum desired_dkim {
	DKIM_RSA2048,
	DKIM_ED25519,
	DKIM_ALGORITHMS,
};

/* Further records of ours at one name of a zone. */
struct desired_record {
	struct view name; /* whole, lower case, without final dot */
	/* As zone files have them, but for texts: those are as they were written. */
	struct view_list a, aaaa, txt, mx, srv, caa;
	struct view cname; /* empty, or alone; without final dot */
	uint64_t ttl;      /* seconds; 0: as the zone's others */
	struct span span;
};

struct desired_domain {
	struct desired_object object; /* key: A-label */
	struct target_list contact;   /* none or one */
	struct target_list catch_all; /* none or one */
	uint64_t subaddress_word;
	struct view subaddress; /* one byte, or empty: no subaddresses */
	struct target_list same_as_target;
	struct target_list send_via;     /* none: as the host */
	uint64_t dns_mode;               /* enum dns_mode */
	struct target_list dns_provider; /* none or one */
	uint64_t dns_except;             /* a set of enum dns_part */
	struct view_list spf_also;       /* terms, each read (RFC 7208, 4.6.1) */
	uint64_t spf_all;                /* enum desired_spf */
	uint64_t dkim_algorithms;        /* a set of enum desired_dkim */
	nstime dkim_rotate;
	uint64_t dmarc_policy; /* enum desired_dmarc */
	nstime dmarc_ramp;     /* of each step; 0: none */
	bool has_sts;          /* `mta_sts` is said */
	uint64_t sts_mode;     /* enum desired_sts */
	nstime sts_ramp;
	struct desired_record *records;
	size_t record_count;
	const struct desired_domain *same_as; /* NULL: itself. Never a twin of a twin */
	/* Sorted by local part. A twin borrows those of its domain, as it does contact,
	 * catch_all and subaddress. */
	const struct desired_route *routes;
	size_t route_count;
};

enum alias_action {
	ALIAS_TO,
	ALIAS_REJECT,
	ALIAS_DISCARD
};

struct desired_alias {
	struct desired_object object; /* key: the address */
	enum alias_action action;
	struct target_list to;
	struct view reject;
	bool discard;
	struct target_list send_as; /* users and groups */
};

/* -- the rest -- */

/* A server that sends for us. */
struct desired_relay {
	struct desired_object object;
	struct view host; /* a name, or an address */
	uint64_t port;
	struct view user; /* empty: no login */
	struct desired_secret password;
	struct view spf; /* one mechanism (RFC 7208, 4.6.1), or empty */
};

/* A domain of others, and all below it. */
struct desired_destination {
	struct desired_object object;
	struct target_list send_via; /* a relay, or the word `direct` */
};

/* Who signs certificates, by ACME. */
struct desired_issuer {
	struct desired_object object;
	struct view acme; /* the URL of its directory */
	struct target_list fallback;
	struct view eab_id; /* empty: none */
	struct desired_secret eab_key;
};

/* In the order of the words. */
enum desired_challenge {
	CHALLENGE_HTTP,
	CHALLENGE_DNS,
	CHALLENGE_TLS_ALPN
};

enum desired_key_kind {
	KEY_KIND_P256,
	KEY_KIND_P384,
	KEY_KIND_RSA2048
};

/* Who holds zones, in the order of the words. */
enum desired_dns_type {
	DNS_POWERDNS,
	DNS_RFC2136,
	DNS_CLOUDFLARE,
	DNS_HETZNER,
	DNS_ZONEFILE,
};

enum desired_tsig {
	TSIG_SHA256,
	TSIG_SHA384,
	TSIG_SHA512
};

struct desired_dns_provider {
	struct desired_object object;
	uint64_t type;                 /* enum desired_dns_type */
	struct view url;               /* powerdns */
	struct desired_secret api_key; /* powerdns */
	struct desired_listen server;  /* rfc2136 */
	struct view key_name;          /* rfc2136 */
	uint64_t key_algorithm;        /* enum desired_tsig */
	struct desired_secret key_secret;
	struct view directory; /* zonefile */
	uint64_t ttl;          /* seconds, of what says none */
};

/* Where copies of everything go, and how long they stay. One of directory, S3, SFTP. */
struct desired_backup {
	struct desired_object object;
	struct view schedule, drill; /* schedules */
	struct view directory;
	struct view s3_endpoint, s3_bucket, s3_region;
	struct desired_secret s3_access_key, s3_secret_key;
	struct view sftp_host, sftp_user, sftp_path, sftp_known_hosts;
	uint64_t sftp_port;
	struct desired_secret sftp_key;
	uint64_t hourly, daily, weekly, monthly, yearly; /* that are kept */
};

/* A certificate from files of the host, or of an issuer. Paths are absolute, and named by
 * `allow` of the agent's file. */
struct desired_certificate {
	struct desired_object object;
	struct view chain_path; /* empty: of an issuer */
	struct view key_path;
	struct target_list issuer_target;
	/* Whom to ask, one after the other where one does not answer; none: from files. */
	const struct desired_issuer **issuers;
	size_t issuer_count;
	uint64_t challenge; /* enum desired_challenge */
	uint64_t key_kind;  /* enum desired_key_kind */
	struct view profile;
	nstime renew_before; /* 0: not said */
};

/* How many may go in one change: the larger of a share of all and a number. */
struct desired_gate {
	uint64_t percent;
	uint64_t at_least;
};

/* What is done where somebody else changed what lives; in the order of the words. */
enum on_drift {
	ON_DRIFT_CORRECT,
	ON_DRIFT_REPORT,
	ON_DRIFT_ADOPT
};

struct desired_drift {
	struct view kind;
	enum on_drift what;
};

/* The classes of change that a policy may have agreed to, or made to wait. */
enum authority_class {
	AUTHORITY_EXPOSING,
	AUTHORITY_IRREVERSIBLE,
	AUTHORITY_POLICY,
	AUTHORITY_CLASSES,
};

/* In the order of the words. */
enum user_forward {
	USER_FORWARD_ALLOW,
	USER_FORWARD_INTERNAL, /* to domains of the state */
	USER_FORWARD_DENY
};

/* The one object `policy/policy`. */
struct desired_policy {
	struct desired_object object;
	nstime interval;
	nstime retain;
	struct desired_gate gate_users, gate_other;
	struct view_list protect; /* user/anna */
	enum on_drift drift;
	struct desired_drift *drifts; /* of single kinds */
	size_t drift_count;
	uint64_t approvals[AUTHORITY_CLASSES]; /* people */
	nstime cooldown[AUTHORITY_CLASSES];
	uint64_t tell_users;   /* a set of enum notice_topic (agent/apply/notice.h) */
	uint64_t user_forward; /* enum user_forward */
};

/* The one object `alerts/alerts`: who is told when something is wrong. */
struct desired_alerts {
	struct desired_object object;
	struct view_list to; /* addresses */
	struct view webhook; /* a URL; empty: none */
	struct desired_secret webhook_secret;
	struct view heartbeat; /* a URL; empty: none */
};

struct desired_recipient {
	struct view name; /* host/mail1, recovery */
	struct view recipient;
	struct span span;
};

/* An object that changed its identity. Done once, the entry says nothing more. */
struct desired_moved {
	struct view kind;
	struct view from, to; /* an id, or the key where there is none */
	struct span span;
};

/* An object whose data is destroyed. */
struct desired_purge {
	struct view kind;
	struct view id;
	struct view uid; /* 32 hexadecimal digits, lower case */
	struct span span;
	bool unbacked; /* by hand alone: no backup has to have it */
};

struct desired {
	struct arena *arena; /* owns all that is below */
	struct arena *tree;  /* owns nodes and values; NULL: they are forgotten */
	const struct sources *sources;
	struct desired_host *hosts;
	size_t host_count;
	/* Which of the hosts this machine is; NULL where nobody said and there are several. */
	const struct desired_host *host;
	struct desired_group *groups;
	size_t group_count;
	struct desired_domain *domains;
	size_t domain_count;
	struct desired_user *users;
	size_t user_count;
	struct desired_shared *shared;
	size_t shared_count;
	struct desired_service *services;
	size_t service_count;
	struct desired_alias *aliases;
	size_t alias_count;
	struct desired_relay *relays;
	size_t relay_count;
	struct desired_destination *destinations;
	size_t destination_count;
	struct desired_issuer *issuers;
	size_t issuer_count;
	struct desired_dns_provider *dns_providers;
	size_t dns_provider_count;
	struct desired_backup *backups;
	size_t backup_count;
	struct desired_certificate *certificates; /* none: self-signed */
	size_t certificate_count;
	struct desired_policy policy;
	struct desired_alerts alerts;
	struct desired_recipient *recipients;
	size_t recipient_count;
	struct desired_moved *moved;
	size_t moved_count;
	struct desired_purge *purges;
	size_t purge_count;
	struct value *root;            /* what is said besides objects */
	struct value *defaults[KINDS]; /* what `defaults` says of a kind, or NULL */
	struct desired_index *index;   /* desired.c's own */
	/* What validates and is not acted on by this version: apply and plan refuse a state
	 * with any, and print them. Sorted by place. */
	struct diagnostics not_served;
};

/* NULL is fine. */
void desired_free(struct desired *desired);
void desired_freep(struct desired **desired);

/* Walks every object of every kind, in the order hosts, groups, domains, users, shared,
 * services, aliases, certificates, policy, alerts; *at begins at 0; NULL at the end. */
const struct desired_object *desired_next(const struct desired *desired, size_t *at);
/* Where this service is: as the host says; else the ports of what is served to everybody are
 * open where something of the state is looked for there. */
struct desired_listen desired_listen_of(const struct desired *desired,
		const struct desired_host *host, enum listen_service service);
/* By id or key; NULL where there is none. */
const struct desired_object *desired_find(
		const struct desired *desired, enum kind kind, struct view name);
const struct desired_route *desired_route(
		const struct desired_domain *domain, struct view local_part);
const struct desired_domain *desired_domain_of(
		const struct desired *desired, struct view name);

/* One field of an object, for `get --origin`: its path below the object, its value as
 * text (secrets as "(sensitive)"), who gave it and where. */
struct desired_origin {
	struct view path; /* limits.message_size */
	struct view value;
	enum origin origin;
	struct span span; /* all but ORIGIN_SCHEMA */
};

/* Every field with a value, the schema's defaults included, in the order of the table; the
 * array lives in `arena`. Not of a state whose check forgot them. */
size_t desired_origins(const struct desired *desired, const struct desired_object *object,
		struct arena *arena, struct desired_origin **out);

#endif
