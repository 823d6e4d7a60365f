/* The running configuration: what the agent decided, in the form that sessions read.
 *
 * It is immutable once it is handed to runtime_configure() and counted: a session takes
 * the current one for a transaction or a command and holds none while idle. It is made of
 * one shard a domain; a domain whose hash did not change is shared with the configuration
 * before, so that a change of one user rebuilds one shard, not the world.
 *
 * Addresses in it are normalised: lower case, domain as A-label. An account is the store
 * behind a user or a shared mailbox. */
#ifndef RUNTIME_CONFIGURATION_H
#define RUNTIME_CONFIGURATION_H

#include "runtime/base/clock.h"
#include "runtime/base/network.h"
#include "runtime/base/reach.h"
#include "runtime/base/secret.h"
#include "runtime/base/view.h"
#include "runtime/crypto/app_password.h"
#include "runtime/store/account_mark.h"

enum {
	ACCOUNT_UID_SIZE = 16,
	ACCOUNT_UID_TEXT = 2 * ACCOUNT_UID_SIZE, /* hexadecimal, as in file names */
	CONFIGURATION_HASH = 32,
	RESOLVE_MAX_DEPTH = 10,    /* hops of aliases */
	RESOLVE_MAX_TARGETS = 1000 /* accounts behind one recipient */
};

struct configuration;
struct signing_key; /* crypto/signing_key.h */

/* -- what it is built from: views are copied -- */

enum listener_kind {
	LISTENER_SMTP,        /* MX: STARTTLS, no AUTH */
	LISTENER_SUBMISSION,  /* STARTTLS, then AUTH (RFC 6409) */
	LISTENER_SUBMISSIONS, /* implicit TLS (RFC 8314) */
	LISTENER_IMAP,        /* STARTTLS */
	LISTENER_IMAPS,       /* implicit TLS */
	LISTENER_METRICS,     /* HTTP: GET /metrics, for monitoring */
	LISTENER_HTTP,        /* HTTP: challenges, and redirects to https */
	LISTENER_HTTPS,       /* the same over TLS */
	LISTENER_KINDS,
};

struct listener_spec {
	enum listener_kind kind;
	struct view address; /* "127.0.0.1", "::1"; empty: all addresses, both families */
	uint16_t port;
};

struct host_spec {
	struct view name;      /* what we call ourselves: EHLO, banner, Received, trace */
	uint64_t message_size; /* bytes */
	uint32_t connections;
	uint32_t connections_per_ip;      /* an IPv4 address, an IPv6 /64 */
	uint32_t connections_per_network; /* an IPv4 /24, an IPv6 /48 */
	uint64_t memory;                  /* bytes, for connections */
	const struct listener_spec *listeners;
	size_t listener_count;
	const struct view
			*proxies; /* networks whose connections begin by a PROXY header */
	size_t proxy_count;
	struct view send_via; /* a relay's name; empty or "direct": none */
};

/* A server that sends for us. */
struct relay_spec {
	struct view name;
	struct view host; /* a name, or an address */
	uint16_t port;    /* 465: TLS from the first byte (RFC 8314) */
	struct view user; /* empty: no login */
	/* NULL where there is a user: it could not be read, and nothing is sent. */
	const struct secret *password;
};

/* A certificate chain and its key, PEM. The first one given is the default; others by
 * name (SNI). */
struct identity_spec {
	struct view name;
	struct view chain;
	const struct secret *key;
	bool is_challenge; /* shown only to who asks for `name` by acme-tls/1 (RFC 8737) */
};

/* A text that is the same for everybody, at a name of its own under https. */
struct page_spec {
	struct view host; /* lower case */
	struct view path; /* "/.well-known/mta-sts.txt": found in any case */
	struct view type; /* of its content */
	struct view body;
	bool takes_post; /* whoever posts to it gets it, too; what is posted is not read */
};

enum account_state {
	ACCOUNT_ACTIVE,
	ACCOUNT_DISABLED, /* left the state: no login; mail 450 4.2.1 for the grace, then
			     550 5.2.1 */
};

enum protocol {
	PROTOCOL_IMAP = 1 << 0,
	PROTOCOL_SMTP = 1 << 1, /* submission */
};

enum account_kind {
	ACCOUNT_USER,
	ACCOUNT_SHARED,  /* nobody logs in; its members look into it */
	ACCOUNT_SERVICE, /* only sends: it has no file, and gets no mail */
};

/* What somebody may do in a shared mailbox; each allows what is before it, too. */
enum right {
	RIGHT_NONE,
	RIGHT_READ,
	RIGHT_WRITE,  /* flags, and putting in and taking out of messages */
	RIGHT_MANAGE, /* folders */
};

struct member_spec {
	unsigned char uid[ACCOUNT_UID_SIZE];
	enum right right;
};

