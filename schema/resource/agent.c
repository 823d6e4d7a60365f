/* agent.yaml: what a machine says of itself, never in Git. */
#include "schema/agent_file.h"
#include "schema/row.h"

/* clang-format off */
static const struct field master_key_fields[] = {
	{ "credential", TYPE(TYPE_NAME), NULL, OWNER_ENFORCE, RISK_IRREVERSIBLE, SERVED, 0, "a credential that systemd hands to the agent" },
	{ "host_file",  TYPE(TYPE_NEAR_PATH), NULL, OWNER_ENFORCE, RISK_IRREVERSIBLE, SERVED, 0, "a file of the host that only the agent's user can read" },
};

static const struct table master_key_table = {
	.noun = "`master_key`", .help = "Where the key is that wraps all other keys.", FIELDS(master_key_fields),
	.one_of = ONE_OF_THESE("credential", "host_file"), .secret = true,
};

static const struct field webhook_fields[] = {
	{ "secret", RECORD(&secret_table), NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_REQUIRED, 0, "what the forge signs with: 16 bytes at least" },
};

static const struct table git_webhook_table = { .noun = "`webhook`", .help = "A hint that there is something new.", FIELDS(webhook_fields) };

static const struct field git_fields[] = {
	{ "url",         TYPE(TYPE_URL),                          NULL,           OWNER_ENFORCE, RISK_POLICY, SERVED | FIELD_REQUIRED, 0, "the repository: ssh:// or https://" },
	{ "branch",      TYPE(TYPE_TEXT),                         "main",         OWNER_ENFORCE, RISK_POLICY, SERVED, 0, "the branch; with `mode: tag`, the tag" },
	{ "path",        LIST_OF(TYPE(TYPE_FILE)),                NULL,           OWNER_ENFORCE, RISK_POLICY, SERVED, 0, "directories of it; all when not said" },
	{ "poll",        BETWEEN(TYPE_DURATION, 10, 86400),       "1m",           OWNER_ENFORCE, RISK_POLICY, SERVED, 0, "how often it is asked" },
	{ "timeout",     BETWEEN(TYPE_DURATION, 2, 600),          "1m",           OWNER_ENFORCE, RISK_POLICY, SERVED, 0, "how long a fetch may take" },
	{ "identity",    RECORD(&secret_table),                   NULL,           OWNER_ENFORCE, RISK_POLICY, SERVED, 0, "ssh://: the deploy key, of type ed25519; https://: a token" },
	{ "known_hosts", TYPE(TYPE_NEAR_PATH),                    NULL,           OWNER_ENFORCE, RISK_POLICY, SERVED, 0, "ssh://: the public keys of the forge, as ssh-keyscan prints them" },
	{ "authority",   TYPE(TYPE_NEAR_PATH),                    NULL,           OWNER_ENFORCE, RISK_POLICY, SERVED, 0, "https://: who signed the certificate of the forge, in PEM; not said: those whom the system trusts" },
	{ "mode",        WORDS("first-parent", "tip", "strict", "tag"), "first-parent", OWNER_ENFORCE, RISK_POLICY, SERVED, 0, "which commits must be signed: each on the way along first parents, the tip alone, each that is new, or the tag" },
	{ "webhook",     RECORD(&git_webhook_table),              NULL,           OWNER_ENFORCE, RISK_POLICY, SERVED, 0, "a hint that there is something new, at https://HOST/hooks/git" },
};

static const struct table git_table = { .noun = "`git`", .help = "A state in a Git repository.", FIELDS(git_fields) };

static const struct field state_fields[] = {
	{ "path", LIST_OF(TYPE(TYPE_NEAR_PATH)), NULL, OWNER_ENFORCE, RISK_POLICY, SERVED, 0, "files or directories of the host" },
	{ "git",  RECORD(&git_table),       NULL, OWNER_ENFORCE, RISK_POLICY, SERVED, 0, "a repository" },
};

static const struct table state_source_table = {
	.noun = "`state`", .help = "Where the state is.", FIELDS(state_fields), .short_form = "path", .one_of = ONE_OF_THESE("path", "git"),
};

static const struct field require_fields[] = {
	{ "approval", WORDS("ssh", "passkey"), NULL, OWNER_ENFORCE, RISK_POLICY, SERVED, 0, "that somebody else agrees, by a signature: of any key, or of a token that is touched" },
};

static const struct table require_table = { .noun = "`require`", .help = "What a signature alone does not do.", FIELDS(require_fields) };

static const struct field trust_fields[] = {
	{ "uid",     BETWEEN(TYPE_INT, 1, 4294967294), NULL, OWNER_ENFORCE, RISK_POLICY, SERVED, 0, "the user of this machine who is this person at the control socket" },
	{ "keys",    TYPE(TYPE_NEAR_PATH),     NULL, OWNER_ENFORCE, RISK_POLICY, SERVED, 0, "a file of the public keys that this person signs commits with (ssh-keygen's allowed_signers)" },
	{ "may",     LIST_OF(TYPE(TYPE_TEXT)), NULL, OWNER_ENFORCE, RISK_POLICY, SERVED | FIELD_REQUIRED, 0, "`*`: all that root may at the control socket, and any commit; `approve`: look, plan, and agree to what others ask for; `users`, `aliases.add`, `domains.org.example`: what commits may do, to which objects" },
	{ "require", RECORD(&require_table),   NULL, OWNER_ENFORCE, RISK_POLICY, SERVED, 0, "what a commit of this person needs besides" },
};

