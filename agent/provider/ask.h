/* What the servers of a zone say themselves, each of them, never a cache.
 *
 *   ask_servers: parent's delegation ──► names ──► addresses      (through the resolvers)
 *   ask_all:     name and type ──► every address, at once ──► what each one said
 *
 * Who is asked for names: `resolver` of agent.yaml, else /etc/resolv.conf. Its port is the
 * authoritative servers', too. Their addresses are judged by `allow.connect` (reach.h), but
 * for those of the resolvers themselves. For the courier's threads: it blocks, for `patience`
 * at most, and comes back within a moment when the agent stops. */
#ifndef AGENT_PROVIDER_ASK_H
#define AGENT_PROVIDER_ASK_H

#include "agent/effect/effect.h"
#include "agent/provider/rrset.h"

#include <sys/socket.h>

enum {
	ASK_SERVERS = 32,  /* addresses of a zone's servers that are asked, at most */
	ASK_SECONDS = 20,  /* of patience where none is said */
	ASK_RESOLVERS = 4, /* that are tried */
};

struct ask {
	struct arena *arena; /* owns what comes back */
	const struct agent_file *file;
	const atomic_bool *stopping; /* or NULL */
	nstime patience;             /* for one call; 0: ASK_SECONDS */
};

struct ask_server {
	struct view name;    /* "ns1.a.example" */
	struct view address; /* "192.0.2.1", for people */
	struct sockaddr_storage to;
	bool allowed; /* agent.yaml lets us ask it */
};

struct ask_servers {
	struct view zone;
	struct ask_server *items;
	size_t count; /* at least 1 */
};

/* EFFECT_E_FAILED: ZoneGone where nobody delegates the zone any more; NameNotFound where no
 * address of its servers is known; else why those who know cannot be asked now. */
MUST_USE int ask_servers(const struct ask *ask, struct view zone, struct ask_servers *out,
		struct effect_answer *answer);

enum ask_said {
	ASK_ANSWERED,    /* with authority, and be it that there is nothing */
	ASK_LAME,        /* it does not have the zone */
	ASK_FAILED,      /* it has it and cannot say: SERVFAIL and the like */
	ASK_MALFORMED,   /* nothing that could be kept */
	ASK_SILENT,      /* no answer in time */
	ASK_UNREACHABLE, /* nobody listens there, or there is no way */
	ASK_NOT_ALLOWED, /* agent.yaml does not let us ask */
};

const char *ask_said_text(enum ask_said said); /* "does not have the zone" */

struct ask_reply {
	const struct ask_server *server;
	enum ask_said said;
	struct rrset set; /* of ASK_ANSWERED */
};

struct ask_replies {
	struct ask_reply *items; /* in the order of the servers */
	size_t count;
};

/* EFFECT_E_FAILED: ZoneGone where all of them answer and none has the zone; otherwise each
 * one's own word is in *out. An address that we have no way to is left out where another of
 * the same name answers. */
MUST_USE int ask_all(const struct ask *ask, const struct ask_servers *servers,
		struct view name, struct view type, struct ask_replies *out,
		struct effect_answer *answer);

#endif