/* What a program of a person logs in with. */
struct app_password_spec {
	struct view name;
	unsigned protocols; /* a set of enum protocol: what it is good for */
	walltime expires;   /* 0: never */
	unsigned char salt[APP_PASSWORD_SALT]; /* the same of all of an account's */
	struct app_verifier verifier;
};

struct account_spec {
	enum account_kind kind;
	unsigned char uid[ACCOUNT_UID_SIZE];
	struct view address;  /* its first address, and its login name */
	struct view name;     /* a person's, for headers that we write */
	struct view password; /* a PHC or crypt string; empty: no password login */
	const struct app_password_spec *app_passwords;
	size_t app_password_count;
	struct view wrapped_key; /* the host slot of its data key, for the broker */
	/* That of the key which the file is to be put under, or is already; empty but while that
	 * is done. */
	struct view next_key;
	/* How far its file had come when the configuration was built, at least; the file is
	 * that far or further. */
	struct account_mark known;
	bool put_back; /* its file was restored: it is taken up as it is, under new numbers */
	uint64_t quota;     /* bytes; 0 is refused by the schema, never "unlimited" */
	unsigned protocols; /* a set of enum protocol */
	enum account_state state;
	walltime disabled_since;
	uint64_t revocation; /* a session that began under another number must end */
	/* ACCOUNT_SHARED */
	const struct member_spec *members;
	size_t member_count;
	bool members_send_as; /* they may write in its name */
	/* ACCOUNT_USER: whole addresses that get a copy; without `forward_keeps` none stays. */
	const struct view *forward;
	size_t forward_count;
	bool forward_keeps;
	/* Recipients that it may write to in any time of that length: submission. */
	uint64_t send_limit;
	nstime send_period; /* 0: no limit */
	/* ACCOUNT_SERVICE */
	const struct network *networks; /* that it may come from; none: any */
	size_t network_count;
	const struct view *reach; /* domains and addresses it may write to; none: any */
	size_t reach_count;
};

enum route_kind {
	ROUTE_ACCOUNT, /* delivered here */
	ROUTE_ALIAS,   /* goes on to the targets */
	ROUTE_REJECT,  /* 550 5.7.1 with the text */
	ROUTE_DISCARD, /* 250, then nowhere */
};

/* What stands behind one local part of a domain. */
struct route_spec {
	struct view local_part;
	enum route_kind kind;
	unsigned char account[ACCOUNT_UID_SIZE]; /* ROUTE_ACCOUNT */
	const struct view *targets;              /* ROUTE_ALIAS: whole addresses */
	size_t target_count;
	struct view text; /* ROUTE_REJECT */
	/* Not of ROUTE_ACCOUNT: who may write in its name, ACCOUNT_UID_SIZE bytes each. */
	const unsigned char *senders;
	size_t sender_count;
};

/* A key that signs what goes out from a domain (DKIM). */
struct signing_spec {
	struct view selector;
	const struct secret *key; /* as signing_key_write() makes it */
};

enum {
	DOMAIN_SIGNINGS = 4 /* of one domain, at most */
};

struct domain_spec {
	struct view name;
	unsigned char hash[CONFIGURATION_HASH]; /* over all that the spec says */
	char subaddress; /* what begins the detail, usually '+'; '\0': no subaddresses */
	struct view catch_all; /* a whole address, or empty */
	struct view send_via;  /* of mail from it: as of the host; empty: not said */
	const struct signing_spec *signings; /* those whose record is seen everywhere */
	size_t signing_count;
	const struct account_spec
			*accounts; /* those whose first address is in this domain */
	size_t account_count;
	const struct route_spec *routes;
	size_t route_count;
};

/* -- building -- */

/* A new one with one reference. `previous` may be NULL; its shards can be shared. */
MUST_USE struct configuration *configuration_new(
		const struct host_spec *host, const struct configuration *previous);
/* True where `previous` had this domain with this hash: the shard is now shared, and
 * configuration_add_domain must not be called for it. */
MUST_USE bool configuration_share_domain(struct configuration *c, struct view name,
		const unsigned char hash[CONFIGURATION_HASH]);
/* A signing key that does not read is left out: who built it knows that it does. */
void configuration_add_domain(struct configuration *c, const struct domain_spec *spec);
void configuration_add_identity(
		struct configuration *c, const struct identity_spec *spec);
/* What an issuer of certificates shall see at http (RFC 8555, 8.3). */
void configuration_add_challenge(
		struct configuration *c, struct view token, struct view text);
void configuration_add_page(struct configuration *c, const struct page_spec *spec);
void configuration_add_relay(struct configuration *c, const struct relay_spec *spec);
/* Where its relays may be; nothing is denied where nobody says so. */
void configuration_set_connect(
		struct configuration *c, const struct connect_rules *rules);
/* Mail to that domain, and to those below it, goes by that relay, or "direct". */
void configuration_add_destination(
		struct configuration *c, struct view domain, struct view send_via);

