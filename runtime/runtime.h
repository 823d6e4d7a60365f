/* The runtime's facade: all that the agent sees of the mail server.
 *
 * The agent starts it, hands it configurations, asks what it sees, serves the requests
 * that arrive at the control socket, and stops it. Nothing here calls upward: requests
 * are pulled. */
#ifndef RUNTIME_RUNTIME_H
#define RUNTIME_RUNTIME_H

#include "runtime/account_state.h"
#include "runtime/base/clock.h"
#include "runtime/base/view.h"

#include <sys/types.h>

struct runtime;
struct broker;      /* runtime/crypto/broker.h: unwraps account keys; the agent owns it */
struct suffix_list; /* runtime/dns/suffix.h */

struct runtime_options {
	const char *data;    /* the data directory; it exists and its lock is held by the
				caller */
	const char *control; /* path of the control socket */
	unsigned loops;      /* threads that carry connections; 0: one a core */
	unsigned workers;    /* threads that may block; 0: chosen from the cores */
	struct broker *broker;
	/* Who is asked for names, "127.0.0.1", "127.0.0.1@5353"; none: the way from the
	 * root is gone. What DNSSEC is checked by, a file; NULL: as Debian has it. */
	const char *const *name_servers;
	size_t name_server_count;
	const char *anchors;
	/* Which names belong together, borrowed until runtime_free; NULL: mail that comes in
	 * is not checked. */
	const struct suffix_list *suffixes;
	/* Users who may use the control socket besides root and our own: copied. */
	const uint32_t *operators;
	size_t operator_count;
	char **failed; /* NULL is fine; on a fault the path that it is about, malloc'd */
};

/* Recovers the intake log, starts loops and workers and opens the control socket; serves
 * no mail before the first runtime_configure. -EADDRINUSE where another agent has the
 * socket. */
MUST_USE int runtime_start(const struct runtime_options *options, struct runtime **out);

struct arena;
struct queue_message; /* runtime/queue/queue.h */

/* What waits for other hosts: at most `most` messages above `after`, by their ids. An
 * outcome: there is no queue (it does not open, or nothing was configured yet). */
MUST_USE int runtime_queue(struct runtime *rt, uint64_t after, size_t most,
		struct arena *arena, struct queue_message **out, size_t *count_out);

enum runtime_queue_change {
	RUNTIME_QUEUE_RETRY, /* now */
	RUNTIME_QUEUE_HOLD,
	RUNTIME_QUEUE_RELEASE,
	RUNTIME_QUEUE_DROP,   /* its sender hears nothing */
	RUNTIME_QUEUE_BOUNCE, /* its sender hears that it failed */
};

enum {
	RUNTIME_E_NO_QUEUE = 1,
	RUNTIME_E_NO_MESSAGE,
};

/* `message` 0: all of them; not of DROP and BOUNCE. */
MUST_USE int runtime_queue_change(
		struct runtime *rt, enum runtime_queue_change change, uint64_t message);

/* A letter of ours: what this server itself has to tell people, in plain text. */
struct runtime_letter {
	const struct view *to; /* addresses, here or elsewhere */
	size_t to_count;
	const unsigned char *account; /* where there is no `to`: whose INBOX it goes to */
	struct view subject;          /* one line */
	struct view text;             /* UTF-8, lines ended by LF */
	struct view unique; /* letters and digits: those of the Message-ID, so that the same
			       letter, sent twice, can be known */
};

enum runtime_letter_outcome {
	RUNTIME_E_NOBODY = 20, /* none of those takes mail */
	RUNTIME_E_LATER, /* it is not taken now: the log's disk, the queue's, or nothing
				  was configured yet */
};

/* Writes it from the null sender, so that nothing comes back. Waits for the disk: when it
 * returns 0 the letter is as safe as any message that was accepted. */
MUST_USE int runtime_write_letter(
		struct runtime *rt, const struct runtime_letter *letter);

enum runtime_test_outcome {
	RUNTIME_E_ADDRESS = 30, /* no address */
	RUNTIME_E_HERE,         /* its mail stays here: nothing of it is sent */
};

enum {
	RUNTIME_TEST_NAME = 40
};

/* Sends a message from postmaster to an address elsewhere, and tells in the log what becomes
 * of it: `sending.test` with `test` as this name, as service/sending.h has it. Waits for the
 * disk. RUNTIME_E_LATER, RUNTIME_E_NO_QUEUE, too. */
MUST_USE int runtime_send_test(
		struct runtime *rt, struct view to, char name[RUNTIME_TEST_NAME]);

struct runtime_failure {
	struct listener_spec listener; /* address is a view into `address` */
	char address[64];
	int error; /* errno */
};

enum {
	RUNTIME_E_LISTENER = 1, /* a port could not be opened: failure says which */
	RUNTIME_E_IDENTITY,     /* a certificate or key does not load */
};

/* Makes `next` the current configuration: opens what is new, swaps one pointer, closes
 * what is gone. Connections stay, but for sessions of accounts that were revoked. On an
 * outcome or a fault nothing has changed. Takes a reference of its own. */
MUST_USE int runtime_configure(struct runtime *rt, struct configuration *next,
		struct runtime_failure *failure);

/* Removes the files of an account that no configuration knows any more; its key slots are
 * destroyed already, so that nothing can open them. Waits for the disk. -EBUSY while a
 * session still holds it: to be asked again. Done twice it is fine. */
MUST_USE int runtime_destroy_account(
		struct runtime *rt, const unsigned char uid[ACCOUNT_UID_SIZE]);