static const struct table trust_table = { .noun = "a person", .help = "Who may say what.", FIELDS(trust_fields) };

static const struct field connect_fields[] = {
	{ "deny",   LIST_OF(OR_WORDS(TYPE_NETWORK, "private", "loopback", "link-local")), NULL, OWNER_ENFORCE, RISK_POLICY, SERVED, 0, "networks that no provider, relay or webhook may lie in" },
	{ "except", LIST_OF(TYPE(TYPE_ENDPOINT)),                                         NULL, OWNER_ENFORCE, RISK_POLICY, SERVED, 0, "but these" },
};

static const struct table connect_table = { .noun = "`connect`", .help = "Where a state may let the agent connect to.", FIELDS(connect_fields) };

static const struct field allow_fields[] = {
	{ "credentials", MAP_OF(TYPE(TYPE_NAME), TYPE(TYPE_TEXT)), NULL, OWNER_ENFORCE, RISK_POLICY, SERVED, 0, "credentials that a state may use: name to its only place" },
	{ "host_files",  LIST_OF(TYPE(TYPE_PATH)),                 NULL, OWNER_ENFORCE, RISK_POLICY, SERVED, 0, "files that a state may name" },
	{ "write",       LIST_OF(TYPE(TYPE_PATH)),                 NULL, OWNER_ENFORCE, RISK_POLICY, SERVED, 0, "directories that a state may have written to" },
	{ "connect",     RECORD(&connect_table),                   NULL, OWNER_ENFORCE, RISK_POLICY, SERVED, 0, "where it may have connected to" },
};

static const struct table allow_table = { .noun = "`allow`", .help = "What a state may touch on this machine; nothing by default.", FIELDS(allow_fields) };

static const struct field resolver_fields[] = {
	{ "servers", LIST_OF(TYPE(TYPE_IP)),          NULL, OWNER_ENFORCE, RISK_POLICY, SERVED, 0, "resolvers that are asked in place of the way from the root" },
	{ "port",    BETWEEN(TYPE_INT, 1, 65535),     "53", OWNER_ENFORCE, RISK_POLICY, SERVED, 0, "of the servers" },
	{ "anchors", TYPE(TYPE_NEAR_PATH),            NULL, OWNER_ENFORCE, RISK_POLICY, SERVED, 0, "the keys that DNSSEC is checked by; not said: those of the root" },
};

static const struct table resolver_table = { .noun = "`resolver`", .help = "How names of others are looked up.", FIELDS(resolver_fields) };

static const struct field fields[] = {
	{ "host",       TYPE(TYPE_NAME),                               NULL,               OWNER_ENFORCE, RISK_SERVICE, SERVED, 0, "which of `hosts` this machine is; not needed when there is one" },
	{ "data",       TYPE(TYPE_NEAR_PATH),                          "/var/lib/posthus", OWNER_ENFORCE, RISK_DATA,    SERVED, 0, "the data directory" },
	{ "control",    TYPE(TYPE_NEAR_PATH),                          NULL,               OWNER_ENFORCE, RISK_SERVICE, SERVED, 0, "the control socket; default: control.sock in the data directory" },
	{ "master_key", RECORD(&master_key_table),                     NULL,               OWNER_ENFORCE, RISK_IRREVERSIBLE, SERVED, 0, "where the key is that wraps all other keys" },
	{ "state",      RECORD(&state_source_table),                   NULL,               OWNER_ENFORCE, RISK_POLICY,  SERVED, 0, "where the state is" },
	{ "watch",      TYPE(TYPE_BOOL),                               "false",            OWNER_ENFORCE, RISK_POLICY,  SERVED, 0, "files become desired as they change, without `apply`" },
	{ "user",       TYPE(TYPE_NAME),                               NULL,               OWNER_ENFORCE, RISK_POLICY,  SERVED, 0, "whom the agent becomes where root starts it; ports below 1024 stay open to it" },
	{ "sandbox",    WORDS("best", "require", "off"),               "best",             OWNER_ENFORCE, RISK_POLICY,  SERVED, 0, "how the process is confined: as far as the kernel can, not at all, or it does not start with less than all" },
	{ "resolver",   RECORD(&resolver_table),                       NULL,               OWNER_ENFORCE, RISK_POLICY,  SERVED, 0, "how names of others are looked up" },
	{ "authorities", TYPE(TYPE_NEAR_PATH),                         NULL,               OWNER_ENFORCE, RISK_POLICY,  SERVED, 0, "certificates in PEM of authorities that https servers are trusted by, besides the system's: for an issuer or a provider of your own" },
	{ "trust",      MAP_OF(TYPE(TYPE_NAME), RECORD(&trust_table)), NULL,               OWNER_ENFORCE, RISK_POLICY,  SERVED, 0, "who may say what, besides root" },
	{ "allow",      RECORD(&allow_table),                          NULL,               OWNER_ENFORCE, RISK_POLICY,  SERVED, 0, "what a state may touch here; nothing by default" },
};
/* clang-format on */

const struct table agent_table = {
	.noun = "agent.yaml",
	.help = "What a machine says of itself, and what a state may touch on it. Never "
		"in Git.",
	FIELDS(fields),
};
