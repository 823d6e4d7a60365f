/* The line to an SFTP server: made, judged, waited on. Private to target_sftp.c and sftp_line.c. */
#ifndef AGENT_BACKUP_SFTP_LINE_H
#define AGENT_BACKUP_SFTP_LINE_H

#include "agent/backup/target_inside.h"

#include <libssh2.h>
#include <libssh2_sftp.h>

enum {
	SFTP_PATH_MAX = 4096,
};

struct place_there {
	int fd;
	LIBSSH2_SESSION *session;
	LIBSSH2_SFTP *sftp;
	nstime deadline; /* without a byte moving */
};

static inline struct place_there *sftp_own(struct target *target)
{
	return target->own;
}

MUST_USE int sftp_open(struct target *target, struct target_trouble *trouble);
void sftp_close(struct target *target);
/* What the SFTP server said to a call that failed; or the connection: TARGET_AGAIN. */
int sftp_say(struct target *target, const char *doing, struct target_trouble *trouble);
/* The path there of an object; of the directory, where `name` is empty. */
void sftp_path(const struct target *target, struct view name, char out[SFTP_PATH_MAX]);
/* False where nothing moved for too long, or the agent stops. */
bool sftp_wait(struct target *target);

/* Runs `call` until it says something else than that it has to wait. */
#define SSH(target, call)                                                                \
	__extension__({                                                                  \
		__typeof__(call) r_;                                                     \
		sftp_own(target)->deadline = clock_now() + target_patience(target);      \
		while ((r_ = (call)) == LIBSSH2_ERROR_EAGAIN && sftp_wait(target))       \
			;                                                                \
		r_;                                                                      \
	})

/* The same of a call that returns a handle. */
#define SSH_HANDLE(target, call)                                                         \
	__extension__({                                                                  \
		__typeof__(call) h_;                                                     \
		sftp_own(target)->deadline = clock_now() + target_patience(target);      \
		while (!(h_ = (call)) &&                                                 \
				libssh2_session_last_errno(sftp_own(target)->session) == \
						LIBSSH2_ERROR_EAGAIN &&                  \
				sftp_wait(target))                                       \
			;                                                                \
		h_;                                                                      \
	})

#endif
