/* agent.yaml: what a machine says of itself, and what a state may touch on it. It is read
 * by the same reader and table as a state, never from Git. */
#ifndef SCHEMA_AGENT_FILE_H
#define SCHEMA_AGENT_FILE_H

#include "runtime/base/reach.h"
#include "schema/desired.h"

struct key; /* runtime/crypto/key.h */

enum master_key_kind {
	MASTER_KEY_DEFAULT, /* none was said: a credential posthus-master, else DATA/master.key */
	MASTER_KEY_CREDENTIAL,
	MASTER_KEY_HOST_FILE,
};

enum sandbox_wish {
	SANDBOX_BEST,    /* what the kernel can */
	SANDBOX_REQUIRE, /* all of it, or no start */
	SANDBOX_OFF,
};

enum scope_verb {
	SCOPE_ADD = 1 << 0,
	SCOPE_CHANGE = 1 << 1,
	SCOPE_REMOVE = 1 << 2,
};

/* Objects that a person may do something to: of a kind, or of a domain, which is the domain
 * itself and whatever has an address in it. */
struct trusted_scope {
	enum kind kind;
	unsigned verbs;     /* a set of enum scope_verb */
	struct view domain; /* empty: of any */
};

/* What agreement has to look like. */
enum approval {
	APPROVAL_NONE,
	APPROVAL_SSH,     /* a signature by a key of a person */
	APPROVAL_PASSKEY, /* one by a token that somebody touched */
};

/* A person, known at the control socket by his user, and in a repository by his keys. */
struct trusted {
	struct view name;
	uint32_t uid;                 /* 0: has none */
	struct view keys;             /* a file of allowed signers; or empty */
	bool all;                     /* may all that root may; else … */
	bool approve;                 /* … look, plan and agree */
	struct trusted_scope *scopes; /* and commit this */
	size_t scope_count;
	enum approval approval; /* of somebody else, for all that this person's commits do */
};

/* state.git: the repository that the state is taken from. */
struct git_settings {
	struct view url; /* empty: there is none */
	struct view branch;
	struct view *paths; /* folders of it; none: all */
	size_t path_count;
	nstime poll, timeout;
	struct desired_secret identity;
	struct view known_hosts, authority; /* files; or empty */
	uint64_t mode;                      /* in the order of the words */
	struct desired_secret webhook;      /* what hints are signed with; or none */
};

struct agent_file {
	const struct key *
			opener; /* not of the file: what opens the state's sealed values; the
				     agent's, NULL where it has none */
	struct view text;       /* the file, as it was read; empty: there is none */
	struct view path;       /* its own */
	struct view host;       /* empty: there is one */
	struct view data;       /* never empty: /var/lib/posthus unless said */
	struct view control;    /* empty: DATA/control.sock */
	enum master_key_kind master_key_kind;
	struct view master_key;   /* name of the credential, or path */
	struct view *state_paths; /* state: {path: …} */
	size_t state_path_count;
	struct git_settings git;
	struct view user; /* empty: nobody was named */
	enum sandbox_wish sandbox;
	bool watch; /* files become desired as they change; false unless said */
	struct view *host_files; /* allow.host_files */
	size_t host_file_count;
	struct view *name_servers; /* resolver.servers: addresses */
	size_t name_server_count;
	uint64_t name_server_port;
	struct view anchors; /* resolver.anchors; empty: the root's, as the system has them */
	struct view authorities; /* empty: none but the system's */
	/* allow.connect: private, loopback and link-local addresses are denied where nothing
	 * is said. */
	struct connect_rules connect;
	/* allow.credentials: each with the only place that may use it, KIND/ID/path.to.field */
	struct allowed_credential {
		struct view name, slot;
	} * credentials;
	size_t credential_count;
	struct view *write; /* allow.write: folders */
	size_t write_count;
	struct trusted *operators; /* trust */
	size_t operator_count;
};

enum {
	AGENT_FILE_OK = 0,
	AGENT_FILE_E_INVALID = 1, /* `d` says why */
};

/* Reads the one file that `d->sources` holds; views in *out live in the arena of `d` or
 * borrow the file's bytes. What this version does not serve is an error. */
MUST_USE int agent_file_read(struct diagnostics *d, struct agent_file *out);

/* `trust` of the file, while it is checked: check.h. */
struct check;
void trusted_take(struct check *c, struct agent_file *out);

/* All the defaults, for an agent that is started without a file. */
void agent_file_defaults(struct agent_file *out);

#endif