enum runtime_accept_outcome {
	RUNTIME_E_GONE = 10, /* there is no file to take up */
	RUNTIME_E_THERE,     /* there is one: no empty one is begun */
	RUNTIME_E_UNFIT,     /* it does not open: the log says why */
};

/* Takes up the file of an account after it was put back from a copy, however old; or,
 * with `empty`, that there is none any more. Every mailbox has a new UIDVALIDITY, its mail
 * is served again and what waited comes in. Sessions of the account have to be ended
 * before; those of members that have a mailbox of it open end here. Waits for the disk. -EBUSY: to be asked again; -ENOENT: no such account. */
MUST_USE int runtime_accept_account(struct runtime *rt,
		const unsigned char uid[ACCOUNT_UID_SIZE], bool empty);

/* Puts the file of an account under the data key that the configuration has as its `next_key`.
 * A notice says when that is done, or why not. -ENOENT: no such account, or no such key. */
MUST_USE int runtime_rotate_account(
		struct runtime *rt, const unsigned char uid[ACCOUNT_UID_SIZE]);

/* How far the files of accounts have come, those that went on since they were remembered:
 * up to `most` of them. What is remembered late is never ahead of the disk. The event is
 * raised when there is a first one. */
size_t runtime_reached(struct runtime *rt, struct account_reached *out, size_t most);
bool runtime_has_reached(struct runtime *rt);
/* These are on the disk now, in the agent's database. */
void runtime_remembered(
		struct runtime *rt, const struct account_reached *reached, size_t count);

struct runtime_observed {
	struct {
		struct listener_spec spec;
		char address[64];
	} listeners[32]; /* those that are bound; port is the real one */
	size_t listener_count;
	size_t sessions; /* connections that are open, the control socket's not counted */
	uint64_t accepted, delivered;    /* messages since the start */
	size_t waiting;                  /* accepted and not yet in their mailboxes */
	uint64_t sent, deferred, failed; /* recipients elsewhere, since the start */
	size_t queued;                   /* messages by destinations that wait */
	bool sending;                    /* false: the queue's disk failed */
	bool accepting;                  /* false after a disk fault: 451 or 452 to all */
	size_t damaged;     /* places of the intake log that the start could not read */
	size_t quarantined; /* accounts whose files are damaged, older than known or gone */
	uint64_t disk_free,
			disk_size; /* bytes, where the data is; a size of 0: unknown */
	uint64_t files_free, files_size; /* the same, in files */
	size_t key_bytes;                /* of memory that holds keys */
	bool keys_locked; /* false: the system did not let all of it be, keys may reach the
			     swap */
	struct account_set_apart set_apart[32]; /* the first of those in quarantine */
	size_t set_apart_count;
};

void runtime_observe(struct runtime *rt, struct runtime_observed *out);

/* Readable while a request or a notice waits; for the agent's own loop. */
int runtime_event_fd(const struct runtime *rt);

/* By which door a request came: what it may ask for follows from that alone. */
enum runtime_door {
	RUNTIME_DOOR_CONTROL, /* the control socket */
	RUNTIME_DOOR_PUBLIC, /* our https port: anybody. Its answer gets the fields that a page
				 for strangers has: HSTS, a strict CSP, no-store */
};

/* A request (HTTP/1.1, runtime/http). */
struct runtime_request {
	enum runtime_door door;
	struct view method;
	struct view target; /* path and query, as sent */
	struct view content_type;
	struct view body;
	const char *peer; /* for the log: "192.0.2.1"; "unix" */
	/* DOOR_CONTROL: of the process at the other end; 0, our own and operators are let in,
	 * others get 403 before. Of others (uid_t)-1. */
	uid_t peer_uid;
	pid_t peer_pid;
};

/* The next one, or NULL. It lives until it is answered; several may be open at once, so
 * an answer can wait for what it is about. */
struct runtime_request *runtime_next_request(struct runtime *rt);
/* The first field of its head of that name; no data where there is none. */
struct view runtime_request_field(
		const struct runtime_request *request, const char *name);
/* Gives the bytes of the body back, once they were read: a state may have 64 MiB. */
void runtime_forget_body(struct runtime_request *request);
/* Sends the answer and frees the request. */
void runtime_answer(struct runtime *rt, struct runtime_request *request, int status,
		struct view content_type, struct view body);
/* False once its client has gone: a waiting answer may be dropped (it is still to be
 * answered). */
bool runtime_request_alive(struct runtime *rt, const struct runtime_request *request);

/* What the runtime has to tell the agent, for its database. */
struct runtime_notice {
	enum {
		NOTICE_PASSWORD_UPGRADED, /* an old hash was verified: `text` is its
					     Argon2id successor */
		NOTICE_LIMIT_REACHED,     /* the account may send no more for now */
		NOTICE_APP_PASSWORD_USED, /* `text`: which one a login was by */
		NOTICE_KEY_ROTATED,       /* `text`: what stood in the way, or empty */
	} kind;
	unsigned char account[ACCOUNT_UID_SIZE];
	struct view text;
};

/* The next one, or NULL; the caller frees it with runtime_notice_free. */
struct runtime_notice *runtime_next_notice(struct runtime *rt);
void runtime_notice_free(struct runtime_notice *notice);

/* Refuses new connections, lets transactions end for at most `grace`, files what was
 * accepted, closes the stores. From then on only runtime_reached() and
 * runtime_remembered() may be called. */
void runtime_stop(struct runtime *rt, nstime grace);
/* NULL is fine. */
void runtime_free(struct runtime *rt);

#endif