struct configuration *configuration_ref(struct configuration *c);
/* NULL is fine. */
void configuration_unref(struct configuration *c);
void configuration_unrefp(struct configuration **c);

/* -- reading
 * ------------------------------------------------------------------------------ */

const struct host_spec *configuration_host(const struct configuration *c);
size_t configuration_identity_count(const struct configuration *c);
const struct identity_spec *configuration_identity(
		const struct configuration *c, size_t i);
/* Of exactly this token; empty: it is none. */
struct view configuration_challenge(const struct configuration *c, struct view token);
/* `host` in any case and without a port, `path` without a query. NULL: there is none. */
const struct page_spec *configuration_page(
		const struct configuration *c, struct view host, struct view path);
bool configuration_has_domain(const struct configuration *c, struct view domain);
/* The domain of ours that the host's name is, or lies in; empty: there is none. */
struct view configuration_own_domain(const struct configuration *c);

struct signing {
	struct view selector;
	struct signing_key *key;
};

/* Those of a domain of ours, normalised; NULL where it has none. */
const struct signing *configuration_signings(
		const struct configuration *c, struct view domain, size_t *count_out);
/* The relay for mail from one domain to another, both normalised; NULL: it goes direct.
 * What the destination says counts first (the most specific), then what the sender's domain
 * says, then the host. */
const struct relay_spec *configuration_relay(
		const struct configuration *c, struct view from, struct view to);
/* By its name; NULL: there is none. */
const struct relay_spec *configuration_relay_named(
		const struct configuration *c, struct view name);
const struct connect_rules *configuration_connect(const struct configuration *c);
const struct account_spec *configuration_account(
		const struct configuration *c, const unsigned char uid[ACCOUNT_UID_SIZE]);
/* By the address that it logs in with: its first address or a further one of its own.
 * A shared mailbox has no login. */
const struct account_spec *configuration_login(
		const struct configuration *c, struct view address);
/* The shared mailboxes that an account may look into, by address; those that have left the
 * state are not among them. */
struct membership {
	const struct account_spec *account;
	enum right right;
};

const struct membership *configuration_memberships(const struct configuration *c,
		const unsigned char uid[ACCOUNT_UID_SIZE], size_t *count_out);
/* The one with that address, or with that uid; NULL: the account is no member of it. */
const struct membership *configuration_membership(const struct configuration *c,
		const unsigned char uid[ACCOUNT_UID_SIZE], struct view address);
const struct membership *configuration_membership_of(const struct configuration *c,
		const unsigned char uid[ACCOUNT_UID_SIZE],
		const unsigned char shared[ACCOUNT_UID_SIZE]);
/* Whether an account may log in from there, and write to that address. */
bool account_spec_comes_from(const struct account_spec *account,
		const struct sockaddr_storage *address);
bool account_spec_reaches(const struct account_spec *account, struct view address);
/* Walks the accounts in no order: *at begins at 0; NULL at the end. */
const struct account_spec *configuration_next_account(
		const struct configuration *c, size_t *at);

enum resolve_outcome {
	RESOLVE_OK = 0, /* nobody may be behind it: then the message is discarded */
	RESOLVE_E_FOREIGN = 1, /* not a domain of ours */
	RESOLVE_E_UNKNOWN,     /* no such address in a domain of ours */
	RESOLVE_E_REJECTED,    /* by an alias: `text` says why */
	RESOLVE_E_DISABLED, /* the only account behind it has left: since `disabled_since`
			     */
	RESOLVE_E_SENDS_ONLY, /* a service */
	RESOLVE_E_TOO_DEEP,   /* more than RESOLVE_MAX_DEPTH hops or RESOLVE_MAX_TARGETS
			       accounts */
};

struct resolved_account {
	const struct account_spec *account;
	struct view detail; /* of a subaddress: what stood behind the separator, else
			       empty */
};

/* A target elsewhere, that an alias or a user's forward names. */
struct resolved_remote {
	struct view address;
	struct view forwarder; /* the address of ours that leads there: the user's first, or
				  the alias's own */
	bool kept;             /* a user's, who has a copy */
};

struct resolution {
	struct resolved_account *accounts; /* each once; malloc'd */
	size_t count;
	size_t capacity;
	struct resolved_remote *remotes; /* the same */
	size_t remote_count;
	size_t remote_capacity;
	struct view text;
	walltime disabled_since;
};

/* Where a recipient's mail goes: exact address, then subaddress, then catch-all.
 * `address` is local@domain in any case. `out` begins zeroed and ends by resolution_free;
 * its views live as long as the configuration (detail: as the address that was given). */
MUST_USE int configuration_resolve(const struct configuration *c, struct view address,
		struct resolution *out);
void resolution_free(struct resolution *r);

/* True where `address` is one that this account may send as: an address of its own, an
 * alias that names it as a sender, a shared mailbox whose members may; with or without a subaddress. */
bool configuration_may_send_as(const struct configuration *c,
		const struct account_spec *account, struct view address);

#endif
